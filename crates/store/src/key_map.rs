//! Maps by numbers of our own. They are looked into for each sample, and nobody outside chooses the numbers: so they are
//! spread by one multiplication.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map by device keys or keys of the database.
pub(crate) type KeyMap<K, V> = HashMap<K, V, BuildHasherDefault<Spread>>;

/// Spreads numbers that count up over all bits.
#[derive(Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number.cast_unsigned());
    }

    fn write_u64(&mut self, number: u64) {
        // 2⁶⁴ divided by the golden ratio; the map takes its place from both ends.
        let spread = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = spread ^ (spread >> 32);
    }
}
