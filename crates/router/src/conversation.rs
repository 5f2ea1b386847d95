//! Identify, takeover and the end of a connection (rules H1, H2, H3, H9, H10 and H11). Those behind a gateway: `relay`.

use super::device::{Device, Done, Issuer, Presence};
use super::effect::Effect;
use super::frame;
use super::intake::Via;
use super::order::Order;
use super::relay::Relayed;
use bytes::Bytes;
use protocol::code::Bye;
use protocol::id::SessionId;
use protocol::intake::{Outlet, Peer, Post};
use protocol::limits::{
    HEARTBEAT_SECONDS, HEARTBEAT_SECONDS_MAX, HEARTBEAT_SECONDS_MIN, LINE_BYTES_MAX, WINDOW_MESSAGES,
};
use protocol::message::{Identify, Welcome};
use protocol::rule::{Rule, holds};
use protocol::session::position::Opening;
use protocol::time::Time;
use std::num::NonZero;
use std::sync::Arc;
use store::Write;

/// An identify that was authenticated.
pub struct Caller {
    /// What it said.
    pub identify: Identify,
    /// Who is at the other end.
    pub peer: Peer,
    /// The way back.
    pub outlet: Arc<dyn Outlet>,
    /// A token of its own that the welcome hands to a device that was just made.
    pub token: Option<String>,
}

/// Where the device's connection stands. In boxes, since most devices have none at a time.
pub(crate) enum Door {
    /// There is none. The last one identified then: monotonic ms, 0 where there was none in this run.
    Closed(u64),
    /// One identified; what an older one left is still on its way to the store (rule H1).
    Draining(Box<(Caller, Before)>),
    /// Its session or a gap is on its way to the store; then it is welcomed.
    Opening(Box<Opened>),
    /// It is welcomed.
    Open(Box<Conversation>),
    /// It is connected to a gateway.
    Relayed(Box<Relayed>),
}

/// What the device had with a caller's connection before it identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// Nothing.
    Nothing,
    /// It was welcome on it: the same run of its program identifies again.
    Welcome,
}

/// A caller whose answer waits for the store.
pub(crate) struct Opened {
    caller: Caller,
    before: Before,
    session: SessionId,
    ack: u64,
    waits_for: WaitsFor,
}

/// What must be durable before the welcome.
enum WaitsFor {
    Session(u64),
    Cursor(u64),
    /// What became of the commands of the run before (rule C5).
    Settled,
}

/// A connection that was welcomed.
pub(crate) struct Conversation {
    pub(crate) outlet: Arc<dyn Outlet>,
    pub(crate) connection: u64,
    /// Nothing for a plain device.
    pub(crate) session: Option<SessionId>,
    /// Seconds between heartbeats.
    heartbeat: u32,
    /// Bytes of the longest line it can read, where it said so.
    line_max: Option<NonZero<u32>>,
    /// When it was welcomed, monotonic ms.
    welcomed: u64,
}

// One for each device that is connected.
const _: () = assert!(size_of::<Conversation>() <= 56);

impl Conversation {
    /// Whether the device can read the command's line under this number. One with little room is sent it without spaces.
    pub(crate) fn fits(&self, order: &Order, number: u64) -> bool {
        let line_max = self.line_max.map_or(LINE_BYTES_MAX, |line_max| line_max.get() as usize);
        let bytes = || match self.line_max {
            Some(_) => order.line(number).compact().encoded_bytes(),
            None => order.line(number).encoded_bytes(),
        };
        order.line_bytes_bound() <= line_max || bytes() <= line_max
    }

    /// Milliseconds of two heartbeats: how long an answer may be under way.
    pub(crate) fn patience_ms(&self) -> u64 {
        u64::from(self.heartbeat) * 2_000
    }
}

impl Door {
    fn before(&self, connection: u64) -> Before {
        match self {
            Door::Open(conversation) if conversation.connection == connection => Before::Welcome,
            Door::Draining(waiting) if waiting.0.peer.connection == connection => waiting.1,
            Door::Opening(opened) if opened.caller.peer.connection == connection => opened.before,
            _ => Before::Nothing,
        }
    }

    /// The caller that waited until nothing was under way any more; then nobody waits.
    fn take_drained(&mut self) -> Option<(Caller, Before)> {
        match std::mem::replace(self, Door::Closed(0)) {
            Door::Draining(waiting) => Some(*waiting),
            other => {
                *self = other;
                None
            }
        }
    }

    pub(crate) fn connection(&self) -> Option<(u64, &Arc<dyn Outlet>)> {
        match self {
            Door::Closed(_) | Door::Relayed(_) => None,
            Door::Draining(waiting) => Some((waiting.0.peer.connection, &waiting.0.outlet)),
            Door::Opening(opened) => Some((opened.caller.peer.connection, &opened.caller.outlet)),
            Door::Open(conversation) => Some((conversation.connection, &conversation.outlet)),
        }
    }

    /// When whoever is connected identified, or was connected last, monotonic ms. One that is about to be welcomed did just now.
    pub(crate) fn identified(&self) -> u64 {
        match self {
            Door::Closed(identified) => *identified,
            Door::Draining(_) | Door::Opening(_) => u64::MAX,
            Door::Open(conversation) => conversation.welcomed,
            Door::Relayed(relayed) => relayed.identified,
        }
    }
}

impl Device {
    /// The welcomed connection, where there is one.
    pub(crate) fn conversation(&self) -> Option<&Conversation> {
        match &self.door {
            Door::Open(conversation) => Some(conversation),
            _ => None,
        }
    }

    /// Whether somebody who identified waits until nothing is under way any more.
    pub(crate) fn is_draining(&self) -> bool {
        matches!(self.door, Door::Draining(..)) && self.takeovers.held_until().is_none()
    }

    /// Somebody who proved to be this device identified (rule H1). The old connection is fenced at once, so that what is
    /// pending is all there will be of it; the answer, and the ack in it, waits until that is finished or discarded.
    pub fn identify(&mut self, now: Time, issuer: &Issuer, caller: Caller, effects: &mut Vec<Effect>) {
        self.generation += 1;
        let before = self.door.before(caller.peer.connection);
        let old = self.door.connection().filter(|(connection, _)| *connection != caller.peer.connection);
        if let Some((_, outlet)) = old {
            if holds(Rule::H1) {
                effects.push(Effect::Post(outlet.clone(), Post::Bye(Bye::Replaced)));
            }
            self.taken_over(now, effects);
        }
        self.leave_gateway(now, effects);
        self.last_seen = NonZero::new(now.wall);
        self.ledger.outbox_begins(caller.identify.outbox);
        if !is_same_run(issuer, &caller.identify, before) {
            self.commands_of_another_run(now, effects);
        }
        self.door = Door::Draining(Box::new((caller, before)));
        self.open_when_drained(now, issuer, effects);
    }

    /// One connection took another's place. More often than a single device can need it means that there are two: then
    /// the welcome waits (rule H11).
    pub(crate) fn taken_over(&mut self, now: Time, effects: &mut Vec<Effect>) {
        let before = self.contested();
        let wait_ms = self.takeovers.one_more(now);
        self.takeovers.hold((wait_ms > 0).then(|| now.mono + wait_ms));
        if self.contested() != before {
            tracing::warn!(device = %self.identity.id, "more than one device seems to use this id");
            self.tell_contested(effects);
        }
    }

    fn tell_contested(&mut self, effects: &mut Vec<Effect>) {
        self.notice(self.contested_frame(), effects);
    }

    /// Whether its id is contested, as panels are told.
    pub(crate) fn contested_frame(&self) -> Bytes {
        let since = self.contested().map_or("null".to_owned(), |since| since.to_string());
        format!("{{\"device\":{},\"contested\":{since}}}", frame::quoted(self.id())).into()
    }

    /// The storage failed or is back (rule H9): numbered messages are asked for only while they can be taken over.
    pub fn storage(&mut self, is_up: bool, effects: &mut Vec<Effect>) {
        let window = if is_up || !holds(Rule::H9) { WINDOW_MESSAGES } else { 0 };
        let changed = std::mem::replace(&mut self.window, window) != window;
        if changed
            && let Some(conversation) = self.conversation()
            && conversation.session.is_some()
        {
            effects.push(Effect::Post(conversation.outlet.clone(), Post::Window(window)));
        }
    }

    /// Does what is due: a welcome that was held back, the end of a contest, commands that ran out of time.
    pub fn timeout(&mut self, now: Time, issuer: &Issuer, effects: &mut Vec<Effect>) {
        if self.takeovers.held_until().is_some_and(|until| until <= now.mono) {
            self.takeovers.hold(None);
            self.open_when_drained(now, issuer, effects);
        }
        if self.takeovers.calm_down(now) {
            tracing::info!(device = %self.identity.id, "only one device seems to use this id again");
            self.tell_contested(effects);
        }
        self.commands_timeout(now, effects);
    }

    /// When [`Device::timeout`] has something to do, in monotonic milliseconds.
    pub fn next_timeout(&self) -> Option<u64> {
        let due = [self.takeovers.held_until(), self.takeovers.quiet_at(), self.commands_due()];
        due.into_iter().flatten().min()
    }

    /// Goes on with what waited for the store: this is durable, or never will be.
    pub(crate) fn opening_done(
        &mut self,
        now: Time,
        issuer: &Issuer,
        done: &Done,
        effects: &mut Vec<Effect>,
    ) {
        self.open_when_drained(now, issuer, effects);
        let Door::Opening(opened) = &self.door else { return };
        let ready = match (&opened.waits_for, done) {
            (WaitsFor::Session(awaited), Done::Session(counter)) => counter >= awaited,
            (WaitsFor::Session(_), _) => false,
            (WaitsFor::Cursor(awaited), _) => self.committed >= *awaited,
            (WaitsFor::Settled, _) => !self.commands.are_ending(),
        };
        if ready && let Door::Opening(opened) = std::mem::replace(&mut self.door, Door::Closed(0)) {
            let Opened { caller, before, session, ack, .. } = *opened;
            self.welcome(now, issuer, caller, before, Some((session, ack)), effects);
        }
    }

    fn open_when_drained(&mut self, now: Time, issuer: &Issuer, effects: &mut Vec<Effect>) {
        if !matches!(self.door, Door::Draining(_)) {
            return;
        }
        let waits = holds(Rule::H1) && self.under_way.own() > 0 || self.takeovers.held_until().is_some();
        if waits {
            return;
        }
        if let Some((caller, before)) = self.door.take_drained() {
            match caller.identify.is_plain() {
                true => self.welcome(now, issuer, caller, before, None, effects),
                false => self.open(now, issuer, caller, before, effects),
            }
        }
    }

    /// Rule H2: which session it goes on in; rule H3: what it lost before.
    fn open(
        &mut self,
        now: Time,
        issuer: &Issuer,
        caller: Caller,
        before: Before,
        effects: &mut Vec<Effect>,
    ) {
        let asked = caller.identify.session.as_ref().zip(caller.identify.oldest);
        match self.positions.open(asked, &issuer.tag, |tag| issuer.is_ours(tag)) {
            Opening::Closed => {
                effects.push(Effect::Post(caller.outlet, Post::Refused { fault: None, bye: Bye::Closed }));
                // Nobody else is connected: an older connection was fenced by this one.
                self.close(now, effects);
            }
            // Once it is welcome it says no more that it is another run: a start must know by then.
            Opening::Resume { session, ack, gap: None } if self.commands.are_ending() => {
                let waits_for = WaitsFor::Settled;
                self.door = Door::Opening(Box::new(Opened { caller, before, session, ack, waits_for }));
            }
            Opening::Resume { session, ack, gap: None } => {
                self.welcome(now, issuer, caller, before, Some((session, ack)), effects);
            }
            Opening::Resume { session, ack, gap: Some(_) } if !holds(Rule::H3) => {
                self.welcome(now, issuer, caller, before, Some((session, ack)), effects);
            }
            Opening::Resume { session, gap: Some(gap), .. } => {
                let ack = gap.to;
                let cursor = self.take_gap(now, Some(&session), gap, effects);
                self.door = Door::Opening(Box::new(Opened {
                    caller,
                    before,
                    session,
                    ack,
                    waits_for: WaitsFor::Cursor(cursor),
                }));
            }
            Opening::New { session, lost } => {
                self.store_first(effects);
                if let Some((session, gap)) = lost {
                    self.record_gap(now.wall, session.name(), gap, (Via::Alone, None), effects);
                }
                let (device, counter) = (self.identity.key, session.counter());
                let tag = session.tag().into();
                effects.push(Effect::Record(Write::Session { device, counter, tag }));
                if !holds(Rule::H2) {
                    return self.welcome(now, issuer, caller, before, Some((session, 0)), effects);
                }
                self.door = Door::Opening(Box::new(Opened {
                    caller,
                    before,
                    session,
                    ack: 0,
                    waits_for: WaitsFor::Session(counter),
                }));
            }
        }
    }

    fn welcome(
        &mut self,
        now: Time,
        issuer: &Issuer,
        caller: Caller,
        before: Before,
        session: Option<(SessionId, u64)>,
        effects: &mut Vec<Effect>,
    ) {
        let Caller { identify, peer, outlet, token } = caller;
        // It may have gone while it waited.
        if outlet.is_gone() {
            return self.close(now, effects);
        }
        let heartbeat = identify
            .heartbeat
            .unwrap_or(HEARTBEAT_SECONDS)
            .clamp(HEARTBEAT_SECONDS_MIN, HEARTBEAT_SECONDS_MAX);
        let welcome = Welcome {
            device: self.identity.id.name().clone(),
            nonce: identify.nonce,
            session: session.as_ref().map(|(session, _)| session.to_string()),
            ack: session.as_ref().map(|(_, ack)| *ack),
            window: session.is_some().then_some(self.window),
            heartbeat,
            line_max: LINE_BYTES_MAX,
            time: now.wall,
            token,
        };
        self.door = Door::Open(Box::new(Conversation {
            outlet: outlet.clone(),
            connection: peer.connection,
            session: session.map(|(session, _)| session),
            heartbeat,
            // One that is longer than any line is no bound.
            line_max: identify.line_max.and_then(|bytes| u32::try_from(bytes).ok()).and_then(NonZero::new),
            welcomed: now.mono,
        }));
        effects.push(Effect::Welcome(outlet, welcome, self.generation));
        self.channels.begin_description();
        self.set_presence(Presence::Online, now.wall, effects);
        let same_run = is_same_run(issuer, &identify, before);
        self.commands_identified(now, &identify, same_run, effects);
    }

    /// The connection of `generation` is over. An older one changes nothing (rule H10).
    pub fn ended(&mut self, now: Time, generation: u64, effects: &mut Vec<Effect>) {
        let is_current = generation == self.generation || !holds(Rule::H10);
        if is_current && matches!(self.door, Door::Open(_)) {
            self.close(now, effects);
        }
    }

    /// The store refused the session that was to be handed out.
    pub(crate) fn session_refused(&mut self, now: Time, counter: u64, effects: &mut Vec<Effect>) {
        let awaited =
            |opened: &Opened| matches!(opened.waits_for, WaitsFor::Session(awaited) if awaited == counter);
        if matches!(&self.door, Door::Opening(opened) if awaited(opened)) {
            self.dismiss(now, Bye::Failed, effects);
        }
    }

    /// Ends the connection from this side. One to a gateway stays, unless the device is no more, or its tokens do not count any
    /// more: what the hub has to say otherwise ends the uplink.
    pub fn dismiss(&mut self, now: Time, bye: Bye, effects: &mut Vec<Effect>) {
        if let Some((_, outlet)) = self.door.connection() {
            effects.push(Effect::Post(outlet.clone(), Post::Bye(bye)));
            self.generation += 1;
            self.close(now, effects);
        } else if matches!(bye, Bye::Removed | Bye::Auth) {
            self.dismiss_at_gateway(now, bye, effects);
        }
    }

    /// There is no connection any more, wherever it was.
    pub(crate) fn close(&mut self, now: Time, effects: &mut Vec<Effect>) {
        self.door = Door::Closed(match self.door.identified() {
            u64::MAX => now.mono,
            identified => identified,
        });
        self.takeovers.hold(None);
        self.under_way.rest();
        self.set_presence(Presence::Offline, now.wall, effects);
        if !self.identity.stored && !self.is_removed() {
            self.remove(effects);
            effects.push(Effect::Forget);
        }
    }
}

/// Whether the run of the device's program that identifies is one that was welcome before (rule C5).
fn is_same_run(issuer: &Issuer, identify: &Identify, before: Before) -> bool {
    let is_ours = identify.session.as_ref().is_some_and(|session| issuer.is_ours(session.tag()));
    (is_ours || before == Before::Welcome) && !identify.boot || !holds(Rule::C5)
}
