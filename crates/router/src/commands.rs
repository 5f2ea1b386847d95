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

/// Why a command was taken back that waited.
const REPLACED: &str = "replaced by a newer one";

/// All commands of a device.
pub(crate) struct Commands {
    /// The number of the next one.
    pub(crate) next: u64,
    /// Most devices have none.
    orders: Option<Box<Orders>>,
}

/// Those that are remembered.
#[derive(Default)]
pub(crate) struct Orders {
    /// Taken, and not yet on their way.
    pub(crate) waiting: VecDeque<Order>,
    /// Under way, at most one (rule C3): `Accepted` until it is durable that it is sent, then `Sent`.
    pub(crate) under_way: Vec<Order>,
    /// Handed to a gateway, which has not reported of them for good (rule U5).
    pub(crate) handed: Vec<Order>,
    /// The last one given up as unknown: a late result of the same run may still settle it.
    pub(crate) doubtful: Option<Order>,
    /// The newest settled ones, so that a repeated request is recognized and asked for.
    settled: VecDeque<Order>,
    /// Where commands stand, other than sent, on its way to the store: people are told once it is there.
    untold: VecDeque<Receipt>,
}

impl Commands {
    pub(crate) fn new(next: u64) -> Self {
        Self { next, orders: None }
    }

    /// Those that are remembered, where there ever was one.
    pub(crate) fn orders(&self) -> Option<&Orders> {
        self.orders.as_deref()
    }

    /// The same, to be changed.
    pub(crate) fn orders_mut(&mut self) -> &mut Orders {
        self.orders.get_or_insert_default()
    }

    /// Taken, and not yet on their way.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Order> {
        self.orders().into_iter().flat_map(|orders| &orders.waiting)
    }

    /// Under way, at most one (rule C3).
    pub(crate) fn under_way(&self) -> impl Iterator<Item = &Order> {
        self.orders().into_iter().flat_map(|orders| &orders.under_way)
    }

    /// Handed to gateways.
    pub(crate) fn handed(&self) -> impl Iterator<Item = &Order> {
        self.orders().into_iter().flat_map(|orders| &orders.handed)
    }

    /// Those that are remembered, to be changed, where there ever was one.
    pub(crate) fn orders_mut_if_any(&mut self) -> Option<&mut Orders> {
        self.orders.as_deref_mut()
    }

    /// Takes out a settled command for which `wanted` holds.
    pub(crate) fn take_settled(&mut self, wanted: impl Fn(&Order) -> bool) -> Option<Order> {
        let settled = &mut self.orders.as_mut()?.settled;
        let at = settled.iter().position(wanted)?;
        settled.remove(at)
    }

    /// Commands that are on their way, in the order in which they will be sent. Of those that are just being written down
    /// people are told when that is done.
    pub(crate) fn unsettled(&self) -> impl Iterator<Item = Receipt> {
        let durable = |order: &&Order| order.unwritten == 0 || order.state == State::Sent;
        self.under_way().chain(self.handed()).chain(self.waiting()).filter(durable).map(Order::receipt)
    }

    /// Commands that are settled or given up, as far as they are remembered.
    pub(crate) fn recent(&self) -> impl Iterator<Item = Receipt> {
        // Of one of which nothing is durable people hear when something is.
        let may_be_told = |order: &&Order| order.unwritten == 0 || order.told.is_some() && order.is_durable;
        self.orders().into_iter().flat_map(Orders::past).filter(may_be_told).map(Order::receipt)
    }

    /// All that are remembered, the oldest first.
    fn all(&self) -> impl Iterator<Item = &Order> {
        let past = self.orders().into_iter().flat_map(Orders::past);
        past.chain(self.under_way()).chain(self.handed()).chain(self.waiting())
    }

    /// The command with this name. Mostly it is asked for one that is new, or newer than the others.
    fn find(&self, by: &str, id: &str) -> Option<&Order> {
        let here = self.under_way().chain(self.handed()).chain(self.waiting());
        let past =
            self.orders().into_iter().flat_map(|orders| orders.settled.iter().rev().chain(&orders.doubtful));
        here.chain(past).find(|order| order.is(by, id))
    }

    pub(crate) fn settle(&mut self, order: Order) {
        let settled = &mut self.orders_mut().settled;
        if settled.len() == COMMANDS_SETTLED_MAX {
            settled.pop_front();
        }
        settled.push_back(order);
    }

    /// Whether where a command stands is still on its way to the store.
    pub(crate) fn are_ending(&self) -> bool {
        self.orders().is_some_and(|orders| !orders.untold.is_empty())
    }

    /// One of its rows is in the store, or never will be, of the command for which `wanted` holds.
    pub(crate) fn written(&mut self, wanted: impl Fn(&Order) -> bool) -> Option<&mut Order> {
        let Orders { waiting, under_way, handed, doubtful, settled, .. } = &mut **self.orders.as_mut()?;
        let here = under_way.iter_mut().chain(handed).chain(waiting);
        let mut all = here.chain(doubtful).chain(settled.iter_mut().rev());
        let order = all.find(|order| wanted(order))?;
        order.unwritten = order.unwritten.saturating_sub(1);
        order.is_durable = true;
        Some(order)
    }

    /// Takes out the first command that is not sent yet and for which `wanted` holds.
    pub(crate) fn take_here(&mut self, wanted: impl Fn(&Order) -> bool) -> Option<Order> {
        let here = |order: &Order| order.is_here() && wanted(order);
        let Orders { waiting, under_way, .. } = &mut **self.orders.as_mut()?;
        match under_way.iter().position(here) {
            Some(at) => Some(under_way.remove(at)),
            None => waiting.iter().position(here).and_then(|at| waiting.remove(at)),
        }
    }

    /// Takes out a command that waits and for which `wanted` holds, with its place among those that wait.
    fn take_waiting(&mut self, wanted: impl Fn(&Order) -> bool) -> Option<(usize, Order)> {
        let waiting = &mut self.orders.as_mut()?.waiting;
        let at = waiting.iter().position(wanted)?;
        Some((at, waiting.remove(at)?))
    }
}

impl Orders {
    fn past(&self) -> impl Iterator<Item = &Order> {
        self.settled.iter().chain(&self.doubtful)
    }
}

impl Device {
    /// Where a command of `by` stands, if it is remembered.
    pub fn receipt(&self, by: &str, id: &str) -> Option<Receipt> {
        self.commands.find(by, id).map(Order::receipt)
    }

    /// Whether where a command stands is on its way to the store, so that people are not told yet.
    pub fn is_ending(&self, by: &str, id: &str) -> bool {
        self.commands.find(by, id).is_some_and(|order| order.unwritten > 0)
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
        if !self.is_reachable() && order.request.intent == super::Intent::Now {
            return Some(Refusal::Offline);
        }
        // One that is about to leave waits again where its device goes away.
        let leaving = self.commands.under_way().filter(|leaving| leaving.is_here());
        let waiting = self.commands.waiting().filter(|waiting| !order.replaces(waiting));
        let handed = self.commands.handed().filter(|handed| handed.is_here() && !order.replaces(handed));
        if waiting.chain(leaving).chain(handed).count() >= COMMANDS_QUEUED_MAX {
            return Some(Refusal::Full);
        }
        self.unfit(order)
    }

    /// What cannot leave at once waits, and is written down: a start finds it.
    fn accept(&mut self, now: Time, order: Order, effects: &mut Vec<Effect>) -> Receipt {
        self.replace_waiting(now, &order, effects);
        let (by, id) = (order.request.by.clone(), order.request.id.clone());
        let accepted = order.receipt();
        self.commands.orders_mut().waiting.push_back(order);
        self.send_next(now, effects);
        let Some((at, mut order)) = self.commands.take_waiting(|order| order.is(&by, &id)) else {
            return accepted;
        };
        // Nothing else waits for the device than what is not for now: it is queued.
        match self.conversation() {
            None => order = self.queued(now, order, effects),
            Some(_) => self.record(now, &mut order, effects),
        }
        let receipt = order.receipt();
        self.commands.orders_mut().waiting.insert(at, order);
        receipt
    }

    /// The command waits for the device.
    pub(crate) fn queued(&mut self, now: Time, mut order: Order, effects: &mut Vec<Effect>) -> Order {
        (order.state, order.waited) = (State::Queued, true);
        self.record(now, &mut order, effects);
        order
    }

    fn replace_waiting(&mut self, now: Time, newer: &Order, effects: &mut Vec<Effect>) {
        while let Some((_, order)) = self.commands.take_waiting(|order| newer.replaces(order)) {
            self.settle(now, order, State::Cancelled, Some(REPLACED), effects);
        }
        self.cancel_handed(now, Some(REPLACED), |order| newer.replaces(order), effects);
    }

    /// The person takes a command back; one that is on its way stays so.
    pub fn cancel(&mut self, now: Time, by: &str, id: &str, effects: &mut Vec<Effect>) {
        if let Some(order) = self.commands.take_here(|order| order.is(by, id)) {
            self.settle(now, order, State::Cancelled, None, effects);
            self.send_next(now, effects);
        }
        self.cancel_handed(now, None, |order| order.is(by, id), effects);
    }

    /// What was asked for and has not reached the device, as far as is known here.
    pub fn open_requests(&self) -> impl Iterator<Item = &Request> {
        let all = self.commands.under_way().chain(self.commands.handed()).chain(self.commands.waiting());
        all.filter(|order| order.is_here()).map(|order| &order.request)
    }

    /// Takes back what has not reached the device and whoever asked for it `may` no longer: at once where it is here, else by
    /// asking the gateway, once.
    pub fn withdraw(&mut self, now: Time, may: impl Fn(&Request) -> bool, effects: &mut Vec<Effect>) {
        let denied = |order: &Order| !may(&order.request);
        let refused = Some(Refusal::Denied.as_str());
        let mut is_withdrawn = false;
        while let Some(order) = self.commands.take_here(denied) {
            self.settle(now, order, State::Refused, refused, effects);
            is_withdrawn = true;
        }
        self.withdraw_handed(now, denied, effects);
        if is_withdrawn {
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

    /// The command comes to its end, or as far as anybody knows.
    pub(crate) fn end(&mut self, now: Time, order: &mut Order, state: State, effects: &mut Vec<Effect>) {
        let before = order.told.unwrap_or(order.state);
        let was_stored = order.is_stored;
        order.state = state;
        self.record(now, order, effects);
        order.told = (was_stored && order.unwritten > 0).then_some(before);
    }

    /// Where a command stands is durable, or never will be: people are told.
    pub(crate) fn command_noted(&mut self, effects: &mut Vec<Effect>) {
        let Some(receipt) = self.commands.orders_mut().untold.pop_front() else { return };
        if let Some(order) = self.commands.written(|order| order.is(&receipt.by, &receipt.id)) {
            // It may have become something else meanwhile, which is on its way too.
            order.told = order.told.filter(|_| order.unwritten > 0).map(|_| receipt.state);
            let order = order.handed.is_some().then(|| order.clone());
            if let Some(order) = order {
                self.say_settled(&order, effects);
            }
        }
        self.tell(&receipt, effects);
    }

    pub(crate) fn tell(&mut self, receipt: &Receipt, effects: &mut Vec<Effect>) {
        self.notice(frame::receipt(self.id(), receipt), effects);
    }

    /// Writes down where the command stands, and has people told once that is durable: nobody is told what a crash takes
    /// back.
    pub(crate) fn record(&mut self, now: Time, order: &mut Order, effects: &mut Vec<Effect>) {
        order.is_known = true;
        // What was refused is no reason to keep a device that has said nothing yet.
        if order.state == State::Refused && !self.identity.stored {
            return self.tell(&order.outcome(), effects);
        }
        self.record_as(now, order, order.state, effects);
        self.commands.orders_mut().untold.push_back(order.outcome());
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
        self.store_first(effects);
        order.is_stored = true;
        order.unwritten += 1;
        effects.push(Effect::Record(Write::Command(order.row(now, self.identity.key, state))));
    }
}
