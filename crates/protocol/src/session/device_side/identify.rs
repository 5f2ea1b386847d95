//! Who a device says it is, and in which session it numbers (rules D1 to D4).

use super::{DeviceSide, Ending, KeptSession, Output, Phase, Transport};
use crate::code::Bye;
use crate::id::{DeviceId, SessionId};
use crate::limits::{WELCOME_SECONDS_MAX, WELCOME_SERIAL_SECONDS_MAX, WINDOW_MESSAGES};
use crate::message::{Farewell, FromDevice, Identify, Welcome};
use crate::rule::{Rule, holds};
use crate::session::timer::{DeviceTimer, Timers};
use crate::time::Time;

impl DeviceSide {
    /// Rule D3: a session that an earlier run left undrained is taken up first; without the rule nobody asks for it, and
    /// all that is held is numbered anew. Rule D2: it ends where this run begins, be it by an earlier restart or by this
    /// one; without the rule it goes on.
    pub(super) fn take_up(&mut self, kept: Option<KeptSession>) {
        let (head, next) = (self.outbox.head(), self.outbox.next());
        let sound = |session: &KeptSession| (1..=head).contains(&session.begin);
        let Some(session) = kept.filter(sound).filter(|_| holds(Rule::D3)) else { return };
        let end = session.end.unwrap_or(next).min(next);
        let end = holds(Rule::D2).then_some(end);
        // What the hub side has of it is at most all of it.
        self.said_max = end.unwrap_or(next);
        self.session = Some(KeptSession { end, ..session }).filter(|_| end.is_none_or(|end| head < end));
        self.keep();
    }

    /// Rule D1: each identify has a nonce of its own, and nothing is said before the welcome that bears it.
    pub(super) fn identify(&mut self, now: Time) {
        self.phase = Phase::Asking;
        self.nonce += 1;
        let held = self.outbox.len() as u64;
        let first = self.within(self.outbox.first());
        // What it no longer holds the hub side may take as a gap, and ack (H3).
        self.said_max = self.said_max.max(first);
        let identify = Identify {
            device: self.settings.device.clone(),
            token: self.settings.token.clone(),
            nonce: Some(self.nonce),
            session: self.session.as_ref().map(|kept| kept.session.clone()),
            session_malformed: false,
            oldest: self.session.as_ref().map(|session| session.number(first)),
            boot: self.boot,
            handled: self.begun.as_ref().map(|begun| begun.number),
            heartbeat: self.settings.heartbeat,
            line_max: self.settings.line_max,
            outbox: (held > 0).then_some(held),
        };
        self.send(now, FromDevice::Identify(identify).encode());
        self.timers = Timers::none();
        let seconds = match self.settings.transport {
            Transport::Stream => WELCOME_SECONDS_MAX,
            Transport::Serial => WELCOME_SERIAL_SECONDS_MAX,
        };
        self.timers.set(DeviceTimer::Welcome, now.mono + seconds * 1000);
    }

    /// Rule D1: no welcome came in time, so it identifies again; the second time without having heard anything at all, the
    /// connection is dead, though nobody said so: heartbeats bind only from the welcome on.
    pub(super) fn not_welcomed(&mut self, now: Time) {
        self.unheard += 1;
        if self.unheard > 1 && self.settings.transport == Transport::Stream {
            return self.end(Ending::Silent);
        }
        self.identify(now);
    }

    /// Rule D1: a welcome that answers another identify is none. Nor is one with a new session in which something is
    /// taken over already.
    pub(super) fn welcome(&mut self, now: Time, welcome: Welcome) {
        let matching = self.phase == Phase::Asking && welcome.nonce == Some(self.nonce);
        let Some(id) = welcome.session.as_deref().and_then(SessionId::parse) else { return };
        if !matching && holds(Rule::D1) {
            return;
        }
        let ack = welcome.ack.unwrap_or(0);
        let goes_on = self.session.as_ref().filter(|session| session.session == id);
        match goes_on.map(|session| self.within(session.behind(ack))) {
            Some(taken_over) if taken_over > self.said_max => {
                // It counts what was never said: numbers of another run. They are not to be used again.
                self.forget_session();
                return self.identify(now);
            }
            Some(taken_over) => self.outbox.take_over(taken_over),
            None if ack > 0 => return,
            None => self.open(id),
        }
        self.go_back();
        self.begin_talking(now, welcome);
        self.taken_over(now);
    }

    /// Rule D3: in a session that begins now, all that is not taken over is numbered anew, and so is what was dropped and
    /// not declared. Rule D4: that is written down before anything is said in it; without the rule it is written when it
    /// is convenient, with the first ack.
    fn open(&mut self, session: SessionId) {
        let head = self.outbox.head();
        self.session = Some(KeptSession { session, begin: head, end: None });
        self.said_max = head;
        if holds(Rule::D4) {
            self.keep();
        }
    }

    /// More is taken over than before. Rule D3: a session of an earlier run is over once that is all of it; then the
    /// device asks for one of this run.
    pub(super) fn taken_over(&mut self, now: Time) {
        let end = self.session.as_ref().and_then(|session| session.end);
        if end.is_some_and(|end| self.outbox.head() >= end) {
            self.forget_session();
            self.identify(now);
        } else {
            self.watch_progress(now);
        }
    }

    fn begin_talking(&mut self, now: Time, welcome: Welcome) {
        self.phase = Phase::Talking;
        self.boot = false;
        self.window = u64::from(welcome.window.unwrap_or(WINDOW_MESSAGES));
        self.heartbeat_ms = u64::from(welcome.heartbeat.max(1)) * 1000;
        self.line_max = welcome.line_max;
        self.timers = Timers::none();
        self.heard(now);
        self.settings.device = DeviceId::parse(&welcome.device).or(self.settings.device.take());
        self.settings.token = welcome.token.clone().or(self.settings.token.take());
        self.outputs.push_back(Output::Welcome(Box::new(welcome)));
        // So that a heartbeat is due though nothing is said now.
        if self.minds_silence() {
            self.timers.set(DeviceTimer::Heartbeat, now.mono + self.heartbeat_ms);
        }
        self.say_description(now);
    }

    pub(super) fn bye(&mut self, farewell: Farewell) {
        if farewell.code == Bye::Closed.as_str() && self.session.is_some() {
            // What is unacked is numbered anew in the session that the next welcome brings.
            self.forget_session();
        }
        self.end(Ending::Told(farewell));
    }

    fn forget_session(&mut self) {
        self.session = None;
        self.keep();
    }
}
