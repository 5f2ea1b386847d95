//! Commands that a hub handed to the gateway, until their outcome is settled (rule U5).

use super::{GatewaySide, Output};
use crate::limits::UPLINK_COMMANDS_MAX;
use crate::rule::{Rule, holds};
use crate::time::Time;
use crate::uplink::message::{CommandName, CommandOutcome, FromGateway, Handed};
use std::collections::BTreeMap;

/// Each with what became of it so far.
#[derive(Debug, Default)]
pub(super) struct Commands(BTreeMap<CommandName, Option<CommandOutcome>>);

impl Commands {
    /// What is to be told until it is settled.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = &CommandOutcome> {
        self.0.values().flatten()
    }

    /// Whether something may still become of it.
    pub(super) fn is_open(&self, name: &CommandName) -> bool {
        self.0.get(name).is_some_and(|outcome| outcome.as_ref().is_none_or(|outcome| !outcome.is_final()))
    }

    /// The hub has its outcome, or knows nothing of it.
    pub(super) fn settled(&mut self, name: &CommandName) {
        self.0.remove(name);
    }
}

impl GatewaySide {
    /// A command that is known already is not done again: what became of it is told again.
    pub(super) fn handed(&mut self, now: Time, command: Handed) {
        let name = &command.command;
        if let Some(known) = self.commands.0.get(name).filter(|_| holds(Rule::U5)) {
            if let Some(outcome) = known.clone() {
                self.say(now, &FromGateway::Outcome(outcome));
            }
            return;
        }
        let is_wanted = self.settings.filter.wants_device(name.device.as_str());
        let ttl = self.hub_time(now).map_or(0, |time| command.deadline.saturating_sub(time));
        let refused = match () {
            () if !self.settings.commands || !is_wanted => Some(("refused", Some("denied"))),
            () if self.commands.0.len() >= UPLINK_COMMANDS_MAX => Some(("refused", Some("full"))),
            () => None,
        };
        if let Some((state, reason)) = refused {
            let reason = reason.map(Into::into);
            return self.outcome(
                now,
                CommandOutcome { command: command.command, state: state.into(), reason, value: None },
            );
        }
        self.commands.0.insert(name.clone(), None);
        self.outputs.push_back(Output::Hand { command, ttl: ttl.max(0).unsigned_abs() });
    }

    /// What became of a command, so far or for good. It is told until the hub has settled it.
    pub fn outcome(&mut self, now: Time, outcome: CommandOutcome) {
        let has_room = self.commands.0.len() < UPLINK_COMMANDS_MAX;
        match self.commands.0.get_mut(&outcome.command) {
            Some(known) => *known = Some(outcome.clone()),
            None if has_room => {
                self.commands.0.insert(outcome.command.clone(), Some(outcome.clone()));
            }
            // It is told once, and where that is lost the hub asks again.
            None => {}
        }
        if self.is_welcome() {
            self.say(now, &FromGateway::Outcome(outcome));
        }
    }
}
