//! What a device sent, or has yet to send, and nobody acked (rule D5), by position (see [`super::kept`]).
//!
//! The messages in it have consecutive positions. What lies between the head and the first of them is gone: dropped when
//! the outbox was full, no longer readable where it was stored, or acked once by a hub side that no longer has it. That is
//! what a `skip` declares.

use crate::message::Samples;
use crate::rule::{Rule, holds};
use std::collections::VecDeque;

/// How much an outbox holds.
#[derive(Debug, Clone, Copy)]
pub struct OutboxBounds {
    /// Messages; at least 1.
    pub messages_max: usize,
    /// Bytes of their lines together, numbers not counted. A single message is held whatever its size.
    pub bytes_max: usize,
}

#[derive(Debug)]
pub(super) struct Outbox {
    bounds: OutboxBounds,
    messages: VecDeque<Held>,
    /// The bytes of all of them.
    bytes: usize,
    /// The position of the next message.
    next: u64,
    /// Everything below it is taken over.
    head: u64,
    /// Everything below it that is not taken over was dropped for want of room; 0 for none.
    dropped_below: u64,
    dropped: u64,
}

#[derive(Debug)]
struct Held {
    /// Nothing where a storage had it and can no longer read it. The first is never such.
    message: Option<Samples>,
    /// Of its line without a number.
    bytes: usize,
}

impl Outbox {
    pub(super) fn new(bounds: OutboxBounds) -> Self {
        Self { bounds, messages: VecDeque::new(), bytes: 0, next: 1, head: 1, dropped_below: 0, dropped: 0 }
    }

    /// One that holds what was stored. Where there is no room for all of it, the oldest go.
    pub(super) fn restored(
        bounds: OutboxBounds,
        head: u64,
        first: u64,
        messages: Vec<Option<Samples>>,
    ) -> Self {
        let (head, first) = (head.max(1), first.max(1));
        let dropped_below = if first > head { first } else { 0 };
        let mut outbox = Self { next: first, head: head.min(first), dropped_below, ..Self::new(bounds) };
        for message in messages {
            outbox.put(message);
        }
        outbox.take_over(head);
        if head > outbox.next {
            // A tail that was taken over was lost. Its positions stay used.
            (outbox.next, outbox.head) = (head, head);
        }
        outbox
    }

    /// Adds a message behind all others, and answers its position; where there is no room, the oldest go.
    pub(super) fn push(&mut self, message: Samples) -> u64 {
        self.put(Some(Samples { seq: None, ..message }))
    }

    fn put(&mut self, message: Option<Samples>) -> u64 {
        let position = self.next;
        self.next += 1;
        let bytes = message.as_ref().map_or(0, |message| message.encode().len());
        self.bytes += bytes;
        self.messages.push_back(Held { message, bytes });
        while self.messages.len() > self.bounds.messages_max.max(1)
            || self.bytes > self.bounds.bytes_max && self.messages.len() > 1
        {
            self.drop_first();
        }
        position
    }

    /// Rule D5: a loss stays behind the head until it is declared. Without it, nobody would hear of it.
    fn drop_first(&mut self) {
        let first = self.first();
        self.remove_first();
        self.remove_unreadable();
        self.dropped_below = self.first();
        self.dropped += self.dropped_below - first;
        if !holds(Rule::D5) {
            self.head = self.first();
        }
    }

    /// The position of the first message that is held, or of the next one.
    pub(super) fn first(&self) -> u64 {
        self.next - self.messages.len() as u64
    }

    /// The position of the next message.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Everything below it is taken over.
    pub(super) fn head(&self) -> u64 {
        self.head
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Messages dropped so far because there was no room.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The message at `position`; nothing where there is none, or none that can be read.
    pub(super) fn get(&self, position: u64) -> Option<&Samples> {
        let index = usize::try_from(position.checked_sub(self.first())?).ok()?;
        self.messages.get(index)?.message.as_ref()
    }

    /// Why what lies below `position`, the first that is held or one before it, is lost.
    pub(super) fn reason(&self, position: u64) -> &'static str {
        if self.dropped_below >= position { "overflow" } else { "lost" }
    }

    /// Everything below `position` is taken over, and nothing from there on: what was taken over once and is no longer
    /// counts as lost. At most up to the next one.
    pub(super) fn take_over(&mut self, position: u64) {
        let position = position.min(self.next);
        while self.first() < position && !self.messages.is_empty() {
            self.remove_first();
        }
        self.remove_unreadable();
        self.head = position;
    }

    /// What can no longer be read becomes a loss to declare as soon as it is the first. Not before: a skip takes with it
    /// what the hub side lacks of all that stands below.
    fn remove_unreadable(&mut self) {
        while self.messages.front().is_some_and(|held| held.message.is_none()) {
            self.remove_first();
        }
    }

    fn remove_first(&mut self) {
        if let Some(held) = self.messages.pop_front() {
            self.bytes -= held.bytes;
        }
    }
}
