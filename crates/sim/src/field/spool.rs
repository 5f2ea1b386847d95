//! A gateway's spool: the store's own, without a disk ([`SpoolMemory`]), and what checkers want to know of it.

use super::check::content_of;
use protocol::id::{DeviceId, SessionId};
use protocol::message::Sample;
use protocol::uplink::gateway_side::Stored;
use protocol::uplink::message::Content;
use protocol::uplink::tags::{Held, Tags};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::{Commit, DeviceKey, Event, HubRow, Loaded, Quota, SpoolMemory, SpoolWrite, Write};

/// All that is durable of a spool; a copy of it is a backup.
#[derive(Debug, Clone)]
pub(crate) struct Spool {
    memory: SpoolMemory,
    ids: BTreeMap<DeviceKey, DeviceId>,
    tags: Tags,
    /// When a hub last vouched for a device's token.
    pub(crate) learned: BTreeMap<DeviceId, i64>,
    /// What was taken over since somebody looked, with no places: for the checkers.
    pub(crate) taken: Vec<Stored>,
    /// The numbered contents that it ever took: for the checkers.
    pub(crate) ever: BTreeSet<u64>,
}

impl Spool {
    pub(crate) fn new() -> Self {
        Self {
            memory: SpoolMemory::new(u64::MAX / 4),
            ids: BTreeMap::new(),
            tags: Tags::default(),
            learned: BTreeMap::new(),
            taken: Vec::new(),
            ever: BTreeSet::new(),
        }
    }

    /// The gateway starts under this tag.
    pub(crate) fn open(&mut self, tag: &str) -> Loaded {
        let mut spooled = self.memory.open(tag);
        // A spool counts no gaps, and the device's books are to balance.
        for device in &mut spooled.devices {
            device.received = device.cursor - device.gaps.iter().map(|gap| gap.gaps).sum::<u64>();
        }
        self.tags = spooled.tags;
        Loaded {
            log: String::new(),
            issuer: tag.to_owned(),
            earlier_issuers: spooled.earlier,
            devices: spooled.devices,
            tokens: Vec::new(),
            access: Vec::new(),
            // Commands that are under way are kept in memory only.
            unfinished: Vec::new(),
            next_key: spooled.next_key,
            gateways: Vec::new(),
            next_gateway: 1,
        }
    }

    pub(crate) fn held(&self) -> Held {
        self.memory.held()
    }

    pub(crate) fn tags(&self) -> Arc<Tags> {
        Arc::new(self.tags.clone())
    }

    /// What lies behind a place, at most so many entries.
    pub(crate) fn read(&self, after: u64, most: usize) -> Vec<Stored> {
        let mut entries = self.memory.read(after, 1 << 16);
        entries.truncate(most);
        entries
    }

    /// One transaction.
    pub(crate) fn commit(&mut self, writes: Vec<Write>) -> Vec<Commit> {
        let mut commits = Vec::new();
        for event in self.memory.commit(writes) {
            if let Event::Commit(commit) = event {
                commits.push(commit);
            }
        }
        for write in commits.iter().filter(|commit| commit.result.is_ok()).flat_map(|commit| &commit.writes) {
            self.take(write);
        }
        commits
    }

    fn change(&mut self, change: SpoolWrite) {
        self.memory.commit(vec![Write::Spool(Box::new(change))]);
    }

    /// The hubs that it feeds.
    pub(crate) fn fed(&self) -> Vec<usize> {
        self.memory.hubs().iter().filter_map(|row| row.name.parse().ok()).collect()
    }

    /// One of them.
    pub(crate) fn row(&self, hub: usize) -> Option<HubRow> {
        let name = hub.to_string();
        self.memory.hubs().into_iter().find(|row| *row.name == *name)
    }

    /// A hub is fed from the place `begin` on; so many bytes are kept for it.
    pub(crate) fn feed(&mut self, hub: usize, begin: u64, quota: u64) {
        self.change(SpoolWrite::AddHub(HubRow {
            name: hub.to_string().into(),
            settings: "".into(),
            quota: Quota { bytes: quota, ms: u64::MAX },
            begin,
            acked: begin - 1,
            dropped: None,
            lost: 0,
        }));
    }

    pub(crate) fn remove(&mut self, hub: usize) {
        self.change(SpoolWrite::RemoveHub { name: hub.to_string().into() });
    }

    pub(crate) fn acked(&mut self, hub: usize, place: u64) {
        self.change(SpoolWrite::Acked { name: hub.to_string().into(), place });
    }

    pub(crate) fn raise(&mut self, tag: &Arc<str>, number: u64) {
        self.tags.raise(tag, number);
        self.change(SpoolWrite::RaiseEnd { tag: tag.clone(), number });
    }

    fn take(&mut self, write: &Write) {
        let (key, received, content) = match write {
            Write::Device(device) => {
                if let Some(id) = DeviceId::parse(&device.id) {
                    self.ids.insert(device.key, id);
                }
                return;
            }
            Write::Message(message) => {
                let ts = message.samples.first().map(|sample| sample.device_ts.unwrap_or(sample.ts));
                let samples = message
                    .samples
                    .iter()
                    .map(|sample| Sample { channel: (*sample.channel).into(), value: raw(&sample.value) });
                let position = message.position.as_ref();
                let position = position.and_then(|it| Some((SessionId::parse(&it.session)?, it.seq)));
                (
                    message.device,
                    message.received,
                    Content::Samples { position, ts, samples: samples.collect() },
                )
            }
            Write::Gap(gap) => {
                let Some(session) = SessionId::parse(&gap.session) else { return };
                let (from, to, reason, moves) =
                    (gap.from, gap.to, gap.reason.clone(), gap.position.is_some());
                (gap.device, gap.at, Content::Gap { session, from, to, reason, moves })
            }
            Write::Describe { device, describe } => (*device, 0, Content::Describe(raw(describe))),
            _ => return,
        };
        let Some(device) = self.ids.get(&key).cloned() else { return };
        let stored = Stored { place: 0, device, received, content };
        self.ever.extend(content_of(&stored).map(|(content, _)| content));
        self.taken.push(stored);
    }
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).expect("it was JSON")
}
