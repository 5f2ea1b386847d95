//! What was packed comes back exactly.

use proptest::prelude::*;
use store::chunk::{StoredSample, decode, decode_numbers, encode, number};

use crate::arbitrary::{tame, wild};
use crate::sample;

/// Packs, unpacks and compares; the numbers too.
fn check(samples: &[StoredSample]) {
    let blob = encode(samples);
    assert_eq!(decode(&blob).unwrap(), samples);
    let expected: Vec<(i64, Option<u64>)> =
        samples.iter().map(|sample| (sample.ts, number(&sample.value).map(f64::to_bits))).collect();
    let numbers = decode_numbers(&blob).unwrap();
    let numbers: Vec<(i64, Option<u64>)> =
        numbers.into_iter().map(|(ts, number)| (ts, number.map(f64::to_bits))).collect();
    assert_eq!(numbers, expected);
}

fn check_values(values: &[&str]) {
    let samples: Vec<StoredSample> = (0u32..)
        .zip(values)
        .map(|(place, value)| sample(1000 * i64::from(place), 1 + u64::from(place), value))
        .collect();
    check(&samples);
}

#[test]
fn nothing_and_one() {
    check(&[]);
    check_values(&["21.50"]);
    check_values(&["\"a text\""]);
}

#[test]
fn values_come_back_digit_for_digit() {
    check_values(&[
        "21.50",
        "21.5",
        "21",
        "9007199254740993",
        "-0",
        "-0.0",
        "1e400",
        "1E5",
        "12345678901234567890",
        "0.1234567890123456789",
        "true",
        "null",
        "\"21.5\"",
        "{\"a\":1}",
        "[ 1, 2 ]",
        "-1",
        "0",
    ]);
}

#[test]
fn numbers_of_very_different_scale_stand_side_by_side() {
    check_values(&["9007199254740993", "0.00000000000000001", "-999999999999999999", "1.5", "0.0"]);
}

#[test]
fn the_ends_of_every_range_come_back() {
    let ends = [(i64::MIN, 0), (i64::MAX, u64::MAX), (i64::MIN, u64::MAX), (0, 0), (i64::MAX, 1)];
    let samples: Vec<StoredSample> = ends
        .into_iter()
        .map(|(signed, unsigned)| StoredSample {
            session: Some(signed),
            seq: Some(u64::MAX - unsigned),
            device_ts: Some(!signed),
            ..sample(signed, unsigned, "1")
        })
        .collect();
    check(&samples);
}

#[test]
fn a_full_chunk_comes_back() {
    let samples: Vec<StoredSample> = (0..store::limits::CHUNK_SAMPLES_MAX as u64)
        .map(|place| sample(place.cast_signed() * 997, 5 + place, &format!("{}.{}", place / 10, place % 10)))
        .collect();
    check(&samples);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_comes_back(samples in wild(40)) {
        check(&samples);
    }

    #[test]
    fn what_a_device_sends_comes_back(samples in tame(300)) {
        check(&samples);
    }
}
