//! When a device comes back (rule D9): at a random time that grows with every attempt in a row, so that ten thousand
//! devices whose hub restarts do not all come back in the same second.

use crate::code::Again;
use crate::limits::{HEALTHY_SECONDS, RECONNECT_FIRST_MS, RECONNECT_MS_MAX};
use crate::rule::{Rule, holds};

/// Milliseconds to wait before attempt `attempt` in a row, from 0: somewhere within (0, min(30 s, 0.5 s · 2^attempt)),
/// where `random`, uniform over its whole range, says.
pub fn reconnect_delay(attempt: u32, random: u32) -> u64 {
    let ceiling = RECONNECT_FIRST_MS.saturating_mul(1 << attempt.min(32)).min(RECONNECT_MS_MAX);
    1 + (((ceiling - 1) * u64::from(random)) >> 32)
}

/// Counts the attempts in a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backoff {
    attempts: u32,
    /// Came back at once since it was last healthy: a second time that would be a loop.
    came_at_once: bool,
    /// Since when the present connection is welcome, in monotonic milliseconds.
    welcome_since: Option<u64>,
}

impl Backoff {
    /// The device was welcomed at `now` (monotonic milliseconds).
    pub fn welcomed(&mut self, now: u64) {
        self.welcome_since = self.welcome_since.or(Some(now));
    }

    /// The connection ended at `now` or could not be made. Answers how many milliseconds to wait; nothing where it must
    /// not come back with what it has. `again` and `wait` are what a `bye` said; without one, [`Again::Later`].
    ///
    /// Rule D9. Without it, every device comes back after the same short time.
    pub fn lost(&mut self, now: u64, again: Again, wait: Option<u64>, random: u32) -> Option<u64> {
        if !holds(Rule::D9) {
            return (again != Again::Never).then_some(RECONNECT_FIRST_MS);
        }
        let healthy = |since| now.saturating_sub(since) >= HEALTHY_SECONDS * 1000;
        if self.welcome_since.take().is_some_and(healthy) {
            *self = Self::default();
        }
        let at_once = again == Again::Now && !self.came_at_once;
        let delay = if at_once { 0 } else { reconnect_delay(self.attempts, random) };
        self.came_at_once |= at_once;
        self.attempts = self.attempts.saturating_add(u32::from(!at_once));
        (again != Again::Never).then(|| delay.max(wait.unwrap_or(0)))
    }
}
