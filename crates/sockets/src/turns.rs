//! How long the turns of a loop take: what all of its connections wait for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What the turns of one event loop took, without the naps and the waiting between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turns {
    /// How many there were since the loop was started.
    pub count: u64,
    /// How long all of them took together.
    pub took: Duration,
    /// How long the longest took since this was last asked for.
    pub longest: Duration,
}

/// Counted by the loop alone, read by others.
#[derive(Default)]
pub(crate) struct TurnCounter {
    count: AtomicU64,
    micros: AtomicU64,
    longest_micros: AtomicU64,
}

impl TurnCounter {
    /// A turn took so long. Only the loop's own thread calls this.
    pub(crate) fn took(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        // Nobody else adds: no read-modify-write is needed, which would cost more than all of this.
        self.count.store(self.count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.micros.store(self.micros.load(Ordering::Relaxed).saturating_add(micros), Ordering::Relaxed);
        if micros > self.longest_micros.load(Ordering::Relaxed) {
            self.longest_micros.fetch_max(micros, Ordering::Relaxed);
        }
    }

    /// How it stands; the longest begins anew.
    pub(crate) fn take(&self) -> Turns {
        Turns {
            count: self.count.load(Ordering::Relaxed),
            took: Duration::from_micros(self.micros.load(Ordering::Relaxed)),
            longest: Duration::from_micros(self.longest_micros.swap(0, Ordering::Relaxed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_added_up_and_the_longest_is_that_since_it_was_last_asked_for() {
        let (counter, ms) = (TurnCounter::default(), Duration::from_millis);
        for time in [3, 7, 5] {
            counter.took(ms(time));
        }
        assert_eq!(counter.take(), Turns { count: 3, took: ms(15), longest: ms(7) });
        counter.took(ms(1));
        assert_eq!(counter.take(), Turns { count: 4, took: ms(16), longest: ms(1) });
    }
}
