//! A stored outbox without a file: what a device's program would find when it starts anew.

use protocol::message::Samples;
use protocol::session::device_side::{DeviceSide, Head, Kept};
use std::collections::VecDeque;

#[derive(Debug, Clone)]
pub(crate) struct Storage {
    head: Head,
    /// The position of the first message.
    first: u64,
    messages: VecDeque<Samples>,
    /// Messages from this position on are gone after a power cut.
    synced: u64,
}

impl Storage {
    pub(crate) fn new() -> Self {
        let Kept { session, head, first, .. } = Kept::default();
        Self { head: Head { session, head }, first, messages: VecDeque::new(), synced: first }
    }

    /// Rule D4: at once, and synced.
    pub(crate) fn keep(&mut self, head: Head) {
        self.head = head;
    }

    /// Stores a message that `device` was just given, and forgets what the device no longer holds.
    pub(crate) fn store(&mut self, position: u64, message: Samples, device: &DeviceSide) {
        if position > self.next() {
            // Its head had come further than what a power cut left of its messages.
            self.messages.clear();
            self.first = position;
        }
        assert_eq!(position, self.next(), "positions have no holes");
        self.messages.push_back(message);
        if self.first < device.held_from() {
            self.head = device.head();
            while self.first < device.held_from() && self.messages.pop_front().is_some() {
                self.first += 1;
            }
        }
    }

    pub(crate) fn sync(&mut self) {
        self.synced = self.next();
    }

    /// The position behind the last message that a power cut leaves for certain.
    pub(crate) fn synced(&self) -> u64 {
        self.synced
    }

    /// The position behind the last message.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.messages.len() as u64
    }

    /// What was stored and not synced is gone.
    pub(crate) fn power_cut(&mut self) {
        self.keep_below(self.synced);
    }

    /// Nothing from `position` on reached the disk.
    pub(crate) fn keep_below(&mut self, position: u64) {
        let held = usize::try_from(position.saturating_sub(self.first)).expect("few");
        self.messages.truncate(held);
    }

    pub(crate) fn kept(&self) -> Kept {
        Kept {
            session: self.head.session.clone(),
            head: self.head.head,
            first: self.first,
            messages: self.messages.iter().cloned().map(Some).collect(),
        }
    }
}
