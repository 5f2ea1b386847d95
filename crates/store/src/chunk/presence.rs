//! Which samples have something: none, all, or a bit for each.

use super::bytes::Input;
use super::corrupt::{Corrupt, Damage};

const NONE: u8 = 0;
const ALL: u8 = 1;
const SOME: u8 = 2;

/// Writes it.
pub(super) fn put(blob: &mut Vec<u8>, present: impl ExactSizeIterator<Item = bool> + Clone) {
    let count = present.len();
    match present.clone().filter(|present| *present).count() {
        0 => blob.push(NONE),
        all if all == count => blob.push(ALL),
        _ => {
            blob.push(SOME);
            let start = blob.len();
            blob.resize(start + count.div_ceil(8), 0);
            for (place, present) in present.enumerate() {
                blob[start + place / 8] |= u8::from(present) << (place % 8);
            }
        }
    }
}

/// Which samples have something, asked in their order.
pub(super) struct Presence {
    kind: u8,
    bits: Box<[u8]>,
    count: usize,
    at: usize,
}

impl Presence {
    /// Reads it for `count` samples.
    pub(super) fn get(input: &mut Input<'_>, count: usize) -> Result<Presence, Corrupt> {
        let kind = input.byte()?;
        let mut presence = Presence { kind, bits: Box::default(), count, at: 0 };
        match kind {
            NONE => presence.count = 0,
            ALL => {}
            SOME => {
                presence.bits = input.take(count.div_ceil(8))?.into();
                presence.count = (0..count).filter(|place| presence.bit(*place)).count();
            }
            _ => return Err(input.damaged_before(Damage::Presence(kind))),
        }
        Ok(presence)
    }

    /// How many have something.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Whether the next one has.
    pub(super) fn next(&mut self) -> bool {
        let place = self.at;
        self.at += 1;
        match self.kind {
            NONE => false,
            ALL => true,
            _ => self.bit(place),
        }
    }

    fn bit(&self, place: usize) -> bool {
        self.bits[place / 8] >> (place % 8) & 1 == 1
    }
}
