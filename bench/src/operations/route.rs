//! A message through the state machine of its device and on to those who watch it.

use std::hint::black_box;
use std::sync::Arc;

use protocol::id::DeviceId;
use protocol::intake::{Outlet, Peer, Post, Said};
use protocol::message::{Identify, Sample, Samples};
use protocol::time::Time;
use router::{Caller, Device, Done, Effect, Identity, Issuer, Run, Step, Watch};
use serde_json::value::RawValue;
use store::{DeviceKey, Write};

use super::Work;
use super::reading::{BEGIN, CHANNEL};

const NOW: Time = Time { wall: BEGIN, mono: 1 };

/// A message is taken, committed, and given to each of so many watchers that have seen all before it.
pub(super) fn watched(watchers: usize) -> Work {
    let mut rig = Rig::new(watchers);
    Box::new(move || {
        rig.message();
        rig.give();
    })
}

/// So many messages are taken and committed one by one, and then given to one watcher in one go.
pub(super) fn behind(messages: usize) -> Work {
    let mut rig = Rig::new(1);
    Box::new(move || {
        for _ in 0..messages {
            rig.message();
        }
        rig.give();
    })
}

/// A device that is online in its first session, and those who watch it.
struct Rig {
    device: Device,
    issuer: Issuer,
    generation: u64,
    seq: u64,
    value: Box<RawValue>,
    watches: Vec<Watch>,
    effects: Vec<Effect>,
    runs: Vec<Run>,
}

impl Rig {
    fn new(watchers: usize) -> Rig {
        let issuer = Issuer { tag: "k7".into(), earlier: Arc::new([]) };
        let mut device = Device::new(identity(), 0);
        let mut effects = Vec::new();
        let identify = Identify { nonce: Some(1), boot: true, ..Identify::default() };
        let peer = Peer { connection: 1, address: "bench".to_owned(), is_local: false };
        let caller = Caller { identify, peer, outlet: Arc::new(Nowhere), token: None };
        device.identify(NOW, &issuer, caller, &mut effects);
        effects.clear();
        device.done(NOW, &issuer, &Done::Session(1), &mut effects);
        let generation = effects.iter().find_map(|effect| match effect {
            Effect::Welcome(_, _, generation) => Some(*generation),
            _ => None,
        });
        device.watched(watchers > 0);
        let mut rig = Rig {
            device,
            issuer,
            generation: generation.expect("a device with a durable session is welcome"),
            seq: 0,
            value: RawValue::from_string("21.50".to_owned()).expect("a number"),
            watches: (0..watchers).map(|_| Watch::begin()).collect(),
            effects: Vec::new(),
            runs: Vec::new(),
        };
        rig.message();
        rig.give();
        rig
    }

    /// Takes one message and commits it.
    fn message(&mut self) {
        self.seq += 1;
        let sample = Sample { channel: CHANNEL.into(), value: self.value.clone() };
        let said = Samples { seq: Some(self.seq), ts: None, samples: vec![sample], outbox: None };
        self.device.said(NOW, self.generation, self.seq, Said::Samples(said), &mut self.effects);
        let cursor = self.effects.drain(..).find_map(|effect| match effect {
            Effect::Record(Write::Message(message)) => Some(message.cursor),
            _ => None,
        });
        let done = Done::Entries(cursor.expect("what is taken is recorded"));
        self.device.done(NOW, &self.issuer, &done, &mut self.effects);
        self.effects.clear();
    }

    /// Gives each watcher what it has not seen.
    fn give(&mut self) {
        for watch in &mut self.watches {
            while self.device.catch_up(watch, &mut self.runs) == Step::More {}
            assert!(!black_box(&self.runs).is_empty(), "a watcher was given nothing");
            self.runs.clear();
        }
    }
}

fn identity() -> Identity {
    Identity {
        key: DeviceKey(1),
        id: DeviceId::parse("pump-1").expect("a valid id"),
        called: None,
        token: None,
        previous: None,
        joined: false,
        confirmed: true,
        created: BEGIN,
        stored: true,
    }
}

/// The way back to a device that nobody listens at.
struct Nowhere;

impl Outlet for Nowhere {
    fn post(&self, _: Post) {}
}
