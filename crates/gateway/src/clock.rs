//! Reads the clocks: the only place of this crate that does.

use protocol::time::Time;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where monotonic time counts from.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// To be asked once a turn, not once a line.
pub(crate) fn now() -> Time {
    let mono = Instant::now().saturating_duration_since(*START);
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time { wall: millis(wall).cast_signed(), mono: millis(mono) }
}

/// When the monotonic millisecond `at` begins: from then on [`now`] says so.
pub(crate) fn moment(at: u64) -> Instant {
    *START + Duration::from_millis(at)
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
