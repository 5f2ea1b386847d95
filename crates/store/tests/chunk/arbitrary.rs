//! Samples of any kind, for tests with random ones. `proptest` prints the seed of what fails.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use store::chunk::StoredSample;

/// Texts of JSON values: numbers of every look, and all else.
pub(crate) fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => (any::<i32>(), 0..4usize).prop_map(|(number, decimals)| {
            format!("{:.decimals$}", f64::from(number) / 1000.0)
        }),
        4 => "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?",
        2 => "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,8})?[eE][+-]?[0-9]{1,4}",
        2 => any::<f64>().prop_map(|number| format!("{number}")),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        3 => Just("true".to_owned()),
        1 => "\"[a-zäß\\\\n ]{0,30}\"",
        1 => "(\\{\"a\":[0-9]{1,3}\\}|\\[\\]|null|-0|-0\\.0|1e400|9007199254740993)",
        1 => ".{0,10}",
    ]
}

/// Samples with anything anywhere.
pub(crate) fn wild(most: usize) -> impl Strategy<Value = Vec<StoredSample>> {
    let one = (
        any::<i64>(),
        any::<u64>(),
        option::of(any::<i64>()),
        option::of(any::<u64>()),
        option::of(any::<i64>()),
        any::<bool>(),
        value(),
    );
    vec(one, 0..most).prop_map(|all| {
        all.into_iter()
            .map(|(ts, cursor, session, seq, device_ts, late, value)| StoredSample {
                ts,
                cursor,
                session,
                seq,
                device_ts,
                late,
                value: value.into(),
            })
            .collect()
    })
}

/// Samples as a device sends them: times and cursors go up, sessions are runs, little is late.
pub(crate) fn tame(most: usize) -> impl Strategy<Value = Vec<StoredSample>> {
    let one = (900..1100i64, 1..4u64, 0..40u8, 0..30u8, value());
    vec(one, 1..most).prop_map(|all| {
        let (mut ts, mut cursor, mut session, mut seq) = (1_763_846_847_123, 4711, 1, 0);
        let step = |(wait, gap, change, odd, value): (i64, u64, u8, u8, String)| {
            ts += wait;
            cursor += gap;
            seq += gap;
            if change == 0 {
                session += 1;
                seq = 1;
            }
            let numbered = odd != 1;
            StoredSample {
                ts,
                cursor,
                session: numbered.then_some(session),
                seq: numbered.then_some(seq),
                device_ts: (odd == 2).then_some(ts - 1_000_000_000_000),
                late: odd == 3,
                value: value.into(),
            }
        };
        all.into_iter().map(step).collect()
    })
}
