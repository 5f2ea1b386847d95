//! The end of a simulation: nothing disturbs any more, everything comes to its end, and is looked at.

use crate::check::{books, drain, presence, rhythm};
use crate::hub::Hub;
use crate::program::Speaker;
use crate::stored::Entry;
use crate::world::World;

impl World {
    /// Nothing disturbs any more: everything comes to its end, and is looked at.
    pub(crate) fn drain(&mut self) {
        let begin = self.now.mono;
        self.start_hub();
        self.mend();
        for program in 0..self.programs.len() {
            let make = &self.programs[program].make;
            // Nobody can tell that somebody is gone from a line that is no connection, and where nothing need be said.
            let can_be_told = !make.serial || make.heartbeat.is_some();
            if !can_be_told {
                // Nor can it know that the hub began anew before it says something.
                self.publish(program);
            }
            if self.plan.stays_off(program) && can_be_told {
                self.end_program(program, false)
            } else {
                self.start_program(program)
            }
        }
        self.panels.iter_mut().for_each(|panel| panel.frozen_until = 0);
        let mut waits = Vec::new();
        for _ in 0..self.plan.drain_rounds {
            self.flow();
            for program in 0..self.programs.len() {
                while self.programs[program].run.as_ref().is_some_and(|run| !run.busy.is_empty()) {
                    self.answer(program);
                }
            }
            self.flow();
            waits = self.waits();
            if waits.is_empty() || self.finding().is_some() {
                break;
            }
            self.pass_to_next(60_000);
        }
        (0..self.panels.len()).for_each(|panel| self.look(panel));
        let seconds = (self.now.mono - begin) / 1000;
        self.checks.note("drain", drain::audit(&waits, seconds));
        self.audit(true);
        self.audit_presence();
        self.audit_rhythms();
        let verdict = self.checks.commands.calm();
        self.checks.note("commands", verdict);
    }

    /// What still waits, in words.
    pub(crate) fn waits(&self) -> Vec<String> {
        let mut waits = Vec::new();
        for program in self.programs.iter().filter(|program| program.run.is_some()) {
            let run = program.run.as_ref().expect("filtered");
            if !program.is_welcome() {
                waits.push(format!("program {} is not welcome", program.number));
            }
            if let Speaker::Session(side) = &run.speaker
                && side.unacked() > 0
            {
                waits.push(format!("program {} holds {} messages", program.number, side.unacked()));
            }
        }
        for device in self.hub.iter().flat_map(Hub::devices) {
            if device.commands(self.now).iter().any(|row| store::CommandRow::UNSETTLED.contains(&&*row.state))
            {
                waits.push(format!("{} has commands that are not settled", device.id()));
            }
            let welcome =
                self.programs.iter().any(|it| it.make.id.as_str() == device.id() && it.is_welcome());
            let online = device.presence().0.as_str() == "online";
            if welcome != online {
                waits.push(format!("{} is {}", device.id(), device.presence().0.as_str()));
            }
        }
        waits
    }

    /// Looks at the logs of all devices.
    pub(crate) fn audit(&mut self, calm: bool) {
        for (id, honest) in self.device_ids() {
            let log: Vec<Entry> = self.storage.log(&id);
            let runs =
                self.programs.iter().any(|program| program.make.id.as_str() == id && program.run.is_some());
            self.checks.audit(&id, &log, honest, calm && runs);
            if let Some(device) = self.hub.as_ref().and_then(|hub| hub.device(&id)).filter(|_| calm) {
                self.checks.note("books", books::audit(&id, &device.ledger(), &log));
            }
        }
    }

    /// Compares what panels know of rhythms with what the hub has learned.
    fn audit_rhythms(&mut self) {
        for (id, _) in self.device_ids() {
            let Some(device) = self.hub.as_ref().and_then(|hub| hub.device(&id)) else { continue };
            let learned =
                device.latest().filter_map(|(channel, _, every)| Some((channel.to_string(), every?)));
            let learned = learned.collect();
            let shown = (0..self.panels.len()).filter_map(|panel| self.checks.panels.rhythms(panel, &id));
            let verdict = rhythm::audit(&id, &learned, shown);
            self.checks.note("rhythm", verdict);
        }
    }

    pub(crate) fn audit_presence(&mut self) {
        for (id, _) in self.device_ids() {
            let Some(device) = self.hub.as_ref().and_then(|hub| hub.device(&id)) else { continue };
            let welcome = self.programs.iter().any(|it| it.make.id.as_str() == id && it.is_welcome());
            let shown = (0..self.panels.len()).map(|panel| self.checks.panels.presence(panel, &id));
            let verdict = presence::audit(&id, welcome, device.presence().0.as_str(), shown);
            self.checks.note("presence", verdict);
        }
    }
}
