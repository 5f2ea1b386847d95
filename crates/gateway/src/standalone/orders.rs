//! Commands of hubs for devices behind this gateway (rule U5): taken from any hub that may send them, asked of the device one
//! at a time, and what becomes of each told to the hub that asked.

use super::Standalone;
use super::registry::{Cell, Inner};
use super::uplink::Uplink;
use protocol::uplink::message::{CommandName, CommandOutcome, Handed};
use router::{Intent, Receipt, Refusal, Request, State};
use serde_json::value::RawValue;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// A command of a hub that may still come to something.
pub(super) struct Open {
    uplink: Arc<Uplink>,
    name: CommandName,
    /// Who asked, as the device's commands know it: the hub's name and who asked there.
    by: Arc<str>,
    /// What the hub was told last.
    told: Option<State>,
    /// Its place among those of its hub.
    _place: OwnedSemaphorePermit,
}

impl Standalone {
    /// The hub asks something of a device, and wants it for `ttl` ms still.
    pub(super) fn hand(self: &Arc<Self>, uplink: &Arc<Uplink>, handed: Handed, ttl: u64) {
        let Handed { command: name, channel, value, .. } = handed;
        let refuse =
            |state: State, reason: &str| uplink.outcome(told(&name, state, Some(reason.into()), None));
        if !uplink.settings().commands {
            return refuse(State::Refused, Refusal::Denied.as_str());
        }
        let by: Arc<str> = format!("{}/{}", uplink.name(), name.by).into();
        let cell = self.registry.by_id(name.device.as_str());
        // One that is known is the same command, however late it comes: it may have run.
        let is_known = cell.as_ref().is_some_and(|cell| cell.lock().device.receipt(&by, &name.id).is_some());
        if ttl == 0 && !is_known {
            return refuse(State::Expired, "not sent in time");
        }
        let Some(cell) = cell else {
            return refuse(State::Refused, Refusal::Offline.as_str());
        };
        let Some(place) = uplink.place_for_command() else {
            return refuse(State::Refused, Refusal::Full.as_str());
        };
        let request = Request {
            id: name.id.clone(),
            by: by.clone(),
            channel,
            value,
            intent: Intent::Queue,
            ttl: Some(ttl),
            credential: None,
        };
        let now = self.now();
        self.with(&cell, |inner, effects| {
            let is_new = !inner.open.iter().any(|open| open.is(uplink, &name));
            let receipt = inner.device.command(now, request, effects);
            if is_new && inner.device.receipt(&by, &name.id).is_some() {
                let open = Open { uplink: uplink.clone(), name: name.clone(), by, told: None, _place: place };
                inner.open.push(open);
            } else if is_new {
                // It is none that a device could be asked: that leaves no trace.
                uplink.outcome(outcome(&name, receipt));
            }
        });
    }

    /// The hub takes a command back.
    pub(super) fn cancel(self: &Arc<Self>, uplink: &Arc<Uplink>, name: &CommandName) {
        let Some(cell) = self.registry.by_id(name.device.as_str()) else { return };
        let (now, by) = (self.now(), format!("{}/{}", uplink.name(), name.by));
        self.with(&cell, |inner, effects| inner.device.cancel(now, &by, &name.id, effects));
    }

    /// Tells hubs what became of their commands to this device since they were told last.
    pub(super) fn report_orders(&self, cell: &Cell, inner: &mut Inner) {
        debug_assert_eq!(cell.key, inner.device.identity.key);
        let device = &inner.device;
        inner.open.retain_mut(|open| {
            // What is remembered no more comes to nothing more.
            let Some(receipt) = device.receipt(&open.by, &open.name.id) else { return false };
            let state = receipt.state;
            if open.told != Some(state) && !matches!(state, State::Accepted | State::Queued) {
                open.told = Some(state);
                open.uplink.outcome(outcome(&open.name, receipt));
            }
            // A late answer may still settle one that nobody knows the end of.
            !open.uplink.has_ended()
                && matches!(state, State::Accepted | State::Queued | State::Sent | State::Unknown)
        });
    }
}

impl Open {
    fn is(&self, uplink: &Arc<Uplink>, name: &CommandName) -> bool {
        Arc::ptr_eq(&self.uplink, uplink) && self.name == *name
    }
}

fn outcome(name: &CommandName, receipt: Receipt) -> CommandOutcome {
    let value = receipt.value.and_then(|value| RawValue::from_string(value.into_string()).ok());
    told(name, receipt.state, receipt.reason, value)
}

fn told(
    name: &CommandName,
    state: State,
    reason: Option<Box<str>>,
    value: Option<Box<RawValue>>,
) -> CommandOutcome {
    CommandOutcome { command: name.clone(), state: state.as_str().into(), reason, value }
}
