//! Hashes as text: two hexadecimal digits a byte.

use store::TokenHash;

/// The digits of some bytes.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| DIGITS[usize::from(digit)] as char)
        .collect()
}

/// A hash from its 64 digits.
pub(crate) fn read_hash(digits: &str) -> Option<TokenHash> {
    let mut hash = [0; 32];
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in hash.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(TokenHash(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_reads_back_as_written_and_nothing_else_does() {
        let hash = TokenHash(std::array::from_fn(|n| (n * 9) as u8));
        let digits = hex(&hash.0);
        assert_eq!(read_hash(&digits), Some(hash));
        for wrong in ["", &digits[1..], &format!("+{}", &digits[1..]), &format!("{digits}0")] {
            assert_eq!(read_hash(wrong), None, "{wrong}");
        }
    }
}
