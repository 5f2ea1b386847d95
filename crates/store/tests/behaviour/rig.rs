//! A store in a temporary folder, and short names for what is written to it.

use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use store::{
    CommandRow, Commit, DeviceKey, Durability, Event, Gap, Loaded, Message, NewDevice, OpenError, Options,
    Position, Sample, Store, TokenHash, Write,
};

/// The device that most tests are about.
pub(crate) const PUMP: DeviceKey = DeviceKey(1);

pub(crate) struct Rig {
    pub(crate) store: Store,
    pub(crate) loaded: Loaded,
    pub(crate) commits: Receiver<Commit>,
}

impl Rig {
    pub(crate) fn open(dir: &Path) -> Rig {
        Rig::open_with(dir, Durability::Disk).unwrap()
    }

    pub(crate) fn open_with(dir: &Path, durability: Durability) -> Result<Rig, OpenError> {
        let mut options = Options { durability, ..Options::default() };
        if durability != Durability::Disk {
            // What need not be durable need not wait for company either.
            options.gather = Duration::ZERO;
        }
        Rig::open_as(dir, options)
    }

    pub(crate) fn open_as(dir: &Path, options: Options) -> Result<Rig, OpenError> {
        let (sender, commits) = mpsc::channel();
        let (store, loaded) = Store::open(dir, options, move |event| {
            let Event::Commit(commit) = event else { return };
            // Nobody listens any longer when a test is over.
            let _ = sender.send(commit);
        })?;
        Ok(Rig { store, loaded, commits })
    }

    /// Opens and adds the device `pump-1`.
    pub(crate) fn with_pump(dir: &Path) -> Rig {
        let rig = Rig::open(dir);
        rig.write([device(PUMP, "pump-1")]);
        rig
    }

    /// Submits and waits until all of it is committed.
    pub(crate) fn write(&self, writes: impl IntoIterator<Item = Write>) {
        let mut waiting: usize = writes.into_iter().map(|write| self.store.submit(write)).count();
        while waiting > 0 {
            let commit = self.commits.recv().unwrap();
            commit.result.unwrap();
            waiting -= commit.writes.len();
        }
    }

    /// Submits one write and gives back what became of it.
    pub(crate) fn try_write(&self, write: Write) -> Commit {
        self.store.submit(write);
        self.commits.recv().unwrap()
    }

    /// What is loaded of [`PUMP`].
    pub(crate) fn pump(&self) -> &store::LoadedDevice {
        self.loaded.devices.iter().find(|device| device.key == PUMP).unwrap()
    }
}

pub(crate) fn device(key: DeviceKey, id: &str) -> Write {
    Write::Device(NewDevice {
        key,
        id: id.into(),
        token: Some(TokenHash([7; 32])),
        joined: true,
        created: 1000,
    })
}

/// Without number, received at `ts`.
pub(crate) fn message(cursor: u64, ts: i64, samples: &[(&str, &str)]) -> Message {
    let sample = |(channel, value): &(&str, &str)| Sample {
        channel: (*channel).into(),
        ts,
        device_ts: None,
        late: false,
        value: (*value).into(),
    };
    Message {
        device: PUMP,
        cursor,
        position: None,
        received: ts,
        samples: samples.iter().map(sample).collect(),
    }
}

pub(crate) fn unnumbered(cursor: u64, ts: i64, samples: &[(&str, &str)]) -> Write {
    Write::Message(message(cursor, ts, samples))
}

pub(crate) fn numbered(cursor: u64, session: &str, seq: u64, samples: &[(&str, &str)]) -> Write {
    let position = Some(Position { session: session.into(), seq });
    Write::Message(Message { position, ..message(cursor, 1000 * cursor as i64, samples) })
}

pub(crate) fn late(cursor: u64, ts: i64, samples: &[(&str, &str)]) -> Write {
    let mut message = message(cursor, ts, samples);
    for sample in &mut message.samples {
        sample.late = true;
    }
    Write::Message(message)
}

pub(crate) fn gap(cursor: u64, session: &str, from: u64, to: u64, at: i64) -> Write {
    Write::Gap(Gap {
        device: PUMP,
        cursor,
        position: Some(Position { session: session.into(), seq: to }),
        session: session.into(),
        from,
        to,
        reason: "overflow".into(),
        at,
    })
}

pub(crate) fn command(by: &str, id: &str, state: &str) -> CommandRow {
    CommandRow {
        device: PUMP,
        number: None,
        id: id.into(),
        by: by.into(),
        credential: None,
        handed: None,
        channel: "fan".into(),
        value: "true".into(),
        intent: "now".into(),
        ttl: 5000,
        state: state.into(),
        reason: None,
        result: None,
        created: 1000,
        deadline: Some(6000),
        updated: 1000,
    }
}
