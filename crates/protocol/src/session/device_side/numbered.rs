//! What a device says of its log, and what an ack, a nak, a window and their absence change (rules D5 and D6).
//!
//! Positions, not numbers, are compared here; a number is made where a line is written, and read where one comes.

use super::{DeviceSide, Ending, Phase, Transport};
use crate::limits::PROGRESS_SECONDS_MIN;
use crate::message::FromDevice;
use crate::rule::{Rule, holds};
use crate::session::timer::DeviceTimer;
use crate::time::Time;

impl DeviceSide {
    /// Says what the window lets through.
    pub(super) fn say_numbered(&mut self, now: Time) {
        if !self.may_say_numbered() {
            return;
        }
        while self.window > self.in_flight() {
            let Some(line) = self.next_line() else { break };
            self.send(now, line);
        }
        self.watch_progress(now);
    }

    /// Rule D1: once it is welcome. Without it, as soon as it has a session.
    fn may_say_numbered(&self) -> bool {
        match self.phase {
            Phase::Talking => true,
            Phase::Asking => !holds(Rule::D1),
            Phase::Apart => false,
        }
    }

    /// Rule D5: only this empties the outbox. Rule D6: it is progress.
    pub(super) fn ack(&mut self, now: Time, seq: u64) {
        let Some(session) = &self.session else { return };
        let taken_over = self.within(session.behind(seq));
        if taken_over <= self.outbox.head() || taken_over > self.said_max {
            return;
        }
        self.outbox.take_over(taken_over);
        self.said = self.said.max(taken_over);
        self.timers.stop(DeviceTimer::Progress);
        if !holds(Rule::D4) {
            self.keep();
        }
        self.taken_over(now);
    }

    /// Rule D5: what was said from there on counts as not said. What was dropped meanwhile is answered with a skip.
    pub(super) fn nak(&mut self, seq: u64) {
        let Some(session) = &self.session else { return };
        let Some(back) = seq.checked_sub(1).map(|before| session.behind(before)) else { return };
        if (self.outbox.head()..self.said).contains(&back) {
            self.said = back;
        }
    }

    pub(super) fn set_window(&mut self, window: u32) {
        let (closed, closes) = (self.window == 0, window == 0);
        self.window = u64::from(window);
        if closed != closes {
            self.timers.stop(DeviceTimer::Progress);
        }
    }

    /// Rule D6: against a closed window the first unacked one asks whether it may open; else it goes back, or leaves a
    /// connection that should have brought the ack.
    pub(super) fn no_progress(&mut self, now: Time) {
        if self.window == 0 {
            self.probe(now);
        } else if self.settings.transport == Transport::Serial {
            self.go_back();
        } else {
            self.end(Ending::Stuck);
        }
    }

    /// Where much is under way, such is among it, unread.
    fn probe(&mut self, now: Time) {
        if self.is_congested() {
            return;
        }
        let said = self.said;
        self.go_back();
        if let Some(line) = self.next_line() {
            self.send(now, line);
        }
        self.said = self.said.max(said);
    }

    /// Everything unacked counts as not said.
    pub(super) fn go_back(&mut self) {
        self.said = self.outbox.head();
    }

    /// `position`, or the end of what may be said in this session where that comes first.
    pub(super) fn within(&self, position: u64) -> u64 {
        position.min(self.session.as_ref().and_then(|session| session.end).unwrap_or(u64::MAX))
    }

    /// The position behind the last that may be said in this session: the next one, or where a session of an earlier run
    /// ended (D2).
    fn limit(&self) -> u64 {
        self.within(self.outbox.next())
    }

    /// The position behind the loss that this session has to declare, where there is one.
    fn loss(&self) -> Option<u64> {
        let behind = self.within(self.outbox.first());
        (behind > self.outbox.head()).then_some(behind)
    }

    /// Messages, or the loss of some, said and not acked.
    fn in_flight(&self) -> u64 {
        let loss = self.loss().is_some_and(|behind| behind <= self.said);
        self.said.saturating_sub(self.outbox.first()) + u64::from(loss)
    }

    /// The line that is to be said next: a message, or that what was to stand there is lost.
    fn next_line(&mut self) -> Option<Vec<u8>> {
        let session = self.session.as_ref()?;
        let line = match self.loss() {
            Some(behind) if self.said < behind => {
                self.said = behind;
                let reason = self.outbox.reason(behind).to_owned();
                FromDevice::Skip { to: session.number(behind - 1), reason }.encode()
            }
            _ if self.said < self.limit() => {
                let seq = session.number(self.said);
                // One that can no longer be read is waited for: it is declared when all before it is acked.
                let message = self.outbox.get(self.said)?;
                self.said += 1;
                message.numbered(seq, self.depth(), self.line_max)
            }
            _ => return None,
        };
        self.said_max = self.said_max.max(self.said);
        Some(line)
    }

    /// What a numbered line tells of the outbox: how many messages it holds, where those are more than the window lets
    /// out, so that the hub can show how far behind the device is.
    fn depth(&self) -> Option<u64> {
        let held = self.outbox.len() as u64;
        (held > self.window).then_some(held)
    }

    /// Sets the time of rule D6, where something waits for its ack and the time is not set yet.
    pub(super) fn watch_progress(&mut self, now: Time) {
        let head = self.outbox.head();
        let (waiting, patience_ms) = match self.window {
            0 => (self.limit() > head, self.heartbeat_ms),
            _ => (self.said > head, self.heartbeat_ms.max(PROGRESS_SECONDS_MIN * 1000)),
        };
        if waiting && holds(Rule::D6) && !self.timers.is_set(DeviceTimer::Progress) {
            self.timers.set(DeviceTimer::Progress, now.mono + patience_ms);
        }
    }
}
