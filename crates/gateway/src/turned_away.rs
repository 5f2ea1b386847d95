//! Devices for which there is no room, as the log has them: a storm of connections is a line now and then, with a count.

use crate::limits::TURNED_AWAY_SAID_EVERY_MS;
use crate::place::Address;
use std::fmt::Display;
use std::sync::{Mutex, PoisonError};

/// Counts those that nothing was said of yet.
#[derive(Default)]
pub(crate) struct TurnedAway(Mutex<Count>);

#[derive(Default)]
struct Count {
    /// When something was last said, a monotonic millisecond.
    said: Option<u64>,
    unsaid: u64,
}

impl TurnedAway {
    /// One more, at the monotonic millisecond `now`.
    pub(crate) fn note(&self, now: u64, address: &Address, why: &dyn Display) {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner).one_more(now);
        match said {
            Some(1) => tracing::warn!(%address, %why, "turned away a device"),
            Some(devices) => {
                tracing::warn!(%address, %why, devices, "turned away devices, the last of them this one");
            }
            None => tracing::debug!(%address, %why, "turned away a device"),
        }
    }
}

impl Count {
    /// How many are to be said now, with this one; nothing: later.
    fn one_more(&mut self, now: u64) -> Option<u64> {
        self.unsaid += 1;
        if self.said.is_some_and(|said| now < said.saturating_add(TURNED_AWAY_SAID_EVERY_MS)) {
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_said_at_once_and_a_storm_as_a_count_now_and_then() {
        let mut count = Count::default();
        assert_eq!(count.one_more(0), Some(1));
        let storm = (1..TURNED_AWAY_SAID_EVERY_MS).filter_map(|now| count.one_more(now)).count();
        assert_eq!(storm, 0);
        assert_eq!(count.one_more(TURNED_AWAY_SAID_EVERY_MS), Some(TURNED_AWAY_SAID_EVERY_MS));
        assert_eq!(count.one_more(TURNED_AWAY_SAID_EVERY_MS + 1), None);
        assert_eq!(count.one_more(3 * TURNED_AWAY_SAID_EVERY_MS), Some(2));
    }
}
