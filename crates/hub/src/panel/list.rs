//! The device list as one panel sees it: whole at first, then what changes.

use super::batch::Batch;
use super::{Dirty, Slot, Waker};
use crate::Hub;
use crate::limits::PANEL_BATCH_BYTES_MAX;
use crate::registry::Cell;
use bytes::Bytes;
use router::frame;
use std::sync::Arc;

/// One panel's watch of the device list. Memory: while it is told the whole list, a pointer for each device.
pub(super) struct List {
    hub: Arc<Hub>,
    slot: Arc<Slot>,
    cursor: u64,
    /// The devices that it is still to be told of, in the order of their ids; `None` once it has the whole list.
    untold: Option<std::vec::IntoIter<Arc<Cell>>>,
    /// It was told of some of them.
    begun: bool,
}

impl List {
    pub(super) fn begin(hub: Arc<Hub>, waker: &Arc<Waker>) -> Self {
        let slot = Slot::new(Dirty::List, waker);
        let cursor = hub.roster.watch(slot.clone());
        slot.wake();
        let untold = Some(hub.registry.all().into_iter());
        Self { hub, slot, cursor, untold, begun: false }
    }

    /// Tells what fits; marks itself again where there is more to tell.
    pub(super) fn catch_up(&mut self, batch: &mut Batch) {
        self.slot.unmark();
        if !self.tell(batch) {
            self.slot.wake();
        }
    }

    /// True where there is nothing more to tell.
    fn tell(&mut self, batch: &mut Batch) -> bool {
        if let Some(untold) = &mut self.untold {
            match std::mem::replace(&mut self.begun, true) {
                false => batch.push(first(untold).as_bytes()),
                true => rest(untold, batch),
            }
            if untold.len() == 0 {
                self.untold = None;
            }
            return false;
        }
        let mut frames: Vec<Bytes> = Vec::new();
        if self.hub.roster.catch_up(&mut self.cursor, &mut frames) {
            frames.iter().for_each(|frame| batch.push(frame));
            return true;
        }
        // Too many changes were missed: the whole list is told again. What changes meanwhile comes after it.
        (self.untold, self.begun) = (Some(self.hub.registry.all().into_iter()), false);
        false
    }
}

impl Drop for List {
    fn drop(&mut self) {
        self.hub.roster.unwatch(&self.slot);
        self.slot.end();
    }
}

/// The message that begins the list, with as many devices as fit.
fn first(untold: &mut impl Iterator<Item = Arc<Cell>>) -> String {
    let mut text = String::from("{\"devices\":[");
    while text.len() < PANEL_BATCH_BYTES_MAX
        && let Some(cell) = untold.next()
    {
        let inner = cell.lock();
        if inner.device.is_removed() {
            continue;
        }
        let (presence, since) = inner.device.presence();
        if !text.ends_with('[') {
            text.push(',');
        }
        text.push_str(&frame::listed(cell.id.as_str(), inner.device.name(), presence.as_str(), since));
    }
    text.push_str("]}");
    text
}

/// Devices that did not fit into it, each as one that is new.
fn rest(untold: &mut impl Iterator<Item = Arc<Cell>>, batch: &mut Batch) {
    while batch.has_room()
        && let Some(cell) = untold.next()
    {
        let inner = cell.lock();
        if !inner.device.is_removed() {
            batch.push(&inner.device.presence_frame());
        }
    }
}
