//! Commands at a device (rule D8).

use super::{DeviceSide, Output, Phase};
use crate::message::{Command, FromDevice, Outcome};
use crate::rule::{Rule, holds};
use crate::time::Time;

/// The last command begun in this run.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) number: u64,
    outcome: Option<Outcome>,
}

impl DeviceSide {
    /// The result of a command that was begun. Only that of the last one is said (D8), again when it is asked again.
    pub fn answer(&mut self, now: Time, outcome: Outcome) {
        let is_last = |begun: &&mut Begun| begun.number == outcome.command || !holds(Rule::D8);
        let Some(begun) = self.begun.as_mut().filter(is_last) else { return };
        begun.outcome = Some(outcome);
        if self.phase == Phase::Talking {
            self.say_result(now);
        }
    }

    /// Rule D8: begun once, answered for the last only. Without it, whatever comes is begun.
    pub(super) fn command(&mut self, now: Time, command: Command) {
        let last = self.begun.as_ref().map(|begun| begun.number).filter(|_| holds(Rule::D8));
        match last {
            Some(last) if command.number < last => {}
            Some(last) if command.number == last => self.say_result(now),
            _ => {
                self.begun = Some(Begun { number: command.number, outcome: None });
                self.outputs.push_back(Output::Begin(command));
            }
        }
    }

    fn say_result(&mut self, now: Time) {
        if let Some(outcome) = self.begun.as_ref().and_then(|begun| begun.outcome.clone()) {
            self.send(now, FromDevice::Result(outcome).encode());
        }
    }
}
