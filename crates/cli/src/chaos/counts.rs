//! What the relay did, counted.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Shared by all connections.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) connections: AtomicU64,
    pub(crate) open: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) unreached: AtomicU64,
    pub(crate) cut: AtomicU64,
    pub(crate) half_open: AtomicU64,
    pub(crate) bytes_to: AtomicU64,
    pub(crate) bytes_back: AtomicU64,
    pub(crate) corrupted: AtomicU64,
}

impl Counts {
    /// One more of `counter`.
    pub(crate) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// `connections=3 open=1 …`.
impl fmt::Display for Counts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counters = [
            ("connections", &self.connections),
            ("open", &self.open),
            ("refused", &self.refused),
            ("unreached", &self.unreached),
            ("cut", &self.cut),
            ("half-open", &self.half_open),
            ("bytes-to", &self.bytes_to),
            ("bytes-back", &self.bytes_back),
            ("corrupted", &self.corrupted),
        ];
        for (number, (name, counter)) in counters.into_iter().enumerate() {
            let blank = if number == 0 { "" } else { " " };
            write!(out, "{blank}{name}={}", counter.load(Ordering::Relaxed))?;
        }
        Ok(())
    }
}
