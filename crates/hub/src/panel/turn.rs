//! A panel's turn: what its browser said is carried out, then what is new of what it watches is gathered, until the frame is
//! full or the panel has everything.

mod commands;
mod rights;
mod watches;

use super::batch::Batch;
use super::job::{self, Answer};
use super::message::{self, FromPanel, Unreadable};
use super::rare::Rare;
use super::resume;
use super::said::Said;
use super::seat::{Dirty, Seat, Who};
use super::watched::{Look, Watched};
use crate::auth::Scope;
use crate::limits::PANEL_WAKES_AT_ONCE;
use router::{Step, frame};
use std::sync::{Arc, MutexGuard};
use store::DeviceKey;

/// What a turn works on.
pub(super) struct Turn<'a> {
    seat: &'a Arc<Seat>,
    who: &'a Who,
    /// What it watches, in the order of the keys.
    devices: MutexGuard<'a, Vec<Watched>>,
    rare: &'a mut Option<Box<Rare>>,
    /// The next frame.
    pub(super) batch: Batch,
    /// It waits for an answer before it goes on.
    pub(super) waits: bool,
    /// What it waits for will not come.
    pub(super) lost: bool,
}

impl<'a> Turn<'a> {
    /// `waits`: it does since an earlier turn.
    pub(super) fn new(
        seat: &'a Arc<Seat>,
        who: &'a Who,
        rare: &'a mut Option<Box<Rare>>,
        waits: bool,
    ) -> Self {
        let batch = rare.as_mut().map(|rare| std::mem::take(&mut rare.answers)).unwrap_or_default();
        Self { seat, who, devices: seat.watched(), rare, batch, waits, lost: false }
    }

    /// What is permitted has changed since the last turn. To be called before anything else of this one.
    pub(super) fn look_at_rights(&mut self) {
        self.follow_rights();
    }

    /// Fills the frame. What does not fit has the panel asked again at once.
    pub(super) fn run(&mut self) {
        if self.waits
            && let Some(answer) = self.seat.take_answer()
        {
            self.waits = false;
            self.take(answer);
        }
        self.carry_out_all(|_| true);
        while self.goes_on()
            && let Some(dirty) = self.seat.take()
        {
            match dirty {
                Dirty::Device(key) => self.look(key),
                Dirty::List => {
                    if let Some(list) = self.rare.as_mut().and_then(|rare| rare.list.as_mut()) {
                        list.catch_up(self.seat, &self.who.grant, &mut self.batch);
                    }
                }
                Dirty::Newcomers => self.look_for_newcomers(),
            }
        }
        let has_more =
            || self.rare.as_ref().is_some_and(|rare| !rare.said.is_empty()) || self.seat.has_marked();
        if !self.waits && has_more() {
            self.seat.hurry();
        }
    }

    /// Carries out what was heard, as far as there is room for the answers, and keeps these for the next frame: what comes
    /// of a command may leave with them. What only tells something is carried out when the frame is made.
    pub(super) fn hear(&mut self) {
        self.carry_out_all(|said| !said.only_tells());
        if !self.batch.is_empty() {
            self.rare().answers = std::mem::take(&mut self.batch);
        }
    }

    fn carry_out_all(&mut self, now: impl Fn(&Said) -> bool) {
        while self.goes_on()
            && let Some(said) = self.rare.as_mut().and_then(|rare| rare.said.pop_front_if(|said| now(said)))
        {
            self.carry_out(said);
        }
    }

    fn goes_on(&self) -> bool {
        !self.waits && self.batch.has_room()
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    fn place(&self, key: DeviceKey) -> Result<usize, usize> {
        self.devices.binary_search_by_key(&key, Watched::key)
    }

    /// Carries it out, where it looks at a device that sleeps once that is awake: so are those then that are named behind it.
    fn carry_out(&mut self, said: Said) {
        let hub = &self.seat.hub;
        let grant = &self.who.grant;
        let may = |id: &&str| grant.may_device(Scope::View, id) && hub.registry.sleeps(id);
        let sleeping = |said: &Said| said.looks_at().filter(may).map(str::to_owned);
        let Some(first) = sleeping(&said) else {
            return self.carry_out_awake(said);
        };
        let behind = self.rare.iter().flat_map(|rare| &rare.said).filter_map(sleeping);
        let ids = std::iter::once(first).chain(behind).take(PANEL_WAKES_AT_ONCE).collect();
        let hub = hub.clone();
        self.start(async move {
            hub.wake(ids).await;
            Answer::Awake(said)
        });
    }

    fn carry_out_awake(&mut self, said: Said) {
        match said {
            Said::Watch(id, after) => self.watch(&id, after),
            Said::Other(message) => self.carry_out_other(*message),
            Said::Wrong(code, Unreadable { reason, about }) => {
                let about = about.as_ref().map(|(kind, value)| (*kind, value.as_str()));
                self.complain(code, &reason, about);
            }
        }
    }

    fn carry_out_other(&mut self, message: FromPanel) {
        if let Some(devices) = message.unwatch {
            devices.iter().for_each(|id| self.unwatch(id));
        } else if let Some(list) = message.watch_devices {
            self.watch_list(list);
        } else if let Some(id) = &message.ledger {
            self.ledger(id);
        } else if let (Some(kind), Some(library)) = (&message.broken, &message.library) {
            // It takes the version away from everybody as one to go back to: whoever may only change some views cannot.
            if self.who.grant.may_all_views(Scope::Edit) {
                self.seat.hub.component_is_broken(kind, library);
            }
        } else if message.command.is_some() {
            self.command(message);
        } else if let Some(id) = &message.cancel {
            match &message.device {
                Some(device) => {
                    if let Some(drive) = self.who.grant.drive(device) {
                        self.seat.hub.cancel(&drive, id);
                    }
                }
                None => self.complain("bad_message", "a cancel has a device", Some(("cancel", id))),
            }
        } else {
            self.complain("bad_message", "nothing in it that a panel says", None)
        }
    }

    fn complain(&mut self, code: &str, reason: &str, about: Option<(&str, &str)>) {
        self.batch.push(message::error(code, reason, about));
    }

    /// Tells the books of a device as they stand now. Whoever shows them asks: most panels do not.
    fn ledger(&mut self, id: &str) {
        if !self.who.grant.may(Scope::View) {
            return self.complain("denied", "you may not look at devices", Some(("ledger", id)));
        }
        let sight = self.who.grant.sight(id);
        if let Some(cell) = sight.and_then(|sight| self.seat.hub.registry.awake_by_id(sight.id())) {
            let books = cell.lock().device.ledger().json();
            let (id, now) = (frame::quoted(id), self.seat.hub.now().wall);
            self.batch.push(format!("{{\"device\":{id},\"ledger\":{books},\"at\":{now}}}"));
        }
    }

    fn start(&mut self, job: impl Future<Output = Answer> + Send + 'static) {
        match job::start(self.seat, job) {
            Some(answer) => self.take(answer),
            None => self.waits = true,
        }
    }

    fn take(&mut self, answer: Answer) {
        match answer {
            Answer::Stored(key, patches) => {
                // Nothing of one that may not be seen any more: it is watched no longer.
                let Ok(place) = self.place(key) else { return };
                let watch = &mut self.devices[place].watch;
                self.batch.gather(|runs| watch.read(patches, runs));
                self.seat.put(Dirty::Device(key));
            }
            Answer::Awake(said) => self.carry_out_awake(said),
            Answer::Command { told: Ok(None), .. } => {}
            Answer::Command { id, device, told: Ok(Some(receipt)), is_known } => {
                let may = |scope| self.who.grant.may_device(scope, &device);
                match is_known && !may(Scope::View) && !may(Scope::Command) {
                    true => {
                        self.complain("denied", "you may not look at this device", Some(("command", &id)))
                    }
                    false => self.batch.push_about(&device, receipt),
                }
            }
            Answer::Command { id, told: Err(undecided), .. } => {
                self.complain(undecided.code(), &undecided.to_string(), Some(("command", &id)));
            }
            Answer::Lost => self.lost = true,
        }
    }

    /// One look at a device, which is marked again where there is more to show of it.
    fn look(&mut self, key: DeviceKey) {
        // One that was removed is watched no longer.
        let Ok(place) = self.place(key) else { return };
        let (seat, watched) = (self.seat, &mut self.devices[place]);
        let Look { step, removed } = self.batch.gather(|runs| watched.look(seat, runs));
        match step {
            Step::More => drop(seat.put(Dirty::Device(key))),
            Step::Read { after, limit } => {
                let (seat, cell) = (seat.clone(), watched.cell.clone());
                self.start(
                    async move { Answer::Stored(key, resume::read(&seat.hub, &cell, after, limit).await) },
                );
            }
            Step::Done if removed => {
                let watched = self.devices.remove(place);
                watched.end(seat);
                // Another device may be made under its id.
                self.await_device(watched.id().as_str());
            }
            Step::Done => {}
        }
    }
}
