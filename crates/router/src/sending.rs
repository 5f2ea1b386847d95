//! The way of a command to the device and back: sent, and then done, failed or unknown, or found at the last moment to be
//! for nobody (rules C1 to C6, C8 and C9).
//!
//! That a command is sent is written down first (C2). Until that is durable none of its bytes leaves, so that it can still
//! expire, be cancelled or refused, or wait for a device that went away meanwhile: it never ran.

use super::command::{Refusal, Request, State};
use super::commands::Commands;
use super::device::Device;
use super::effect::Effect;
use super::order::Order;
use super::relay::Relayed;
use crate::limits::COMMIT_MS_MAX;
use protocol::intake::Post;
use protocol::limits::{HEARTBEAT_SECONDS, LINE_BYTES_MAX};
use protocol::message::{Identify, Outcome};
use protocol::rule::{Rule, holds};
use protocol::time::Time;
use std::cmp::Ordering;
use store::{CommandRow, Write};

/// Why a command expired that waited.
pub(crate) const NOT_SENT: &str = "not sent in time";
/// Why nobody knows what became of a command.
const LOST: &str = "the connection was lost before it answered";

impl Commands {
    /// Whether another command may be sent now.
    fn is_free(&self) -> bool {
        self.under_way().next().is_none() || !holds(Rule::C3)
    }

    /// Takes out the one that waits longest.
    pub(crate) fn take_next(&mut self) -> Option<Order> {
        self.orders()?;
        self.orders_mut().waiting.pop_front()
    }

    /// Takes out those that are sent and unanswered.
    fn take_sent(&mut self) -> Vec<Order> {
        match self.orders() {
            None => Vec::new(),
            Some(_) => {
                self.orders_mut().under_way.extract_if(.., |order| order.state == State::Sent).collect()
            }
        }
    }

    /// Takes out the one that was given up last, if `wanted` holds for it.
    fn take_doubtful(&mut self, wanted: impl Fn(&Order) -> bool) -> Option<Order> {
        self.orders()?;
        self.orders_mut().doubtful.take_if(|order| wanted(order))
    }

    /// Takes out a command under way for which `wanted` holds.
    fn take_under_way(&mut self, wanted: impl Fn(&Order) -> bool) -> Option<Order> {
        let at = self.under_way().position(wanted)?;
        Some(self.orders_mut().under_way.remove(at))
    }
}

impl Device {
    /// Why the device that is connected cannot be sent this, where it cannot.
    pub(crate) fn unfit(&self, order: &Order) -> Option<Refusal> {
        if let Some(door) = self.reachable_door() {
            return self.unfit_at_gateway(order, door);
        }
        let conversation = self.conversation()?;
        // A plain device says which channels take commands: it would not know what to do with others.
        let is_plain = conversation.session.is_none();
        if is_plain && holds(Rule::C9) && !self.channels.is_input(&order.request.channel) {
            return Some(Refusal::Bad);
        }
        (!conversation.fits(order, self.commands.next)).then_some(Refusal::TooLong)
    }

    /// The same of one that is connected to a gateway, which looks at it again.
    fn unfit_at_gateway(&self, order: &Order, door: &Relayed) -> Option<Refusal> {
        if door.is_plain && holds(Rule::C9) && !self.channels.is_input(&order.request.channel) {
            return Some(Refusal::Bad);
        }
        let bytes = order.line(1).compact().encoded_bytes();
        let line_max = door.line_max.map_or(LINE_BYTES_MAX, |line_max| line_max.get() as usize);
        (bytes > line_max).then_some(Refusal::TooLong)
    }

    /// Puts the next command on its way, if nothing else is: first it is made durable that it is sent. What has run out
    /// of time meanwhile, or is not for the device that came back, goes no further.
    pub(crate) fn send_next(&mut self, now: Time, effects: &mut Vec<Effect>) {
        if self.reachable_door().is_some() {
            return self.hand_all(now, effects);
        }
        while self.commands.is_free()
            && self.conversation().is_some()
            && let Some(order) = self.commands.take_next()
        {
            if holds(Rule::C8) && order.deadline <= now.mono {
                self.settle(now, order, State::Expired, Some(NOT_SENT), effects);
            } else if let Some(refusal) = self.unfit(&order) {
                self.settle(now, order, State::Refused, Some(refusal.as_str()), effects);
            } else {
                self.begin_to_send(now, order, effects);
            }
        }
    }

    fn begin_to_send(&mut self, now: Time, mut order: Order, effects: &mut Vec<Effect>) {
        (order.number, order.state) = (Some(self.commands.next), State::Accepted);
        order.waited |= order.deadline.saturating_sub(now.mono) < order.ttl;
        self.commands.next += 1;
        self.store_first(effects);
        let device = self.identity.key;
        effects.push(Effect::Record(Write::CommandCounter { device, next: self.commands.next }));
        self.record_as(now, &mut order, State::Sent, effects);
        match holds(Rule::C2) {
            true => self.commands.orders_mut().under_way.push(order),
            false => self.leave(now, order, effects),
        }
    }

    /// What was asked, of a command that leaves as soon as it is durable that it is sent: whoever asked must still be
    /// permitted to. Nothing where `number` is none such.
    pub fn leaving(&self, number: u64) -> Option<&Request> {
        self.commands.under_way().find(|order| order.is_leaving(number)).map(|order| &order.request)
    }

    /// It is durable that the command counts as sent, and whoever asked for it may no longer: it is not sent.
    pub fn deny(&mut self, now: Time, number: u64, effects: &mut Vec<Effect>) {
        self.commands.written(|order| order.number == Some(number));
        if let Some(order) = self.commands.take_under_way(|order| order.is_leaving(number)) {
            self.settle(now, order, State::Refused, Some(Refusal::Denied.as_str()), effects);
            self.send_next(now, effects);
        }
    }

    /// It is durable that the command counts as sent: now its bytes leave. The store may have taken long, so that all is
    /// looked at once more.
    pub(crate) fn command_durable(&mut self, now: Time, number: u64, effects: &mut Vec<Effect>) {
        self.commands.written(|order| order.number == Some(number));
        let Some(mut order) = self.commands.take_under_way(|order| order.is_leaving(number)) else { return };
        if !std::mem::replace(&mut order.is_known, true) {
            self.tell(&order.receipt(), effects);
        }
        if holds(Rule::C8) && order.deadline <= now.mono {
            self.settle(now, order, State::Expired, Some(NOT_SENT), effects);
        } else if self.conversation().is_none() {
            let order = self.queued(now, Order { number: None, ..order }, effects);
            self.commands.orders_mut().waiting.push_front(order);
        } else if let Some(refusal) = self.unfit(&order) {
            self.settle(now, order, State::Refused, Some(refusal.as_str()), effects);
        } else {
            self.leave(now, order, effects);
        }
        self.send_next(now, effects);
    }

    fn leave(&mut self, now: Time, mut order: Order, effects: &mut Vec<Effect>) {
        order.state = State::Sent;
        let left = order.deadline.saturating_sub(now.mono);
        let waited = order.waited || left.saturating_add(COMMIT_MS_MAX) < order.ttl;
        let number = order.number.unwrap_or_default();
        let line = if waited { order.late_line(now, number) } else { order.line(number) };
        if let Some(conversation) = self.conversation() {
            effects.push(Effect::Post(conversation.outlet.clone(), Post::Command(line)));
        }
        self.tell(&order.receipt(), effects);
        self.commands.orders_mut().under_way.push(order);
    }

    /// The store refused to note that the command is sent, so it is not sent.
    pub(crate) fn command_refused(&mut self, now: Time, number: u64, effects: &mut Vec<Effect>) {
        self.commands.written(|order| order.number == Some(number));
        if let Some(order) = self.commands.take_under_way(|order| order.is_leaving(number)) {
            self.settle(now, order, State::Expired, Some("it could not be stored"), effects);
            self.send_next(now, effects);
        }
    }

    /// The device answered.
    pub(crate) fn result(&mut self, now: Time, outcome: Outcome, effects: &mut Vec<Effect>) {
        let answered =
            |order: &Order| order.number == Some(outcome.command) && order.state != State::Accepted;
        let order = self
            .commands
            .take_under_way(answered)
            .or_else(|| self.commands.take_doubtful(|order| answered(order)));
        let Some(mut order) = order else { return };
        order.value = outcome.value.map(|value| value.get().into());
        let state = if outcome.ok { State::Done } else { State::Failed };
        let reason = outcome.reason.as_deref().or((!outcome.ok).then_some("the device gave no reason"));
        self.settle(now, order, state, reason, effects);
        self.send_next(now, effects);
    }

    /// Another run of the program identifies: whatever is sent may have run, and nobody will say (rule C5). That is on its
    /// way to the store before the welcome is.
    pub(crate) fn commands_of_another_run(&mut self, now: Time, effects: &mut Vec<Effect>) {
        while let Some(order) = self.commands.take_under_way(|order| order.state == State::Sent) {
            self.give_up(now, order, LOST, effects);
        }
        // The new run answers for itself alone.
        if let Some(order) = self.commands.take_doubtful(|_| true) {
            self.commands.settle(order);
        }
    }

    /// What is sent and unanswered, seen in the light of an identify that is welcomed: the same run of the program may
    /// still have it.
    pub(crate) fn commands_identified(
        &mut self,
        now: Time,
        identify: &Identify,
        same_run: bool,
        effects: &mut Vec<Effect>,
    ) {
        if holds(Rule::C1)
            && let Some(handled) = identify.handled
        {
            self.commands.next = self.commands.next.max(handled.saturating_add(1));
        }
        for order in self.commands.take_sent() {
            match same_run && goes_on(now, &order, identify) {
                true => self.go_on(now, order, effects),
                false => self.give_up(now, order, LOST, effects),
            }
        }
        self.send_next(now, effects);
    }

    /// Asks for the result of a command again. A plain device gets each command once (rule C9).
    fn go_on(&mut self, now: Time, order: Order, effects: &mut Vec<Effect>) {
        let number = order.number.unwrap_or_default();
        if let Some(conversation) = self.conversation()
            && (conversation.session.is_some() || !holds(Rule::C9))
        {
            let line = order.late_line(now, number);
            effects.push(Effect::Post(conversation.outlet.clone(), Post::Command(line)));
        }
        self.commands.orders_mut().under_way.push(order);
    }

    /// Settles what has run out of time (rules C6 and C8).
    pub(crate) fn commands_timeout(&mut self, now: Time, effects: &mut Vec<Effect>) {
        while holds(Rule::C8)
            && let Some(order) = self.commands.take_here(|order| order.deadline <= now.mono)
        {
            self.settle(now, order, State::Expired, Some(NOT_SENT), effects);
        }
        let patience = self.patience_ms();
        let overdue = |order: &Order| order.state == State::Sent && order.deadline + patience <= now.mono;
        while holds(Rule::C6)
            && let Some(order) = self.commands.take_under_way(overdue)
        {
            self.give_up(now, order, "no answer in time", effects);
        }
        self.handed_timeout(now, effects);
        self.send_next(now, effects);
    }

    /// When [`Device::commands_timeout`] has something to do, in monotonic milliseconds.
    pub(crate) fn commands_due(&self) -> Option<u64> {
        let patience = self.patience_ms();
        let orders = self.commands.under_way().chain(self.commands.waiting());
        let due = |order: &Order| match order.is_here() {
            true => holds(Rule::C8).then_some(order.deadline),
            false => holds(Rule::C6).then_some(order.deadline + patience),
        };
        orders.filter_map(due).chain(self.handed_due()).min()
    }

    /// Milliseconds behind its deadline in which a command may still be answered.
    fn patience_ms(&self) -> u64 {
        match self.conversation() {
            // A plain device never repeats a result: what has not come by the deadline does not come.
            Some(conversation) if conversation.session.is_none() => 0,
            Some(conversation) => conversation.patience_ms(),
            None => u64::from(HEARTBEAT_SECONDS) * 2_000,
        }
    }

    /// Takes back what the store had of it at the last end of the program.
    pub fn restore_command(&mut self, now: Time, row: CommandRow) {
        let Some(order) = Order::restore(now, row) else { return };
        match order.state {
            _ if order.handed.is_some() => self.commands.orders_mut().handed.push(order),
            State::Sent => self.commands.orders_mut().under_way.push(order),
            _ => self.commands.orders_mut().waiting.push_back(order),
        }
    }

    fn give_up(&mut self, now: Time, mut order: Order, reason: &str, effects: &mut Vec<Effect>) {
        order.reason = Some(reason.into());
        self.end(now, &mut order, State::Unknown, effects);
        if let Some(older) = self.commands.orders_mut().doubtful.replace(order) {
            self.commands.settle(older);
        }
    }
}

/// Whether the same run of the program may still have the command, or be given it again (rule C4).
fn goes_on(now: Time, order: &Order, identify: &Identify) -> bool {
    !holds(Rule::C4)
        || match order.number.cmp(&Some(identify.handled.unwrap_or(0))) {
            Ordering::Equal => true,
            Ordering::Greater => now.mono < order.deadline,
            Ordering::Less => false,
        }
}
