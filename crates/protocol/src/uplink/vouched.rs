//! How long a gateway goes by what a hub said of a device's token (rule U7).

use crate::limits::UPLINK_VOUCHED_MS_MAX;
use crate::rule::{Rule, holds};

/// Whether what a hub said of a device's token at `at` still counts `now`, both in ms since 1970: then the device may come in
/// though no hub is reachable. A hub that is reachable is asked again meanwhile.
///
/// Rule U7. Without it a gateway lets nobody in whom no hub vouches for at that moment.
pub fn counts(at: i64, now: i64) -> bool {
    holds(Rule::U7) && now.saturating_sub(at) <= UPLINK_VOUCHED_MS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_hub_said_counts_for_thirty_days() {
        let at = 1_763_846_847_000;
        assert!(counts(at, at) && counts(at, at + UPLINK_VOUCHED_MS_MAX));
        assert!(!counts(at, at + UPLINK_VOUCHED_MS_MAX + 1));
    }

    #[test]
    fn a_clock_that_was_set_back_takes_nothing_away() {
        assert!(counts(1_763_846_847_000, 0));
    }
}
