//! Readings as a thermometer gives them, the same ones each time.

use std::sync::Arc;

/// When the first reading is, ms since 1970.
pub(super) const BEGIN: i64 = 1_763_846_847_123;

/// The channel that is read.
pub(super) const CHANNEL: &str = "temperature";

/// A temperature that drifts by a few tenths: 21.4, 21.5, 21.3 …
pub(super) struct Drift {
    state: u64,
    tenths: i64,
}

impl Drift {
    pub(super) fn new() -> Drift {
        Drift { state: 0x9e37_79b9_7f4a_7c15, tenths: 214 }
    }
}

impl Iterator for Drift {
    type Item = Arc<str>;

    fn next(&mut self) -> Option<Arc<str>> {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Back towards where it began, so that it never grows longer.
        let home = (214 - self.tenths).signum();
        self.tenths += ((self.state >> 33) % 5).cast_signed() - 2 + home;
        Some(format!("{}.{}", self.tenths / 10, self.tenths.rem_euclid(10)).into())
    }
}
