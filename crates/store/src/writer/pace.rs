//! How long the next transaction waits for company.
//!
//! A transaction costs the same for one write as for fifty. A write that comes alone is committed at once; where many
//! come, waiting a moment for the next ones saves most of the work.

use std::time::Duration;

use crate::limits::{GATHER_MAX, QUICK_COMMITS_MAX};

/// Decides it from how the writes came so far.
pub(crate) struct Pace {
    /// The longest wait.
    gather: Duration,
    /// Transactions in a row that found their first write sooner than `gather` after the one before.
    quick: u32,
    /// Whether the last one had several writes.
    shared: bool,
}

impl Pace {
    /// At first nothing waits.
    pub(crate) fn new(gather: Duration) -> Pace {
        Pace { gather: gather.min(GATHER_MAX), quick: 0, shared: false }
    }

    /// How long to wait after the first write.
    pub(crate) fn wait(&self) -> Duration {
        let under_load = self.shared || self.quick >= QUICK_COMMITS_MAX;
        if under_load { self.gather } else { Duration::ZERO }
    }

    /// So many writes were taken, `after` the last transaction, with what was waited for.
    pub(crate) fn taken(&mut self, writes: usize, after: Duration) {
        let quick = after < self.wait() + self.gather;
        self.quick = if quick { self.quick.saturating_add(1) } else { 0 };
        self.shared = writes > 1;
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use std::time::Duration;

    const GATHER: Duration = Duration::from_millis(2);

    fn after(taken: &[(usize, u64)]) -> Duration {
        let mut pace = Pace::new(GATHER);
        for (writes, micros) in taken {
            pace.taken(*writes, Duration::from_micros(*micros));
        }
        pace.wait()
    }

    #[test]
    fn what_comes_alone_does_not_wait() {
        assert_eq!(after(&[]), Duration::ZERO);
        assert_eq!(after(&[(1, 5_000_000), (1, 3_000), (1, 100), (1, 100)]), Duration::ZERO);
    }

    #[test]
    fn behind_writes_that_came_together_the_next_wait_for_company() {
        assert_eq!(after(&[(1, 5_000_000), (7, 0)]), GATHER);
        assert_eq!(after(&[(7, 0), (1, 9_000)]), Duration::ZERO);
    }

    #[test]
    fn a_steady_stream_gathers_and_a_slow_one_does_not() {
        assert_eq!(after(&[(1, 700); 20]), GATHER);
        assert_eq!(after(&[(1, 9_000); 20]), Duration::ZERO);
    }

    #[test]
    fn no_setting_makes_an_acknowledgement_late() {
        let mut pace = Pace::new(Duration::from_secs(60));
        pace.taken(2, Duration::ZERO);
        assert_eq!(pace.wait(), crate::limits::GATHER_MAX);
    }
}
