//! Chunks of samples: what comes back, what they cost, and what damage does.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod arbitrary;
mod damage;
mod round_trip;
mod size;
mod summary;
mod sums;

use store::chunk::StoredSample;

/// `value` at `ts` with the cursor `cursor`, seq in step with it.
fn sample(ts: i64, cursor: u64, value: &str) -> StoredSample {
    StoredSample {
        ts,
        cursor,
        session: Some(1),
        seq: Some(cursor),
        device_ts: None,
        late: false,
        value: value.into(),
    }
}
