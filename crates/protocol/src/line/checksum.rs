//! The checksum that may follow an object on a serial line: ` *`, and the CRC-32 of the object's bytes as eight hexadecimal
//! digits.
//!
//! ```
//! use protocol::line::checksum::{Checksum, append, split};
//! let mut line = br#"{"temperature":21.5}"#.to_vec();
//! append(&mut line);
//! assert_eq!(line, br#"{"temperature":21.5} *7a8e38da"#);
//! assert_eq!(split(&line), Checksum::Right(br#"{"temperature":21.5}"#));
//! ```

/// Bytes that a checksum has, with the blank before it. They do not count for the longest line.
pub const CHECKSUM_BYTES: usize = 10;

/// What follows the object of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum<'a> {
    /// Nothing that looks like one.
    None,
    /// That of the object, which is this.
    Right(&'a [u8]),
    /// That of something else: bytes were lost or damaged.
    Wrong,
}

/// Looks for the checksum at the end of `line`, which is without its end.
pub fn split(line: &[u8]) -> Checksum<'_> {
    let Some((object, suffix)) = line.split_last_chunk::<CHECKSUM_BYTES>() else { return Checksum::None };
    let [b' ', b'*', digits @ ..] = suffix else { return Checksum::None };
    let Some(said) = hexadecimal(digits) else { return Checksum::None };
    if said == crc32fast::hash(object) { Checksum::Right(object) } else { Checksum::Wrong }
}

/// Adds the checksum of `line`, which is without its end.
pub fn append(line: &mut Vec<u8>) {
    let checksum = crc32fast::hash(line);
    line.extend_from_slice(format!(" *{checksum:08x}").as_bytes());
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    let digit = |digit: &u8| char::from(*digit).to_digit(16);
    digits.iter().try_fold(0_u32, |number, byte| Some(number << 4 | digit(byte)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &[u8] = br#"{"temperature":21.5} *7a8e38da"#;

    #[test]
    fn only_what_looks_like_a_checksum_is_taken_for_one() {
        assert_eq!(split(LINE), Checksum::Right(br#"{"temperature":21.5}"#));
        let upper = br#"{"temperature":21.5} *7A8E38DA"#;
        assert!(matches!(split(upper), Checksum::Right(_)));
        for none in [&b""[..], b"{}", b" *", b"{\"a\":1} *7a8e38d", b"{\"a\":1}  7a8e38da", b"{} *7a8e38dg"] {
            assert_eq!(split(none), Checksum::None, "{none:?}");
        }
    }

    #[test]
    fn no_single_turned_bit_passes() {
        for at in 0..LINE.len() {
            for bit in 0..8 {
                let mut line = LINE.to_vec();
                line[at] ^= 1 << bit;
                // A hexadecimal digit has two faces.
                let same = line.eq_ignore_ascii_case(LINE) && at >= LINE.len() - 8;
                assert!(same || !matches!(split(&line), Checksum::Right(_)), "byte {at}, bit {bit}");
            }
        }
    }
}
