//! What the hub side does with the numbers of a session: takes the next one, acks what is durable, asks for what is
//! missing, passes a loss on as a gap (rules H3, H4, H6 and H8).

use super::{HubSide, Output, Phase};
use crate::code::Fault;
use crate::intake::Said;
use crate::message::{Fail, Gap, Samples, ToDevice};
use crate::rule::{Rule, holds};
use crate::time::Time;

/// Where a session stands on this connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    /// The last number handed over.
    pub(super) taken: u64,
    /// The last number known to be committed: the ack.
    pub(super) committed: u64,
    /// The missing number for which the device was last asked; 0 before that.
    pub(super) asked_again: u64,
}

impl HubSide {
    /// Rule H4: the next number is taken, a lower one is acked again, a higher one sent back to the hole. Without it,
    /// whatever comes is taken.
    pub(super) fn numbered(&mut self, now: Time, line: u64, seq: u64, samples: Samples) {
        let Some(numbers) = &mut self.numbers else {
            return match holds(Rule::H8) {
                true => self.no_session(now, line, Some(seq)),
                false => self.take(line, Said::Samples(Samples { seq: None, ..samples })),
            };
        };
        if seq == numbers.taken + 1 || !holds(Rule::H4) {
            numbers.taken = seq.max(numbers.taken);
            self.take(line, Said::Samples(samples));
            self.ack_unsafely(now);
        } else {
            self.repeated(line, seq);
            self.out_of_turn(now, seq);
        }
    }

    /// A number that was taken before is counted.
    pub(super) fn repeated(&mut self, line: u64, seq: u64) {
        if self.numbers.is_some_and(|numbers| seq <= numbers.taken) {
            self.put(Output::Take { line, said: Said::Repeated(seq) });
        }
    }

    /// A number that is not the next one. Acked is only what was committed, however often it comes.
    pub(super) fn out_of_turn(&mut self, now: Time, seq: u64) {
        let Some(numbers) = &mut self.numbers else { return };
        let missing = numbers.taken + 1;
        if seq < missing {
            let ack = ToDevice::Ack(numbers.committed);
            self.send(now, ack);
        } else if numbers.asked_again != missing {
            numbers.asked_again = missing;
            self.send(now, ToDevice::Nak(missing));
        }
    }

    /// Rule H3: what the device gave up is a gap, in its place behind what was taken. Without it, a skip is just acked.
    pub(super) fn skip(&mut self, now: Time, line: u64, to: u64, reason: String) {
        let Some(numbers) = &mut self.numbers else { return self.no_session(now, line, None) };
        if to <= numbers.taken {
            self.out_of_turn(now, to);
        } else if holds(Rule::H3) {
            self.gap(line, to, reason);
            self.ack_unsafely(now);
        } else {
            (numbers.taken, numbers.committed) = (to, to);
            self.send(now, ToDevice::Ack(to));
        }
    }

    pub(super) fn gap(&mut self, line: u64, to: u64, reason: String) {
        let Some(numbers) = &mut self.numbers else { return };
        let gap = Gap { from: numbers.taken + 1, to, reason };
        numbers.taken = to;
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
        if !holds(Rule::H6)
            && let Some(numbers) = &mut self.numbers
        {
            numbers.committed = numbers.taken;
            let ack = ToDevice::Ack(numbers.taken);
            self.send(now, ack);
        }
    }

    /// Rule H6: the ack leaves when what it covers is durable, and then at once. To a device that has just identified again it means nothing yet (D1).
    pub(super) fn committed(&mut self, now: Time, seq: Option<u64>, messages: u32) {
        let held_back = !self.reading();
        self.in_flight = self.in_flight.saturating_sub(messages);
        if held_back && self.reading() {
            self.heard(now);
        }
        let Some(numbers) = self.numbers.as_mut().filter(|_| self.phase == Phase::Talking) else { return };
        let Some(seq) = seq.filter(|seq| (numbers.committed + 1..=numbers.taken).contains(seq)) else {
            return;
        };
        numbers.committed = seq;
        self.send(now, ToDevice::Ack(seq));
    }
}
