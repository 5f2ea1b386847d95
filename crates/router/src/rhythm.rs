//! How often a channel says something: learned from the samples themselves, so that a value that has become old can be seen.
//!
//! What counts are the times between samples that are not late. A pause in which the device was away is none of them, and
//! what came out of its outbox without a time of its own says nothing either.

use crate::limits::{RHYTHM_INTERVALS, RHYTHM_KNOWN_AFTER, RHYTHM_MS_MIN};

/// What is known of one channel's rhythm: a few numbers, whatever comes.
#[derive(Debug, Default)]
pub(crate) struct Rhythm {
    /// The last intervals in ms, the newest last; 0 where there was none yet.
    last: [u32; RHYTHM_INTERVALS],
    /// What is told: ms between two samples; 0 while it is not known.
    every: u32,
    /// Ms that belong to the next interval: samples that come together are one to whoever looks.
    together: u8,
    /// The run of the device's connection that brought the last sample.
    run: u8,
    /// `every` is another than panels were told.
    is_news: bool,
}

/// When a sample comes, as far as rhythms are concerned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beat {
    /// Tells one connection of the device from the one before.
    pub(crate) run: u8,
    /// Its time says when it was taken, or at least when it was sent.
    pub(crate) counts: bool,
    /// A rhythm that is known may change now.
    pub(crate) may_change: bool,
}

impl Rhythm {
    /// As the store knew it.
    pub(crate) fn restore(every: u32) -> Self {
        Self { every, ..Self::default() }
    }

    /// Milliseconds between two samples, where that is known.
    pub(crate) fn every(&self) -> Option<u64> {
        (self.every > 0).then_some(u64::from(self.every))
    }

    /// The first sample came: from it on there are intervals.
    pub(crate) fn begin(&mut self, beat: Beat) {
        self.run = beat.run;
    }

    /// A sample came `ms` after the one before it; true where the rhythm is another one from now on.
    pub(crate) fn take(&mut self, ms: i64, beat: Beat) -> bool {
        let is_pause = self.run != beat.run || !beat.counts;
        self.run = beat.run;
        if is_pause {
            self.together = 0;
            return false;
        }
        let ms = u32::try_from(ms).unwrap_or(u32::MAX).saturating_add(u32::from(self.together));
        if ms < RHYTHM_MS_MIN {
            self.together = ms as u8;
            return false;
        }
        self.together = 0;
        self.last.copy_within(1.., 0);
        self.last[RHYTHM_INTERVALS - 1] = ms;
        let Some(next) = judge(self.last).filter(|next| next.differs(self.every)) else { return false };
        if self.every > 0 && !beat.may_change {
            return false;
        }
        self.every = next.every;
        self.is_news = true;
        true
    }

    /// Whether panels are to be told.
    pub(crate) fn is_news(&self) -> bool {
        self.is_news
    }

    /// The same; then they are told.
    pub(crate) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.is_news)
    }
}

/// What some intervals say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Judged {
    every: u32,
    is_even: bool,
}

impl Judged {
    /// Whether it is worth telling. What has no even rhythm is told anew only where it is far from what was.
    fn differs(self, before: u32) -> bool {
        let (more, less) = (self.every.max(before), self.every.min(before));
        match self.is_even {
            true => more - less > before / 4,
            false => more / 2 > less,
        }
    }
}

/// The median, where most of the intervals are about as long as it; else the longest: who says something now and then is not
/// late because it once said two things in a row.
fn judge(last: [u32; RHYTHM_INTERVALS]) -> Option<Judged> {
    let sorted = sorted(last);
    let none = sorted.iter().filter(|ms| **ms == 0).count();
    let known = RHYTHM_INTERVALS - none;
    if known < RHYTHM_KNOWN_AFTER {
        return None;
    }
    let mut runs = none..=RHYTHM_INTERVALS - RHYTHM_KNOWN_AFTER;
    let is_even = runs.any(|at| sorted[at + RHYTHM_KNOWN_AFTER - 1] / 2 <= sorted[at]);
    let every = if is_even { sorted[none + known / 2] } else { sorted[RHYTHM_INTERVALS - 1] };
    Some(Judged { every, is_even })
}

/// Five numbers in order, without a way that depends on them.
fn sorted(mut numbers: [u32; RHYTHM_INTERVALS]) -> [u32; RHYTHM_INTERVALS] {
    for (one, other) in [(0, 3), (1, 4), (0, 2), (1, 3), (0, 1), (2, 4), (1, 2), (3, 4), (2, 3)] {
        (numbers[one], numbers[other]) = (numbers[one].min(numbers[other]), numbers[one].max(numbers[other]));
    }
    numbers
}

const _: () = assert!(RHYTHM_MS_MIN <= u8::MAX as u32 && RHYTHM_KNOWN_AFTER <= RHYTHM_INTERVALS);

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: Beat = Beat { run: 0, counts: true, may_change: true };

    fn after(intervals: &[i64]) -> Option<u64> {
        let mut rhythm = Rhythm::default();
        intervals.iter().for_each(|ms| {
            rhythm.take(*ms, LIVE);
        });
        rhythm.every()
    }

    #[test]
    fn five_numbers_are_sorted_whatever_their_order() {
        // A network that sorts all noughts and ones sorts everything.
        for bits in 0..1_u32 << RHYTHM_INTERVALS {
            let numbers = std::array::from_fn(|place| bits >> place & 1);
            assert!(sorted(numbers).is_sorted(), "{numbers:?}");
        }
    }

    #[test]
    fn a_rhythm_is_known_after_three_intervals() {
        assert_eq!(after(&[1000, 1000]), None);
        assert_eq!(after(&[1000, 1010, 990]), Some(1000));
    }

    #[test]
    fn one_or_two_long_waits_are_no_other_rhythm() {
        assert_eq!(after(&[1000, 1000, 1000, 30_000, 20_000]), Some(1000));
    }

    #[test]
    fn another_pace_is_learned_within_three_samples() {
        assert_eq!(after(&[1000, 1000, 1000, 1000, 1000, 60_000, 60_000]), Some(1000));
        assert_eq!(after(&[1000, 1000, 1000, 1000, 1000, 60_000, 60_000, 60_000]), Some(60_000));
        assert_eq!(after(&[60_000, 60_000, 60_000, 60_000, 60_000, 1000, 1000, 1000]), Some(1000));
    }

    #[test]
    fn a_little_more_or_less_is_no_news() {
        let mut rhythm = Rhythm::default();
        assert_eq!([1000, 1000, 1000].map(|ms| rhythm.take(ms, LIVE)), [false, false, true]);
        assert!(rhythm.take_news() && !rhythm.take_news());
        assert!(![1200; 9].into_iter().any(|ms| rhythm.take(ms, LIVE)));
        assert!([1300; 3].into_iter().any(|ms| rhythm.take(ms, LIVE)));
    }

    #[test]
    fn a_door_that_opens_now_and_then_has_the_rhythm_of_its_longest_wait() {
        let hour = 3_600_000;
        assert_eq!(after(&[2000, 5 * hour, 20_000, 3 * hour, 1000]), Some(18_000_000));
    }

    #[test]
    fn samples_that_come_together_are_one() {
        assert_eq!(after(&[0, 1, 0, 9_999, 0, 1, 0, 9_999, 0, 0, 1, 9_999, 1]), Some(10_000));
        assert_eq!(after(&[1; 100]), Some(u64::from(RHYTHM_MS_MIN)));
    }

    #[test]
    fn a_pause_is_no_interval() {
        let mut rhythm = Rhythm::restore(0);
        for run in 1..20 {
            rhythm.take(3_600_000, Beat { run, ..LIVE });
            rhythm.take(1000, Beat { run, ..LIVE });
        }
        assert_eq!(rhythm.every(), Some(1000));
    }

    #[test]
    fn what_waited_without_a_time_of_its_own_says_nothing() {
        let mut rhythm = Rhythm::restore(1000);
        (0..100).for_each(|_| assert!(!rhythm.take(30, Beat { counts: false, ..LIVE })));
        assert_eq!(rhythm.every(), Some(1000));
    }

    #[test]
    fn a_change_waits_until_it_may_be_told() {
        let mut rhythm = Rhythm::restore(1000);
        let held = Beat { may_change: false, ..LIVE };
        assert!(![60_000; 9].into_iter().any(|ms| rhythm.take(ms, held)));
        assert!(rhythm.take(60_000, LIVE));
        let mut new = Rhythm::default();
        assert!([1000; 3].into_iter().any(|ms| new.take(ms, held)), "what was not known yet is told at once");
    }

    #[test]
    fn intervals_beyond_any_measure_are_the_longest_there_is() {
        assert_eq!(after(&[i64::MAX, i64::MAX, i64::MAX]), Some(u64::from(u32::MAX)));
    }
}
