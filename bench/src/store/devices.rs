//! Devices whose readings drift, and a store that they are written to.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use store::{Commit, DeviceKey, Event, Loaded, Message, NewDevice, Options, Position, Sample, Store, Write};

/// When the first reading is, ms since 1970.
pub(super) const BEGIN: i64 = 1_763_846_847_123;
/// From one reading to the next, ms, give or take [`JITTER`].
pub(super) const STEP: i64 = 1000;
const JITTER: u64 = 7;

/// Random numbers; the same ones for the same seed.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// 0 up to `bound`, without it.
    pub(super) fn below(&mut self, bound: u64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % bound).cast_signed()
    }
}

/// One device that reads a temperature every second: 21.4, 21.5 …
pub(super) struct Device {
    pub(super) key: DeviceKey,
    session: Arc<str>,
    channels: Vec<Arc<str>>,
    cursor: u64,
    tenths: i64,
}

impl Device {
    /// The device `number`, from 1, with so many channels, each of which is in each message.
    pub(super) fn new(number: u64, channels: usize) -> Device {
        let channel =
            |place| if place == 0 { "temperature".into() } else { format!("channel-{place}").into() };
        Device {
            key: DeviceKey(number),
            session: format!("bench-{number}").into(),
            channels: (0..channels).map(channel).collect(),
            cursor: 0,
            tenths: 200 + number.cast_signed() % 50,
        }
    }

    /// What makes it known.
    pub(super) fn made(&self) -> Write {
        Write::Device(NewDevice {
            key: self.key,
            id: format!("device-{}", self.key.0).into(),
            token: None,
            joined: false,
            created: BEGIN,
        })
    }

    /// Its next message.
    pub(super) fn read(&mut self, random: &mut Random) -> Message {
        let ts = BEGIN + self.cursor.cast_signed() * STEP + random.below(2 * JITTER + 1);
        self.cursor += 1;
        let mut samples = Vec::with_capacity(self.channels.len());
        for channel in &self.channels {
            self.tenths += random.below(5) - 2;
            let value = format!("{}.{}", self.tenths / 10, self.tenths.rem_euclid(10)).into();
            samples.push(Sample { channel: channel.clone(), ts, device_ts: None, late: false, value });
        }
        let position = Some(Position { session: self.session.clone(), seq: self.cursor });
        Message { device: self.key, cursor: self.cursor, position, received: ts, samples }
    }
}

/// A store, and what it has committed.
pub(super) struct Rig {
    pub(super) store: Store,
    pub(super) commits: Receiver<Commit>,
    pub(super) loaded: Loaded,
}

impl Rig {
    /// As `glassline serve` opens it.
    pub(super) fn open(dir: &Path) -> anyhow::Result<Rig> {
        let (sender, commits) = channel();
        let (store, loaded) = Store::open(dir, Options::default(), move |event| match event {
            // Nobody listens any longer when a scenario is over.
            Event::Commit(commit) => drop(sender.send(commit)),
            Event::Failed { reason } => eprintln!("the disk failed: {reason}"),
            Event::Lost(_) => eprintln!("writes were lost"),
            Event::Recovered => eprintln!("the disk recovered"),
            Event::Spool(_) => {}
        })?;
        Ok(Rig { store, commits, loaded })
    }

    /// Submits and waits until all is committed.
    pub(super) fn write(&self, writes: impl IntoIterator<Item = Write>) -> anyhow::Result<()> {
        let mut waiting = writes.into_iter().map(|write| self.store.submit(write)).count();
        while waiting > 0 {
            waiting -= self.committed()?.len();
        }
        Ok(())
    }

    /// What was committed next.
    pub(super) fn committed(&self) -> anyhow::Result<Vec<Write>> {
        let commit = self.commits.recv()?;
        commit.result?;
        Ok(commit.writes)
    }
}
