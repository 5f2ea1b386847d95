//! What was dropped for one hub alone, until it has passed that (rule U3).

use crate::limits::UPLINK_LOST_MAX;
use crate::uplink::message::{Lost, SkipReason};
use std::collections::VecDeque;

/// A run of places that this hub will never get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hole {
    /// The first.
    pub(super) from: u64,
    /// The last.
    pub(super) to: u64,
    /// Why.
    pub(super) reason: SkipReason,
    /// What is missing, as far as it is known; told with the last of these places.
    pub(super) lost: Vec<Lost>,
}

/// All of them, in the spool's order. There are few: one that goes on where the last one ends, for the same reason, is one with
/// it.
#[derive(Debug, Default)]
pub(super) struct Holes(VecDeque<Hole>);

impl Holes {
    /// Places up to `to` are dropped; `from` is the first that the hub has not acked. `lost` is all that is missing, also what
    /// was told before for the same reason: a hub passes over what it has of it.
    pub(super) fn add(&mut self, from: u64, to: u64, reason: SkipReason, mut lost: Vec<Lost>) {
        lost.truncate(UPLINK_LOST_MAX);
        if let Some(last) = self.0.back_mut() {
            if to <= last.to {
                return;
            }
            if last.reason == reason {
                (last.to, last.lost) = (to, lost);
                return;
            }
        }
        let from = self.0.back().map_or(from, |last| last.to + 1).max(from);
        if from <= to {
            self.0.push_back(Hole { from, to, reason, lost });
        }
    }

    /// The hub has everything up to `place`.
    pub(super) fn passed(&mut self, place: u64) {
        while self.0.front().is_some_and(|hole| hole.to <= place) {
            self.0.pop_front();
        }
    }

    /// The hole that `place` is in, or the first one behind it.
    pub(super) fn at_or_behind(&self, place: u64) -> Option<&Hole> {
        self.0.iter().find(|hole| place <= hole.to)
    }
}
