//! Reads the clocks: the only place of this crate that does.

use protocol::time::Time;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::time;

/// Where monotonic time counts from.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

pub(crate) fn now() -> Time {
    let mono = Instant::now().saturating_duration_since(*START);
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time { wall: millis(wall).cast_signed(), mono: millis(mono) }
}

/// Waits until the monotonic millisecond `at`; for ever where there is none.
pub(crate) async fn sleep_until(at: Option<u64>) {
    match at {
        // A deadline counts as reached from its first microsecond on: half a millisecond more saves a second wake-up.
        Some(at) => {
            time::sleep_until((*START + Duration::from_millis(at) + Duration::from_micros(500)).into()).await
        }
        None => std::future::pending().await,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
