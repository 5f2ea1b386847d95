//! Whether a loop naps before it looks at its sockets again: what gathers meanwhile is served for one look.
//!
//! It does where many different sockets are active. One that asks and waits for its answer must not wait for a nap too.

use crate::limits::{NAP, NAP_LOOKS_BACK, NAP_SOCKETS_MIN};
use std::time::{Duration, Instant};

/// Counts the sockets that are served within a stretch of time.
pub(crate) struct Nap {
    /// Which stretch this is: a socket that remembers it was counted.
    stretch: u16,
    began: Instant,
    sockets: u32,
    busy: bool,
}

impl Nap {
    pub(crate) fn new(now: Instant) -> Self {
        Self { stretch: 1, began: now, sockets: 0, busy: false }
    }

    /// A socket is served; `served_in` is where it remembers when it was counted, 0 at first.
    pub(crate) fn served(&mut self, served_in: &mut u16) {
        if *served_in != self.stretch {
            *served_in = self.stretch;
            self.sockets += 1;
        }
    }

    /// Another turn begins. Looks back at the last stretch, when it is over: one that was longer, as the loop slept, must have
    /// served more.
    pub(crate) fn turn(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.began);
        if passed >= NAP_LOOKS_BACK {
            self.busy = NAP_LOOKS_BACK * self.sockets >= passed.saturating_mul(NAP_SOCKETS_MIN);
            (self.began, self.sockets) = (now, 0);
            self.stretch = self.stretch.wrapping_add(1);
        }
    }

    /// Whether turns are followed by naps now.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy
    }

    /// How long to nap at `now`, at the end of a turn that began at `turn`.
    pub(crate) fn due(&self, turn: Instant, now: Instant) -> Option<Duration> {
        let rest = NAP.saturating_sub(now.saturating_duration_since(turn));
        (self.busy && !rest.is_zero()).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A loop that served `sockets` different ones in a stretch of `length`, each of them in two turns.
    fn after(sockets: usize, length: Duration) -> (Nap, Instant) {
        let began = Instant::now();
        let mut nap = Nap::new(began);
        let mut remembered = vec![0; sockets];
        for part in [1, 2] {
            nap.turn(began + NAP_LOOKS_BACK / 4 * part);
            remembered.iter_mut().for_each(|served_in| nap.served(served_in));
        }
        let end = began + length;
        nap.turn(end);
        (nap, end)
    }

    const ENOUGH: usize = NAP_SOCKETS_MIN as usize;

    #[test]
    fn only_a_loop_with_many_active_sockets_naps() {
        let nap = |sockets, length| after(sockets, length).0.is_busy();
        assert!(nap(ENOUGH, NAP_LOOKS_BACK));
        assert!(!nap(ENOUGH - 1, NAP_LOOKS_BACK), "the same sockets twice are not twice as many");
        assert!(!nap(ENOUGH, NAP_LOOKS_BACK * 2), "as many in twice the time are half as many");
        assert!(!nap(ENOUGH * 100, Duration::from_secs(60)), "a loop that slept for long");
    }

    #[test]
    fn a_nap_ends_a_moment_after_its_turn_began_and_long_turns_have_none() {
        let (nap, turn) = after(ENOUGH, NAP_LOOKS_BACK);
        assert_eq!(nap.due(turn, turn), Some(NAP));
        assert_eq!(nap.due(turn, turn + NAP / 4), Some(NAP / 4 * 3));
        assert_eq!(nap.due(turn, turn + NAP), None);
        assert_eq!(after(0, NAP_LOOKS_BACK).0.due(turn, turn), None);
    }

    #[test]
    fn it_stops_when_it_becomes_quiet() {
        let (mut nap, end) = after(ENOUGH, NAP_LOOKS_BACK);
        nap.turn(end + NAP_LOOKS_BACK / 2);
        assert!(nap.is_busy(), "the stretch is not over");
        nap.turn(end + NAP_LOOKS_BACK);
        assert!(!nap.is_busy());
    }
}
