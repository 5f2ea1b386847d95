//! The file of a device's stored outbox, as far as it matters to the protocol: what a kill leaves is what was written,
//! what a power cut leaves is what was synced and an arbitrary beginning of the rest. A record that was torn is none.

use crate::random::Random;
use protocol::message::Samples;
use protocol::session::device_side::{Head, Kept};
use std::collections::VecDeque;

/// A message in the file.
#[derive(Debug, Clone)]
struct Record {
    position: u64,
    content: u64,
    message: Samples,
}

/// The file of one device.
#[derive(Debug, Default)]
pub(crate) struct File {
    records: VecDeque<Record>,
    /// Records below this position are on the disk.
    synced: u64,
    /// Written as one record and synced at once (D4).
    head: Option<Head>,
}

impl File {
    /// A message is written under its position.
    pub(crate) fn append(&mut self, position: u64, content: u64, message: Samples) {
        self.records.push_back(Record { position, content, message });
    }

    /// Everything written is on the disk.
    pub(crate) fn sync(&mut self) {
        if let Some(last) = self.records.back() {
            self.synced = last.position + 1;
        }
    }

    /// The head is replaced, and on the disk.
    pub(crate) fn keep(&mut self, head: Head) {
        self.head = Some(head);
    }

    /// The file lets go of what is no longer needed, and notes from where on it has what it has.
    pub(crate) fn forget(&mut self, held_from: u64) {
        self.synced = self.synced.max(held_from);
        while self.records.front().is_some_and(|record| record.position < held_from) {
            self.records.pop_front();
        }
    }

    /// The power fails: of what is not synced a beginning is left. Answers the contents that are lost.
    pub(crate) fn lose_power(&mut self, random: &mut Random) -> Vec<u64> {
        let unsynced = self.records.iter().filter(|record| record.position >= self.synced).count();
        let left = self.records.len() - unsynced + random.place(unsynced + 1);
        self.records.split_off(left).into_iter().map(|record| record.content).collect()
    }

    /// What a new run of the program finds, and the contents that are in it.
    pub(crate) fn open(&self) -> (Kept, Vec<u64>) {
        let (session, head) = match &self.head {
            Some(head) => (head.session.clone(), head.head),
            None => (None, 1),
        };
        // Nothing is left of what was there: the next position is known from what was synced.
        let first = self.records.front().map_or(self.synced.max(head), |record| record.position);
        let mut messages = Vec::with_capacity(self.records.len());
        for record in &self.records {
            // What stood between two records, and was torn off after it was taken over, leaves its place.
            let place = usize::try_from(record.position - first).unwrap_or(usize::MAX);
            messages.resize_with(place.max(messages.len()), || None);
            messages.push(Some(record.message.clone()));
        }
        let contents = self.records.iter().map(|record| record.content).collect();
        (Kept { session, head, first, messages }, contents)
    }
}
