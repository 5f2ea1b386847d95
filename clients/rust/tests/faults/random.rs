//! Random numbers that a seed determines.

/// A generator of the SplitMix64 kind.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// One of 0 to `below` − 1; 0 where `below` is.
    pub(crate) fn up_to(&mut self, below: usize) -> usize {
        usize::try_from(self.bits() % (below.max(1) as u64)).expect("it is below a usize")
    }

    /// `true` once in `times`.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.up_to(times) == 0
    }
}
