//! A panel that looks now and then, freezes, comes back and is given what it missed from the tail, from the store or in a
//! jump: whatever happens, each message and gap is received or counted as skipped, and the latest values are the device's.
//! Random, over the store's own commit logic; a failure prints its seed.

use crate::device::Identity;
use crate::limits::{RESUME_MESSAGES_MAX, TAIL_MESSAGES_MAX};
use crate::watch::{Step, Watch};
use crate::{Device, Done, Effect, Issuer, frame};
use protocol::id::{DeviceId, SessionId};
use protocol::message::{Gap, Sample, Samples};
use protocol::time::Time;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{DeviceKey, EntryContent, Memory, Write};

const SEEDS: u64 = 400;
const STEPS: u64 = 300;
const CHANNELS: u64 = 6;

#[test]
fn received_and_skipped_are_what_was_committed_and_late_samples_never_become_now() {
    for seed in 0..SEEDS {
        let guard = PrintSeed(seed);
        let mut play = Play::new(seed);
        for _ in 0..STEPS {
            play.step();
        }
        play.commit();
        play.deliver(u64::MAX);
        play.look_until_done();
        play.agree();
        std::mem::forget(guard);
    }
}

#[test]
fn what_a_panel_missed_comes_from_the_store_up_to_the_limit_and_beyond_it_there_is_a_jump() {
    for (missed, skips) in [
        (TAIL_MESSAGES_MAX as u64, false),
        (TAIL_MESSAGES_MAX as u64 + 1, false),
        (RESUME_MESSAGES_MAX as u64, false),
        (RESUME_MESSAGES_MAX as u64 + 1, true),
    ] {
        let mut play = Play { reliable: true, ..Play::new(missed) };
        play.take(&[("a", 0)], Some(1));
        play.commit();
        play.deliver(u64::MAX);
        play.look_until_done();
        for n in 1..=missed {
            play.take(&[("a", n)], None);
        }
        play.commit();
        play.deliver(u64::MAX);
        play.come_back();
        play.reads = 0;
        play.look_until_done();
        play.agree();
        let given = play.panel.received;
        match skips {
            false => assert_eq!((given, play.panel.skipped), (missed, 0), "{missed} missed"),
            true => assert_eq!((given, play.panel.skipped), (1, missed - 1), "{missed} missed"),
        }
        assert_eq!(play.reads > 0, !skips && missed > TAIL_MESSAGES_MAX as u64, "{missed} missed");
    }
}

/// Prints the seed when the test fails.
struct PrintSeed(u64);

impl Drop for PrintSeed {
    fn drop(&mut self) {
        eprintln!("this was seed {}", self.0);
    }
}

/// A panel as a browser keeps it (web/watch.js), and what it checks with each frame.
#[derive(Default)]
struct Page {
    cursor: Option<u64>,
    /// Where the last snapshot stood.
    base: u64,
    received: u64,
    skipped: u64,
    latest: BTreeMap<String, (String, i64)>,
}

struct Play {
    random: u64,
    device: Device,
    memory: Memory,
    issuer: Issuer,
    now: Time,
    key: u64,
    /// Not yet given to the store.
    queue: Vec<Write>,
    /// Durable, and the device was not told of it yet.
    durable: Vec<Done>,
    watch: Watch,
    page: Page,
    panel: Counts,
    reads: u64,
    /// Reads come in full, and at once.
    reliable: bool,
    seq: u64,
}

/// What the panel was given since it came back.
#[derive(Default)]
struct Counts {
    received: u64,
    skipped: u64,
}

fn device(key: u64, now: Time) -> Device {
    let identity = Identity {
        key: DeviceKey(key),
        id: DeviceId::parse("pump-1").expect("valid"),
        called: None,
        token: None,
        previous: None,
        joined: false,
        confirmed: true,
        created: now.wall,
        stored: false,
    };
    Device::new(identity, 0)
}

impl Play {
    fn new(seed: u64) -> Self {
        let now = Time { wall: 1_763_846_847_000, mono: 1_000 };
        Self {
            random: seed,
            device: device(1, now),
            memory: Memory::new(),
            issuer: Issuer { tag: "k7".into(), earlier: Arc::new([]) },
            now,
            key: 1,
            queue: Vec::new(),
            durable: Vec::new(),
            watch: Watch::begin(),
            page: Page::default(),
            panel: Counts::default(),
            reads: 0,
            reliable: false,
            seq: 0,
        }
    }

    /// SplitMix64.
    fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn step(&mut self) {
        self.now = Time { wall: self.now.wall + 10, mono: self.now.mono + 10 };
        match self.below(100) {
            0..55 => self.message(),
            55..60 => {
                // A burst, so that the tail is passed.
                for _ in 0..self.below(3 * TAIL_MESSAGES_MAX as u64) {
                    self.message();
                }
                self.commit();
            }
            60..67 => self.gap(),
            67..77 => self.commit(),
            77..87 => {
                let some = self.below(50);
                self.deliver(some);
            }
            87..94 => {
                for _ in 0..=self.below(4) {
                    self.look();
                }
            }
            94..97 => self.come_back(),
            97 => self.restart(),
            98 => {
                let is_watched = self.below(2) == 0;
                self.device.watched(is_watched);
            }
            _ => self.remove(),
        }
    }

    fn message(&mut self) {
        let names = ["a", "b", "c", "d", "e", "f"];
        let first = self.below(CHANNELS);
        let count = if self.below(3) == 0 { self.below(CHANNELS) } else { 1 };
        let samples: Vec<(&str, u64)> =
            (0..count).map(|n| (names[((first + n) % CHANNELS) as usize], self.below(1_000))).collect();
        let ts = match self.below(4) {
            0 => None,
            // Often the same times again, and older ones.
            _ => Some(self.now.wall - 20 * self.below(5) as i64),
        };
        self.take(&samples, ts);
    }

    fn take(&mut self, samples: &[(&str, u64)], ts: Option<i64>) {
        // A few values are so long that the tail holds few of them.
        let long = self.below(40) == 0;
        let value = |n: u64| if long { format!("\"{n}{}\"", "x".repeat(20_000)) } else { n.to_string() };
        let sample = |(channel, n): &(&str, u64)| Sample {
            channel: (*channel).into(),
            value: RawValue::from_string(value(*n)).expect("JSON"),
        };
        let samples = Samples { seq: None, ts, outbox: None, samples: samples.iter().map(sample).collect() };
        let mut effects = Vec::new();
        if self.device.take_loose(self.now, samples.clone(), &mut effects).is_err() {
            // As many as may be are under way.
            self.commit();
            self.deliver(u64::MAX);
            self.device.take_loose(self.now, samples, &mut effects).expect("room");
        }
        self.perform(effects);
    }

    fn gap(&mut self) {
        let session = SessionId::new("k7", 1).expect("valid");
        let from = self.seq + 1;
        self.seq += 1 + self.below(20);
        let gap = Gap { from, to: self.seq, reason: "overflow".into() };
        let mut effects = Vec::new();
        self.device.take_gap(self.now, Some(&session), gap, &mut effects);
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        self.queue.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Record(write) => Some(write),
            _ => None,
        }));
    }

    fn commit(&mut self) {
        for commit in self.memory.commit(std::mem::take(&mut self.queue)) {
            assert!(commit.result.is_ok(), "{:?}", commit.result);
            self.durable.extend(commit.writes.iter().filter_map(|write| match write {
                Write::Message(message) => Some(Done::Entries(message.cursor)),
                Write::Gap(gap) => Some(Done::Entries(gap.cursor)),
                _ => None,
            }));
        }
    }

    /// The device is told of at most `some` of what is durable.
    fn deliver(&mut self, some: u64) {
        let some = usize::try_from(some).unwrap_or(usize::MAX).min(self.durable.len());
        for done in self.durable.drain(..some) {
            self.device.done(self.now, &self.issuer, &done, &mut Vec::new());
        }
    }

    /// One look of the panel. What it is to read may come late, in part, or not at all.
    fn look(&mut self) -> Step {
        let mut runs = Vec::new();
        let step = self.device.catch_up(&mut self.watch, &mut runs);
        if let Step::Read { after, limit } = step {
            self.reads += 1;
            let entries =
                self.memory.entries(DeviceKey(self.key)).iter().filter(|entry| entry.cursor > after);
            let mut patches: Vec<_> = entries
                .take(limit)
                .filter_map(|entry| Some((entry.cursor, frame::stored("pump-1", entry)?)))
                .collect();
            match self.below(10) {
                _ if self.reliable => {}
                0 => patches.clear(),
                1 => patches.truncate(1),
                2 => {
                    self.message();
                    self.commit();
                    self.deliver(u64::MAX);
                }
                _ => {}
            }
            self.watch.read(patches, &mut runs);
        }
        for frame in runs.iter().flat_map(super::player::frames) {
            self.show(&serde_json::from_str(&frame).expect("JSON"));
        }
        step
    }

    fn look_until_done(&mut self) {
        let mut looks = 0;
        while self.look() != Step::Done {
            looks += 1;
            assert!(looks < 10_000, "a panel never gets to the end");
        }
    }

    /// The page's connection breaks, and it comes back with its cursor.
    fn come_back(&mut self) {
        self.watch = match self.page.cursor {
            Some(cursor) => self.device.resume_watch(cursor),
            None => Watch::begin(),
        };
        self.panel = Counts::default();
    }

    /// The hub ends without notice, and comes back with what is durable.
    fn restart(&mut self) {
        self.queue.clear();
        self.durable.clear();
        self.memory.crash();
        let loaded = self.memory.loaded("k7");
        match loaded.devices.into_iter().next() {
            Some(loaded) => {
                self.seq = loaded.position.as_ref().map_or(0, |position| position.seq);
                self.device = Device::restore(loaded).expect("a valid id");
            }
            None => {
                self.device = device(self.key, self.now);
                self.seq = 0;
            }
        }
        self.come_back();
    }

    /// The device is removed; the panel is told, and another one is made under its id.
    fn remove(&mut self) {
        self.commit();
        self.deliver(u64::MAX);
        let mut effects = Vec::new();
        self.device.remove(&mut effects);
        self.look_until_done();
        self.agree();
        if self.device.identity.stored {
            self.queue.push(Write::RemoveDevice { device: DeviceKey(self.key) });
            self.commit();
        }
        self.key += 1;
        self.seq = 0;
        (self.device, self.watch, self.page) = (device(self.key, self.now), Watch::begin(), Page::default());
    }

    fn show(&mut self, frame: &Value) {
        let page = &mut self.page;
        if let Some(cursor) = frame.get("snapshot").map(|_| frame["cursor"].as_u64().expect("a cursor")) {
            *page = Page { cursor: Some(cursor), base: cursor, ..Page::default() };
            for (name, latest) in frame["channels"].as_object().expect("channels") {
                let ts = latest["ts"].as_i64().expect("a time");
                page.latest.insert(name.clone(), (latest["value"].to_string(), ts));
            }
            return;
        }
        let Some(cursor) = frame["cursor"].as_u64() else { return };
        let skipped = frame["skipped"].as_u64().unwrap_or(0);
        assert_eq!(page.cursor, Some(cursor - 1 - skipped), "a hole before {frame}");
        page.cursor = Some(cursor);
        page.received += 1;
        page.skipped += skipped;
        self.panel.received += 1;
        self.panel.skipped += skipped;
        let entries = self.memory.entries(DeviceKey(self.key));
        let stored =
            entries.iter().find(|entry| entry.cursor == cursor).expect("only what is committed is shown");
        let samples = match &stored.content {
            EntryContent::Message { samples, .. } => samples.as_slice(),
            EntryContent::Gap(gap) => {
                assert_eq!(
                    (&frame["lost"]["from"], &frame["lost"]["to"]),
                    (&gap.from.into(), &gap.to.into())
                );
                return;
            }
            EntryContent::Nothing => &[],
        };
        let mut shown: BTreeMap<String, Value> = BTreeMap::new();
        if let Some(channel) = frame["channel"].as_str() {
            shown.insert(channel.to_owned(), frame["value"].clone());
        }
        for (channel, value) in frame["values"].as_object().into_iter().flatten() {
            shown.insert(channel.clone(), value.clone());
        }
        for (channel, value) in shown {
            let sample = samples.iter().find(|sample| *sample.channel == *channel).expect("it was sent");
            assert_eq!(
                (value.to_string(), frame["ts"].as_i64()),
                (sample.value.to_string(), Some(sample.ts))
            );
            let before = page.latest.get(&channel).map(|(_, ts)| *ts);
            let late = frame["late"] == true || before.is_some_and(|before| sample.ts < before);
            if !late || before.is_none() {
                page.latest.insert(channel, (sample.value.to_string(), sample.ts));
            }
        }
    }

    /// A panel that has everything has counted everything, and shows what the device last said.
    fn agree(&self) {
        let Page { cursor, base, received, skipped, .. } = self.page;
        // What could not be read in the end is told with the next message.
        let untold = self.device.committed() - cursor.expect("a snapshot came");
        assert_eq!(base + received + skipped + untold, self.device.committed());
        let latest: BTreeMap<String, (String, i64)> = self
            .device
            .latest()
            .map(|(name, latest, _)| (name.to_string(), (latest.value.to_string(), latest.ts)))
            .collect();
        assert_eq!(self.page.latest, latest);
    }
}
