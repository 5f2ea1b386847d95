//! What a panel watches: devices, those that are not known yet, and the list of all.

use super::Turn;
use crate::auth::Scope;
use crate::limits::PANEL_WATCHES_MAX;
use crate::panel::list::List;
use crate::panel::said::After;
use crate::panel::seat::Dirty;
use crate::panel::watched::Watched;
use protocol::id::DeviceId;
use protocol::limits::ID_CHARS_MAX;
use protocol::message::cut;
use router::frame;

impl Turn<'_> {
    pub(super) fn watch(&mut self, id: &str, after: Option<After>) {
        if !self.who.grant.may(Scope::View) {
            return self.complain("denied", "you may not look at devices", Some(("watch", id)));
        }
        // One that may not be seen is answered like one that is not known.
        let sight = self.who.grant.sight(id);
        let known = sight.as_ref().and_then(|sight| self.seat.hub.registry.awake_by_id(sight.id()));
        let is_watched = known.as_ref().is_some_and(|cell| self.place(cell.key).is_ok());
        let unknown = self.rare.as_ref().map_or(0, |rare| rare.unknown.len());
        if !is_watched && self.devices.len() + unknown >= PANEL_WATCHES_MAX {
            return self.complain("too_many", "a panel watches no more devices at once", Some(("watch", id)));
        }
        if known.is_some() {
            self.unwatch(id);
        }
        let watched = sight.as_ref().and_then(|sight| Watched::begin(&self.seat.hub, sight, after));
        let Some(watched) = watched else { return self.await_device(id) };
        self.seat.put(Dirty::Device(watched.key()));
        self.say_rights(id);
        let (Ok(place) | Err(place)) = self.place(watched.key());
        // Most watch one or a few: there is no room kept for more.
        if self.devices.len() == self.devices.capacity() {
            let more = self.devices.len().max(1);
            self.devices.reserve_exact(more);
        }
        self.devices.insert(place, watched);
    }

    /// Watches a device that is not known once it is.
    pub(super) fn await_device(&mut self, id: &str) {
        self.batch.push(frame::unknown(cut(id, ID_CHARS_MAX), self.seat.hub.now().wall));
        if DeviceId::parse(id).is_none() {
            return;
        }
        let rare = self.rare();
        let first = rare.unknown.is_empty();
        rare.unknown.insert(id.to_owned());
        // It may have come in between.
        if first {
            self.seat.put(Dirty::Newcomers);
        } else if self.is_known(id) {
            self.begin_newcomer(id);
        }
    }

    /// Whether a device may be seen and is in memory.
    fn is_known(&self, id: &str) -> bool {
        self.who.grant.sight(id).is_some_and(|sight| self.seat.hub.registry.awake_by_id(sight.id()).is_some())
    }

    fn begin_newcomer(&mut self, id: &str) {
        let seat = self.seat;
        if self.rare().forget_unknown(seat, id) {
            self.watch(id, None);
        }
    }

    pub(super) fn look_for_newcomers(&mut self) {
        let Some(rare) = &self.rare else { return };
        self.seat.hub.roster.await_change(self.seat, Dirty::Newcomers);
        let known: Vec<String> = rare.unknown.iter().filter(|id| self.is_known(id)).cloned().collect();
        known.iter().for_each(|id| self.begin_newcomer(id));
    }

    pub(super) fn unwatch(&mut self, id: &str) {
        if let Some(rare) = self.rare {
            rare.forget_unknown(self.seat, id);
        }
        // Not by the registry: the device may just have been removed from there.
        if let Some(place) = self.devices.iter().position(|watched| watched.id().as_str() == id) {
            self.devices.remove(place).end(self.seat);
        }
    }

    pub(super) fn watch_list(&mut self, wanted: bool) {
        if let Some(rare) = self.rare
            && rare.list.take().is_some()
        {
            List::end(self.seat);
        }
        if wanted {
            self.rare().list = Some(List::begin(&self.seat.hub));
            self.seat.put(Dirty::List);
        }
    }
}
