//! Numbers as people write them: digits and where the point stands, so that the same text can be printed again.

use std::sync::Arc;

/// Digits of a number that is kept as one: so many always fit into 64 bits.
pub(super) const DIGITS_MAX: usize = 18;

/// 10 to the power of what it is asked for.
pub(super) const POWERS: [i64; DIGITS_MAX + 1] = {
    let mut powers = [1; DIGITS_MAX + 1];
    let mut exponent = 1;
    while exponent <= DIGITS_MAX {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

/// Doubles hold every whole number up to this.
const EXACT_MAX: u64 = 1 << f64::MANTISSA_DIGITS;

/// `mantissa` / 10^`decimals`, written with exactly so many decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    /// At most [`DIGITS_MAX`] digits.
    pub(super) mantissa: i64,
    /// At most [`DIGITS_MAX`].
    pub(super) decimals: u8,
}

impl Decimal {
    /// The number that a text is, if printing it gives this very text.
    pub(super) fn parse(text: &str) -> Option<Decimal> {
        let bytes = text.as_bytes();
        let (negative, digits) = match bytes {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        if digits.len() > DIGITS_MAX + 1 {
            return None;
        }
        let mut mantissa: i64 = 0;
        let mut point = None;
        for (place, byte) in digits.iter().enumerate() {
            match byte {
                b'0'..=b'9' => mantissa = mantissa.wrapping_mul(10).wrapping_add(i64::from(byte - b'0')),
                b'.' if point.is_none() => point = Some(place),
                _ => return None,
            }
        }
        let whole = point.unwrap_or(digits.len());
        let decimals = digits.len() - point.map_or(digits.len(), |point| point + 1);
        let bare_point = point.is_some() && decimals == 0;
        let padded = whole > 1 && digits[0] == b'0';
        let too_many = whole + decimals > DIGITS_MAX;
        // Minus nothing would be printed without its sign.
        let minus_zero = negative && mantissa == 0;
        if whole == 0 || bare_point || padded || too_many || minus_zero {
            return None;
        }
        Some(Decimal { mantissa: if negative { -mantissa } else { mantissa }, decimals: decimals as u8 })
    }

    /// Its text.
    pub(super) fn text(self) -> Arc<str> {
        // A sign, 18 digits, a point, and the zero before it; a mantissa from a damaged chunk may have 19 digits.
        let mut buffer = [b'0'; 24];
        let mut at = buffer.len();
        let mut rest = self.mantissa.unsigned_abs();
        let mut printed = 0;
        while rest > 0 || printed <= self.decimals {
            if printed == self.decimals && printed > 0 {
                at -= 1;
                buffer[at] = b'.';
            }
            at -= 1;
            buffer[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            printed += 1;
        }
        if self.mantissa < 0 {
            at -= 1;
            buffer[at] = b'-';
        }
        std::str::from_utf8(&buffer[at..]).expect("digits, a point and a sign are ASCII").into()
    }

    /// The double nearest to it.
    pub(super) fn number(self) -> f64 {
        // Both are exact, so that dividing them rounds once, to the nearest.
        if self.mantissa.unsigned_abs() <= EXACT_MAX {
            self.mantissa as f64 / POWERS[usize::from(self.decimals)] as f64
        } else {
            self.text().parse().expect("a decimal is a number")
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::Decimal;

    #[test]
    fn what_is_kept_as_a_number_prints_as_it_was() {
        let texts = [
            "0",
            "7",
            "-7",
            "10",
            "21.4",
            "21.50",
            "-0.5",
            "0.00",
            "0.00000000000000001",
            "9007199254740993",
            "999999999999999999",
            "-99999999.9999999999",
            "123456789012345678",
        ];
        for text in texts {
            assert_eq!(&*Decimal::parse(text).unwrap().text(), text);
        }
    }

    #[test]
    fn what_would_print_otherwise_is_not_kept_as_a_number() {
        let texts = [
            "",
            "-",
            ".",
            "-0",
            "-0.0",
            "1.",
            ".5",
            "007",
            "00",
            "-01",
            "1e5",
            "1E5",
            "+1",
            "1.2.3",
            " 1",
            "true",
            "1234567890123456789",
            "0.1234567890123456789",
            "\"1\"",
            "١",
        ];
        for text in texts {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn its_double_is_the_nearest_one() {
        for text in [
            "0.1",
            "21.43",
            "9007199254740993",
            "9007199254740991.5",
            "-0.00000000000000003",
            "1.0000000000000001",
        ] {
            assert_eq!(
                Decimal::parse(text).unwrap().number().to_bits(),
                text.parse::<f64>().unwrap().to_bits()
            );
        }
    }
}
