//! A spool without a disk: the same judgements and the same rows, kept in memory. For simulations, and as a model in tests.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;

use protocol::uplink::gateway_side::Stored;
use protocol::uplink::message::Lost;
use protocol::uplink::tags::Held;

use super::books::{Books, Changed};
use super::rows::{self, Each, Row, Rows};
use super::take::Take;
use super::write::{Behind, SpoolWrite};
use super::{HubRow, Spooled};
use crate::judge::{Gateways, Judge, OfSpool, Verdict};
use crate::limits::SPOOL_LEARNED_MS;
use crate::loaded::LoadedDevice;
use crate::write::{Commit, DeviceKey, Event, TokenHash, Write};

/// A spool that keeps everything in memory, and judges and drops by the code that the real one uses. A copy of it is a spool of
/// an earlier time, which can be put back in its place.
#[derive(Clone, Debug)]
pub struct SpoolMemory {
    judge: Judge,
    books: Books,
    list: List,
    devices: BTreeMap<DeviceKey, LoadedDevice>,
    /// The highest key that a device ever had.
    highest: u64,
    issuers: Vec<String>,
    learned: HashMap<DeviceKey, (TokenHash, i64)>,
    told_full: bool,
}

impl SpoolMemory {
    /// A spool in which nothing is, that may hold so many bytes.
    pub fn new(bytes_max: u64) -> SpoolMemory {
        SpoolMemory {
            judge: Judge::new(&[], 1, Gateways::new(&[], 1)),
            books: Books { oldest: 1, bytes_max, ..Books::default() },
            list: List::default(),
            devices: BTreeMap::new(),
            highest: 0,
            issuers: Vec::new(),
            learned: HashMap::new(),
            told_full: false,
        }
    }

    /// A start with `tag` as its tag, which was never given before, also behind a crash: nothing that was handed back is missing.
    pub fn open(&mut self, tag: &str) -> Spooled {
        let devices: Vec<LoadedDevice> = self.devices.values().cloned().collect();
        self.judge = Judge::new(&devices, self.highest + 1, Gateways::new(&[], 1));
        self.told_full = false;
        self.books.tags.begin(tag.into(), self.books.head);
        Spooled {
            tag: self.books.tags.current().cloned().unwrap_or_else(|| tag.into()),
            earlier: self.issuers.clone(),
            tags: self.books.tags.clone(),
            devices,
            next_key: self.highest + 1,
            learned: self.learned.clone(),
            hubs: self.books.rows(),
            held: self.held(),
        }
    }

    /// One transaction with all of `writes`, in their order, and all that is to be done behind it: what the real one says of
    /// that.
    pub fn commit(&mut self, writes: Vec<Write>) -> Vec<Event> {
        let hubs = self.books.hubs.keys().cloned().collect();
        self.judge.judge_for(OfSpool { hubs, refuses: self.books.refuses() });
        let (mut stored, mut refused) = (Vec::new(), Vec::new());
        let (mut take, mut changed) = (Take::default(), Changed::default());
        let mut ages = false;
        for write in writes {
            match self.judge.judge(&write) {
                Ok(verdict) => {
                    if verdict == Verdict::Store {
                        self.apply(&write, &mut take, &mut changed);
                        ages |= matches!(&write, Write::Spool(write) if matches!(**write, SpoolWrite::Now { .. }));
                    }
                    stored.push(write);
                }
                Err(error) => refused.push(Commit { writes: vec![write], result: Err(error) }),
            }
        }
        self.list.0.extend(take.rows(&mut self.books));
        for device in self.judge.take_moved().devices {
            if let Some(standing) = self.judge.standing(device)
                && let Some(known) = self.devices.get_mut(&device)
            {
                standing.clone().put_into(known);
                // As the real one: losses are the hubs' to count.
                known.received = known.cursor;
                known.gaps.clear();
            }
        }
        while rows::slice(&mut self.list, &mut self.books, &mut changed, ages).is_ok_and(|is_busy| is_busy) {}
        let mut events = Vec::new();
        if !stored.is_empty() {
            events.push(Event::Commit(Commit { writes: stored, result: Ok(()) }));
        }
        events.extend(refused.into_iter().map(Event::Commit));
        let mut dropped: BTreeSet<Box<str>> = changed.dropped;
        events.extend(self.books.news(&mut dropped, &mut self.told_full).into_iter().map(Event::Spool));
        events
    }

    /// What is there.
    pub fn held(&self) -> Held {
        self.books.extent().held
    }

    /// What that takes, and what it may take, bytes.
    pub fn bytes(&self) -> (u64, u64) {
        (self.books.used(), self.books.bytes_max)
    }

    /// As [`super::Spool::read`]; nothing where something cannot be read.
    pub fn read(&self, after: u64, bytes_max: usize) -> Vec<Stored> {
        rows::read(&self.list, after, bytes_max).map(|reading| reading.entries).unwrap_or_default()
    }

    /// As [`super::Spool::behind`].
    pub fn behind(&self, after: u64) -> Behind {
        rows::behind(&self.list, self.books.extent(), after).unwrap_or_default()
    }

    /// As [`super::Spool::losses`].
    pub fn losses(&self, after: u64, up_to: u64) -> Vec<Lost> {
        rows::losses(&self.list, after, up_to).map(|losses| losses.told()).unwrap_or_default()
    }

    /// All hubs, by name.
    pub fn hubs(&self) -> Vec<HubRow> {
        self.books.rows()
    }

    fn apply(&mut self, write: &Write, take: &mut Take, changed: &mut Changed) {
        match write {
            Write::Device(new) => {
                self.highest = self.highest.max(new.key.0);
                self.devices.insert(new.key, LoadedDevice::new(new));
            }
            Write::DeviceToken { device, token, confirmed, .. } => self.device(*device, |device| {
                (device.token, device.confirmed) = (*token, *confirmed);
            }),
            Write::Session { tag, .. } if !self.issuers.iter().any(|known| **known == **tag) => {
                self.issuers.push(tag.to_string());
            }
            Write::RemoveDevice { device } => {
                self.devices.remove(device);
                self.learned.remove(device);
            }
            Write::Describe { device, describe } => {
                self.device(*device, |device| device.describe = Some(describe.clone()));
                self.entry(write, take);
            }
            Write::Message(_) | Write::Gap(_) => self.entry(write, take),
            Write::Spool(write) => self.spool(write, changed),
            _ => {}
        }
    }

    fn spool(&mut self, write: &SpoolWrite, changed: &mut Changed) {
        self.books.apply(write, changed);
        match write {
            SpoolWrite::Learned { device, hash: Some(hash), at } => {
                self.learned.insert(*device, (*hash, *at));
            }
            SpoolWrite::Learned { device, hash: None, .. } => drop(self.learned.remove(device)),
            SpoolWrite::Now { at } => {
                self.learned.retain(|_, (_, learned)| *learned >= at.saturating_sub(SPOOL_LEARNED_MS));
            }
            _ => {}
        }
    }

    fn entry(&mut self, write: &Write, take: &mut Take) {
        let Some(device) = write.device() else { return };
        let Some(known) = self.devices.get(&device) else { return };
        let last_seen = self.judge.standing(device).and_then(|standing| standing.last_seen);
        take.write(write, &Arc::from(&*known.id), last_seen, &mut self.books);
    }

    fn device(&mut self, device: DeviceKey, change: impl FnOnce(&mut LoadedDevice)) {
        if let Some(known) = self.devices.get_mut(&device) {
            change(known);
        }
    }
}

/// Rows in memory.
#[derive(Clone, Debug, Default)]
struct List(VecDeque<Row<Vec<u8>>>);

impl Rows for List {
    fn each_behind(&self, after: u64, each: Each<'_>) -> rusqlite::Result<()> {
        let begin = self.0.partition_point(|row| row.last <= after);
        for row in self.0.range(begin..) {
            let Row { first, last, before, received, content } = row;
            let row = Row {
                first: *first,
                last: *last,
                before: *before,
                received: *received,
                content: &content[..],
            };
            if each(row)? == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn delete(&mut self, last: u64) -> rusqlite::Result<()> {
        let end = self.0.partition_point(|row| row.last <= last);
        self.0.drain(..end);
        Ok(())
    }
}
