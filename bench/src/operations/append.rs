//! Commits of the store: judged, journalled, and folded into chunks behind.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use store::limits::{FOLD_COMMITS, GATHER_MAX};
use store::{
    Commit, DeviceKey, Durability, Event, Message, NewDevice, Options, Position, Sample, Store, Write,
};
use tempfile::TempDir;

use super::Work;
use super::reading::{BEGIN, CHANNEL, Drift};

/// How often one sample is committed to be counted: twice the commits behind which the journal is folded.
pub(super) const SINGLE_TIMES: u64 = 2 * FOLD_COMMITS;
/// How often a thousand samples are: they are folded for their number.
pub(super) const THOUSAND_TIMES: u64 = 200;

/// One commit of so many messages with a sample each, of one device.
pub(super) fn commit(messages: u64) -> Work {
    let mut rig = Rig::open(if messages > 1 { GATHER_MAX } else { std::time::Duration::ZERO });
    Box::new(move || {
        for _ in 0..messages {
            let message = rig.message();
            rig.store.submit(Write::Message(message));
        }
        rig.wait(messages);
    })
}

struct Rig {
    store: Store,
    commits: Receiver<Commit>,
    session: Arc<str>,
    channel: Arc<str>,
    readings: Drift,
    cursor: u64,
    /// Goes with all that is in it.
    _folder: TempDir,
}

impl Rig {
    /// A store with one device. It waits for no disk: that costs time, and no instructions.
    fn open(gather: std::time::Duration) -> Rig {
        let folder = tempfile::tempdir().expect("a folder for the store");
        let (sender, commits) = channel();
        let options = Options { durability: Durability::Lazy, gather, ..Options::default() };
        let (store, _) = Store::open(folder.path(), options, move |event| match event {
            Event::Commit(commit) => drop(sender.send(commit)),
            Event::Failed { reason } => panic!("the disk failed: {reason}"),
            Event::Lost(_) => unreachable!("nothing is taken over before it is committed"),
            Event::Recovered | Event::Spool(_) => {}
        })
        .expect("a new store opens");
        let rig = Rig {
            store,
            commits,
            session: "k7-1".into(),
            channel: CHANNEL.into(),
            readings: Drift::new(),
            cursor: 0,
            _folder: folder,
        };
        rig.store.submit(Write::Device(NewDevice {
            key: DeviceKey(1),
            id: "pump-1".into(),
            token: None,
            joined: false,
            created: BEGIN,
        }));
        rig.wait(1);
        rig
    }

    fn message(&mut self) -> Message {
        self.cursor += 1;
        let ts = BEGIN + self.cursor.cast_signed() * 1000;
        let value = self.readings.next().expect("it never ends");
        let sample = Sample { channel: self.channel.clone(), ts, device_ts: None, late: false, value };
        Message {
            device: DeviceKey(1),
            cursor: self.cursor,
            position: Some(Position { session: self.session.clone(), seq: self.cursor }),
            received: ts,
            samples: vec![sample],
        }
    }

    /// Until so many writes are committed.
    fn wait(&self, mut writes: u64) {
        while writes > 0 {
            let commit = self.commits.recv().expect("the store is open");
            commit.result.expect("it is committed");
            writes -= commit.writes.len() as u64;
        }
    }
}
