//! Identify, takeover and the end of a connection (rules H1, H2, H3 and H10).

use super::device::{Device, Done, Issuer, Presence};
use super::effect::Effect;
use protocol::code::Bye;
use protocol::id::SessionId;
use protocol::intake::{Outlet, Peer, Post};
use protocol::limits::{
    HEARTBEAT_SECONDS, HEARTBEAT_SECONDS_MAX, HEARTBEAT_SECONDS_MIN, LINE_BYTES_MAX, WINDOW_MESSAGES,
};
use protocol::message::{Command, Identify, Welcome};
use protocol::session::position::Opening;
use protocol::time::Time;
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

/// Where the device's connection stands.
pub(crate) enum Door {
    /// There is none.
    Closed,
    /// One identified; what an older one left is still on its way to the store (rule H1).
    Draining(Caller, Before),
    /// Its session or a gap is on its way to the store; then it is welcomed.
    Opening(Opened),
    /// It is welcomed.
    Open(Conversation),
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
}

/// A connection that was welcomed.
pub(crate) struct Conversation {
    pub(crate) outlet: Arc<dyn Outlet>,
    pub(crate) connection: u64,
    /// Nothing for a plain device.
    pub(crate) session: Option<SessionId>,
    /// Milliseconds of two heartbeats: how long an answer may be under way.
    pub(crate) patience_ms: u64,
    /// Bytes of the longest line it can read, where it said so.
    line_max: Option<usize>,
}

impl Conversation {
    /// Whether the device can read the command's line. One with little room is sent it without spaces.
    pub(crate) fn fits(&self, command: Command) -> bool {
        match self.line_max {
            Some(line_max) => command.compact().encoded_bytes() <= line_max,
            None => command.encoded_bytes() <= LINE_BYTES_MAX,
        }
    }
}

impl Door {
    fn before(&self, connection: u64) -> Before {
        match self {
            Door::Open(conversation) if conversation.connection == connection => Before::Welcome,
            Door::Draining(caller, before) if caller.peer.connection == connection => *before,
            Door::Opening(opened) if opened.caller.peer.connection == connection => opened.before,
            _ => Before::Nothing,
        }
    }

    fn connection(&self) -> Option<(u64, &Arc<dyn Outlet>)> {
        match self {
            Door::Closed => None,
            Door::Draining(caller, _) => Some((caller.peer.connection, &caller.outlet)),
            Door::Opening(opened) => Some((opened.caller.peer.connection, &opened.caller.outlet)),
            Door::Open(conversation) => Some((conversation.connection, &conversation.outlet)),
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
        matches!(self.door, Door::Draining(..))
    }

    /// Somebody who proved to be this device identified (rule H1): the old connection is fenced at once, the answer
    /// waits until nothing of it is under way any more.
    pub fn identify(&mut self, now: Time, issuer: &Issuer, caller: Caller, effects: &mut Vec<Effect>) {
        self.generation += 1;
        let before = self.door.before(caller.peer.connection);
        if let Some((connection, outlet)) = self.door.connection()
            && connection != caller.peer.connection
        {
            effects.push(Effect::Post(outlet.clone(), Post::Bye(Bye::Replaced)));
        }
        self.last_seen = Some(now.wall);
        self.door = Door::Draining(caller, before);
        self.open_when_drained(now, issuer, effects);
    }

    /// Goes on with what waited for the store.
    pub fn opening_done(&mut self, now: Time, issuer: &Issuer, done: &Done, effects: &mut Vec<Effect>) {
        self.open_when_drained(now, issuer, effects);
        let ready = match (&self.door, done) {
            (Door::Opening(Opened { waits_for: WaitsFor::Session(awaited), .. }), Done::Session(counter)) => {
                counter >= awaited
            }
            (Door::Opening(Opened { waits_for: WaitsFor::Cursor(awaited), .. }), Done::Entries(cursor)) => {
                cursor >= awaited
            }
            _ => false,
        };
        if ready && let Door::Opening(opened) = std::mem::replace(&mut self.door, Door::Closed) {
            let session = Some((opened.session, opened.ack));
            self.welcome(now, issuer, opened.caller, opened.before, session, effects);
        }
    }

    fn open_when_drained(&mut self, now: Time, issuer: &Issuer, effects: &mut Vec<Effect>) {
        if !self.pending.is_empty() || !matches!(self.door, Door::Draining(..)) {
            return;
        }
        if let Door::Draining(caller, before) = std::mem::replace(&mut self.door, Door::Closed) {
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
            Opening::Resume { session, ack, gap: None } => {
                self.welcome(now, issuer, caller, before, Some((session, ack)), effects);
            }
            Opening::Resume { session, gap: Some(gap), .. } => {
                let ack = gap.to;
                let cursor = self.take_gap(now, Some(&session), gap, effects);
                self.door = Door::Opening(Opened {
                    caller,
                    before,
                    session,
                    ack,
                    waits_for: WaitsFor::Cursor(cursor),
                });
            }
            Opening::New { session } => {
                self.store_first(effects);
                let (device, counter) = (self.identity.key, session.counter());
                let tag = session.tag().into();
                effects.push(Effect::Record(Write::Session { device, counter, tag }));
                self.door = Door::Opening(Opened {
                    caller,
                    before,
                    session,
                    ack: 0,
                    waits_for: WaitsFor::Session(counter),
                });
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
        let heartbeat = identify
            .heartbeat
            .unwrap_or(HEARTBEAT_SECONDS)
            .clamp(HEARTBEAT_SECONDS_MIN, HEARTBEAT_SECONDS_MAX);
        let welcome = Welcome {
            device: self.identity.id.to_string(),
            nonce: identify.nonce,
            session: session.as_ref().map(|(session, _)| session.to_string()),
            ack: session.as_ref().map(|(_, ack)| *ack),
            window: session.is_some().then_some(WINDOW_MESSAGES),
            heartbeat,
            line_max: LINE_BYTES_MAX,
            time: now.wall,
            token,
        };
        self.door = Door::Open(Conversation {
            outlet: outlet.clone(),
            connection: peer.connection,
            session: session.map(|(session, _)| session),
            patience_ms: u64::from(heartbeat) * 2_000,
            line_max: identify.line_max,
        });
        effects.push(Effect::Welcome(outlet, welcome, self.generation));
        self.channels.begin_description();
        self.set_presence(Presence::Online, now.wall, effects);
        let ours = identify.session.as_ref().is_some_and(|session| issuer.is_ours(session.tag()));
        self.commands_identified(now, &identify, ours || before == Before::Welcome, effects);
    }

    /// The connection of `generation` is over. An older one changes nothing (rule H10).
    pub fn ended(&mut self, now: Time, generation: u64, effects: &mut Vec<Effect>) {
        if generation == self.generation && matches!(self.door, Door::Open(_)) {
            self.close(now, effects);
        }
    }

    /// The session that was to be handed out could not be made durable.
    pub fn session_failed(&mut self, now: Time, counter: u64, effects: &mut Vec<Effect>) {
        let awaited =
            |opened: &Opened| matches!(opened.waits_for, WaitsFor::Session(awaited) if awaited == counter);
        if matches!(&self.door, Door::Opening(opened) if awaited(opened)) {
            self.dismiss(now, Bye::Failed, effects);
        }
    }

    /// Ends the connection from this side.
    pub fn dismiss(&mut self, now: Time, bye: Bye, effects: &mut Vec<Effect>) {
        if let Some((_, outlet)) = self.door.connection() {
            effects.push(Effect::Post(outlet.clone(), Post::Bye(bye)));
            self.generation += 1;
            self.close(now, effects);
        }
    }

    fn close(&mut self, now: Time, effects: &mut Vec<Effect>) {
        self.door = Door::Closed;
        self.set_presence(Presence::Offline, now.wall, effects);
        if !self.identity.stored && !self.is_removed() {
            self.remove(effects);
            effects.push(Effect::Forget);
        }
    }
}
