//! Numbers as bytes: seven bits a byte, the lowest first, and what is signed so that small ones stay small.

use super::corrupt::{Corrupt, Damage};

/// Writes a number of 1 to 10 bytes.
pub(crate) fn put(blob: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        blob.push(number as u8 | 0x80);
        number >>= 7;
    }
    blob.push(number as u8);
}

/// 0, -1, 1, -2, 2 … as 0, 1, 2, 3, 4 …
pub(crate) fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

/// What [`zigzag`] was given.
pub(crate) fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// Bytes being read.
pub(crate) struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where what was read last began.
    before: usize,
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Input<'a> {
        Input { bytes, at: 0, before: 0 }
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Corrupt> {
        Ok(self.take(1)?[0])
    }

    /// The next `count` bytes.
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Corrupt> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let Some(end) = end else { return Err(Corrupt { at: self.bytes.len(), what: Damage::Truncated }) };
        let taken = &self.bytes[self.at..end];
        self.before = self.at;
        self.at = end;
        Ok(taken)
    }

    /// All that is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// A number as [`put`] writes it.
    pub(crate) fn unsigned(&mut self) -> Result<u64, Corrupt> {
        let begin = self.at;
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                self.before = begin;
                return Ok(number);
            }
        }
        Err(Corrupt { at: begin, what: Damage::Number })
    }

    pub(crate) fn signed(&mut self) -> Result<i64, Corrupt> {
        self.unsigned().map(unzigzag)
    }

    /// What was read last makes no sense.
    pub(crate) fn damaged_before(&self, what: Damage) -> Corrupt {
        Corrupt { at: self.before, what }
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Result<(), Corrupt> {
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(Corrupt { at: self.at, what: Damage::Trailing })
        }
    }
}
