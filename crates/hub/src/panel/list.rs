//! The device list as one panel sees it: whole at first, then what changes.

use super::batch::Batch;
use super::seat::{Dirty, Seat};
use crate::Hub;
use crate::auth::{Grant, Scope};
use crate::dormant::Brief;
use crate::limits::PANEL_BATCH_BYTES_MAX;
use crate::registry::{Listed, Listing, Registry};
use crate::rights::{Check, asks};
use router::frame::{self, Standing};
use std::sync::Arc;

/// The presence of a device that sleeps.
const OFFLINE: &str = "offline";

/// One panel's watch of the device list. Memory: while it is told the whole list, an id.
pub(super) struct List {
    cursor: u64,
    /// The devices that it is still to be told of, in the order of their ids; `None` once it has the whole list.
    untold: Option<Listing>,
    /// It was told of some of them.
    begun: bool,
}

impl List {
    /// To be marked. Whoever looks is told of the devices that they may see at that time; once they may see others it is begun
    /// anew.
    pub(super) fn begin(hub: &Hub) -> Self {
        let cursor = hub.roster.head();
        Self { cursor, untold: Some(hub.registry.list()), begun: false }
    }

    /// Tells what fits; marks itself again where there is more to tell.
    pub(super) fn catch_up(&mut self, seat: &Arc<Seat>, grant: &Grant, batch: &mut Batch) {
        if !self.tell(seat, grant, batch) {
            seat.put(Dirty::List);
        }
    }

    /// True where there is nothing more to tell.
    fn tell(&mut self, seat: &Arc<Seat>, grant: &Grant, batch: &mut Batch) -> bool {
        if let Some(untold) = &mut self.untold {
            match std::mem::replace(&mut self.begun, true) {
                false => batch.push(first(untold, grant, &seat.hub.registry)),
                true => rest(untold, grant, &seat.hub.registry, batch),
            }
            if untold.is_at_end(&seat.hub.registry) {
                self.untold = None;
            }
            return false;
        }
        let hub = &seat.hub;
        if batch.gather(|runs| hub.roster.catch_up(grant, &mut self.cursor, seat, runs)) {
            return true;
        }
        // Too many changes were missed: the whole list is told again. What changes meanwhile comes after it.
        (self.untold, self.begun) = (Some(hub.registry.list()), false);
        false
    }

    pub(super) fn end(seat: &Arc<Seat>) {
        seat.hub.roster.forget(seat, Dirty::List);
        seat.unmark(Dirty::List);
    }
}

/// The next device of the walk that `grant` permits to see.
fn next_seen<'a>(untold: &mut Listing, grant: &Grant, registry: &'a Registry) -> Option<Listed<'a>> {
    loop {
        let listed = untold.next(registry)?;
        if grant.may_device(Scope::View, listed.id()) || !asks(Check::PanelList) {
            return Some(listed);
        }
    }
}

/// The message that begins the list, with as many devices as fit.
fn first(untold: &mut Listing, grant: &Grant, registry: &Registry) -> String {
    let mut text = String::from("{\"devices\":[");
    while text.len() < PANEL_BATCH_BYTES_MAX
        && let Some(listed) = next_seen(untold, grant, registry)
    {
        let entry = match listed {
            Listed::Asleep(brief) => frame::listed(&standing(&brief)),
            Listed::Awake(cell) => {
                let inner = cell.lock();
                if inner.device.is_removed() {
                    continue;
                }
                frame::listed(&inner.device.listed())
            }
        };
        if !text.ends_with('[') {
            text.push(',');
        }
        text.push_str(&entry);
    }
    text.push_str("]}");
    text
}

/// A device that sleeps is connected nowhere.
fn standing<'a>(brief: &Brief<'a>) -> Standing<'a> {
    Standing {
        device: brief.id,
        name: brief.name(),
        labels: brief.labels(),
        presence: OFFLINE,
        since: brief.since,
        gateway: None,
    }
}

/// Devices that did not fit into it, each as one that is new.
fn rest(untold: &mut Listing, grant: &Grant, registry: &Registry, batch: &mut Batch) {
    while batch.has_room()
        && let Some(listed) = next_seen(untold, grant, registry)
    {
        match listed {
            Listed::Asleep(brief) => {
                batch.push(frame::presence(&standing(&brief)));
            }
            Listed::Awake(cell) => {
                let inner = cell.lock();
                if !inner.device.is_removed() {
                    batch.push(inner.device.presence_frame());
                }
            }
        }
    }
}
