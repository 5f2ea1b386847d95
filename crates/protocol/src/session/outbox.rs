//! What a device sent, or has yet to send, and nobody acked (rule D5).
//!
//! The messages in it have consecutive numbers. What lies between the ack and the lowest of them is gone: dropped when
//! the outbox was full, or acked once by a hub side that no longer has it. That is what a `skip` declares.

use crate::message::Samples;
use std::collections::VecDeque;

/// How much an outbox holds.
#[derive(Debug, Clone, Copy)]
pub struct OutboxBounds {
    /// Messages; at least 1.
    pub messages_max: usize,
    /// Bytes of their lines together. A single message is held whatever its size.
    pub bytes_max: usize,
}

#[derive(Debug)]
pub(super) struct Outbox {
    bounds: OutboxBounds,
    messages: VecDeque<Held>,
    /// The bytes of all of them.
    bytes: usize,
    /// The number of the next message.
    next: u64,
    /// Everything up to it is taken over.
    acked: u64,
    /// The highest number that was dropped; 0 for none.
    dropped_to: u64,
    dropped: u64,
}

#[derive(Debug)]
struct Held {
    message: Samples,
    /// Of its line as it was first numbered.
    bytes: usize,
}

impl Outbox {
    pub(super) fn new(bounds: OutboxBounds) -> Self {
        Self { bounds, messages: VecDeque::new(), bytes: 0, next: 1, acked: 0, dropped_to: 0, dropped: 0 }
    }

    /// Adds a message behind all others; where there is no room, the oldest go.
    pub(super) fn push(&mut self, message: Samples) {
        let message = Samples { seq: Some(self.next), ..message };
        self.next += 1;
        let bytes = message.encode().len();
        self.bytes += bytes;
        self.messages.push_back(Held { message, bytes });
        while self.messages.len() > self.bounds.messages_max.max(1)
            || self.bytes > self.bounds.bytes_max && self.messages.len() > 1
        {
            self.dropped += 1;
            self.dropped_to = self.lowest();
            self.remove_lowest();
        }
    }

    /// The lowest number still held, or the next one.
    pub(super) fn lowest(&self) -> u64 {
        self.next - self.messages.len() as u64
    }

    pub(super) fn acked(&self) -> u64 {
        self.acked
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Messages dropped so far because there was no room.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether there is something that the hub side has not acked, be it a message or the loss of one.
    pub(super) fn has_unacked(&self) -> bool {
        self.next > self.acked + 1
    }

    /// The message `seq`.
    pub(super) fn get(&self, seq: u64) -> Option<&Samples> {
        let index = usize::try_from(seq.checked_sub(self.lowest())?).ok()?;
        self.messages.get(index).map(|held| &held.message)
    }

    /// The loss to declare: its last number and its reason.
    pub(super) fn loss(&self) -> Option<(u64, &'static str)> {
        let to = self.lowest() - 1;
        let reason = if self.dropped_to == to { "overflow" } else { "lost" };
        (to > self.acked).then_some((to, reason))
    }

    /// Everything up to `seq`, below the next number, is taken over.
    pub(super) fn ack(&mut self, seq: u64) {
        while self.lowest() <= seq && !self.messages.is_empty() {
            self.remove_lowest();
        }
        self.acked = seq;
    }

    /// Numbers everything anew for a session in which `acked` is the last number: first what was dropped and is not
    /// acked, then what is held (rule D3).
    pub(super) fn renumber(&mut self, acked: u64) {
        let lost = self.lowest() - 1 - self.acked;
        if lost > 0 && self.dropped_to == self.lowest() - 1 {
            self.dropped_to = acked + lost;
        } else {
            self.dropped_to = 0;
        }
        self.acked = acked;
        self.next = acked + lost + 1;
        for held in &mut self.messages {
            held.message.seq = Some(self.next);
            self.next += 1;
        }
    }

    fn remove_lowest(&mut self) {
        if let Some(held) = self.messages.pop_front() {
            self.bytes -= held.bytes;
        }
    }
}
