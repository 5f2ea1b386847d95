//! How long the next transaction waits for company.
//!
//! A transaction costs the same for one write as for fifty. A write that comes alone is committed at once; where many
//! come, waiting a moment for the next ones saves most of the work. Whether they do come is learned by waiting: whoever
//! sends the next write behind the acknowledgement of the last one would wait each time, and nobody would join.

use std::time::Duration;

use crate::limits::{
    BATCH_WRITES_MAX, GATHER_MAX, GATHERED_WRITES_PER_MS, LONELY_WAITS_MAX, QUICK_COMMITS_MAX,
    UNGATHERED_COMMITS, UNGATHERED_COMMITS_MAX,
};

/// Decides it from how the writes came so far.
pub(crate) struct Pace {
    /// The wait.
    gather: Duration,
    /// Transactions in a row that found their first write sooner than `gather` after the one before.
    quick: u32,
    /// Whether the last one had several writes.
    shared: bool,
    /// Waits in a row in which nobody came.
    lonely: u32,
    /// Transactions that still do not wait because of that.
    resting: u32,
    /// How many it will be after the next wait in vain.
    rest: u32,
}

impl Pace {
    /// At first nothing waits.
    pub(crate) fn new(gather: Duration) -> Pace {
        let gather = gather.min(GATHER_MAX);
        Pace { gather, quick: 0, shared: false, lonely: 0, resting: 0, rest: UNGATHERED_COMMITS }
    }

    /// How long to wait after the first write.
    pub(crate) fn wait(&self) -> Duration {
        let under_load = self.shared || self.quick >= QUICK_COMMITS_MAX;
        if under_load && self.resting == 0 { self.gather } else { Duration::ZERO }
    }

    /// With how many writes the wait ends early.
    pub(crate) fn enough(&self) -> usize {
        let gather_ms = self.gather.as_millis() as usize;
        (gather_ms.max(1) * GATHERED_WRITES_PER_MS).min(BATCH_WRITES_MAX)
    }

    /// So many writes were taken, `after` the last transaction; `waited`: how long for company, and how many joined meanwhile
    /// (`None`: not at all).
    pub(crate) fn taken(&mut self, writes: usize, waited: Option<(Duration, usize)>, after: Duration) {
        let for_company = waited.map_or(Duration::ZERO, |(time, _)| time);
        let quick = after < for_company + self.gather;
        self.quick = if quick { self.quick.saturating_add(1) } else { 0 };
        self.shared = writes > 1;
        match waited {
            None => self.resting = self.resting.saturating_sub(1),
            Some((_, 0)) => self.was_in_vain(),
            Some(_) => (self.lonely, self.rest) = (0, UNGATHERED_COMMITS),
        }
    }

    fn was_in_vain(&mut self) {
        self.lonely = self.lonely.saturating_add(1);
        if self.lonely >= LONELY_WAITS_MAX {
            self.resting = self.rest;
            self.rest = (2 * self.rest).min(UNGATHERED_COMMITS_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use crate::limits::{LONELY_WAITS_MAX, QUICK_COMMITS_MAX, UNGATHERED_COMMITS, UNGATHERED_COMMITS_MAX};
    use std::time::Duration;

    const GATHER: Duration = Duration::from_millis(2);

    /// Transactions as (writes, how many of them join a wait, µs after the last).
    fn paced(taken: &[(usize, usize, u64)]) -> Pace {
        let mut pace = Pace::new(GATHER);
        for (writes, joined, micros) in taken {
            take(&mut pace, *writes, *joined, *micros);
        }
        pace
    }

    fn take(pace: &mut Pace, writes: usize, joined: usize, micros: u64) {
        let wait = pace.wait();
        let waited = (!wait.is_zero()).then_some((wait, joined));
        pace.taken(writes, waited, Duration::from_micros(micros));
    }

    fn after(taken: &[(usize, usize, u64)]) -> Duration {
        paced(taken).wait()
    }

    /// Of so many writes that come one by one, each soon behind the commit of the last, how many wait.
    fn waits_of_single_ones(pace: &mut Pace, count: u32) -> u32 {
        let mut waits = 0;
        for _ in 0..count {
            let waited = pace.wait();
            waits += u32::from(!waited.is_zero());
            take(pace, 1, 0, waited.as_micros() as u64 + 300);
        }
        waits
    }

    #[test]
    fn what_comes_alone_does_not_wait() {
        assert_eq!(after(&[]), Duration::ZERO);
        assert_eq!(after(&[(1, 0, 5_000_000), (1, 0, 3_000), (1, 0, 100), (1, 0, 100)]), Duration::ZERO);
    }

    #[test]
    fn behind_writes_that_came_together_the_next_wait_for_company() {
        assert_eq!(after(&[(1, 0, 5_000_000), (7, 0, 0)]), GATHER);
        assert_eq!(after(&[(7, 0, 0), (1, 0, 9_000)]), Duration::ZERO);
    }

    #[test]
    fn a_steady_stream_gathers_and_a_slow_one_does_not() {
        let mut stream = vec![(1, 0, 700); QUICK_COMMITS_MAX as usize];
        stream.extend([(3, 2, 2_700); 1000]);
        assert_eq!(after(&stream), GATHER);
        assert_eq!(after(&[(1, 0, 9_000); 20]), Duration::ZERO);
    }

    #[test]
    fn a_stream_gathers_on_although_nobody_comes_now_and_then() {
        let stream = [(3, 2, 2_700), (1, 0, 2_700), (1, 0, 2_900), (2, 1, 2_500)];
        assert_eq!(after(&stream.repeat(100)), GATHER);
    }

    #[test]
    fn one_who_waits_for_each_commit_himself_is_not_made_to_wait_for_long() {
        let mut pace = Pace::new(GATHER);
        let start = QUICK_COMMITS_MAX + LONELY_WAITS_MAX;
        assert_eq!(waits_of_single_ones(&mut pace, start), LONELY_WAITS_MAX);
        assert_eq!(waits_of_single_ones(&mut pace, UNGATHERED_COMMITS), 0);
        assert_eq!(waits_of_single_ones(&mut pace, 1), 1, "it is tried again");
        assert_eq!(waits_of_single_ones(&mut pace, 2 * UNGATHERED_COMMITS), 0);
        waits_of_single_ones(&mut pace, 4 * UNGATHERED_COMMITS_MAX);
        let tries = waits_of_single_ones(&mut pace, 10 * (UNGATHERED_COMMITS_MAX + 1));
        assert_eq!(tries, 10, "it is never given up");
    }

    #[test]
    fn several_who_wait_for_each_commit_are_not_made_to_wait_either() {
        let mut pace = paced(&[(3, 0, 300); 1 + LONELY_WAITS_MAX as usize]);
        assert_eq!(pace.wait(), Duration::ZERO);
        for _ in 0..UNGATHERED_COMMITS {
            take(&mut pace, 3, 0, 300);
        }
        assert_eq!(pace.wait(), GATHER, "it is tried again");
    }

    #[test]
    fn company_that_comes_at_a_try_is_gathered_from_then_on() {
        let mut pace = Pace::new(GATHER);
        waits_of_single_ones(&mut pace, QUICK_COMMITS_MAX + LONELY_WAITS_MAX + UNGATHERED_COMMITS);
        for _ in 0..100 {
            assert_eq!(pace.wait(), GATHER);
            take(&mut pace, 3, 2, 2_300);
        }
    }

    #[test]
    fn no_setting_makes_an_acknowledgement_late() {
        let mut pace = Pace::new(Duration::from_secs(60));
        take(&mut pace, 2, 0, 0);
        assert_eq!(pace.wait(), crate::limits::GATHER_MAX);
        assert!(pace.enough() <= crate::limits::BATCH_WRITES_MAX);
    }

    #[test]
    fn where_very_many_come_it_is_not_waited_for_all_of_them() {
        assert_eq!(Pace::new(GATHER).enough(), 200);
        assert!(Pace::new(Duration::ZERO).enough() > 0);
    }
}
