//! The way of a command: accepted, queued, sent, and then done, failed, expired, cancelled or unknown
//! (spec/protocol.md, "Commands"). One at a time is under way to a device.

use super::command::{Intent, Receipt, Refusal, Request, State};
use super::device::Device;
use super::effect::Effect;
use super::frame;
use crate::limits::COMMANDS_SETTLED_MAX;
use protocol::intake::Post;
use protocol::limits::{COMMAND_TTL_MS, COMMAND_TTL_MS_MAX, COMMANDS_QUEUED_MAX};
use protocol::message::{Command, Identify, Outcome};
use protocol::time::Time;
use serde_json::value::RawValue;
use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::Arc;
use store::{CommandRow, Write};

/// Why a command expired that waited.
const NOT_SENT: &str = "not sent in time";

/// A command and all that is known of it.
#[derive(Debug, Clone)]
struct Order {
    request: Request,
    ttl: u64,
    created: i64,
    /// Monotonic milliseconds.
    deadline: u64,
    number: Option<u64>,
    /// It was kept while the device was offline, or another one was under way.
    waited: bool,
    state: State,
    reason: Option<Box<str>>,
    value: Option<Box<str>>,
}

impl Order {
    fn is(&self, by: &str, id: &str) -> bool {
        &*self.request.by == by && &*self.request.id == id
    }

    fn receipt(&self) -> Receipt {
        Receipt {
            id: self.request.id.clone(),
            by: self.request.by.clone(),
            channel: self.request.channel.clone(),
            asked: self.request.value.get().into(),
            state: self.state,
            reason: self.reason.clone(),
            value: self.value.clone(),
        }
    }

    /// Whether this one makes `older`, which waits, needless.
    fn replaces(&self, older: &Order) -> bool {
        let latest = |order: &Order| order.request.intent == Intent::Latest;
        latest(self) && latest(older) && self.request.channel == older.request.channel
    }

    fn line(&self, number: u64) -> Command {
        let Request { channel, value, .. } = &self.request;
        Command { number, channel: channel.to_string(), value: value.clone(), ttl: self.ttl }
    }

    /// The same for a command that waited: it tells how long it is still wanted, at least a millisecond.
    fn late_line(&self, now: Time, number: u64) -> Command {
        Command { ttl: self.deadline.saturating_sub(now.mono).max(1), ..self.line(number) }
    }
}

/// All commands of a device.
pub(crate) struct Commands {
    /// The number of the next one.
    next: u64,
    /// Taken, and not yet on their way.
    waiting: VecDeque<Order>,
    /// The one under way: `Accepted` until it is durable that it is sent, then `Sent`.
    current: Option<Order>,
    /// The last one given up as unknown: a late result of the same run may still settle it.
    doubtful: Option<Order>,
    /// The newest settled ones, so that a repeated request is recognized and asked for.
    settled: VecDeque<Order>,
}

impl Commands {
    pub(crate) fn new(next: u64) -> Self {
        let (waiting, settled) = (VecDeque::new(), VecDeque::new());
        Self { next, waiting, current: None, doubtful: None, settled }
    }

    /// Commands that are on their way, in the order in which they will be sent.
    pub(crate) fn unsettled(&self) -> impl Iterator<Item = Receipt> {
        self.current.iter().chain(&self.waiting).map(Order::receipt)
    }

    /// Commands that are settled or given up, as far as they are remembered.
    pub(crate) fn recent(&self) -> impl Iterator<Item = Receipt> {
        self.settled.iter().chain(&self.doubtful).map(Order::receipt)
    }

    fn find(&self, by: &str, id: &str) -> Option<&Order> {
        let live = self.current.iter().chain(&self.waiting).chain(&self.doubtful);
        live.chain(&self.settled).find(|order| order.is(by, id))
    }

    fn settle(&mut self, order: Order) {
        if self.settled.len() == COMMANDS_SETTLED_MAX {
            self.settled.pop_front();
        }
        self.settled.push_back(order);
    }
}

impl Device {
    /// Where a command of `by` stands, if it is remembered.
    pub fn receipt(&self, by: &str, id: &str) -> Option<Receipt> {
        self.commands.find(by, id).map(Order::receipt)
    }

    /// Somebody who may asks for something. The same request again is the same command.
    pub fn command(&mut self, now: Time, request: Request, effects: &mut Vec<Effect>) -> Receipt {
        if let Some(known) = self.commands.find(&request.by, &request.id) {
            let same =
                known.request.channel == request.channel && known.request.value.get() == request.value.get();
            return if same { known.receipt() } else { request.refused(Refusal::Bad) };
        }
        let ttl = request.ttl.unwrap_or(COMMAND_TTL_MS);
        // What is no command at all is answered, and leaves no trace.
        if !request.is_well_formed() || !(1..=COMMAND_TTL_MS_MAX).contains(&ttl) {
            return request.refused(Refusal::Bad);
        }
        let order = Order {
            ttl,
            created: now.wall,
            deadline: now.mono.saturating_add(ttl),
            number: None,
            waited: false,
            state: State::Accepted,
            reason: None,
            value: None,
            request,
        };
        match self.refusal(&order) {
            Some(refusal) => self.settle(now, order, State::Refused, Some(refusal.as_str()), effects),
            None => self.accept(now, order, effects),
        }
    }

    fn refusal(&self, order: &Order) -> Option<Refusal> {
        if self.conversation().is_none() && order.request.intent == Intent::Now {
            return Some(Refusal::Offline);
        }
        let waiting = self.commands.waiting.iter().filter(|waiting| !order.replaces(waiting)).count();
        if waiting >= COMMANDS_QUEUED_MAX {
            return Some(Refusal::Full);
        }
        self.unfit(order)
    }

    /// Why the device that is connected cannot be sent this, where it cannot.
    fn unfit(&self, order: &Order) -> Option<Refusal> {
        let conversation = self.conversation()?;
        // A plain device says which channels take commands: it would not know what to do with others.
        if conversation.session.is_none() && !self.channels.is_input(&order.request.channel) {
            return Some(Refusal::Bad);
        }
        (!conversation.fits(order.line(self.commands.next))).then_some(Refusal::TooLong)
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
            && let Some(order) = self.commands.waiting.iter_mut().find(|order| order.is(&by, &id))
        {
            (order.state, order.waited) = (State::Queued, true);
            let order = order.clone();
            self.record(now, &order, effects);
            self.tell(&order.receipt(), effects);
            return order.receipt();
        }
        accepted
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
        if let Some(at) = self.commands.waiting.iter().position(|order| order.is(by, id))
            && let Some(order) = self.commands.waiting.remove(at)
        {
            self.settle(now, order, State::Cancelled, None, effects);
        }
    }

    /// Puts the next command on its way, if nothing else is: first it is made durable that it is sent. What has run out
    /// of time meanwhile, or is not for the device that came back, goes no further.
    fn send_next(&mut self, now: Time, effects: &mut Vec<Effect>) {
        while self.commands.current.is_none()
            && self.conversation().is_some()
            && let Some(order) = self.commands.waiting.pop_front()
        {
            if order.deadline <= now.mono {
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
        order.waited |= order.deadline - now.mono < order.ttl;
        self.commands.next += 1;
        self.store_first(effects);
        let device = self.identity.key;
        effects.push(Effect::Record(Write::CommandCounter { device, next: self.commands.next }));
        self.record_as(now, &order, State::Sent, effects);
        self.commands.current = Some(order);
    }

    /// It is durable that the command counts as sent: now its bytes leave.
    pub(crate) fn command_durable(&mut self, now: Time, number: u64, effects: &mut Vec<Effect>) {
        let Some(order) = &mut self.commands.current else { return };
        if order.number != Some(number) || order.state == State::Sent {
            return;
        }
        order.state = State::Sent;
        let line = if order.waited { order.late_line(now, number) } else { order.line(number) };
        let receipt = order.receipt();
        if let Some(conversation) = self.conversation() {
            effects.push(Effect::Post(conversation.outlet.clone(), Post::Command(line)));
        }
        self.tell(&receipt, effects);
    }

    /// It could not be made durable that the command is sent, so it is not sent.
    pub fn command_failed(&mut self, now: Time, number: u64, effects: &mut Vec<Effect>) {
        let unsent = |order: &mut Order| order.number == Some(number) && order.state == State::Accepted;
        if let Some(order) = self.commands.current.take_if(unsent) {
            self.settle(now, order, State::Expired, Some("it could not be stored"), effects);
            self.send_next(now, effects);
        }
    }

    /// The device answered.
    pub(crate) fn result(&mut self, now: Time, outcome: Outcome, effects: &mut Vec<Effect>) {
        let answered =
            |order: &Order| order.number == Some(outcome.command) && order.state != State::Accepted;
        let order = match self.commands.current.as_ref().is_some_and(answered) {
            true => self.commands.current.take(),
            false => self.commands.doubtful.take_if(|order| answered(order)),
        };
        let Some(mut order) = order else { return };
        order.value = outcome.value.map(|value| value.get().into());
        let state = if outcome.ok { State::Done } else { State::Failed };
        let reason = outcome.reason.as_deref().or((!outcome.ok).then_some("the device gave no reason"));
        self.settle(now, order, state, reason, effects);
        self.send_next(now, effects);
    }

    /// What is sent and unanswered, seen in the light of an identify: the same run of the program may still have it,
    /// another one has not.
    pub(crate) fn commands_identified(
        &mut self,
        now: Time,
        identify: &Identify,
        same_run: bool,
        effects: &mut Vec<Effect>,
    ) {
        let same_run = same_run && !identify.boot;
        if let Some(handled) = identify.handled {
            self.commands.next = self.commands.next.max(handled.saturating_add(1));
        }
        if let Some(order) = self.commands.current.take_if(|order| order.state == State::Sent) {
            match self.goes_on(now, &order, identify, same_run) {
                true => self.go_on(now, order, effects),
                false => self.give_up(now, order, "the connection was lost before it answered", effects),
            }
        }
        // Another run of the program answers for itself alone.
        if !same_run && let Some(order) = self.commands.doubtful.take() {
            self.commands.settle(order);
        }
        self.send_next(now, effects);
    }

    /// Whether the device may still have the command, or be given it again.
    fn goes_on(&self, now: Time, order: &Order, identify: &Identify, same_run: bool) -> bool {
        same_run
            && match order.number.cmp(&Some(identify.handled.unwrap_or(0))) {
                Ordering::Equal => true,
                Ordering::Greater => now.mono < order.deadline,
                Ordering::Less => false,
            }
    }

    /// Asks for the result of a command again. A plain device gets each command once.
    fn go_on(&mut self, now: Time, order: Order, effects: &mut Vec<Effect>) {
        let number = order.number.unwrap_or_default();
        if let Some(conversation) = self.conversation().filter(|conversation| conversation.session.is_some())
        {
            let line = order.late_line(now, number);
            effects.push(Effect::Post(conversation.outlet.clone(), Post::Command(line)));
        }
        self.commands.current = Some(order);
    }

    /// Settles what has run out of time.
    pub fn timeout(&mut self, now: Time, effects: &mut Vec<Effect>) {
        while let Some(at) = self.commands.waiting.iter().position(|order| order.deadline <= now.mono)
            && let Some(order) = self.commands.waiting.remove(at)
        {
            self.settle(now, order, State::Expired, Some(NOT_SENT), effects);
        }
        let patience = self.patience_ms();
        let overdue = |order: &mut Order| order.state == State::Sent && order.deadline + patience <= now.mono;
        if let Some(order) = self.commands.current.take_if(overdue) {
            self.give_up(now, order, "no answer in time", effects);
            self.send_next(now, effects);
        }
    }

    /// When [`Device::timeout`] has something to do, in monotonic milliseconds.
    pub fn next_timeout(&self) -> Option<u64> {
        let waiting = self.commands.waiting.iter().map(|order| order.deadline);
        let sent = self.commands.current.iter().filter(|order| order.state == State::Sent);
        waiting.chain(sent.map(|order| order.deadline + self.patience_ms())).min()
    }

    /// Milliseconds behind its deadline in which a command may still be answered.
    fn patience_ms(&self) -> u64 {
        match self.conversation() {
            // A plain device never repeats a result: what has not come by the deadline does not come.
            Some(conversation) if conversation.session.is_none() => 0,
            Some(conversation) => conversation.patience_ms,
            None => u64::from(protocol::limits::HEARTBEAT_SECONDS) * 2_000,
        }
    }

    /// Takes back what the store had of it at the last end of the program.
    pub fn restore_command(&mut self, now: Time, row: CommandRow) {
        let (Some(intent), Some(state)) = (Intent::from_word(&row.intent), State::from_word(&row.state))
        else {
            return;
        };
        let Ok(value) = RawValue::from_string(row.value.into_string()) else { return };
        // Somebody may have set the clock meanwhile: no command lives longer than it was meant to.
        let left =
            row.deadline.map_or(0, |deadline| u64::try_from(deadline - now.wall).unwrap_or(0)).min(row.ttl);
        let by: Arc<str> = row.by.into();
        let order = Order {
            request: Request { id: row.id, by, channel: row.channel, value, intent, ttl: Some(row.ttl) },
            ttl: row.ttl,
            created: row.created,
            deadline: now.mono + left,
            number: row.number,
            waited: true,
            state,
            reason: None,
            value: None,
        };
        match state {
            State::Sent => self.commands.current = Some(order),
            _ => self.commands.waiting.push_back(order),
        }
    }

    fn give_up(&mut self, now: Time, mut order: Order, reason: &str, effects: &mut Vec<Effect>) {
        order.state = State::Unknown;
        order.reason = Some(reason.into());
        self.record(now, &order, effects);
        self.tell(&order.receipt(), effects);
        if let Some(older) = self.commands.doubtful.replace(order) {
            self.commands.settle(older);
        }
    }

    fn settle(
        &mut self,
        now: Time,
        mut order: Order,
        state: State,
        reason: Option<&str>,
        effects: &mut Vec<Effect>,
    ) -> Receipt {
        order.state = state;
        order.reason = reason.map(Into::into);
        self.record(now, &order, effects);
        let receipt = order.receipt();
        self.tell(&receipt, effects);
        self.commands.settle(order);
        receipt
    }

    fn tell(&mut self, receipt: &Receipt, effects: &mut Vec<Effect>) {
        self.notices.push(frame::receipt(self.identity.id.as_str(), receipt));
        effects.push(Effect::Wake);
    }

    fn record(&mut self, now: Time, order: &Order, effects: &mut Vec<Effect>) {
        self.record_as(now, order, order.state, effects);
    }

    fn record_as(&mut self, now: Time, order: &Order, state: State, effects: &mut Vec<Effect>) {
        self.store_first(effects);
        let left = i64::try_from(order.deadline.saturating_sub(now.mono)).unwrap_or(i64::MAX);
        effects.push(Effect::Record(Write::Command(CommandRow {
            device: self.identity.key,
            number: order.number,
            id: order.request.id.clone(),
            by: (&*order.request.by).into(),
            channel: order.request.channel.clone(),
            value: order.request.value.get().into(),
            intent: order.request.intent.as_str().into(),
            ttl: order.ttl,
            state: state.as_str().into(),
            reason: order.reason.clone(),
            result: order.value.clone(),
            created: order.created,
            deadline: Some(now.wall.saturating_add(left)),
            updated: now.wall,
        })));
    }
}
