//! Devices whose tokens are other ones than gateways may have learned, or that are no more: a gateway that was away is told when it
//! is back, and one that was let in meanwhile is parted.

use crate::limits::{FORGOTTEN_MAX, FORGOTTEN_SLACK_MS};
use protocol::id::DeviceId;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The newest of them, in this run of the hub.
#[derive(Default)]
pub(super) struct Forgotten(Mutex<VecDeque<Entry>>);

struct Entry {
    device: DeviceId,
    /// When, monotonic ms.
    at: u64,
    /// Who identified before is not let stay: its token was taken back, or it was removed.
    parts: bool,
}

impl Forgotten {
    /// One more, at the monotonic millisecond `at`. At the limit the oldest is dropped.
    pub(super) fn note(&self, device: &DeviceId, at: u64, parts: bool) {
        let mut entries = self.lock();
        let before = entries.iter().position(|entry| entry.device == *device);
        let parted = before.and_then(|place| entries.remove(place)).is_some_and(|entry| entry.parts);
        if entries.len() >= FORGOTTEN_MAX {
            entries.pop_front();
        }
        entries.push_back(Entry { device: device.clone(), at, parts: parts || parted });
    }

    /// Those of which a gateway need not have heard whose last uplink was lost at the monotonic millisecond `lost`.
    pub(super) fn since(&self, lost: u64) -> Vec<DeviceId> {
        let entries = self.lock();
        let missed = entries.iter().filter(|entry| entry.at.saturating_add(UNHEARD_MS) >= lost);
        missed.map(|entry| entry.device.clone()).collect()
    }

    /// Whether whoever identified as this device at the monotonic millisecond `identified` may have shown a token that counts no
    /// more.
    pub(super) fn is_stale(&self, device: &DeviceId, identified: u64) -> bool {
        let entries = self.lock();
        let entry = entries.iter().find(|entry| entry.parts && entry.device == *device);
        entry.is_some_and(|entry| identified < entry.at.saturating_add(FORGOTTEN_SLACK_MS))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        // Nothing panics halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was said on an uplink so shortly before its end may never have been heard: two heartbeats and some, ms.
const UNHEARD_MS: u64 = 2_000 * protocol::limits::HEARTBEAT_SECONDS as u64 + 30_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> DeviceId {
        DeviceId::parse(text).expect("an id")
    }

    #[test]
    fn a_gateway_is_told_what_it_missed_and_no_more() {
        let forgotten = Forgotten::default();
        forgotten.note(&id("old"), 0, true);
        forgotten.note(&id("late"), UNHEARD_MS, true);
        forgotten.note(&id("new"), 2 * UNHEARD_MS, false);
        assert_eq!(forgotten.since(0).len(), 3, "one that was never there");
        assert_eq!(forgotten.since(2 * UNHEARD_MS), [id("late"), id("new")]);
        assert!(forgotten.since(4 * UNHEARD_MS).is_empty());
    }

    #[test]
    fn who_identified_before_its_token_was_taken_back_does_not_stay() {
        let forgotten = Forgotten::default();
        forgotten.note(&id("pump"), 1_000_000, true);
        forgotten.note(&id("fan"), 1_000_000, false);
        assert!(forgotten.is_stale(&id("pump"), 999_999), "what it said was under way");
        assert!(!forgotten.is_stale(&id("pump"), 1_000_000 + FORGOTTEN_SLACK_MS));
        assert!(!forgotten.is_stale(&id("fan"), 999_999) && !forgotten.is_stale(&id("tank"), 0));
        forgotten.note(&id("pump"), 1_000_001, false);
        assert!(forgotten.is_stale(&id("pump"), 999_999), "it was given a new one since");
    }

    #[test]
    fn at_the_limit_the_oldest_is_dropped() {
        let forgotten = Forgotten::default();
        for n in 0..=FORGOTTEN_MAX {
            forgotten.note(&id(&format!("d-{n}")), n as u64, true);
        }
        assert_eq!(forgotten.since(0).len(), FORGOTTEN_MAX);
        assert!(!forgotten.is_stale(&id("d-0"), 0) && forgotten.is_stale(&id("d-1"), 0));
    }
}
