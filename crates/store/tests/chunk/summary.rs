//! What the columns beside a chunk say of it.

use proptest::prelude::*;
use store::chunk::{Numbers, StoredSample, Summary, number};

use crate::arbitrary::wild;
use crate::sample;

#[test]
fn of_nothing_there_is_none() {
    assert_eq!(Summary::of::<&str>(&[]), None);
}

#[test]
fn only_numbers_that_a_double_holds_are_summed_up() {
    let samples = [sample(30, 1, "\"a\""), sample(10, 2, "3"), sample(20, 3, "1e400"), sample(5, 4, "1")];
    let summary = Summary::of(&samples).unwrap();
    assert_eq!((summary.count, summary.min_ts, summary.max_ts), (4, 5, 30));
    assert_eq!((summary.first_cursor, summary.last_cursor), (1, 4));
    let numbers = summary.numbers.unwrap();
    assert_eq!((numbers.count, numbers.min, numbers.max, numbers.mean), (2, 1.0, 3.0, 2.0));
    assert_eq!((numbers.first.number, numbers.last.number), (1.0, 3.0));
}

#[test]
fn texts_are_no_numbers() {
    for text in ["true", "null", "\"1\"", "[1]", "", "inf", "NaN", "infinity", "1e400", "-1e400"] {
        assert_eq!(number(text), None, "{text}");
    }
    assert_eq!(number("-0").map(f64::to_bits), Some((-0.0f64).to_bits()));
    assert_eq!(number("1E5"), Some(1e5));
    assert_eq!(number("9007199254740993"), Some(9_007_199_254_740_992.0));
}

#[test]
fn the_greatest_doubles_have_a_mean() {
    let samples = [sample(1, 1, "1.7e308"), sample(2, 2, "1.7e308"), sample(3, 3, "-1.7e308")];
    let numbers = Summary::of(&samples).unwrap().numbers.unwrap();
    assert!(numbers.mean.is_finite() && numbers.mean > 5e307, "{}", numbers.mean);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parts_add_up_to_the_whole(samples in wild(60), at in any::<prop::sample::Index>()) {
        prop_assume!(!samples.is_empty());
        let (early, late) = samples.split_at(at.index(samples.len()));
        let whole = numbers(&samples);
        let parts = match (numbers(early), numbers(late)) {
            (Some(mut early), Some(late)) => {
                early.merge(&late);
                Some(early)
            }
            (early, late) => early.or(late),
        };
        prop_assert_eq!(parts.is_some(), whole.is_some());
        let (Some(parts), Some(whole)) = (parts, whole) else { return Ok(()) };
        prop_assert_eq!(Numbers { mean: whole.mean, ..parts }, whole);
        let largest = whole.min.abs().max(whole.max.abs());
        prop_assert!((parts.mean / largest - whole.mean / largest).abs() < 1e-9 || largest == 0.0);
    }
}

fn numbers(samples: &[StoredSample]) -> Option<Numbers> {
    Summary::of(samples)?.numbers
}
