//! One place in a device's log, as it is stored.

use crate::reader::GapRow;
use crate::write::{Position, Sample};

/// What stands at one cursor of a device's log.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The cursor.
    pub cursor: u64,
    /// What stands there.
    pub content: EntryContent,
}

/// What can stand at a cursor.
#[derive(Clone, Debug, PartialEq)]
pub enum EntryContent {
    /// A message.
    Message {
        /// Its session and seq; `None` when it had no number.
        position: Option<Position>,
        /// Its samples. Those of different channels in the order in which the channels first appeared, those of one
        /// channel in the order in which they stood in the message.
        samples: Vec<Sample>,
    },
    /// A gap.
    Gap(GapRow),
    /// A message of which nothing is stored: it had no samples, or they are no longer kept.
    Nothing,
}
