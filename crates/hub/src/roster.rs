//! Changes of the device list, for panels that watch it.

use crate::auth::{Grant, Scope};
use crate::limits::ROSTER_CHANGES_MAX;
use crate::panel::{Dirty, Seat};
use crate::rights::{Check, asks};
use bytes::Bytes;
use protocol::id::DeviceId;
use router::Run;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The newest changes of the device list and who waits for the next one.
#[derive(Default)]
pub(crate) struct Roster {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    head: u64,
    /// Of which device, and the message.
    changes: VecDeque<(Arc<str>, Bytes)>,
    /// Panels that have looked, and as what they want to be marked.
    waiting: Vec<(Arc<Seat>, Dirty)>,
}

impl Roster {
    /// Tells all who wait of a change of this device.
    pub(crate) fn push(&self, device: &DeviceId, change: Bytes) {
        let mut inner = self.lock();
        inner.head += 1;
        inner.changes.push_back((device.name().clone(), change));
        if inner.changes.len() > ROSTER_CHANGES_MAX {
            inner.changes.pop_front();
        }
        inner.waiting.drain(..).for_each(|(seat, dirty)| seat.mark(dirty));
    }

    /// Where somebody stands who reads the whole list after this: nothing falls in between.
    pub(crate) fn head(&self) -> u64 {
        self.lock().head
    }

    /// Has the panel marked with the next change. It looks after this.
    pub(crate) fn await_change(&self, seat: &Arc<Seat>, dirty: Dirty) {
        self.lock().waiting.push((seat.clone(), dirty));
    }

    /// The panel is not marked any more.
    pub(crate) fn forget(&self, seat: &Arc<Seat>, dirty: Dirty) {
        self.lock().waiting.retain(|(waits, what)| !Arc::ptr_eq(waits, seat) || *what != dirty);
    }

    /// Adds the changes behind `cursor` of devices that `grant` permits to see, moves it to the head, and has the panel marked
    /// with the next one; false where some of them are gone: then the whole list is due.
    pub(crate) fn catch_up(
        &self,
        grant: &Grant,
        cursor: &mut u64,
        seat: &Arc<Seat>,
        runs: &mut Vec<Run>,
    ) -> bool {
        let mut inner = self.lock();
        let behind = usize::try_from(inner.head - *cursor).unwrap_or(usize::MAX);
        *cursor = inner.head;
        let Some(passed) = inner.changes.len().checked_sub(behind) else { return false };
        let passed = inner.changes.iter().skip(passed);
        let seen =
            passed.filter(|(device, _)| grant.may_device(Scope::View, device) || !asks(Check::Changes));
        runs.extend(seen.map(|(_, change)| Run::from(change.clone())));
        inner.waiting.push((seat.clone(), Dirty::List));
        true
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
