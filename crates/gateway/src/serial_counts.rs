//! What came over serial lines, counted, and said in the log when there are ten times as many as when it was said last.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of all serial lines of a gateway.
#[derive(Debug, Default)]
pub struct SerialCounts {
    damaged: AtomicU64,
    samples: AtomicU64,
    skipped: AtomicU64,
}

impl SerialCounts {
    /// Lines whose checksum was wrong.
    pub fn damaged_lines(&self) -> u64 {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Printed lines that were read as samples, of devices that only print.
    pub fn printed_samples(&self) -> u64 {
        self.samples.load(Ordering::Relaxed)
    }

    /// Printed lines that were not understood.
    pub fn printed_skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }

    pub(crate) fn damaged(&self) {
        let lines = self.damaged.fetch_add(1, Ordering::Relaxed) + 1;
        if is_power_of_ten(lines) {
            tracing::warn!(lines, "lines came damaged over serial ports");
        }
    }

    #[cfg(unix)]
    pub(crate) fn sample(&self) {
        self.samples.fetch_add(1, Ordering::Relaxed);
    }

    #[cfg(unix)]
    pub(crate) fn skipped(&self, why: &str) {
        let lines = self.skipped.fetch_add(1, Ordering::Relaxed) + 1;
        if is_power_of_ten(lines) {
            tracing::warn!(lines, why, "skipped what a serial device printed");
        }
    }
}

fn is_power_of_ten(number: u64) -> bool {
    number.checked_ilog10().is_some_and(|zeros| 10_u64.pow(zeros) == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_ever_more_seldom() {
        let said: Vec<_> = (0..=1_000).filter(|number| is_power_of_ten(*number)).collect();
        assert_eq!(said, [1, 10, 100, 1_000]);
    }
}
