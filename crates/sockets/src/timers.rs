//! Which connection wants to be looked at when.

use crate::limits::{TIMERS_MIN, TIMERS_PER_SOCKET_MAX};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Moments, in milliseconds since the loop began, and whose they are.
///
/// A deadline that moves back, as those of heartbeats do with every message, costs nothing: the entry stays, and whoever
/// takes it out looks whether it is due. One that moves forward gets a second entry, and the first no longer counts.
#[derive(Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(u64, usize)>>,
}

impl Timers {
    /// Sets an entry of `token`.
    pub(crate) fn set(&mut self, at: u64, token: usize) {
        self.heap.push(Reverse((at, token)));
    }

    /// The earliest.
    pub(crate) fn next(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes out one that is due, with the moment it was set for.
    pub(crate) fn take_due(&mut self, now: u64) -> Option<(u64, usize)> {
        let Reverse((at, _)) = self.heap.peek()?;
        if *at > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry)
    }

    /// Sweeps out what no longer counts, if there are too many for so many `sockets`. That is seldom: each sweep leaves one
    /// entry for each socket at most.
    pub(crate) fn sweep(&mut self, sockets: usize, counts: impl Fn(u64, usize) -> bool) {
        if self.heap.len() < TIMERS_MIN + TIMERS_PER_SOCKET_MAX * sockets {
            return;
        }
        let mut entries = std::mem::take(&mut self.heap).into_vec();
        entries.retain(|Reverse((at, token))| counts(*at, *token));
        entries.sort_unstable();
        // A deadline that went to and fro has left the same moment twice.
        entries.dedup();
        self.heap = entries.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_comes_out_in_order_and_nothing_else() {
        let mut timers = Timers::default();
        for (at, token) in [(30, 3), (10, 1), (20, 2), (40, 4)] {
            timers.set(at, token);
        }
        assert_eq!(timers.next(), Some(10));
        assert_eq!(timers.take_due(9), None);
        let due: Vec<_> = std::iter::from_fn(|| timers.take_due(30)).collect();
        assert_eq!(due, [(10, 1), (20, 2), (30, 3)]);
        assert_eq!(timers.next(), Some(40));
    }

    #[test]
    fn deadlines_that_go_to_and_fro_do_not_pile_up() {
        const SOCKETS: usize = 10;
        let mut timers = Timers::default();
        // Each has something to do soon, does it, and has its far deadline again.
        for now in 0..10_000 {
            let token = (now % 10) as usize;
            let far = 1_000_000 + token as u64;
            timers.set(now, token);
            assert_eq!(timers.take_due(now), Some((now, token)));
            timers.set(far, token);
            timers.sweep(SOCKETS, |at, token| at == 1_000_000 + token as u64);
            assert!(timers.heap.len() <= TIMERS_MIN + TIMERS_PER_SOCKET_MAX * SOCKETS);
        }
        timers.sweep(0, |_, _| true);
        let left: Vec<_> = std::iter::from_fn(|| timers.take_due(u64::MAX)).map(|(_, token)| token).collect();
        for token in 0..SOCKETS {
            assert!(left.contains(&token), "each has kept the one that counts");
        }
    }
}
