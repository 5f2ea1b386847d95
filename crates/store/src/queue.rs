//! What was submitted and is not yet in a transaction.

use std::collections::{HashSet, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::limits::{BATCH_BYTES_MAX, BATCH_WRITES_MAX, QUEUE_BYTES_MAX, QUEUE_WRITES_MAX};
use crate::write::{DeviceKey, Write};

/// Writes in the order of their submission; many threads push, the writer takes.
#[derive(Default)]
pub(crate) struct Queue {
    content: Mutex<Content>,
    /// Something to take, a full batch, something refused, or the end.
    changed: Condvar,
}

#[derive(Default)]
struct Content {
    writes: VecDeque<Write>,
    /// What they weigh.
    bytes: usize,
    /// What found no room: the writer hands it back as soon as it looks.
    refused: Vec<Write>,
    /// Devices that something was refused of and not yet handed back. What comes of them meanwhile does not follow and is
    /// refused too, even if there is room again: so it comes back behind that, and never after something that was taken.
    held: HashSet<DeviceKey>,
    closed: bool,
}

/// What is there for the writer.
pub(crate) struct Taken {
    /// At most one batch.
    pub(crate) writes: Vec<Write>,
    /// What found no room, to be handed back, and then to be [`Queue::told`].
    pub(crate) refused: Vec<Write>,
}

impl Queue {
    /// Adds a write; dropped when the queue is closed. Only messages and gaps may find no room: the others are few, and
    /// whoever has them written does not send them again.
    pub(crate) fn push(&self, write: Write) {
        let weight = weight(&write);
        let mut content = self.content();
        if content.closed {
            tracing::debug!("a write came after the store was closed");
            return;
        }
        if let Some(device) = log(&write)
            && (content.is_full_with(weight) || content.held.contains(&device))
        {
            content.held.insert(device);
            content.refused.push(write);
            self.changed.notify_one();
            return;
        }
        let was_full = content.is_full_batch();
        content.writes.push_back(write);
        content.bytes += weight;
        // The writer sleeps only while the queue is empty or while a batch gathers.
        if content.writes.len() == 1 || (content.is_full_batch() && !was_full) {
            self.changed.notify_one();
        }
    }

    /// Waits for a write, then up to `gather` longer for a full batch, and takes at most one batch. `None`: closed
    /// and empty.
    pub(crate) fn take(&self, gather: Duration) -> Option<Taken> {
        let nothing = |content: &mut Content| {
            content.writes.is_empty() && content.refused.is_empty() && !content.closed
        };
        let mut content =
            self.changed.wait_while(self.content(), nothing).unwrap_or_else(PoisonError::into_inner);
        if !gather.is_zero() {
            let gathering = |content: &mut Content| {
                !content.is_full_batch() && content.refused.is_empty() && !content.closed
            };
            let waited = self.changed.wait_timeout_while(content, gather, gathering);
            content = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        content.take()
    }

    /// Takes what is there, perhaps nothing, without waiting. `None`: closed and empty.
    pub(crate) fn take_now(&self) -> Option<Taken> {
        self.content().take()
    }

    /// Leaves what waits, and waits `time` or until something found no room, which it takes. `None`: closed.
    pub(crate) fn wait(&self, time: Duration) -> Option<Vec<Write>> {
        let waiting = |content: &mut Content| content.refused.is_empty() && !content.closed;
        let waited = self.changed.wait_timeout_while(self.content(), time, waiting);
        let mut content = waited.unwrap_or_else(PoisonError::into_inner).0;
        if content.closed { None } else { Some(std::mem::take(&mut content.refused)) }
    }

    /// What was refused and taken has been handed back.
    pub(crate) fn told(&self) {
        let mut content = self.content();
        content.held = content.refused.iter().filter_map(log).collect();
    }

    /// Nothing more is added; what is there is still taken.
    pub(crate) fn close(&self) {
        self.content().closed = true;
        self.changed.notify_one();
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        // No code that can panic runs under the lock.
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Content {
    fn is_full_batch(&self) -> bool {
        self.writes.len() >= BATCH_WRITES_MAX || self.bytes >= BATCH_BYTES_MAX
    }

    fn is_full_with(&self, weight: usize) -> bool {
        self.writes.len() >= QUEUE_WRITES_MAX || self.bytes + weight > QUEUE_BYTES_MAX
    }

    fn take(&mut self) -> Option<Taken> {
        if self.writes.is_empty() && self.refused.is_empty() && self.closed {
            return None;
        }
        Some(Taken { writes: self.batch(), refused: std::mem::take(&mut self.refused) })
    }

    fn batch(&mut self) -> Vec<Write> {
        if self.writes.len() <= BATCH_WRITES_MAX && self.bytes <= BATCH_BYTES_MAX {
            // All of it, without moving any of it while those who push wait.
            self.bytes = 0;
            return std::mem::take(&mut self.writes).into();
        }
        let mut taken = 0;
        let fits = |write: &&Write| {
            let before = taken;
            taken += weight(write);
            before == 0 || taken <= BATCH_BYTES_MAX
        };
        let count = self.writes.iter().take(BATCH_WRITES_MAX).take_while(fits).count();
        let batch: Vec<Write> = self.writes.drain(..count).collect();
        self.bytes = self.bytes.saturating_sub(batch.iter().map(weight).sum());
        batch
    }
}

/// Whose log a write belongs into; `None` for one that belongs into none.
fn log(write: &Write) -> Option<DeviceKey> {
    match write {
        Write::Message(message) => Some(message.device),
        Write::Gap(gap) => Some(gap.device),
        _ => None,
    }
}

/// About how many bytes of memory a write holds.
fn weight(write: &Write) -> usize {
    let own = match write {
        Write::Message(message) => {
            let sample = size_of::<crate::write::Sample>();
            message.samples.iter().map(|each| sample + each.value.len()).sum()
        }
        Write::Describe { describe, .. } => describe.len(),
        Write::Command(command) => {
            command.value.len() + command.result.as_ref().map_or(0, |result| result.len())
        }
        _ => 0,
    };
    size_of::<Write>() + own
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use std::sync::Arc;

    use super::Queue;
    use crate::write::{DeviceKey, Message, Sample, TokenHash, Write};

    const PUMP: DeviceKey = DeviceKey(1);

    fn message(device: DeviceKey, cursor: u64, value: &Arc<str>) -> Write {
        let (channel, value) = ("flow".into(), value.clone());
        let samples = vec![Sample { channel, ts: 1, device_ts: None, late: false, value }];
        Write::Message(Message { device, cursor, position: None, received: 1, samples })
    }

    fn cursors(writes: &[Write]) -> Vec<u64> {
        let cursor = |write: &Write| match write {
            Write::Message(message) if message.device == PUMP => Some(message.cursor),
            _ => None,
        };
        writes.iter().filter_map(cursor).collect()
    }

    /// A queue without room for any message.
    fn full() -> Queue {
        let queue = Queue::default();
        for (device, length) in [(2, 1024 * 1024), (3, 1024), (4, 0)] {
            let value: Arc<str> = "x".repeat(length).into();
            let before = queue.content().refused.len();
            while queue.content().refused.len() == before {
                queue.push(message(DeviceKey(device), 1, &value));
            }
        }
        queue
    }

    #[test]
    fn behind_what_found_no_room_nothing_of_a_device_is_taken_before_it_is_told() {
        let queue = full();
        let push = |cursor| queue.push(message(PUMP, cursor, &"1".repeat(1024 * 1024).into()));
        push(6);
        assert_eq!(cursors(&queue.take_now().unwrap().refused), [6]);
        // Now there is room, and nobody knows yet of what was refused.
        push(7);
        queue.told();
        push(8);
        let taken = queue.take_now().unwrap();
        assert_eq!((cursors(&taken.writes), cursors(&taken.refused)), (vec![], vec![7, 8]));
        queue.told();
        push(6);
        let mut writes = Vec::new();
        while queue.content().writes.front().is_some() {
            writes.extend(queue.take_now().unwrap().writes);
        }
        assert_eq!(cursors(&writes), [6]);
    }

    #[test]
    fn what_is_no_message_always_finds_room() {
        let queue = full();
        queue.push(Write::TokenRevoked { hash: TokenHash([1; 32]) });
        queue.push(Write::RemoveDevice { device: DeviceKey(2) });
        let refused = queue.take_now().unwrap().refused;
        assert_eq!(refused.len(), 3, "the messages that showed that it is full");
        assert!(refused.iter().all(|write| matches!(write, Write::Message(_))));
    }
}
