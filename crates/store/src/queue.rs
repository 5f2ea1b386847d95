//! What was submitted and is not yet in a transaction.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::limits::BATCH_WRITES_MAX;
use crate::write::Write;

/// Writes in the order of their submission; many threads push, the writer takes.
#[derive(Default)]
pub(crate) struct Queue {
    content: Mutex<Content>,
    /// Something to take, a full batch, or the end.
    changed: Condvar,
}

#[derive(Default)]
struct Content {
    writes: VecDeque<Write>,
    closed: bool,
}

impl Queue {
    /// Adds a write; dropped when the queue is closed.
    pub(crate) fn push(&self, write: Write) {
        let mut content = self.content();
        if content.closed {
            tracing::debug!("a write came after the store was closed");
            return;
        }
        content.writes.push_back(write);
        // The writer sleeps only while the queue is empty or while a batch gathers.
        if matches!(content.writes.len(), 1 | BATCH_WRITES_MAX) {
            self.changed.notify_one();
        }
    }

    /// Waits for a write, then up to `gather` longer for a full batch, and takes at most one batch. `None`: closed
    /// and empty.
    pub(crate) fn take(&self, gather: Duration) -> Option<Vec<Write>> {
        let empty = |content: &mut Content| content.writes.is_empty() && !content.closed;
        let mut content =
            self.changed.wait_while(self.content(), empty).unwrap_or_else(PoisonError::into_inner);
        if !gather.is_zero() {
            let gathering =
                |content: &mut Content| content.writes.len() < BATCH_WRITES_MAX && !content.closed;
            let waited = self.changed.wait_timeout_while(content, gather, gathering);
            content = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        content.batch()
    }

    /// Takes what is there, perhaps nothing, without waiting. `None`: closed and empty.
    pub(crate) fn take_now(&self) -> Option<Vec<Write>> {
        self.content().batch()
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
    fn batch(&mut self) -> Option<Vec<Write>> {
        if self.writes.is_empty() && self.closed {
            return None;
        }
        let count = self.writes.len().min(BATCH_WRITES_MAX);
        Some(self.writes.drain(..count).collect())
    }
}
