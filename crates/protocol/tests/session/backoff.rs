//! D9: when a device comes back.

use proptest::prelude::*;
use protocol::code::Again;
use protocol::session::{Backoff, reconnect_delay};

const HALFWAY: u32 = 1 << 31;

#[test]
fn d9_the_time_doubles_up_to_half_a_minute() {
    let delays: Vec<u64> = (0..9).map(|attempt| reconnect_delay(attempt, u32::MAX)).collect();
    assert_eq!(delays, [499, 999, 1_999, 3_999, 7_999, 15_999, 29_999, 29_999, 29_999]);
    assert_eq!(reconnect_delay(u32::MAX, HALFWAY), 15_000);
}

proptest! {
    #[test]
    fn d9_the_time_lies_strictly_within_its_bounds(attempt: u32, random: u32) {
        let ceiling = 500u64.checked_shl(attempt.min(20)).unwrap_or(u64::MAX).min(30_000);
        let delay = reconnect_delay(attempt, random);
        prop_assert!(0 < delay && delay < ceiling);
    }
}

#[test]
fn d9_attempts_are_counted_anew_only_after_sixty_healthy_seconds() {
    let mut backoff = Backoff::default();
    let mut lost = |now| backoff.lost(now, Again::Later, None, u32::MAX);
    assert_eq!((lost(0), lost(1_000), lost(3_000)), (Some(499), Some(999), Some(1_999)));
    backoff.welcomed(10_000);
    assert_eq!(backoff.lost(69_999, Again::Later, None, u32::MAX), Some(3_999));
    backoff.welcomed(80_000);
    assert_eq!(backoff.lost(140_000, Again::Later, None, u32::MAX), Some(499));
}

#[test]
fn d9_a_wait_is_obeyed() {
    let mut backoff = Backoff::default();
    assert_eq!(backoff.lost(0, Again::Later, Some(3_000), HALFWAY), Some(3_000));
    assert_eq!(backoff.lost(0, Again::Now, Some(3_000), HALFWAY), Some(3_000));
    assert_eq!(backoff.lost(0, Again::Later, Some(1), u32::MAX), Some(999));
}

#[test]
fn now_is_at_once_but_no_loop() {
    let mut backoff = Backoff::default();
    assert_eq!(backoff.lost(0, Again::Now, None, HALFWAY), Some(0));
    assert_eq!(backoff.lost(1, Again::Now, None, HALFWAY), Some(250));
}

#[test]
fn never_is_never() {
    assert_eq!(Backoff::default().lost(0, Again::Never, Some(5), HALFWAY), None);
}
