//! The end of a field: nothing disturbs any more, everything comes to its end, and is looked at.

use super::world::Field;
use crate::program::Speaker;

/// Rounds in which all must come to its end.
const ROUNDS: usize = 400;

impl Field {
    pub(crate) fn drain(&mut self) {
        let begin = self.now.mono;
        (0..self.hubs.len()).for_each(|hub| self.start_hub(hub));
        (0..self.gateways.len()).for_each(|gateway| self.start_gateway(gateway));
        (0..self.programs.len()).for_each(|program| self.start_program(program));
        self.add_all_hubs();
        let mut waits = Vec::new();
        for _ in 0..ROUNDS {
            self.flow();
            for program in 0..self.programs.len() {
                while self.programs[program].run.as_ref().is_some_and(|run| !run.busy.is_empty()) {
                    self.answer(program);
                }
            }
            self.flow();
            waits = self.waits();
            if waits.is_empty() || self.checks.finding().is_some() {
                break;
            }
            self.pass_to_next(60_000);
        }
        let seconds = (self.now.mono - begin) / 1000;
        let verdict = match waits.is_empty() {
            true => Ok(()),
            false => Err(format!("after {seconds} s: {}", waits.join(", "))),
        };
        let misplaced = self.misplaced();
        if !misplaced.is_empty() {
            self.checks.note("presence", Err(misplaced.join(", ")));
        }
        self.checks.note("drain", verdict);
        // What a hub took over itself is no other hub's.
        for (hub, program) in
            (0..self.hubs.len()).flat_map(|hub| (0..self.programs.len()).map(move |p| (hub, p)))
        {
            let log = self.hubs[hub].storage.log(self.programs[program].make.id.as_str());
            self.checks.taken_directly(hub, &log, self.hubs.len());
        }
        (0..self.hubs.len()).for_each(|hub| self.audit_hub(hub, true));
        self.audit_commands();
    }

    /// What still waits, in words.
    fn waits(&mut self) -> Vec<String> {
        let mut waits = Vec::new();
        for program in &self.programs {
            if !program.is_welcome() {
                waits.push(format!("program {} is not welcome", program.number));
            }
            if let Some(Speaker::Session(side)) = program.run.as_ref().map(|run| &run.speaker)
                && side.unacked() > 0
            {
                waits.push(format!("program {} holds {} messages", program.number, side.unacked()));
            }
        }
        for (number, gateway) in self.gateways.iter_mut().enumerate() {
            let Some(running) = &gateway.run else { continue };
            let head = gateway.storage.as_spool().map_or(0, |spool| spool.held().head);
            for (hub, uplink) in &running.uplinks {
                let (at, why) = (uplink.side.acked_place(), uplink.side.last_error().unwrap_or_default());
                if !uplink.side.is_welcome() {
                    waits.push(format!("gateway {number} is not welcome at hub {hub}: {why}"));
                } else if at != head {
                    waits.push(format!("hub {hub} is at {at} of {head} of gateway {number}"));
                }
            }
        }
        for (number, site) in self.hubs.iter().enumerate() {
            for device in site.run.iter().flat_map(|running| running.hub.devices()) {
                let unsettled = device.commands(self.now).into_iter();
                for row in unsettled.filter(|row| store::CommandRow::UNSETTLED.contains(&&*row.state)) {
                    waits.push(format!("hub {number}: {} of {} is {}", row.id, device.id(), row.state));
                }
            }
        }
        waits.extend(self.misplaced());
        waits
    }

    /// Looks at what a hub has of all devices.
    pub(crate) fn audit_hub(&mut self, hub: usize, calm: bool) {
        for program in 0..self.programs.len() {
            let log = self.hubs[hub].storage.log(self.programs[program].make.id.as_str());
            self.checks.audit(hub, program, &log, calm);
        }
    }

    /// Devices that are not online where they are near: at a hub, or at all hubs behind a gateway.
    fn misplaced(&self) -> Vec<String> {
        let mut misplaced = Vec::new();
        for (number, site) in self.hubs.iter().enumerate() {
            let Some(running) = &site.run else { continue };
            for (program, near) in self.programs.iter().zip(&self.near) {
                let id = program.make.id.as_str();
                let shown = running.hub.device(id).map(|it| (it.presence().0.as_str(), it.gateway()));
                let expected = match self.gateways.get(*near) {
                    Some(gateway) => ("online", Some(gateway.name.as_str())),
                    None if *near == self.gateways.len() + number => ("online", None),
                    None => ("elsewhere", None),
                };
                let is_elsewhere =
                    expected.0 == "elsewhere" && shown.is_none_or(|shown| shown.0 == "offline");
                if shown != Some(expected) && !is_elsewhere {
                    misplaced.push(format!("hub {number} has {id} {shown:?}, and it should be {expected:?}"));
                }
            }
        }
        misplaced
    }

    fn audit_commands(&mut self) {
        for site in &self.hubs {
            for row in site.storage.commands() {
                if let Ok(value) = row.value.parse() {
                    self.checks.stands(value, &row.state, true);
                }
            }
        }
    }
}
