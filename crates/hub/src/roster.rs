//! Changes of the device list, for panels that watch it.

use crate::limits::ROSTER_CHANGES_MAX;
use crate::panel::Slot;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The newest changes of the device list and who watches it.
#[derive(Default)]
pub(crate) struct Roster {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    head: u64,
    changes: VecDeque<Bytes>,
    watchers: Vec<Arc<Slot>>,
}

impl Roster {
    /// Tells all who watch the list.
    pub(crate) fn push(&self, change: Bytes) {
        let mut inner = self.lock();
        inner.head += 1;
        inner.changes.push_back(change);
        if inner.changes.len() > ROSTER_CHANGES_MAX {
            inner.changes.pop_front();
        }
        inner.watchers.iter().for_each(|slot| slot.wake());
    }

    /// Begins to watch; the cursor is taken before the list is read, so that nothing falls in between.
    pub(crate) fn watch(&self, slot: Arc<Slot>) -> u64 {
        let mut inner = self.lock();
        inner.watchers.push(slot);
        inner.head
    }

    pub(crate) fn unwatch(&self, slot: &Arc<Slot>) {
        self.lock().watchers.retain(|watcher| !Arc::ptr_eq(watcher, slot));
    }

    /// Adds the changes behind `cursor` and moves it to the head; false where some of them are gone: then the whole
    /// list is due.
    pub(crate) fn catch_up(&self, cursor: &mut u64, frames: &mut Vec<Bytes>) -> bool {
        let inner = self.lock();
        let behind = usize::try_from(inner.head - *cursor).unwrap_or(usize::MAX);
        *cursor = inner.head;
        match inner.changes.len().checked_sub(behind) {
            Some(passed) => {
                frames.extend(inner.changes.iter().skip(passed).cloned());
                true
            }
            None => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
