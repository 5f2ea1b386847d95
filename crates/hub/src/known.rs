//! Of which commands the store may know, so that a new one need not be looked for there before it leaves.

use crate::Hub;
use crate::limits::{COMMANDS_KNOWN_MAX, COMMANDS_READ_MAX, COMMANDS_TABLE_BITS, COMMANDS_TABLE_BYTES};
use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use store::DeviceKey;

/// The names of commands, as hashes: what is not among them was never asked for. Two names with one hash cost a look.
#[derive(Default)]
pub(crate) struct Known {
    hasher: RandomState,
    names: Mutex<Names>,
}

#[derive(Default)]
struct Names {
    hashes: Hashes,
    /// Those that the store had when the hub began are among them.
    read: bool,
    /// The store had more than were read: nothing is known of any.
    too_many: bool,
}

/// Hashes that were seen.
enum Hashes {
    /// Each of them.
    Few(HashSet<u64>),
    /// Beyond [`COMMANDS_KNOWN_MAX`] a few bits for each in one table: the fuller it is the more are taken for seen that were
    /// not, and none the other way round.
    Many(Box<[u64]>),
}

impl Known {
    /// Whether there may have been a command of this name. From now on there may.
    pub(crate) fn note(&self, device: DeviceKey, by: &str, id: &str) -> bool {
        let hash = self.hash(device, by, id);
        let mut names = self.names();
        let may_be = !names.hashes.add(hash);
        may_be || !names.read || names.too_many
    }

    /// The store has told of so many.
    fn was_told(&self, count: usize) {
        let mut names = self.names();
        (names.read, names.too_many) = (true, count > COMMANDS_READ_MAX);
    }

    fn hash(&self, device: DeviceKey, by: &str, id: &str) -> u64 {
        self.hasher.hash_one((device, by, id))
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        // Nothing panics halfway through a change.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Hashes {
    fn default() -> Self {
        Self::Few(HashSet::new())
    }
}

impl Hashes {
    /// Whether it is new.
    fn add(&mut self, hash: u64) -> bool {
        if let Self::Few(few) = self
            && few.len() >= COMMANDS_KNOWN_MAX
        {
            let mut table = vec![0; COMMANDS_TABLE_BYTES / size_of::<u64>()].into_boxed_slice();
            for hash in few.iter() {
                set(&mut table, *hash);
            }
            *self = Self::Many(table);
        }
        match self {
            Self::Few(few) => few.insert(hash),
            Self::Many(table) => set(table, hash),
        }
    }
}

/// Sets the bits of a hash, [`COMMANDS_TABLE_BITS`]; whether one of them was not.
fn set(table: &mut [u64], hash: u64) -> bool {
    let bits = table.len() * u64::BITS as usize;
    let (first, step) = (hash as usize, (hash >> 32 | 1) as usize);
    let places = (0..COMMANDS_TABLE_BITS).map(|n| first.wrapping_add(step.wrapping_mul(n)) % bits);
    places.fold(false, |new, place| {
        let (word, bit) = (&mut table[place / u64::BITS as usize], 1 << (place % u64::BITS as usize));
        let was_set = *word & bit != 0;
        *word |= bit;
        new | !was_set
    })
}

impl Hub {
    /// Reads which commands the store knows; until that is done each one is looked for. Blocks.
    pub(crate) fn read_known(hub: Weak<Self>) {
        let Some(hub) = hub.upgrade() else { return };
        let known = |device, by: &str, id: &str| {
            hub.known.note(device, by, id);
        };
        match hub.reader().command_names(COMMANDS_READ_MAX + 1, known) {
            Ok(count) => hub.known.was_told(count),
            // Commands are taken as well, and a little later.
            Err(error) => tracing::warn!(%error, "earlier commands cannot be listed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUMP: DeviceKey = DeviceKey(1);

    #[test]
    fn until_the_store_was_read_there_may_have_been_any() {
        let known = Known::default();
        assert!(known.note(PUMP, "ada", "c1"));
        known.was_told(0);
        assert!(known.note(PUMP, "ada", "c1"));
        assert!(!known.note(PUMP, "ada", "c2"), "this one is new");
        assert!(known.note(PUMP, "ada", "c2"), "and now it is not");
        assert!(!known.note(PUMP, "eve", "c2") && !known.note(DeviceKey(2), "ada", "c2"));
    }

    #[test]
    fn beyond_the_limit_what_was_asked_for_is_known_and_nearly_all_that_is_new_is_taken_for_new() {
        let known = Known::default();
        known.was_told(0);
        let note = |n: usize| known.note(PUMP, "ada", &n.to_string());
        let looks = (0..4 * COMMANDS_KNOWN_MAX).filter(|n| note(*n)).count();
        assert!(looks < COMMANDS_KNOWN_MAX / 100, "{looks} new ones were looked for");
        assert!((0..4 * COMMANDS_KNOWN_MAX).all(note), "none is forgotten");
    }

    #[test]
    fn a_store_that_has_more_than_are_read_has_all_looked_for() {
        let known = Known::default();
        known.was_told(COMMANDS_READ_MAX + 1);
        assert!(known.note(PUMP, "ada", "new"));
    }
}
