//! What stands in the queue, and what of it the writer sleeps for: without locks.

use std::collections::{HashSet, VecDeque};

use super::{Change, Submitted, Taken};
use crate::limits::{
    BATCH_BYTES_MAX, BATCH_WRITES_MAX, EARLY_BYTES_MAX, EARLY_WRITES_MAX, QUEUE_BYTES_MAX, QUEUE_WRITES_MAX,
};
use crate::write::{DeviceKey, Write};

#[derive(Default)]
pub(super) struct Content {
    pub(super) writes: VecDeque<Write>,
    /// Stretches of them of which the same was said, and how long each is.
    stretches: VecDeque<(Submitted, usize)>,
    /// What they weigh.
    bytes: usize,
    /// What found no room: the writer hands it back as soon as it looks.
    pub(super) refused: Vec<Write>,
    /// Devices that something was refused of and not yet handed back. What comes of them meanwhile does not follow and is
    /// refused too, even if there is room again: so it comes back behind that, and never after something that was taken.
    held: HashSet<DeviceKey>,
    /// Whether writes may be done before they are committed.
    early: bool,
    /// How the store is to be run from now on, until the writer has seen it.
    pub(super) change: Option<Change>,
    pub(super) closed: bool,
    /// The store has failed, or its writer has ended.
    pub(super) failed: bool,
    /// Somebody waits until all of it is dealt with.
    pub(super) hurry: bool,
    pub(super) is_waited_for: bool,
    pub(super) awaits: Awaits,
    /// How many writes were ever put in, and how many of them dealt with.
    pub(super) pushed: u64,
    pub(super) dealt: u64,
}

/// What the writer sleeps for.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Awaits {
    /// It does not sleep.
    #[default]
    Nothing,
    /// Something to take, or the end.
    Anything,
    /// What should not gather any longer: a full batch, something refused, the end.
    Urgent,
    /// The same, or so many writes.
    Company(usize),
    /// Something refused, or the end.
    Refused,
}

impl Content {
    pub(super) fn new(early: bool) -> Content {
        Content { early, ..Content::default() }
    }

    pub(super) fn push(&mut self, write: Write, asks: bool) -> Submitted {
        let weight = weight(&write);
        if self.closed {
            tracing::debug!("a write came after the store was closed");
            return Submitted::Waits;
        }
        if let Some(device) = log(&write)
            && (self.is_full_with(weight) || self.held.contains(&device))
        {
            self.held.insert(device);
            self.refused.push(write);
            return Submitted::Waits;
        }
        let early = asks && self.early && !self.failed && self.has_room_for_early(weight);
        let said = if early { Submitted::Done } else { Submitted::Waits };
        self.writes.push_back(write);
        self.bytes += weight;
        self.pushed += 1;
        match self.stretches.back_mut() {
            Some((last, writes)) if *last == said => *writes += 1,
            _ => self.stretches.push_back((said, 1)),
        }
        said
    }

    pub(super) fn take(&mut self) -> Option<Taken> {
        if self.is_idle() {
            self.hurry = false;
        } else if self.writes.is_empty() && self.refused.is_empty() {
            return None;
        }
        let said = self.stretches.front().map_or(Submitted::Waits, |(said, _)| *said);
        let writes = self.batch();
        self.hurry &= !self.writes.is_empty();
        Some(Taken { writes, said, refused: std::mem::take(&mut self.refused), waited: None })
    }

    pub(super) fn put_back(&mut self, writes: Vec<Write>, said: Submitted) {
        if !writes.is_empty() {
            self.stretches.push_front((said, writes.len()));
            self.bytes += writes.iter().map(weight).sum::<usize>();
            let behind = std::mem::replace(&mut self.writes, writes.into());
            self.writes.extend(behind);
        }
    }

    pub(super) fn told(&mut self) {
        self.held = self.refused.iter().filter_map(log).collect();
    }

    /// Whether there is nothing for the writer.
    pub(super) fn is_idle(&self) -> bool {
        self.writes.is_empty() && self.refused.is_empty() && !self.closed
    }

    /// Whether what the writer sleeps for is there.
    pub(super) fn is_awaited(&self) -> bool {
        self.has(self.awaits)
    }

    pub(super) fn has(&self, awaited: Awaits) -> bool {
        match awaited {
            Awaits::Nothing => false,
            Awaits::Anything => !self.is_idle(),
            Awaits::Urgent => self.is_urgent(),
            Awaits::Company(writes) => self.writes.len() >= writes || self.is_urgent(),
            Awaits::Refused => !self.refused.is_empty() || self.closed,
        }
    }

    /// Whether the first `count` writes are dealt with, or will not be now.
    pub(super) fn is_settled(&self, count: u64) -> bool {
        self.dealt >= count || self.failed
    }

    fn is_urgent(&self) -> bool {
        // Where writes are done early, nobody waits for those. For any other somebody does.
        let somebody_waits = self.early && self.stretches.iter().any(|(said, _)| *said == Submitted::Waits);
        self.is_full_batch() || self.hurry || somebody_waits || !self.refused.is_empty() || self.closed
    }

    fn is_full_batch(&self) -> bool {
        self.writes.len() >= BATCH_WRITES_MAX || self.bytes >= BATCH_BYTES_MAX
    }

    fn is_full_with(&self, weight: usize) -> bool {
        self.writes.len() >= QUEUE_WRITES_MAX || self.bytes + weight > QUEUE_BYTES_MAX
    }

    fn has_room_for_early(&self, weight: usize) -> bool {
        self.writes.len() < EARLY_WRITES_MAX && self.bytes + weight <= EARLY_BYTES_MAX
    }

    fn batch(&mut self) -> Vec<Write> {
        let fits = self.writes.len() <= BATCH_WRITES_MAX && self.bytes <= BATCH_BYTES_MAX;
        if fits && self.stretches.len() <= 1 {
            // All of it, without moving any of it while those who push wait.
            self.bytes = 0;
            self.stretches.clear();
            return std::mem::take(&mut self.writes).into();
        }
        let mut taken = 0;
        let fits = |write: &&Write| {
            let before = taken;
            taken += weight(write);
            before == 0 || taken <= BATCH_BYTES_MAX
        };
        let most = self.stretches.front().map_or(0, |(_, writes)| *writes).min(BATCH_WRITES_MAX);
        let count = self.writes.iter().take(most).take_while(fits).count();
        let batch: Vec<Write> = self.writes.drain(..count).collect();
        self.bytes = self.bytes.saturating_sub(batch.iter().map(weight).sum());
        if let Some((_, writes)) = self.stretches.front_mut() {
            *writes -= count;
            if *writes == 0 {
                self.stretches.pop_front();
            }
        }
        batch
    }
}

/// Whose log a write belongs into; `None` for one that belongs into none.
fn log(write: &Write) -> Option<DeviceKey> {
    match write {
        Write::Message(message) => Some(message.device),
        Write::Gap(gap) => Some(gap.device),
        _ => None,
    }
}

/// About how many bytes of memory a write holds.
fn weight(write: &Write) -> usize {
    let own = match write {
        Write::Message(message) => {
            let sample = size_of::<crate::write::Sample>();
            message.samples.iter().map(|each| sample + each.value.len()).sum()
        }
        Write::Describe { describe, .. } => describe.len(),
        Write::Called { called, .. } => {
            called.name.as_ref().map_or(0, |name| name.len()) + called.labels.len()
        }
        Write::Command(command) => {
            command.value.len() + command.result.as_ref().map_or(0, |result| result.len())
        }
        Write::Audit(entry) => size_of_val(&**entry) + entry.who.len() + entry.details.len(),
        Write::Relayed(relayed) => relayed.then.iter().map(weight).sum(),
        _ => 0,
    };
    size_of::<Write>() + own
}
