//! What befalls the hub and its storage: starts, crashes, commits that become durable or fail, restores.

use crate::check::books;
use crate::hub::{Around, Hub};
use crate::panel::Panel;
use crate::stored::Entry;
use crate::world::World;

impl World {
    pub(crate) fn start_hub(&mut self) {
        if self.hub.is_some() {
            return;
        }
        let loaded = self.storage.open();
        self.trace.happened(20, format_args!("the hub starts as {}", loaded.issuer));
        for device in &loaded.devices {
            let log = self.storage.log(&device.id);
            self.checks.note("books", books::standing(&device.id, device.cursor, &log));
        }
        self.checks.storage.started();
        self.checks.thrash.started();
        self.hub = Some(Hub::open(self.now, loaded));
        for link in 0..self.links.len() {
            if self.links[link].serial {
                self.accept(link);
            }
        }
    }

    /// A link is made at the hub's end.
    pub(crate) fn accept(&mut self, link: usize) {
        self.connections += 1;
        if let Some(hub) = &mut self.hub {
            self.links[link].at_hub =
                Some(hub.accept(self.now, self.connections, link, self.links[link].serial));
        }
    }

    /// Does something with the hub, if it runs.
    pub(crate) fn at_hub<T>(&mut self, act: impl FnOnce(&mut Hub, &mut Around<'_>) -> T) -> Option<T> {
        let hub = self.hub.as_mut()?;
        let mut around = Around {
            now: self.now,
            links: &mut self.links,
            storage: &mut self.storage,
            checks: &mut self.checks,
            trace: &mut self.trace,
        };
        Some(act(hub, &mut around))
    }

    /// A commit begins, or the one under way is done.
    pub(crate) fn commit_on(&mut self) {
        if self.storage.is_flying() { self.finish_commit() } else { self.storage.begin() }
    }

    pub(crate) fn finish_commit(&mut self) {
        if self.hub.is_none() || !self.storage.is_flying() || self.storage.has_failed() {
            return;
        }
        self.trace.happened(21, format_args!("a commit is durable"));
        let commits = self.storage.finish();
        self.at_hub(|hub, around| hub.settle(commits, around));
        self.balance();
    }

    /// Looks whether all books balance.
    pub(crate) fn balance(&mut self) {
        for device in self.hub.iter().flat_map(Hub::devices) {
            self.checks.note("books", books::balance(device));
        }
    }

    /// The disk fails under a commit.
    pub(crate) fn fail_commit(&mut self) {
        if self.hub.is_some() && self.storage.is_flying() && !self.storage.has_failed() {
            self.trace.happened(26, format_args!("a commit fails"));
            self.storage.fail(self.random.one_in(2));
            self.at_hub(|hub, around| hub.storage(false, around));
        }
    }

    /// The disk is back.
    pub(crate) fn mend(&mut self) {
        if self.hub.is_some() && self.storage.has_failed() {
            self.trace.happened(27, format_args!("the storage is back"));
            let commits = self.storage.mend();
            self.checks.storage.changed(true);
            self.at_hub(|hub, around| {
                hub.settle(commits, around);
                hub.storage(true, around);
            });
        }
    }

    pub(crate) fn crash(&mut self) {
        if self.hub.take().is_none() {
            return;
        }
        self.trace.happened(22, format_args!("the hub crashes"));
        self.storage.crash(&mut self.random);
        let quiet = self.random.one_in(3);
        for link in 0..self.links.len() {
            self.links[link].at_hub = None;
            if self.links[link].serial {
                self.links[link].up.clear();
                continue;
            }
            let learns = match quiet {
                true => self.learns_late(self.links[link].program),
                false => self.now.mono + self.random.below(200),
            };
            let arriving = self.random.place(self.links[link].down.waiting() + 1);
            self.links[link].down.cut(arriving, learns);
            self.links[link].up.clear();
            self.links[link].up.close(0);
        }
        self.panels.iter_mut().for_each(Panel::disconnected);
        let (storage, programs) = (&self.storage, &self.programs);
        self.checks
            .commands
            .crashed(|device, value| storage.state_of(programs[device].make.id.as_str(), value));
    }

    pub(crate) fn restart(&mut self) {
        self.crash();
        self.start_hub();
    }

    /// The hub's disk goes back to a backup.
    pub(crate) fn restore(&mut self) {
        if !self.storage.has_backup() {
            return;
        }
        self.crash();
        self.audit(false);
        self.trace.happened(23, format_args!("the store goes back to its backup"));
        let ids = self.device_ids();
        let before: Vec<Vec<Entry>> = ids.iter().map(|(id, _)| self.storage.log(id)).collect();
        self.storage.restore(self.now.wall);
        self.checks.panels.rolled_back();
        self.checks.commands.rolled_back();
        for ((id, _), before) in ids.iter().zip(before) {
            let now = self.storage.log(id);
            let programs: Vec<usize> = (0..self.programs.len())
                .filter(|program| self.programs[*program].make.id.as_str() == id)
                .collect();
            self.checks.loss.rolled_back(&programs, &before, &now);
        }
        self.start_hub();
    }

    pub(crate) fn read_some_mail(&mut self) {
        let Some(hub) = &self.hub else { return };
        let places: Vec<usize> = hub.with_mail().collect();
        if !places.is_empty() {
            let place = self.random.pick(&places);
            self.at_hub(|hub, around| hub.read_mail(place, around));
            self.reopen_serial();
        }
    }

    pub(crate) fn hear_endings(&mut self) {
        self.at_hub(|hub, around| hub.hear_endings(around));
    }

    /// A serial line has no connection that could be over: it begins anew.
    pub(crate) fn reopen_serial(&mut self) {
        for link in 0..self.links.len() {
            if self.links[link].serial && self.links[link].at_hub.is_none() {
                self.accept(link);
            }
        }
    }
}
