//! What a device said that is on its way to the store, in the order in which it goes there.

use super::intake::Pending;
use std::collections::VecDeque;

/// Messages, gaps and descriptions under way. A device that says nothing holds no memory for it.
#[derive(Default)]
pub(crate) struct UnderWay(Option<Box<Queues>>);

/// Places that stay for the next message where nothing is under way any more.
const PLACES_KEPT: usize = 4;

#[derive(Default)]
struct Queues {
    entries: VecDeque<Pending>,
    /// Descriptions, by the generation that brought them.
    descriptions: VecDeque<Option<u64>>,
}

impl UnderWay {
    /// Messages and gaps, the oldest first.
    pub(crate) fn entries(&self) -> impl DoubleEndedIterator<Item = &Pending> {
        self.0.iter().flat_map(|queues| &queues.entries)
    }

    /// How many messages and gaps there are.
    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |queues| queues.entries.len())
    }

    /// How many of them came over the device's connection to this hub, or by themselves: others follow as they come, whoever
    /// waits.
    pub(crate) fn own(&self) -> usize {
        self.entries().filter(|entry| !entry.is_relayed()).count()
    }

    /// The newest message or gap.
    pub(crate) fn newest(&self) -> Option<&Pending> {
        self.0.as_ref()?.entries.back()
    }

    pub(crate) fn push(&mut self, entry: Pending) {
        let entries = &mut self.0.get_or_insert_default().entries;
        if entries.capacity() == 0 {
            entries.reserve_exact(1);
        }
        entries.push_back(entry);
    }

    /// Takes the oldest out, where its cursor is at most `cursor`.
    pub(crate) fn take_up_to(&mut self, cursor: u64) -> Option<Pending> {
        let entries = &mut self.0.as_mut()?.entries;
        let entry = entries.pop_front_if(|entry| entry.cursor <= cursor);
        if entries.is_empty() && entries.capacity() > PLACES_KEPT {
            *entries = VecDeque::new();
        }
        entry
    }

    /// Takes out the one with this cursor.
    pub(crate) fn take(&mut self, cursor: u64) -> Option<Pending> {
        let entries = &mut self.0.as_mut()?.entries;
        let at = entries.iter().position(|entry| entry.cursor == cursor)?;
        entries.remove(at)
    }

    pub(crate) fn push_description(&mut self, of: Option<u64>) {
        self.0.get_or_insert_default().descriptions.push_back(of);
    }

    /// The generation of the oldest description, which is under way no longer.
    pub(crate) fn take_description(&mut self) -> Option<u64> {
        self.0.as_mut()?.descriptions.pop_front().flatten()
    }

    /// The connection is over: gives back the memory where nothing is under way.
    pub(crate) fn rest(&mut self) {
        self.0.take_if(|queues| queues.entries.is_empty() && queues.descriptions.is_empty());
    }
}
