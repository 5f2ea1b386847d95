//! A walk through all devices, those in memory and those asleep, while they change.

use super::{Cell, Registry};
use crate::dormant::{Brief, Fate};
use std::cmp::Ordering;
use std::sync::Arc;

/// A device of a list.
pub(crate) enum Listed<'a> {
    Awake(Arc<Cell>),
    Asleep(Brief<'a>),
}

impl Listed<'_> {
    /// Its id.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Awake(cell) => cell.id.as_str(),
            Self::Asleep(brief) => brief.id,
        }
    }
}

/// A walk through all devices, in the order of their ids, while they come and go: each that stays comes once. Memory: an id.
#[derive(Default)]
pub(crate) struct Listing {
    /// The last id that came; none at first.
    last: String,
    /// The first behind it of those that slept at the start.
    place: usize,
}

impl Listing {
    /// A walk through those behind the id `after` only.
    pub(crate) fn behind(registry: &Registry, after: &str) -> Self {
        Self { last: after.to_owned(), place: registry.dormant.behind(after) }
    }

    /// The next device; nothing at the end. One that is removed just now may still come.
    pub(crate) fn next<'a>(&mut self, registry: &'a Registry) -> Option<Listed<'a>> {
        loop {
            // Under the lock, where none falls asleep or wakes: it is either here or there.
            let tables = registry.read();
            let cell = tables.behind(&self.last).next().cloned();
            let brief = registry.dormant.get(self.place);
            drop(tables);
            let order = match (&cell, &brief) {
                (Some(cell), Some(brief)) => cell.id.as_str().cmp(brief.id),
                (Some(_), None) => Ordering::Less,
                (None, _) => Ordering::Greater,
            };
            if order != Ordering::Less {
                self.place += usize::from(brief.is_some());
            }
            match (order, cell) {
                (Ordering::Less | Ordering::Equal, Some(cell)) => {
                    self.pass(cell.id.as_str());
                    return Some(Listed::Awake(cell));
                }
                _ => {
                    let brief = brief?;
                    self.pass(brief.id);
                    if brief.fate == Fate::Asleep {
                        return Some(Listed::Asleep(brief));
                    }
                }
            }
        }
    }

    fn pass(&mut self, id: &str) {
        self.last.clear();
        self.last.push_str(id);
    }

    /// Whether that was all.
    pub(crate) fn is_at_end(&self, registry: &Registry) -> bool {
        self.place >= registry.dormant.len() && registry.read().behind(&self.last).next().is_none()
    }
}

#[cfg(test)]
mod tests;
