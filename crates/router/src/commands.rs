//! The commands of a device: asked for, taken or not, taken back (spec/protocol.md, "Commands"). How those that are taken
//! get to the device stands in `sending`.

use super::command::{Receipt, Refusal, Request, State};
use super::device::Device;
use super::effect::Effect;
use super::frame;
use super::order::Order;
use crate::limits::COMMANDS_SETTLED_MAX;
use protocol::limits::{COMMAND_TTL_MS, COMMAND_TTL_MS_MAX, COMMANDS_QUEUED_MAX};
use protocol::rule::{Rule, holds};
use protocol::time::Time;
use std::collections::VecDeque;
use store::{CommandRow, Write};

/// All commands of a device.
pub(crate) struct Commands {
    /// The number of the next one.
    pub(crate) next: u64,
    /// Taken, and not yet on their way.
    pub(crate) waiting: VecDeque<Order>,
    /// Under way, at most one (rule C3): `Accepted` until it is durable that it is sent, then `Sent`.
    pub(crate) under_way: Vec<Order>,
    /// The last one given up as unknown: a late result of the same run may still settle it.
    pub(crate) doubtful: Option<Order>,
    /// The newest settled ones, so that a repeated request is recognized and asked for.
    settled: VecDeque<Order>,
    /// What became of commands, on its way to the store; with what people are told once it is there.
    untold: VecDeque<Option<Receipt>>,
}

impl Commands {
    pub(crate) fn new(next: u64) -> Self {
        let (waiting, settled) = (VecDeque::new(), VecDeque::new());
        Self { next, waiting, under_way: Vec::new(), doubtful: None, settled, untold: VecDeque::new() }
    }

    /// Commands that are on their way, in the order in which they will be sent.
    pub(crate) fn unsettled(&self) -> impl Iterator<Item = Receipt> {
        self.under_way.iter().chain(&self.waiting).map(Order::receipt)
    }

    /// Commands that are settled or given up, as far as they are remembered.
    pub(crate) fn recent(&self) -> impl Iterator<Item = Receipt> {
        self.settled.iter().chain(&self.doubtful).map(Order::receipt)
    }

    /// All that are remembered, the oldest first.
    fn all(&self) -> impl Iterator<Item = &Order> {
        self.settled.iter().chain(&self.doubtful).chain(&self.under_way).chain(&self.waiting)
    }

    fn find(&self, by: &str, id: &str) -> Option<&Order> {
        self.all().find(|order| order.is(by, id))
    }

    pub(crate) fn settle(&mut self, order: Order) {
        if self.settled.len() == COMMANDS_SETTLED_MAX {
            self.settled.pop_front();
        }
        self.settled.push_back(order);
    }

    /// Whether what became of a command is still on its way to the store.
    pub(crate) fn are_ending(&self) -> bool {
        !self.untold.is_empty()
    }

    /// Takes out the first command that is not sent yet and for which `wanted` holds.
    pub(crate) fn take_here(&mut self, wanted: impl Fn(&Order) -> bool) -> Option<Order> {
        let here = |order: &Order| order.is_here() && wanted(order);
        match self.under_way.iter().position(here) {
            Some(at) => Some(self.under_way.remove(at)),
            None => self.waiting.iter().position(here).and_then(|at| self.waiting.remove(at)),
        }
    }
}

impl Device {
    /// Where a command of `by` stands, if it is remembered.
    pub fn receipt(&self, by: &str, id: &str) -> Option<Receipt> {
        self.commands.find(by, id).map(Order::receipt)
    }

    /// Whether what became of a command is on its way to the store, so that people are not told yet.
    pub fn is_ending(&self, by: &str, id: &str) -> bool {
        self.commands.find(by, id).is_some_and(|order| order.told.is_some())
    }

    /// The commands that are remembered as the store would have them now, the oldest first: all that are not settled, and
    /// the newest of those that are.
    pub fn commands(&self, now: Time) -> Vec<CommandRow> {
        self.commands.all().map(|order| order.row(now, self.identity.key, order.state)).collect()
    }

    /// Somebody who may asks for something. The same request again is the same command (rule C7).
    pub fn command(&mut self, now: Time, request: Request, effects: &mut Vec<Effect>) -> Receipt {
        let order = match self.new_order(now, request) {
            Ok(order) => order,
            Err(receipt) => return receipt,
        };
        match self.refusal(&order) {
            Some(refusal) => self.settle(now, order, State::Refused, Some(refusal.as_str()), effects),
            None => self.accept(now, order, effects),
        }
    }

    /// Somebody asks who may not, or at a time when nobody may: that is refused, and remembered like any other.
    pub fn refuse(
        &mut self,
        now: Time,
        request: Request,
        refusal: Refusal,
        effects: &mut Vec<Effect>,
    ) -> Receipt {
        match self.new_order(now, request) {
            Ok(order) => self.settle(now, order, State::Refused, Some(refusal.as_str()), effects),
            Err(receipt) => receipt,
        }
    }

    /// The request as a command; or the answer to it, where it is one that is known or none at all. What is no command is
    /// answered, and leaves no trace.
    fn new_order(&self, now: Time, request: Request) -> Result<Order, Receipt> {
        if holds(Rule::C7)
            && let Some(known) = self.commands.find(&request.by, &request.id)
        {
            let same =
                known.request.channel == request.channel && known.request.value.get() == request.value.get();
            return Err(if same { known.receipt() } else { request.refused(Refusal::Bad) });
        }
        let ttl = request.ttl.unwrap_or(COMMAND_TTL_MS);
        match request.is_well_formed() && (1..=COMMAND_TTL_MS_MAX).contains(&ttl) {
            true => Ok(Order::new(now, request, ttl)),
            false => Err(request.refused(Refusal::Bad)),
        }
    }

    fn refusal(&self, order: &Order) -> Option<Refusal> {
        if self.conversation().is_none() && order.request.intent == super::Intent::Now {
            return Some(Refusal::Offline);
        }
        let waiting = self.commands.waiting.iter().filter(|waiting| !order.replaces(waiting)).count();
        if waiting >= COMMANDS_QUEUED_MAX {
            return Some(Refusal::Full);
        }
        self.unfit(order)
    }

    fn accept(&mut self, now: Time, order: Order, effects: &mut Vec<Effect>) -> Receipt {
        self.replace_waiting(now, &order, effects);
        let (by, id) = (order.request.by.clone(), order.request.id.clone());
        let accepted = order.receipt();
        self.tell(&accepted, effects);
        self.commands.waiting.push_back(order);
        self.send_next(now, effects);
        // Nothing else waits for the device than what is not for now: it is queued.
        if self.conversation().is_none()
            && let Some(at) = self.commands.waiting.iter().position(|order| order.is(&by, &id))
            && let Some(order) = self.commands.waiting.remove(at)
        {
            let order = self.queued(now, order, effects);
            let receipt = order.receipt();
            self.commands.waiting.insert(at, order);
            return receipt;
        }
        accepted
    }

    /// The command waits for the device.
    pub(crate) fn queued(&mut self, now: Time, mut order: Order, effects: &mut Vec<Effect>) -> Order {
        (order.state, order.waited) = (State::Queued, true);
        self.record(now, &mut order, effects);
        self.tell(&order.receipt(), effects);
        order
    }

    fn replace_waiting(&mut self, now: Time, newer: &Order, effects: &mut Vec<Effect>) {
        while let Some(at) = self.commands.waiting.iter().position(|order| newer.replaces(order))
            && let Some(order) = self.commands.waiting.remove(at)
        {
            self.settle(now, order, State::Cancelled, Some("replaced by a newer one"), effects);
        }
    }

    /// The person takes a command back; one that is on its way stays so.
    pub fn cancel(&mut self, now: Time, by: &str, id: &str, effects: &mut Vec<Effect>) {
        if let Some(order) = self.commands.take_here(|order| order.is(by, id)) {
            self.settle(now, order, State::Cancelled, None, effects);
            self.send_next(now, effects);
        }
    }

    pub(crate) fn settle(
        &mut self,
        now: Time,
        mut order: Order,
        state: State,
        reason: Option<&str>,
        effects: &mut Vec<Effect>,
    ) -> Receipt {
        order.reason = reason.map(Into::into);
        self.end(now, &mut order, state, effects);
        let receipt = order.outcome();
        self.commands.settle(order);
        receipt
    }

    /// The command comes to its end, or as far as anybody knows. Whoever was told so must not find something else after a
    /// crash: where the store has an earlier state of it, people are told once the end is durable.
    pub(crate) fn end(&mut self, now: Time, order: &mut Order, state: State, effects: &mut Vec<Effect>) {
        let (before, was_stored) = (order.told.unwrap_or(order.state), order.is_stored);
        order.state = state;
        self.record(now, order, effects);
        if was_stored {
            order.told = Some(before);
            self.commands.untold.push_back(Some(order.outcome()));
        } else {
            self.commands.untold.extend(order.is_stored.then_some(None));
            self.tell(&order.receipt(), effects);
        }
    }

    /// What became of a command is durable, or never will be: people are told.
    pub(crate) fn command_settled(&mut self, effects: &mut Vec<Effect>) {
        let Some(Some(receipt)) = self.commands.untold.pop_front() else { return };
        let Commands { doubtful, settled, .. } = &mut self.commands;
        let mut remembered = settled.iter_mut().rev().chain(doubtful);
        if let Some(order) = remembered.find(|order| order.is(&receipt.by, &receipt.id)) {
            // It may have become something else meanwhile, which is on its way too.
            order.told = order.told.filter(|_| order.state != receipt.state).map(|_| receipt.state);
        }
        self.tell(&receipt, effects);
    }

    pub(crate) fn tell(&mut self, receipt: &Receipt, effects: &mut Vec<Effect>) {
        self.notices.push(frame::receipt(self.identity.id.as_str(), receipt));
        effects.push(Effect::Wake);
    }

    pub(crate) fn record(&mut self, now: Time, order: &mut Order, effects: &mut Vec<Effect>) {
        self.record_as(now, order, order.state, effects);
    }

    /// Writes the command down as one in `state`.
    pub(crate) fn record_as(
        &mut self,
        now: Time,
        order: &mut Order,
        state: State,
        effects: &mut Vec<Effect>,
    ) {
        order.updated = now.wall;
        // What was refused is no reason to keep a device that has said nothing yet.
        if state == State::Refused && !self.identity.stored {
            return;
        }
        self.store_first(effects);
        order.is_stored = true;
        effects.push(Effect::Record(Write::Command(order.row(now, self.identity.key, state))));
    }
}
