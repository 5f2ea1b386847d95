//! How often somebody may do something: so many at once, and so many a second in the long run.

use crate::limits::PERSONS_REMEMBERED_MAX;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// So many at once, and so many a second in the long run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// At most 1000.
    pub(crate) per_second: u32,
    /// At least 1.
    pub(crate) at_once: u32,
}

impl Rate {
    /// Milliseconds that each one takes.
    const fn each_ms(self) -> u64 {
        1_000 / self.per_second as u64
    }
}

/// What one of them has used of a [`Rate`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Allowance {
    /// The monotonic millisecond at which all of it is there again.
    whole_at: u64,
}

impl Allowance {
    /// Whether nothing of it is used at monotonic millisecond `now`.
    pub(crate) fn is_whole(self, now: u64) -> bool {
        self.whole_at <= now
    }

    /// One more at monotonic millisecond `now`, also where that is too many.
    pub(crate) fn use_up(&mut self, now: u64, rate: Rate) {
        self.whole_at = self.whole_at.max(now) + rate.each_ms();
    }

    /// The monotonic millisecond from which on no more is used than may be at once.
    pub(crate) fn within_at(self, rate: Rate) -> u64 {
        self.whole_at.saturating_sub(u64::from(rate.at_once) * rate.each_ms())
    }

    /// One more at monotonic millisecond `now`; false, and nothing is used, where that is too many.
    pub(crate) fn take(&mut self, now: u64, rate: Rate) -> bool {
        let used = self.whole_at.saturating_sub(now);
        let is_allowed = used + rate.each_ms() <= u64::from(rate.at_once) * rate.each_ms();
        if is_allowed {
            self.whole_at = now + used + rate.each_ms();
        }
        is_allowed
    }
}

/// What each person has used.
#[derive(Debug, Default)]
pub(crate) struct Allowances {
    used: Mutex<HashMap<Arc<str>, Allowance>>,
}

impl Allowances {
    /// One more by `person` at monotonic millisecond `now`, or false where that is too many.
    pub(crate) fn take(&self, person: &Arc<str>, now: u64, rate: Rate) -> bool {
        // A plain value, whole whatever panicked.
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= PERSONS_REMEMBERED_MAX && !used.contains_key(person) {
            used.retain(|_, allowance| allowance.whole_at > now);
        }
        used.entry(person.clone()).or_default().take(now, rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 10, at_once: 3 };

    #[test]
    fn so_many_come_at_once_and_then_one_after_the_other() {
        let mut allowance = Allowance::default();
        let taken: Vec<bool> = [0, 0, 0, 0, 99, 100, 100, 1_000, 1_000, 1_000, 1_000]
            .map(|now| allowance.take(now, RATE))
            .into();
        assert_eq!(
            taken,
            [true, true, true, false, false, true, false, true, true, true, false],
            "three, one each 100 ms, and three again after a rest"
        );
    }

    #[test]
    fn one_person_does_not_use_up_what_another_may() {
        let allowances = Allowances::default();
        let (ada, eve) = ("ada".into(), "eve".into());
        assert!((0..3).all(|_| allowances.take(&ada, 0, RATE)));
        assert!(!allowances.take(&ada, 0, RATE));
        assert!(allowances.take(&eve, 0, RATE));
    }
}
