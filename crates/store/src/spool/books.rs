//! What a spool keeps in mind beside its entries: its tags, its hubs, and how much there is. Pure: where it is kept is told by
//! what [`Changed`] says.

use std::collections::{BTreeMap, BTreeSet};

use protocol::id::{DeviceId, SessionId};
use protocol::uplink::message::Lost;
use protocol::uplink::tags::{Held, Tags};

use super::write::{Dropped, HubRow, Quota, SpoolEvent, SpoolWrite};
use crate::limits::SPOOL_LOST_MAX;

/// What a spool keeps in mind.
#[derive(Clone, Debug, Default)]
pub(super) struct Books {
    pub(super) tags: Tags,
    pub(super) hubs: BTreeMap<Box<str>, Hub>,
    /// The place of the last entry ever.
    pub(super) head: u64,
    /// The first place that is still there.
    pub(super) oldest: u64,
    /// What all entries ever took, bytes.
    pub(super) total: u64,
    /// What those took that are gone.
    pub(super) gone: u64,
    /// What may be there, bytes.
    pub(super) bytes_max: u64,
    /// The time that it is, where that was said.
    pub(super) now: Option<i64>,
}

/// What the writer of a spool says of it to those who read, and what it must not forget while the database is opened anew.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(super) extent: Extent,
    /// Whether it was said that the spool is full.
    pub(super) told_full: bool,
    /// It was open before: what was to be said then may not have been.
    pub(super) was_open: bool,
}

/// How much there is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(super) held: Held,
    pub(super) total: u64,
    pub(super) gone: u64,
    pub(super) bytes_max: u64,
}

impl Default for Extent {
    fn default() -> Extent {
        Extent { held: Held { oldest: 1, head: 0 }, total: 0, gone: 0, bytes_max: 0 }
    }
}

/// A hub.
#[derive(Clone, Debug)]
pub(super) struct Hub {
    pub(super) settings: Box<str>,
    pub(super) quota: Quota,
    pub(super) begin: u64,
    pub(super) acked: u64,
    /// The place up to which entries were dropped for it alone; 0 for none.
    pub(super) dropped: u64,
    pub(super) losses: Losses,
    /// Messages that were ever dropped for it.
    pub(super) lost: u64,
}

/// A device and a session of it; an empty one for messages without number.
pub(super) type Whose = (Box<str>, Box<str>);

/// What was dropped of whom: the first and the last seq, or 1 and how many without a session.
#[derive(Clone, Debug, Default)]
pub(super) struct Losses {
    pub(super) list: BTreeMap<Whose, (u64, u64)>,
    pub(super) unlisted: u64,
}

/// What a change has made different.
#[derive(Clone, Debug, Default)]
pub(super) struct Changed {
    pub(super) tags: bool,
    /// Hubs for which more was dropped.
    pub(super) dropped: BTreeSet<Box<str>>,
    /// Hubs of which a row is different, or gone.
    pub(super) hubs: BTreeSet<Box<str>>,
    /// Hubs of which nothing is lost any more.
    pub(super) settled: BTreeSet<Box<str>>,
    /// What was lost of whom, for hubs.
    pub(super) losses: BTreeSet<(Box<str>, Whose)>,
}

impl Books {
    /// How much there is.
    pub(super) fn extent(&self) -> Extent {
        let held = Held { oldest: self.oldest, head: self.head };
        Extent { held, total: self.total, gone: self.gone, bytes_max: self.bytes_max }
    }

    /// What that takes, bytes.
    pub(super) fn used(&self) -> u64 {
        self.total - self.gone
    }

    /// Whether devices are to be held back.
    pub(super) fn is_full(&self) -> bool {
        self.used() >= self.bytes_max
    }

    /// Whether what comes is refused: what was under way when it was full has had its room.
    pub(super) fn refuses(&self) -> bool {
        self.used() >= self.bytes_max.saturating_add(self.bytes_max / 16)
    }

    /// Whether so much has left that devices may go on.
    pub(super) fn has_room(&self) -> bool {
        self.used() <= self.bytes_max - self.bytes_max / 16
    }

    /// The place of the last entry that no hub needs; 0 where there is no hub.
    pub(super) fn unneeded(&self) -> u64 {
        self.hubs.values().map(Hub::passed).min().unwrap_or(0)
    }

    /// What is asked, as far as it is about tags and hubs.
    pub(super) fn apply(&mut self, write: &SpoolWrite, changed: &mut Changed) {
        match write {
            SpoolWrite::AddHub(row) => {
                let new = || Hub::new(row.begin);
                let hub = self.hubs.entry(row.name.clone()).or_insert_with(new);
                (hub.settings, hub.quota) = (row.settings.clone(), row.quota);
                changed.hubs.insert(row.name.clone());
            }
            SpoolWrite::RemoveHub { name } => {
                self.hubs.remove(name);
                changed.hubs.insert(name.clone());
                changed.settled.insert(name.clone());
                changed.losses.retain(|(hub, _)| hub != name);
            }
            SpoolWrite::Acked { name, place } => {
                let Some(hub) = self.hubs.get_mut(name) else { return };
                hub.acked = (*place).min(self.head);
                changed.hubs.insert(name.clone());
                if hub.dropped > 0 && hub.acked >= hub.dropped {
                    (hub.dropped, hub.losses) = (0, Losses::default());
                    changed.settled.insert(name.clone());
                    changed.losses.retain(|(hub, _)| hub != name);
                }
            }
            SpoolWrite::RaiseEnd { tag, number } => changed.tags |= self.tags.raise(tag, *number),
            SpoolWrite::Damaged { from, to } => {
                // Those that are not there yet come to it later.
                let comes_to_it = |hub: &Hub| hub.passed() < *to && hub.passed() + 1 >= *from;
                for (name, hub) in self.hubs.iter_mut().filter(|(_, hub)| comes_to_it(hub)) {
                    let messages = to - hub.passed();
                    (hub.dropped, hub.lost) = (*to, hub.lost.saturating_add(messages));
                    hub.losses.unlisted = hub.losses.unlisted.saturating_add(messages);
                    changed.hubs.insert(name.clone());
                    changed.dropped.insert(name.clone());
                }
            }
            SpoolWrite::Now { at } => self.now = Some(*at),
            SpoolWrite::Learned { .. } => {}
        }
    }

    /// What is to be said after a commit that changed this.
    pub(super) fn news(&self, dropped: &mut BTreeSet<Box<str>>, told_full: &mut bool) -> Vec<SpoolEvent> {
        let mut news = Vec::new();
        for hub in std::mem::take(dropped) {
            if let Some(dropped) = self.hubs.get(&hub).and_then(Hub::to_be_told) {
                news.push(SpoolEvent::Dropped { hub, dropped });
            }
        }
        if !*told_full && self.is_full() {
            *told_full = true;
            news.push(SpoolEvent::Full);
        } else if *told_full && self.has_room() {
            *told_full = false;
            news.push(SpoolEvent::Room);
        }
        news
    }

    /// A hub as it is told to the gateway.
    pub(super) fn row(&self, name: &str) -> Option<HubRow> {
        let hub = self.hubs.get(name)?;
        Some(HubRow {
            name: name.into(),
            settings: hub.settings.clone(),
            quota: hub.quota,
            begin: hub.begin,
            acked: hub.acked,
            dropped: hub.to_be_told(),
            lost: hub.lost,
        })
    }

    /// All hubs.
    pub(super) fn rows(&self) -> Vec<HubRow> {
        self.hubs.keys().filter_map(|name| self.row(name)).collect()
    }
}

impl Hub {
    fn new(begin: u64) -> Hub {
        Hub {
            settings: "".into(),
            quota: Quota::NONE,
            begin,
            acked: begin.saturating_sub(1),
            dropped: 0,
            losses: Losses::default(),
            lost: 0,
        }
    }

    /// The place of the last entry that it does not need.
    pub(super) fn passed(&self) -> u64 {
        self.acked.max(self.dropped).max(self.begin.saturating_sub(1))
    }

    /// What was dropped for it and is not yet known to it.
    pub(super) fn to_be_told(&self) -> Option<Dropped> {
        let Losses { unlisted, .. } = self.losses;
        (self.dropped > 0).then(|| Dropped { to: self.dropped, lost: self.losses.told(), unlisted })
    }
}

impl Losses {
    /// As they are told.
    pub(super) fn told(&self) -> Vec<Lost> {
        let lost = |((device, session), (from, to)): (&Whose, &(u64, u64))| {
            let session = match &**session {
                "" => None,
                session => Some(SessionId::parse(session)?),
            };
            Some(Lost { device: DeviceId::parse(device)?, session, from: *from, to: *to })
        };
        self.list.iter().filter_map(lost).collect()
    }

    /// Adds what is missing of a device. The key under which it stands, where it is listed.
    pub(super) fn add(&mut self, device: &str, session: &str, from: u64, to: u64) -> Option<Whose> {
        let key = (Box::from(device), Box::from(session));
        if self.list.len() >= SPOOL_LOST_MAX && !self.list.contains_key(&key) {
            self.unlisted = self.unlisted.saturating_add(count(from, to));
            return None;
        }
        let known = self.list.entry(key.clone()).or_insert((from, from.saturating_sub(1)));
        *known = match session {
            "" => (1, known.1.saturating_add(to)),
            // What lies between was declared lost itself, or is in here.
            _ => (known.0.min(from), known.1.max(to)),
        };
        Some(key)
    }
}

/// How many messages those are.
pub(super) fn count(from: u64, to: u64) -> u64 {
    to.saturating_sub(from).saturating_add(1)
}
