//! Sums that are packed come back, and damaged ones are told.

use proptest::collection::vec;
use proptest::prelude::*;
use store::chunk::{Numbers, Sum, Timed, decode_sums, encode_sums};

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<i16>().prop_map(|tenths| f64::from(tenths) / 10.0),
        any::<f64>().prop_filter("JSON has no others", |number| number.is_finite()),
        Just(-0.0),
    ]
}

fn sum() -> impl Strategy<Value = Sum> {
    let timed = || (any::<i64>(), number()).prop_map(|(ts, number)| Timed { ts, number });
    (any::<i64>(), any::<u64>(), number(), number(), number(), timed(), timed()).prop_map(
        |(stretch, count, min, max, mean, first, last)| Sum {
            stretch,
            numbers: Numbers { count, min, max, mean, first, last },
        },
    )
}

#[test]
fn a_steady_hour_of_minutes_is_small() {
    let minute = |minute: i64| {
        let timed = |ts, number| Timed { ts, number };
        let (min, max) = (21.0 + minute as f64 / 10.0, 21.5 + minute as f64 / 10.0);
        let begin = (29_000_000 + minute) * 60_000;
        Sum {
            stretch: 29_000_000 + minute,
            numbers: Numbers {
                count: 60,
                min,
                max,
                mean: (min + max) / 2.0 + 0.1 / 3.0,
                first: timed(begin + 12, min),
                last: timed(begin + 59_012, max),
            },
        }
    };
    let sums: Vec<Sum> = (0..60).map(minute).collect();
    let blob = encode_sums(&sums);
    assert_eq!(decode_sums(&blob).unwrap(), sums);
    assert!(blob.len() < 60 * 13, "{}", blob.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sums_come_back(sums in vec(sum(), 0..50)) {
        let bits = |sums: &[Sum]| format!("{sums:?}");
        prop_assert_eq!(bits(&decode_sums(&encode_sums(&sums)).unwrap()), bits(&sums));
    }

    #[test]
    fn damaged_sums_are_read_or_refused(
        sums in vec(sum(), 1..20),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let blob = encode_sums(&sums);
        let mut content = blob[..blob.len() - 4].to_vec();
        for (place, byte) in changes {
            *place.get_mut(&mut content) = byte;
        }
        content.extend_from_slice(&crc32fast::hash(&content).to_le_bytes());
        let _ = decode_sums(&content);
    }
}
