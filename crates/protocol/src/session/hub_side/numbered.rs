//! What the hub side does with the numbers of a session: takes the next one, acks what is durable, asks for what is
//! missing, passes a loss on as a gap (rules H3, H4, H6 and H8).

use super::{HubSide, Output, Phase};
use crate::code::Fault;
use crate::intake::Said;
use crate::message::{Fail, Gap, Samples, ToDevice};
use crate::rule::{Rule, holds};
use crate::time::Time;

/// Whether the device numbers what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbering {
    /// It does not: it is a plain one.
    Plain,
    /// It does.
    Numbered,
    /// It does, and was asked for the number behind the last one handed over.
    AskedAgain,
}

impl HubSide {
    /// The number that is next; nothing with a plain device.
    pub(super) fn next_number(&self) -> Option<u64> {
        self.is_numbered().then_some(self.taken + 1)
    }

    /// The numbers up to this one are handed over.
    fn taken_up_to(&mut self, seq: u64) {
        if seq > self.taken {
            (self.taken, self.numbering) = (seq, Numbering::Numbered);
        }
    }

    /// Rule H4: the next number is taken, a lower one is acked again, a higher one sent back to the hole. Without it,
    /// whatever comes is taken.
    pub(super) fn numbered(&mut self, now: Time, line: u64, seq: u64, samples: Samples) {
        let Some(next) = self.next_number() else {
            return match holds(Rule::H8) {
                true => self.no_session(now, line, Some(seq)),
                false => self.take(line, Said::Samples(Samples { seq: None, ..samples })),
            };
        };
        if seq == next || !holds(Rule::H4) {
            self.taken_up_to(seq);
            let is_held_back = samples.outbox.is_some();
            self.take(line, Said::Samples(samples));
            if is_held_back {
                self.repeat_window(now);
            }
            self.ack_unsafely(now);
        } else {
            self.repeated(line, seq);
            self.out_of_turn(now, seq);
        }
    }

    /// A number that was taken before is counted.
    pub(super) fn repeated(&mut self, line: u64, seq: u64) {
        if self.next_number().is_some_and(|next| seq < next) {
            self.put(Output::Take { line, said: Said::Repeated(seq) });
        }
    }

    /// A number that is not the next one. Acked is only what was committed, however often it comes.
    pub(super) fn out_of_turn(&mut self, now: Time, seq: u64) {
        let Some(missing) = self.next_number() else { return };
        if seq < missing {
            self.send(now, ToDevice::Ack(self.committed));
        } else if self.numbering != Numbering::AskedAgain {
            self.numbering = Numbering::AskedAgain;
            self.send(now, ToDevice::Nak(missing));
        }
    }

    /// Rule H3: what the device gave up is a gap, in its place behind what was taken. Without it, a skip is just acked.
    pub(super) fn skip(&mut self, now: Time, line: u64, to: u64, reason: String) {
        let Some(next) = self.next_number() else { return self.no_session(now, line, None) };
        if to < next {
            self.out_of_turn(now, to);
        } else if holds(Rule::H3) {
            self.gap(line, to, reason);
            self.ack_unsafely(now);
        } else {
            self.taken_up_to(to);
            self.committed = to;
            self.send(now, ToDevice::Ack(to));
        }
    }

    pub(super) fn gap(&mut self, line: u64, to: u64, reason: String) {
        let Some(from) = self.next_number() else { return };
        let gap = Gap { from, to, reason };
        self.taken_up_to(to);
        self.take(line, Said::Gap(gap));
    }

    /// Rule H8: a plain device numbers nothing.
    pub(super) fn no_session(&mut self, now: Time, line: u64, seq: Option<u64>) {
        if !holds(Rule::H8) {
            return;
        }
        let fail = Fail { seq, ..Fail::new(Fault::NoSession, 0, Fault::NoSession.sentence()) };
        self.faulty(now, line, fail);
    }

    /// Without rule H6 what was taken is acked before it is committed.
    pub(super) fn ack_unsafely(&mut self, now: Time) {
        if !holds(Rule::H6) && self.is_numbered() {
            self.committed = self.taken;
            self.send(now, ToDevice::Ack(self.taken));
        }
    }

    /// Rule D6: a device that has more, and says one by one, did not hear that the window is open again.
    fn repeat_window(&mut self, now: Time) {
        if self.reopened > 0 && self.in_flight == 1 {
            self.send(now, ToDevice::Window(u32::from(self.reopened)));
        }
    }

    /// Rule H6: the ack leaves when what it covers is durable, and then at once. To a device that has just identified again it means nothing yet (D1).
    pub(super) fn committed(&mut self, now: Time, seq: Option<u64>, messages: u32) {
        let held_back = !self.reading();
        let in_flight = u32::from(self.in_flight).saturating_sub(messages);
        self.in_flight = u16::try_from(in_flight).unwrap_or(u16::MAX);
        if held_back && self.reading() {
            self.heard(now);
        }
        if self.phase != Phase::Talking || !self.is_numbered() {
            return;
        }
        if let Some(seq) = seq.filter(|seq| (self.committed + 1..=self.taken).contains(seq)) {
            self.committed = seq;
            self.send(now, ToDevice::Ack(seq));
        }
    }
}
