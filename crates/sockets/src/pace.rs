//! When endpoints that gather are asked what to write: at once while little is written, seldom under load.
//!
//! A write costs the same for one message as for a hundred, and nobody sees more than sixty pictures a second.

use crate::limits::{FLUSH_FREE_FRAMES, FLUSH_PAUSE_MAX, FLUSH_PAUSE_PER_FRAME};
use std::time::Instant;

/// Decides it from what the last flush wrote.
#[derive(Default)]
pub(crate) struct Pace {
    /// Before this moment nothing that can wait is flushed.
    not_before: Option<Instant>,
}

impl Pace {
    /// When the next flush may be.
    pub(crate) fn not_before(&self) -> Option<Instant> {
        self.not_before
    }

    pub(crate) fn may_flush(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|moment| now >= moment)
    }

    /// A flush at `now` wrote so many frames.
    pub(crate) fn flushed(&mut self, now: Instant, frames: usize) {
        let beyond = u32::try_from(frames.saturating_sub(FLUSH_FREE_FRAMES)).unwrap_or(u32::MAX);
        let pause = FLUSH_PAUSE_PER_FRAME.saturating_mul(beyond).min(FLUSH_PAUSE_MAX);
        self.not_before = (!pause.is_zero()).then(|| now + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn pause(frames: usize) -> Duration {
        let (mut pace, now) = (Pace::default(), Instant::now());
        assert!(pace.may_flush(now), "it was quiet");
        pace.flushed(now, frames);
        let pause = pace.not_before().map_or(Duration::ZERO, |moment| moment - now);
        assert!(pace.may_flush(now + pause));
        assert!(pause.is_zero() || !pace.may_flush(now));
        pause
    }

    #[test]
    fn a_few_panels_never_wait_and_many_are_flushed_sixty_times_a_second() {
        assert_eq!(pause(1), Duration::ZERO);
        assert_eq!(pause(FLUSH_FREE_FRAMES), Duration::ZERO);
        assert_eq!(pause(FLUSH_FREE_FRAMES + 10), Duration::from_micros(1_600));
        assert_eq!(pause(1_000), FLUSH_PAUSE_MAX);
    }
}
