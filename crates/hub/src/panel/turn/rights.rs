//! What whoever looks may, where that changes while they do.

use super::Turn;
use crate::auth::Scope;
use crate::panel::list::List;
use crate::panel::message;
use crate::panel::said::Said;
use crate::panel::seat::Dirty;
use crate::rights::{Check, asks};
use router::frame;

impl Turn<'_> {
    /// What the grant permits is no longer the same: what it does not permit any more looks to this panel like a device that was
    /// removed, and what it permits now comes.
    pub(super) fn follow_rights(&mut self) {
        let who = self.who;
        let grant = &who.grant;
        // What was gathered of one device alone, and has not left.
        if asks(Check::Gathered) {
            let may =
                |device: &str| [Scope::View, Scope::Command].iter().any(|s| grant.may_device(*s, device));
            self.batch.withdraw(may);
        }
        self.batch.push(message::scopes(grant.scopes()));
        let is_gone = |watched: &mut super::Watched| !grant.may_device(Scope::View, watched.id().as_str());
        let gone: Vec<_> = self.devices.extract_if(.., is_gone).collect();
        for watched in gone {
            watched.end(self.seat);
            self.batch.push(frame::removed(watched.id().as_str()));
            self.await_device(watched.id().as_str());
        }
        let seen: Vec<String> = self.devices.iter().map(|watched| watched.id().to_string()).collect();
        seen.iter().for_each(|id| self.batch.push_about(id, message::may(id, grant)));
        self.watch_those_that_came();
        if let Some(list) = self.rare.as_mut().and_then(|rare| rare.list.as_mut()) {
            List::end(self.seat);
            *list = List::begin(&self.seat.hub);
            self.seat.put(Dirty::List);
        }
    }

    /// Devices that were asked for in vain and may be seen now are watched; those that sleep wake for it.
    fn watch_those_that_came(&mut self) {
        let (seat, grant) = (self.seat, &self.who.grant);
        let Some(rare) = self.rare.as_mut().filter(|rare| !rare.unknown.is_empty()) else { return };
        let registry = &seat.hub.registry;
        let is_there = |id: &&String| registry.awake_by_id(id).is_some() || registry.sleeps(id);
        let seen = rare.unknown.iter().filter(|id| grant.may_device(Scope::View, id));
        let came: Vec<String> = seen.filter(is_there).cloned().collect();
        for id in came {
            rare.forget_unknown(seat, &id);
            rare.said.push_back(Said::Watch(id, None));
        }
    }

    /// Tells what may be done with a device that is watched from now on, unless everything may be done with all of them.
    pub(super) fn say_rights(&mut self, id: &str) {
        if !self.who.grant.may_all_devices(Scope::Command) {
            self.batch.push_about(id, message::may(id, &self.who.grant));
        }
    }
}
