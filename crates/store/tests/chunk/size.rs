//! What chunks cost on disk.

use store::chunk::{StoredSample, encode};

use crate::sample;

/// A random number generator of a few lines: the same numbers at each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % bound).cast_signed()
    }
}

/// Bytes a sample of 256 values a second apart, give or take `jitter` ms.
fn bytes_each(jitter: u64, mut value: impl FnMut(&mut Random) -> String) -> f64 {
    let mut random = Random(7);
    let samples: Vec<StoredSample> = (0..256)
        .map(|place| {
            let ts = 1_763_846_847_123 + place * 1000 + random.below(2 * jitter + 1);
            sample(ts, 1 + place.cast_unsigned(), &value(&mut random))
        })
        .collect();
    encode(&samples).len() as f64 / 256.0
}

/// Drifts by up to two tenths.
fn drifting() -> impl FnMut(&mut Random) -> String {
    let mut tenths = 214;
    move |random| {
        tenths += random.below(5) - 2;
        format!("{}.{}", tenths / 10, tenths % 10)
    }
}

#[test]
fn a_number_that_drifts_takes_less_than_two_bytes() {
    let bytes = bytes_each(5, drifting());
    assert!(bytes < 1.5, "{bytes}");
    let bytes = bytes_each(50, drifting());
    assert!(bytes < 2.0, "{bytes}");
}

#[test]
fn a_number_without_its_last_zero_costs_a_bit() {
    let mut value = drifting();
    let bytes = bytes_each(5, |random| value(random).trim_end_matches(".0").to_owned());
    assert!(bytes < 1.7, "{bytes}");
}

#[test]
fn a_switch_costs_little_more_than_its_times() {
    let bytes = bytes_each(5, |random| if random.below(10) == 0 { "true" } else { "false" }.to_owned());
    assert!(bytes < 1.2, "{bytes}");
}

#[test]
fn what_cannot_be_made_smaller_stays_about_as_long_as_it_is() {
    let bytes = bytes_each(0, |random| format!("\"{:030}\"", random.below(u64::MAX)));
    assert!(bytes < 34.0, "{bytes}");
}
