//! Two devices with one id take each other's place again and again (rule H11).

use crate::limits::{TAKEOVER_WAIT_FIRST_MS, TAKEOVER_WAIT_MS_MAX, TAKEOVERS_MAX, TAKEOVERS_WITHIN_MS};
use protocol::rule::{Rule, holds};
use protocol::time::Time;
use std::collections::VecDeque;

/// The newest takeovers of a device, and what followed from them. Most devices never see one.
#[derive(Debug, Default)]
pub(crate) struct Takeovers(Option<Box<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    /// When they were, in monotonic milliseconds, oldest first: at most [`TAKEOVERS_MAX`] and one.
    recent: VecDeque<u64>,
    contest: Option<Contest>,
    /// Until when the next welcome waits, in monotonic milliseconds.
    held_until: Option<u64>,
}

/// More takeovers than one device can need.
#[derive(Debug)]
struct Contest {
    /// Milliseconds since 1970.
    since: i64,
    /// The last takeover, in monotonic milliseconds.
    last: u64,
    /// Milliseconds that the last welcome had to wait.
    wait_ms: u64,
}

impl Takeovers {
    /// One connection took the place of another; for how many milliseconds the welcome waits.
    pub(crate) fn one_more(&mut self, now: Time) -> u64 {
        if !holds(Rule::H11) {
            return 0;
        }
        let Seen { recent, contest, .. } = &mut **self.0.get_or_insert_default();
        recent.retain(|at| now.mono - at < TAKEOVERS_WITHIN_MS);
        recent.push_back(now.mono);
        if recent.len() > TAKEOVERS_MAX + 1 {
            recent.pop_front();
        }
        match contest {
            Some(contest) => {
                contest.last = now.mono;
                contest.wait_ms = (contest.wait_ms * 2).min(TAKEOVER_WAIT_MS_MAX);
                contest.wait_ms
            }
            None if recent.len() > TAKEOVERS_MAX => {
                let wait_ms = TAKEOVER_WAIT_FIRST_MS;
                *contest = Some(Contest { since: now.wall, last: now.mono, wait_ms });
                wait_ms
            }
            None => 0,
        }
    }

    /// Since when the id is contested, in milliseconds since 1970.
    pub(crate) fn contested(&self) -> Option<i64> {
        self.contest().map(|contest| contest.since)
    }

    fn contest(&self) -> Option<&Contest> {
        self.0.as_ref()?.contest.as_ref()
    }

    /// Until when the next welcome waits, in monotonic milliseconds.
    pub(crate) fn held_until(&self) -> Option<u64> {
        self.0.as_ref()?.held_until
    }

    /// The next welcome waits until then, or not any more.
    pub(crate) fn hold(&mut self, until: Option<u64>) {
        if let Some(seen) = &mut self.0 {
            seen.held_until = until;
        }
    }

    /// When the contest is over if nothing more happens, in monotonic milliseconds.
    pub(crate) fn quiet_at(&self) -> Option<u64> {
        self.contest().map(|contest| contest.last + TAKEOVERS_WITHIN_MS)
    }

    /// Ends the contest where it has been quiet for long enough; whether it did.
    pub(crate) fn calm_down(&mut self, now: Time) -> bool {
        let quiet = self.quiet_at().is_some_and(|at| at <= now.mono);
        if quiet {
            // No welcome waits as long as that.
            *self = Self::default();
        }
        quiet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Time {
        Time { wall: 1_763_846_847_000, mono: second * 1_000 }
    }

    #[test]
    fn h11_five_takeovers_a_minute_are_nothing_and_the_sixth_waits_then_twice_as_long_each_time() {
        let mut takeovers = Takeovers::default();
        let waits: Vec<u64> = (0..13).map(|second| takeovers.one_more(at(second))).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    }

    #[test]
    fn h11_five_a_minute_may_go_on_for_ever() {
        let mut takeovers = Takeovers::default();
        assert!((0..100).all(|times| takeovers.one_more(at(12 * times)) == 0));
        assert_eq!(takeovers.contested(), None);
    }

    #[test]
    fn h11_a_contest_is_over_after_a_quiet_minute_and_not_before() {
        let mut takeovers = Takeovers::default();
        for second in 0..6 {
            takeovers.one_more(at(second));
        }
        assert_eq!((takeovers.contested(), takeovers.quiet_at()), (Some(1_763_846_847_000), Some(65_000)));
        assert!(!takeovers.calm_down(at(64)));
        // The waits make takeovers rare: that alone ends nothing.
        assert_eq!(takeovers.one_more(at(64)), 2_000);
        assert!(!takeovers.calm_down(at(65)));
        assert!(takeovers.calm_down(at(124)));
        assert_eq!((takeovers.contested(), takeovers.one_more(at(124))), (None, 0));
    }
}
