//! Where one device's log stands, and its ledger.

use crate::error::CommitError;
use crate::limits::{LEDGER_REASONS_MAX, OTHER_REASONS};
use crate::loaded::{GapCount, LoadedDevice};
use crate::relayed::RelayedPosition;
use crate::write::{DeviceKey, Gap, Message, Position};

/// What messages, gaps and counters move of a device.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    /// The cursor of its last message or gap.
    pub(crate) cursor: u64,
    /// The counter of the session that it is given next.
    pub(crate) next_session: u64,
    /// Its current session and the last seq in it.
    pub(crate) position: Option<Position>,
    /// The last sessions that gateways issued for it.
    pub(crate) relayed: Vec<RelayedPosition>,
    /// Messages stored.
    pub(crate) received: u64,
    /// Those of them with a late sample.
    pub(crate) late: u64,
    /// Gaps stored, by reason.
    pub(crate) gaps: Vec<GapCount>,
    /// The number of its next command.
    pub(crate) next_command: u64,
    /// When something was last received from it, ms since 1970.
    pub(crate) last_seen: Option<i64>,
}

impl Default for Standing {
    fn default() -> Standing {
        Standing {
            cursor: 0,
            next_session: 1,
            position: None,
            relayed: Vec::new(),
            received: 0,
            late: 0,
            gaps: Vec::new(),
            next_command: 1,
            last_seen: None,
        }
    }
}

impl Standing {
    /// As it was loaded.
    pub(crate) fn of(device: &LoadedDevice) -> Standing {
        Standing {
            cursor: device.cursor,
            next_session: device.next_session,
            position: device.position.clone(),
            relayed: device.relayed.clone(),
            received: device.received,
            late: device.late,
            gaps: device.gaps.clone(),
            next_command: device.next_command,
            last_seen: device.last_seen,
        }
    }

    /// The other way round.
    pub(crate) fn put_into(self, device: &mut LoadedDevice) {
        device.cursor = self.cursor;
        device.next_session = self.next_session;
        device.position = self.position;
        device.relayed = self.relayed;
        device.received = self.received;
        device.late = self.late;
        device.gaps = self.gaps;
        device.next_command = self.next_command;
        device.last_seen = self.last_seen;
    }

    /// Takes a message over that leaves the log at `position`, or refuses one that does not follow.
    pub(crate) fn message(
        &mut self,
        message: &Message,
        position: Option<&Position>,
    ) -> Result<(), CommitError> {
        self.step(message.device, message.cursor, position, message.received)?;
        self.received += 1;
        self.late += u64::from(message.samples.iter().any(|sample| sample.late));
        Ok(())
    }

    /// Takes a gap over that leaves the log at `position`, or refuses one that does not follow.
    pub(crate) fn gap(&mut self, gap: &Gap, position: Option<&Position>) -> Result<(), CommitError> {
        self.step(gap.device, gap.cursor, position, gap.at)?;
        let messages = gap.to.saturating_sub(gap.from).saturating_add(1);
        GapCount::count(&mut self.gaps, &gap.reason, 1, messages);
        Ok(())
    }

    /// Moves the log one on, or refuses what does not follow.
    fn step(
        &mut self,
        device: DeviceKey,
        cursor: u64,
        position: Option<&Position>,
        at: i64,
    ) -> Result<(), CommitError> {
        if self.cursor.checked_add(1) != Some(cursor) {
            return Err(CommitError::NotNext { device, stored: self.cursor, got: cursor });
        }
        self.cursor = cursor;
        match (&mut self.position, position) {
            (Some(current), Some(position)) if current.session == position.session => {
                current.seq = position.seq;
            }
            (current, Some(position)) => *current = Some(position.clone()),
            (_, None) => {}
        }
        self.last_seen = self.last_seen.max(Some(at));
        Ok(())
    }
}

impl GapCount {
    /// Counts `gaps` more gaps of a reason, in which `messages` are missing. `counts` is in the order of the reasons, and
    /// those beyond [`LEDGER_REASONS_MAX`] count together as [`OTHER_REASONS`].
    pub fn count(counts: &mut Vec<GapCount>, reason: &str, gaps: u64, messages: u64) {
        let named = counts.iter().filter(|count| *count.reason != *OTHER_REASONS).count();
        let place = match counts.binary_search_by(|count| (*count.reason).cmp(reason)) {
            Ok(place) => place,
            Err(_) if named >= LEDGER_REASONS_MAX && reason != OTHER_REASONS => {
                return GapCount::count(counts, OTHER_REASONS, gaps, messages);
            }
            Err(place) => {
                counts.insert(place, GapCount { reason: reason.into(), gaps: 0, messages: 0 });
                place
            }
        };
        let count = &mut counts[place];
        count.gaps = count.gaps.saturating_add(gaps);
        count.messages = count.messages.saturating_add(messages);
    }
}
