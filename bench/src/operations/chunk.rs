//! Samples of a channel packed into one row of the store, and back.

use std::hint::black_box;

use store::chunk::{self, StoredSample};

use super::Work;
use super::reading::{BEGIN, Drift};

/// Samples of one chunk.
const SAMPLES: usize = 256;

/// Packs a chunk.
pub(super) fn pack() -> Work {
    let samples = samples();
    Box::new(move || drop(black_box(chunk::encode(black_box(&samples)))))
}

/// Unpacks a chunk, each value as the text that it was.
pub(super) fn read() -> Work {
    let packed = chunk::encode(&samples());
    Box::new(move || {
        let samples = chunk::decode(black_box(&packed)).expect("it was packed");
        assert_eq!(black_box(samples).len(), SAMPLES);
    })
}

/// Reads times and numbers of a chunk, as a chart does.
pub(super) fn numbers() -> Work {
    let packed = chunk::encode(&samples());
    Box::new(move || {
        let numbers = chunk::decode_numbers(black_box(&packed)).expect("it was packed");
        assert_eq!(black_box(numbers).len(), SAMPLES);
    })
}

/// A reading a second.
fn samples() -> Vec<StoredSample> {
    let sample = |(cursor, value)| StoredSample {
        ts: BEGIN + i64::try_from(cursor).expect("few") * 1000,
        cursor,
        session: Some(1),
        seq: Some(cursor),
        device_ts: None,
        late: false,
        value,
    };
    (1..).zip(Drift::new()).take(SAMPLES).map(sample).collect()
}
