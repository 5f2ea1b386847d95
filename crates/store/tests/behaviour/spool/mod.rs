//! What the spool promises, through its public door.

mod crash;
mod entries;
mod hubs;
mod model;
mod recovery;

use std::cell::RefCell;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use protocol::uplink::gateway_side::Stored;
use protocol::uplink::message::Content;
use store::{
    Commit, Durability, Event, HubRow, OpenError, Quota, Spool, SpoolEvent, SpoolOptions, SpoolWrite,
    Spooled, Write,
};

/// A spool whose events are all heard.
pub(crate) struct Rig {
    pub(crate) spool: Spool,
    pub(crate) spooled: Spooled,
    pub(crate) events: Receiver<Event>,
    /// What it told beside commits.
    pub(crate) told: RefCell<Vec<SpoolEvent>>,
}

impl Rig {
    pub(crate) fn open(dir: &Path) -> Rig {
        Rig::open_with(dir, SpoolOptions::default()).unwrap()
    }

    /// One that does not wait for the disk, and holds so much.
    pub(crate) fn quick(dir: &Path, bytes_max: u64) -> Rig {
        let options = SpoolOptions { durability: Durability::Lazy, gather: Duration::ZERO, bytes_max };
        Rig::open_with(dir, options).unwrap()
    }

    pub(crate) fn open_with(dir: &Path, options: SpoolOptions) -> Result<Rig, OpenError> {
        let (sender, events) = mpsc::channel();
        let on_event = move |event| {
            // Nobody listens any longer when a test is over.
            let _ = sender.send(event);
        };
        let (spool, spooled) = Spool::open(dir, options, on_event)?;
        Ok(Rig { spool, spooled, events, told: RefCell::default() })
    }

    /// Submits and waits until all of it is committed.
    pub(crate) fn write(&self, writes: impl IntoIterator<Item = Write>) {
        for commit in self.submit(writes) {
            commit.result.unwrap();
        }
    }

    /// Submits and waits until all of it came back.
    pub(crate) fn submit(&self, writes: impl IntoIterator<Item = Write>) -> Vec<Commit> {
        let mut waiting: usize = writes.into_iter().map(|write| self.spool.submit(write)).count();
        let mut commits = Vec::new();
        while waiting > 0 {
            match self.events.recv().unwrap() {
                Event::Commit(commit) => {
                    // What the spool asks itself is none of those.
                    let asked = |write: &&Write| !matches!(write, Write::Spool(write) if is_own(write));
                    waiting -= commit.writes.iter().filter(asked).count();
                    commits.push(commit);
                }
                Event::Spool(event) => self.told.borrow_mut().push(event),
                other => panic!("{other:?}"),
            }
        }
        commits
    }

    /// Waits until nothing is left to be dropped or let go of: a commit that finds nothing to do says so.
    pub(crate) fn settle(&self) {
        loop {
            let before = (self.spool.held(), self.spool.hubs().unwrap());
            self.write([change(SpoolWrite::RaiseEnd { tag: "nobody's".into(), number: 1 })]);
            self.write([change(SpoolWrite::RaiseEnd { tag: "nobody's".into(), number: 1 })]);
            if before == (self.spool.held(), self.spool.hubs().unwrap()) {
                return;
            }
        }
    }

    /// All entries behind a place, as text.
    pub(crate) fn entries(&self, after: u64) -> Vec<(u64, String)> {
        let mut list = Vec::new();
        let mut after = after;
        loop {
            let page = self.spool.read(after, 500).unwrap();
            let Some(last) = page.last() else { return list };
            after = last.place;
            list.extend(page.iter().map(told));
        }
    }

    pub(crate) fn hub(&self, name: &str) -> HubRow {
        self.spool.hubs().unwrap().into_iter().find(|hub| &*hub.name == name).unwrap()
    }
}

fn is_own(write: &SpoolWrite) -> bool {
    matches!(write, SpoolWrite::Damaged { .. })
}

/// An entry with its place, as text.
pub(crate) fn told(stored: &Stored) -> (u64, String) {
    let Stored { place, device, received, content } = stored;
    let content = match content {
        Content::Samples { position, ts, samples } => {
            let position = position.as_ref().map(|(session, seq)| format!("{session} {seq}"));
            let samples: Vec<_> =
                samples.iter().map(|sample| format!("{}={}", sample.channel, sample.value.get())).collect();
            format!("{position:?} {ts:?} {samples:?}")
        }
        Content::Gap { session, from, to, reason, moves } => {
            format!("gap {session} {from}-{to} {reason} {moves}")
        }
        Content::Describe(describe) => format!("describe {}", describe.get()),
    };
    (*place, format!("{device} {received} {content}"))
}

pub(crate) fn change(write: SpoolWrite) -> Write {
    Write::Spool(Box::new(write))
}

pub(crate) fn add_hub(name: &str, begin: u64, quota: Quota) -> Write {
    let (acked, dropped, lost) = (0, None, 0);
    let row = HubRow { name: name.into(), settings: "{}".into(), quota, begin, acked, dropped, lost };
    change(SpoolWrite::AddHub(row))
}

pub(crate) fn acked(name: &str, place: u64) -> Write {
    change(SpoolWrite::Acked { name: name.into(), place })
}
