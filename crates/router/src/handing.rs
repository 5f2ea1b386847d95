//! The way of a command to a gateway and back (rule U5).
//!
//! A command for a device behind a gateway is handed to that gateway, which has it reach the device or not, and reports. That it is
//! handed is written down first, with the tag that the gateway has in this run of it. From then on the command is the gateway's: it
//! goes nowhere else, and only what the gateway reports, or its silence, ends it.

use crate::command::{Refusal, Request, State};
use crate::commands::Commands;
use crate::device::Device;
use crate::effect::Effect;
use crate::order::Order;
use crate::relay::{RelayPost, Uplink};
use crate::sending::NOT_SENT;
use protocol::limits::HEARTBEAT_SECONDS;
use protocol::rule::{Rule, holds};
use protocol::time::Time;
use protocol::uplink::message::{CommandName, CommandOutcome, Handed};
use std::sync::Arc;
use store::GatewayKey;

/// Why nobody knows what became of a command that was handed to a gateway.
const ANEW: &str = "the gateway was started anew before it reported";
const SILENT: &str = "the gateway did not report in time";
const NO_GATEWAY: &str = "the gateway was removed before it reported";

/// That a command is handed to a gateway.
#[derive(Debug, Clone)]
pub(crate) struct Handing {
    /// To which, under which tag.
    pub(crate) to: store::Handed,
    /// Its uplink, as far as it is known in this run.
    uplink: Option<Arc<Uplink>>,
    /// Its bytes have left, or may have.
    has_left: bool,
    /// It is no longer wanted.
    is_cancelled: bool,
    /// The gateway has said what became of it, for good.
    is_reported: bool,
}

impl Handing {
    /// As the store had it at the last end of the program.
    pub(crate) fn restore(to: store::Handed) -> Self {
        Self { to, uplink: None, has_left: true, is_cancelled: false, is_reported: false }
    }

    fn new(uplink: &Arc<Uplink>) -> Self {
        let to = store::Handed { gateway: uplink.gateway, tag: uplink.tag.clone() };
        Self { to, uplink: Some(uplink.clone()), has_left: false, is_cancelled: false, is_reported: false }
    }
}

impl Order {
    /// Whether it is handed to this gateway.
    fn is_at(&self, gateway: GatewayKey) -> bool {
        self.handed.as_ref().is_some_and(|handed| handed.to.gateway == gateway)
    }

    fn has_left(&self) -> bool {
        self.handed.as_ref().is_some_and(|handed| handed.has_left)
    }
}

impl Commands {
    /// Takes out a command that is handed to a gateway and for which `wanted` holds.
    fn take_handed(&mut self, wanted: impl Fn(&Order) -> bool) -> Option<Order> {
        let at = self.handed().position(wanted)?;
        Some(self.orders_mut().handed.remove(at))
    }

    /// Takes one out that the gateway may still report of: it is handed, or was given up, or is settled.
    fn take_reported(&mut self, gateway: GatewayKey, by: &str, id: &str) -> Option<Order> {
        let wanted = |order: &Order| order.is(by, id) && order.is_at(gateway);
        self.take_handed(wanted).or_else(|| self.take_settled(wanted))
    }

    /// Whether something is handed to this gateway of which it has not reported for good.
    pub(crate) fn are_at(&self, gateway: GatewayKey) -> bool {
        self.handed().any(|order| order.is_at(gateway))
    }
}

impl Device {
    /// Whether a command of this device is handed to the gateway.
    pub fn has_handed(&self, gateway: GatewayKey) -> bool {
        self.commands.are_at(gateway)
    }

    /// To which gateways commands of this device are handed.
    pub fn handed_to(&self) -> impl Iterator<Item = GatewayKey> {
        self.commands.handed().filter_map(|order| Some(order.handed.as_ref()?.to.gateway))
    }

    fn command_name(&self, order: &Order) -> CommandName {
        let Request { id, by, .. } = &order.request;
        CommandName { device: self.identity.id.clone(), by: by.clone(), id: id.clone() }
    }

    /// Has the gateway told, where its uplink is known.
    fn tell_gateway(&self, order: &Order, post: RelayPost, effects: &mut Vec<Effect>) {
        if let Some(uplink) = order.handed.as_ref().and_then(|handed| handed.uplink.clone()) {
            effects.push(Effect::Relay(uplink, post));
        }
    }

    /// Hands all that waits to the gateway that the device is connected to: it has them reach the device one at a time.
    pub(crate) fn hand_all(&mut self, now: Time, effects: &mut Vec<Effect>) {
        while let Some(uplink) = self.reachable_door().map(|door| door.uplink.clone())
            && let Some(order) = self.commands.take_next()
        {
            if holds(Rule::C8) && order.deadline <= now.mono {
                self.settle(now, order, State::Expired, Some(NOT_SENT), effects);
            } else if let Some(refusal) = self.unfit(&order) {
                self.settle(now, order, State::Refused, Some(refusal.as_str()), effects);
            } else {
                self.hand(now, order, &uplink, effects);
            }
        }
    }

    fn hand(&mut self, now: Time, mut order: Order, uplink: &Arc<Uplink>, effects: &mut Vec<Effect>) {
        order.state = State::Queued;
        order.handed = Some(Box::new(Handing::new(uplink)));
        self.record(now, &mut order, effects);
        if !holds(Rule::U5) {
            self.leave_for_gateway(now, &mut order, effects);
        }
        self.commands.orders_mut().handed.push(order);
    }

    /// What was asked, of a command that is handed over as soon as that is durable: whoever asked must still be permitted to.
    pub fn handing(&self, by: &str, id: &str) -> Option<&Request> {
        let leaves = |order: &&Order| order.is(by, id) && !order.has_left();
        self.commands.handed().find(leaves).map(|order| &order.request)
    }

    /// It is durable that the command is handed to the gateway: now its bytes leave, where the uplink still stands. Otherwise it
    /// is the hub's own again, as none of them has left.
    pub(crate) fn command_handed(&mut self, now: Time, by: &str, id: &str, effects: &mut Vec<Effect>) {
        self.command_noted(effects);
        let leaves = |order: &Order| order.is(by, id) && !order.has_left();
        let Some(mut order) = self.commands.take_handed(leaves) else { return };
        let door = self.reachable_door().map(|door| door.uplink.number);
        let uplink = order.handed.as_ref().and_then(|handed| handed.uplink.as_ref());
        if holds(Rule::C8) && order.deadline <= now.mono {
            self.settle(now, order, State::Expired, Some(NOT_SENT), effects);
        } else if door.is_some() && door == uplink.map(|uplink| uplink.number) {
            self.leave_for_gateway(now, &mut order, effects);
            self.commands.orders_mut().handed.push(order);
        } else {
            let order = self.queued(now, Order { handed: None, ..order }, effects);
            self.commands.orders_mut().waiting.push_front(order);
            self.send_next(now, effects);
        }
    }

    fn leave_for_gateway(&self, now: Time, order: &mut Order, effects: &mut Vec<Effect>) {
        let left = i64::try_from(order.deadline.saturating_sub(now.mono)).unwrap_or(i64::MAX);
        let handed = Handed {
            command: self.command_name(order),
            channel: order.request.channel.clone(),
            value: order.request.value.clone(),
            deadline: now.wall.saturating_add(left),
        };
        self.tell_gateway(order, RelayPost::Hand(handed), effects);
        if let Some(handed) = &mut order.handed {
            handed.has_left = true;
        }
    }

    /// The store refused to note that the command is handed over, so it is not.
    pub(crate) fn handing_refused(&mut self, now: Time, by: &str, id: &str, effects: &mut Vec<Effect>) {
        self.command_noted(effects);
        let leaves = |order: &Order| order.is(by, id) && !order.has_left();
        if let Some(order) = self.commands.take_handed(leaves) {
            self.settle(now, order, State::Expired, Some("it could not be stored"), effects);
        }
    }

    /// It is durable that the command is handed to the gateway, and whoever asked for it may no longer: it is not.
    pub fn deny_handing(&mut self, now: Time, by: &str, id: &str, effects: &mut Vec<Effect>) {
        self.command_noted(effects);
        let leaves = |order: &Order| order.is(by, id) && !order.has_left();
        if let Some(order) = self.commands.take_handed(leaves) {
            self.settle(now, order, State::Refused, Some(Refusal::Denied.as_str()), effects);
        }
    }

    /// Takes back what is handed over and is `denied` by now: at once where it has not left, else by asking the gateway, once.
    pub(crate) fn withdraw_handed(
        &mut self,
        now: Time,
        denied: impl Fn(&Order) -> bool,
        effects: &mut Vec<Effect>,
    ) {
        while let Some(order) = self.commands.take_handed(|order| !order.has_left() && denied(order)) {
            self.settle(now, order, State::Refused, Some(Refusal::Denied.as_str()), effects);
        }
        let is_asked_back = |order: &Order| order.handed.as_ref().is_some_and(|handed| handed.is_cancelled);
        self.cancel_handed(now, None, |order| !is_asked_back(order) && denied(order), effects);
    }

    /// Takes back what is handed over and for which `wanted` holds: at once where it has not left, else by asking the gateway,
    /// which says what came of that.
    pub(crate) fn cancel_handed(
        &mut self,
        now: Time,
        reason: Option<&str>,
        wanted: impl Fn(&Order) -> bool,
        effects: &mut Vec<Effect>,
    ) {
        while let Some(order) = self.commands.take_handed(|order| wanted(order) && !order.has_left()) {
            self.settle(now, order, State::Cancelled, reason, effects);
        }
        let here = |order: &&mut Order| order.state == State::Queued && wanted(order);
        let Some(orders) = self.commands.orders_mut_if_any() else { return };
        let mut asked = Vec::new();
        for order in orders.handed.iter_mut().filter(here) {
            if let Some(handed) = &mut order.handed {
                handed.is_cancelled = true;
                asked.push(order.clone());
            }
        }
        for order in asked {
            self.tell_gateway(&order, RelayPost::Cancel(self.command_name(&order)), effects);
        }
    }

    /// The gateway holds an uplink: what was handed to it is handed again where it is in the same run, and is unknown otherwise.
    pub fn uplink_welcome(&mut self, now: Time, uplink: &Arc<Uplink>, effects: &mut Vec<Effect>) {
        let gateway = uplink.gateway;
        let Some(orders) = self.commands.orders_mut_if_any() else { return };
        for mut order in std::mem::take(&mut orders.handed) {
            let Some(handed) = order.handed.as_mut().filter(|handed| handed.to.gateway == gateway) else {
                self.commands.orders_mut().handed.push(order);
                continue;
            };
            let is_same_run = handed.to.tag == uplink.tag || !holds(Rule::U5);
            match (handed.has_left, is_same_run) {
                // It is handed over, or not, when that is durable.
                (false, _) => self.commands.orders_mut().handed.push(order),
                (true, false) => self.abandon(now, order, ANEW, effects),
                (true, true) => {
                    handed.uplink = Some(uplink.clone());
                    let is_cancelled = handed.is_cancelled;
                    self.leave_for_gateway(now, &mut order, effects);
                    if is_cancelled {
                        self.tell_gateway(&order, RelayPost::Cancel(self.command_name(&order)), effects);
                    }
                    self.commands.orders_mut().handed.push(order);
                }
            }
        }
    }

    /// The gateway reports what became of a command. What nobody knows of any more is of no interest.
    pub fn command_reported(
        &mut self,
        now: Time,
        uplink: &Arc<Uplink>,
        outcome: CommandOutcome,
        effects: &mut Vec<Effect>,
    ) {
        let CommandOutcome { command, state, reason, value } = outcome;
        let known = self.commands.take_reported(uplink.gateway, &command.by, &command.id);
        let (Some(mut order), Some(state)) = (known, State::from_word(&state)) else {
            return effects.push(Effect::Relay(uplink.clone(), RelayPost::Settled(command)));
        };
        if let Some(handed) = &mut order.handed {
            handed.uplink = Some(uplink.clone());
        }
        let is_reported = order.handed.as_ref().is_some_and(|handed| handed.is_reported);
        match state {
            // What was reported for good is so for good: it is told again because nobody said that it is durable.
            _ if is_reported => {
                self.say_settled(&order, effects);
                self.commands.settle(order);
            }
            State::Sent if order.state == State::Queued => {
                self.end(now, &mut order, State::Sent, effects);
                self.commands.orders_mut().handed.push(order);
            }
            State::Accepted | State::Queued | State::Sent => match order.state {
                State::Queued | State::Sent => self.commands.orders_mut().handed.push(order),
                _ => self.commands.settle(order),
            },
            _ => {
                order.value = value.map(|value| value.get().into());
                if let Some(handed) = &mut order.handed {
                    handed.is_reported = true;
                }
                self.settle(now, order, state, reason.as_deref(), effects);
            }
        }
    }

    /// Tells the gateway that it need not report again, where what it reported is durable.
    pub(crate) fn say_settled(&self, order: &Order, effects: &mut Vec<Effect>) {
        let is_durable = order.unwritten == 0 || !holds(Rule::U5);
        if is_durable && order.handed.as_ref().is_some_and(|handed| handed.is_reported) {
            self.tell_gateway(order, RelayPost::Settled(self.command_name(order)), effects);
        }
    }

    /// Gives up what a gateway has not reported of in time.
    pub(crate) fn handed_timeout(&mut self, now: Time, effects: &mut Vec<Effect>) {
        let patience = self.gateway_patience_ms();
        let overdue = |order: &Order| order.has_left() && order.deadline.saturating_add(patience) <= now.mono;
        while holds(Rule::C6)
            && let Some(order) = self.commands.take_handed(overdue)
        {
            self.abandon(now, order, SILENT, effects);
        }
    }

    /// When [`Device::handed_timeout`] has something to do, in monotonic milliseconds.
    pub(crate) fn handed_due(&self) -> Option<u64> {
        let patience = self.gateway_patience_ms();
        let left = self.commands.handed().filter(|order| order.has_left());
        left.map(|order| order.deadline.saturating_add(patience)).min().filter(|_| holds(Rule::C6))
    }

    fn gateway_patience_ms(&self) -> u64 {
        self.relayed_door().map_or(u64::from(HEARTBEAT_SECONDS) * 2_000, |door| door.patience_ms())
    }

    pub(crate) fn commands_of_removed_gateway(
        &mut self,
        now: Time,
        gateway: GatewayKey,
        effects: &mut Vec<Effect>,
    ) {
        while let Some(order) = self.commands.take_handed(|order| order.is_at(gateway) && order.has_left()) {
            self.abandon(now, order, NO_GATEWAY, effects);
        }
    }

    /// Nobody knows what became of it, until the gateway reports it all the same.
    fn abandon(&mut self, now: Time, order: Order, reason: &str, effects: &mut Vec<Effect>) {
        self.settle(now, order, State::Unknown, Some(reason), effects);
    }
}
