//! What few panels have, and those not for long.

use super::batch::Batch;
use super::list::List;
use super::said::Said;
use super::seat::{Dirty, Seat};
use crate::allowance::Allowance;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// An idle panel has none.
#[derive(Default)]
pub(super) struct Rare {
    /// What the browser said and is not carried out yet. Nothing more is read from it before that.
    pub(super) said: VecDeque<Said>,
    /// What it was answered and not yet written: the beginning of the next frame.
    pub(super) answers: Batch,
    /// It watches the device list.
    pub(super) list: Option<List>,
    /// Devices to watch once they are known. While there are some it is marked when the device list changes.
    pub(super) unknown: BTreeSet<String>,
    /// How many commands it has asked for lately.
    pub(super) asked: Allowance,
    /// What it wants back to see that we live.
    pub(super) pong: Option<Box<[u8]>>,
}

impl Rare {
    /// A device is no longer awaited; whether it was.
    pub(super) fn forget_unknown(&mut self, seat: &Arc<Seat>, id: &str) -> bool {
        let was = self.unknown.remove(id);
        if was && self.unknown.is_empty() {
            Self::end_newcomers(seat);
        }
        was
    }

    /// Nobody is to wake the panel for any of this.
    pub(super) fn end(&self, seat: &Arc<Seat>) {
        if self.list.is_some() {
            List::end(seat);
        }
        if !self.unknown.is_empty() {
            Self::end_newcomers(seat);
        }
    }

    fn end_newcomers(seat: &Arc<Seat>) {
        seat.hub.roster.forget(seat, Dirty::Newcomers);
        seat.unmark(Dirty::Newcomers);
    }

    /// Whether all that the browser said is carried out, and its answers are written.
    pub(super) fn is_carried_out(&self) -> bool {
        self.said.is_empty() && self.answers.is_empty()
    }

    /// Whether it need not be kept at the hub's monotonic millisecond `now`.
    pub(super) fn is_empty(&self, now: u64) -> bool {
        self.is_carried_out()
            && self.list.is_none()
            && self.unknown.is_empty()
            && self.asked.is_whole(now)
            && self.pong.is_none()
    }
}
