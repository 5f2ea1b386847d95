//! Commands that a panel asks for.

use super::Turn;
use crate::auth::Scope;
use crate::commands::CommandRequest;
use crate::limits::{PANEL_COMMANDS, PANEL_HELD_UP_MS};
use crate::panel::job::Answer;
use crate::panel::message::FromPanel;
use protocol::limits::COMMAND_TTL_MS;
use router::{Receipt, State, frame};
use serde_json::value::RawValue;

impl Turn<'_> {
    pub(super) fn command(&mut self, message: FromPanel) {
        let id = message.command.unwrap_or_default();
        let (Some(device), Some(channel), Some(value)) = (message.device, message.channel, message.value)
        else {
            let reason = "a command has a device, a channel and a value";
            return self.complain("bad_message", reason, Some(("command", &id)));
        };
        let now = self.seat.hub.now();
        let ttl = left(message.ttl, message.at, now.wall);
        if ttl == Some(0) && message.ttl != ttl {
            return self.batch.push(frame::receipt(&device, &self.too_late(id, channel, &value)));
        }
        let allowed = self.rare().asked.take(now.mono, PANEL_COMMANDS);
        let known = self.seat.hub.registry.awake_by_id(&device);
        let is_watched = known.is_some_and(|cell| self.place(cell.key).is_ok());
        let grant = &self.who.grant;
        let is_known = [Scope::View, Scope::Command].iter().any(|scope| grant.may_device(*scope, &device));
        let (seat, about, of) = (self.seat.clone(), id.clone(), device.clone());
        let request = CommandRequest { id, device, channel, value, intent: message.intent, ttl };
        self.start(async move {
            let Some(who) = seat.who() else { return Answer::Lost };
            let told = seat.hub.command_told(&who.grant, request, allowed).await;
            // Those who watch the device are told with everybody else; others, and those who ask again, here.
            let told =
                told.map(|(receipt, all)| (!(all && is_watched)).then(|| frame::receipt(&of, &receipt)));
            Answer::Command { id: about, device: of, is_known, told }
        });
    }

    /// What becomes of a command that came when it was no longer wanted: it is not begun late, and leaves no trace.
    fn too_late(&self, id: String, channel: String, asked: &RawValue) -> Receipt {
        Receipt {
            id: id.into(),
            by: self.who.grant.user().clone(),
            channel: channel.into(),
            asked: asked.get().into(),
            state: State::Expired,
            reason: Some("it reached the hub too late".into()),
            value: None,
        }
    }
}

/// How long a command stays wanted that was asked for at `at`, in milliseconds by our clock. One that was held up on its way
/// is wanted for less; nothing where it does not say for how long, and came in time.
fn left(ttl: Option<u64>, at: Option<u64>, now: i64) -> Option<u64> {
    let held_up = at.map_or(0, |at| u64::try_from(now).unwrap_or(0).saturating_sub(at));
    match held_up > PANEL_HELD_UP_MS {
        true => Some(ttl.unwrap_or(COMMAND_TTL_MS).saturating_sub(held_up)),
        false => ttl,
    }
}
