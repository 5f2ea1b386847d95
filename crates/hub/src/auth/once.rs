//! Things that are good once and not for long: login links and tickets.

use std::collections::HashMap;

use store::TokenHash;

/// A bounded table of such things, by the hash of the secret that opens them.
#[derive(Debug)]
pub(super) struct Once<T> {
    entries: HashMap<TokenHash, Entry<T>>,
    entries_max: usize,
    life_ms: i64,
}

#[derive(Debug)]
struct Entry<T> {
    thing: T,
    made: i64,
}

impl<T> Once<T> {
    /// An empty table for at most `entries_max` things, each good for `life_ms`.
    pub(super) fn new(entries_max: usize, life_ms: i64) -> Self {
        Self { entries: HashMap::new(), entries_max, life_ms }
    }

    /// Keeps `thing`. At the limit those that ran out go first, then the oldest.
    pub(super) fn put(&mut self, hash: TokenHash, thing: T, now: i64) {
        if self.entries.len() >= self.entries_max {
            let life_ms = self.life_ms;
            self.entries.retain(|_, entry| is_good(entry.made, life_ms, now));
        }
        if self.entries.len() >= self.entries_max {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.made).map(|(hash, _)| *hash);
            oldest.and_then(|hash| self.entries.remove(&hash));
        }
        self.entries.insert(hash, Entry { thing, made: now });
    }

    /// Forgets the oldest of those that are alike, so that with one more there are at most `alike_max`.
    pub(super) fn make_room(&mut self, alike_max: usize, is_alike: impl Fn(&T) -> bool) {
        let alike = || self.entries.iter().filter(|(_, entry)| is_alike(&entry.thing));
        if alike().count() >= alike_max {
            let oldest = alike().min_by_key(|(_, entry)| entry.made).map(|(hash, _)| *hash);
            oldest.and_then(|hash| self.entries.remove(&hash));
        }
    }

    /// The thing, if it is there and still good. It is gone afterwards.
    pub(super) fn take(&mut self, hash: &TokenHash, now: i64) -> Option<T> {
        let entry = self.entries.remove(hash)?;
        is_good(entry.made, self.life_ms, now).then_some(entry.thing)
    }
}

/// A clock that was set back does not make anything live longer: what is from the future is not good.
fn is_good(made: i64, life_ms: i64, now: i64) -> bool {
    (made..made + life_ms).contains(&now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: u8) -> TokenHash {
        TokenHash([n; 32])
    }

    #[test]
    fn a_thing_is_good_once() {
        let mut once = Once::new(2, 10);
        once.put(hash(1), 'a', 0);
        assert_eq!(once.take(&hash(1), 9), Some('a'));
        assert_eq!(once.take(&hash(1), 9), None);
    }

    #[test]
    fn a_thing_runs_out() {
        let mut once = Once::new(2, 10);
        once.put(hash(1), 'a', 0);
        assert_eq!(once.take(&hash(1), 10), None);
    }

    #[test]
    fn at_the_limit_those_that_ran_out_go_before_good_ones() {
        let mut once = Once::new(2, 10);
        once.put(hash(1), 'a', 0);
        once.put(hash(2), 'b', 5);
        once.put(hash(3), 'c', 12);
        assert_eq!(once.take(&hash(2), 12), Some('b'));
        assert_eq!(once.take(&hash(3), 12), Some('c'));
    }

    #[test]
    fn at_the_limit_the_oldest_goes_when_all_are_good() {
        let mut once = Once::new(2, 10);
        once.put(hash(1), 'a', 0);
        once.put(hash(2), 'b', 1);
        once.put(hash(3), 'c', 2);
        assert_eq!(once.take(&hash(1), 2), None);
        assert_eq!(once.take(&hash(2), 2), Some('b'));
    }
}
