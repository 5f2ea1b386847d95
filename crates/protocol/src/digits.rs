//! Whole numbers in decimal, without the machinery of formatting: each message has a few.

/// A number as text.
#[derive(Debug, Clone, Copy)]
pub struct Digits {
    bytes: [u8; 20],
    /// Where the text begins; it ends with the array.
    begin: usize,
}

impl Digits {
    /// The decimal digits of `number`, with a minus where it is below 0.
    pub fn of(number: i64) -> Self {
        let digits = Self::of_count(number.unsigned_abs());
        // What is not a digit is a minus already.
        Self { begin: digits.begin - usize::from(number < 0), ..digits }
    }

    /// The decimal digits of a number that is never below 0.
    pub fn of_count(number: u64) -> Self {
        let (mut bytes, mut begin, mut left) = ([b'-'; 20], 20, number);
        loop {
            begin -= 1;
            bytes[begin] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        Self { bytes, begin }
    }

    /// The number as text, in ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.begin..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_what_formatting_writes() {
        for number in [0, 1, 9, 10, 21, -1, -10, 1_763_846_847_000, i64::MAX, i64::MIN] {
            assert_eq!(Digits::of(number).as_bytes(), number.to_string().as_bytes());
        }
        assert_eq!(Digits::of_count(u64::MAX).as_bytes(), u64::MAX.to_string().as_bytes());
    }
}
