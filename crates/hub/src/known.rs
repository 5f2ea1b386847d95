//! Of which commands the store may know, so that a new one need not be looked for there before it leaves.

use crate::Hub;
use crate::limits::COMMANDS_KNOWN_MAX;
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
    hashes: HashSet<u64>,
    /// Those that the store had when the hub began are among them.
    read: bool,
    /// There are more than are remembered: nothing is known of any.
    too_many: bool,
}

impl Known {
    /// Whether there may have been a command of this name. From now on there may.
    pub(crate) fn note(&self, device: DeviceKey, by: &str, id: &str) -> bool {
        let hash = self.hash(device, by, id);
        let mut names = self.names();
        let may_be = !names.add(hash);
        may_be || !names.read || names.too_many
    }

    /// The store has told of so many.
    fn was_told(&self, count: usize) {
        let mut names = self.names();
        names.read = true;
        if count > COMMANDS_KNOWN_MAX {
            names.give_up();
        }
    }

    fn hash(&self, device: DeviceKey, by: &str, id: &str) -> u64 {
        self.hasher.hash_one((device, by, id))
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        // Nothing panics halfway through a change.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Names {
    /// Whether it is new.
    fn add(&mut self, hash: u64) -> bool {
        if self.hashes.len() >= COMMANDS_KNOWN_MAX {
            self.give_up();
        }
        !self.too_many && self.hashes.insert(hash)
    }

    fn give_up(&mut self) {
        (self.hashes, self.too_many) = (HashSet::new(), true);
    }
}

impl Hub {
    /// Reads which commands the store knows; until that is done each one is looked for. Blocks.
    pub(crate) fn read_known(hub: Weak<Self>) {
        let Some(hub) = hub.upgrade() else { return };
        let known = |device, by: &str, id: &str| {
            hub.known.note(device, by, id);
        };
        match hub.reader().command_names(COMMANDS_KNOWN_MAX + 1, known) {
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
    fn beyond_the_limit_nothing_is_remembered_and_nothing_is_taken_for_new() {
        let known = Known::default();
        known.was_told(0);
        for n in 0..COMMANDS_KNOWN_MAX {
            assert!(!known.note(PUMP, "ada", &n.to_string()));
        }
        assert!(known.note(PUMP, "ada", "one more"));
        assert!(known.note(PUMP, "ada", "another"));
        assert_eq!(known.names().hashes.capacity(), 0);
    }

    #[test]
    fn a_store_that_has_more_than_are_remembered_has_all_looked_for() {
        let known = Known::default();
        known.was_told(COMMANDS_KNOWN_MAX + 1);
        assert!(known.note(PUMP, "ada", "new"));
    }
}
