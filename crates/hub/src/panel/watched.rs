//! A panel's watch of a device, and a device's list of those that watch it.

use super::said::After;
use super::seat::{Dirty, Seat};
use crate::Hub;
use crate::auth::Sight;
use crate::registry::Cell;
use protocol::id::DeviceId;
use router::{Run, Step, Watch};
use std::sync::Arc;
use store::DeviceKey;

/// One device that one panel watches. Either it is marked for the panel, or being read for it, or the device has the panel
/// among those that it wakes.
pub(super) struct Watched {
    pub(super) cell: Arc<Cell>,
    pub(super) watch: Watch,
}

/// How a look at a device ended.
pub(super) struct Look {
    pub(super) step: Step,
    /// The device was removed, and the panel was told.
    pub(super) removed: bool,
}

impl Watched {
    /// Begins to watch a device that may be seen and is in memory, behind where `after` says that the page is with it. To be
    /// marked.
    pub(super) fn begin(hub: &Hub, sight: &Sight, after: Option<After>) -> Option<Self> {
        let cell = hub.registry.awake_by_id(sight.id())?;
        // A device that was made anew under this id counts from the beginning again.
        let own = after.filter(|after| after.key.is_none_or(|key| key == cell.key.0));
        let after = own.map(|after| after.cursor);
        let watch = {
            let mut inner = cell.lock();
            inner.watched();
            after.map_or_else(Watch::begin, |after| inner.device.resume_watch(after))
        };
        Some(Self { cell, watch })
    }

    pub(super) fn key(&self) -> DeviceKey {
        self.cell.key
    }

    pub(super) fn id(&self) -> &DeviceId {
        &self.cell.id
    }

    /// Adds what the panel has not seen, as much as fits one look. Where that is all, the device wakes it with the next.
    pub(super) fn look(&mut self, seat: &Arc<Seat>, runs: &mut Vec<Run>) -> Look {
        let mut inner = self.cell.lock();
        let step = inner.device.catch_up(&mut self.watch, runs);
        let removed = step == Step::Done && inner.device.is_removed();
        if step == Step::Done {
            inner.wait_for_more(seat);
        }
        Look { step, removed }
    }

    pub(super) fn end(&self, seat: &Arc<Seat>) {
        self.cell.lock().unwatched(seat);
        seat.unmark(Dirty::Device(self.key()));
    }
}

/// The panels that watch a device. Where there are none it holds no memory beside itself.
#[derive(Default)]
pub(crate) struct Watchers(Option<Box<Panels>>);

#[derive(Default)]
struct Panels {
    panels: usize,
    /// Those of them that have seen all there is.
    waiting: Vec<Arc<Seat>>,
}

impl Watchers {
    /// One more; whether it is the first.
    pub(crate) fn add(&mut self) -> bool {
        let first = self.0.is_none();
        self.0.get_or_insert_default().panels += 1;
        first
    }

    /// The panel watches no longer; whether it was the last.
    pub(crate) fn remove(&mut self, seat: &Arc<Seat>) -> bool {
        let Some(some) = &mut self.0 else { return false };
        if let Some(place) = some.waiting.iter().position(|waits| Arc::ptr_eq(waits, seat)) {
            some.waiting.swap_remove(place);
        }
        some.panels -= 1;
        let last = some.panels == 0;
        self.0.take_if(|_| last);
        last
    }

    /// The panel has seen all there is; whether all of them have.
    pub(crate) fn wait(&mut self, seat: &Arc<Seat>) -> bool {
        let Some(some) = &mut self.0 else { return false };
        some.waiting.push(seat.clone());
        some.waiting.len() == some.panels
    }

    /// There is something new of the device `key`: those who have seen all are marked, and the others are already.
    pub(crate) fn wake(&mut self, key: DeviceKey) {
        if let Some(some) = &mut self.0 {
            some.waiting.drain(..).for_each(|seat| seat.mark(Dirty::Device(key)));
        }
    }
}
