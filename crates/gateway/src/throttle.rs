//! Pure: how much a device has said lately, and for how long it is not read where that is too much. Nothing is dropped: what it
//! says waits at its own end.

use crate::limits::{DEVICE_BYTES_A_SECOND, DEVICE_BYTES_AT_ONCE, LINE_COUNTS_AS_BYTES};

/// What one device has used of its rate.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    /// The monotonic microsecond at which nothing of it is used any more.
    whole_at: u64,
    /// It is not read.
    rests: bool,
}

/// Microseconds that so many bytes take.
const fn micros(bytes: u64) -> u64 {
    bytes * 1_000_000 / DEVICE_BYTES_A_SECOND
}

impl Throttle {
    /// At monotonic millisecond `now` it said so many lines, of so many bytes together. Whether it is to rest for that, and did
    /// not before.
    pub(crate) fn said(&mut self, now: u64, lines: usize, bytes: usize) -> bool {
        let counted = bytes as u64 + lines as u64 * LINE_COUNTS_AS_BYTES;
        self.whole_at = self.whole_at.max(now * 1_000) + micros(counted);
        let is_too_much = self.whole_at > now * 1_000 + micros(DEVICE_BYTES_AT_ONCE);
        is_too_much && !std::mem::replace(&mut self.rests, true)
    }

    /// Whether it is not read.
    pub(crate) fn rests(&self) -> bool {
        self.rests
    }

    /// The monotonic millisecond until which it is not read.
    pub(crate) fn until(&self) -> Option<u64> {
        self.rests.then(|| (self.whole_at - micros(DEVICE_BYTES_AT_ONCE)).div_ceil(1_000))
    }

    /// It is monotonic millisecond `now`.
    pub(crate) fn timeout(&mut self, now: u64) {
        if self.until().is_some_and(|until| now >= until) {
            self.rests = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_it_may_come_at_once_and_then_it_rests() {
        let mut throttle = Throttle::default();
        let at_once = usize::try_from(DEVICE_BYTES_AT_ONCE).expect("it is small");
        assert!(!throttle.said(7, 0, at_once) && !throttle.rests());
        assert!(throttle.said(7, 1, 0), "one line more");
        assert!(!throttle.said(7, 1, 0), "it rests already");
        let until = throttle.until().expect("it rests");
        throttle.timeout(until - 1);
        assert!(throttle.rests());
        throttle.timeout(until);
        assert!(!throttle.rests() && throttle.until().is_none());
    }

    #[test]
    fn what_one_reading_may_bring_rests_for_less_than_any_heartbeat() {
        let mut throttle = Throttle::default();
        let at_once = usize::try_from(DEVICE_BYTES_AT_ONCE).expect("it is small");
        throttle.said(0, 0, at_once);
        throttle.said(0, sockets::limits::READ_BYTES, sockets::limits::READ_BYTES);
        let until = throttle.until().expect("it rests");
        assert!(until < u64::from(protocol::limits::HEARTBEAT_SECONDS_MIN) * 1_000, "{until} ms");
    }

    #[test]
    fn who_says_little_never_rests() {
        let mut throttle = Throttle::default();
        assert!((0..100_000).all(|now| !throttle.said(now, 10, 1_000)));
    }
}
