//! What a store holds of a device, as checkers read it.

use std::sync::Arc;

/// The name of the device that program `program` speaks for, where it is alone.
pub fn name_of(program: usize) -> String {
    format!("pump-{program}")
}

/// The program that speaks for a device alone or first.
pub fn program_of(device: &str) -> Option<usize> {
    device.strip_prefix("pump-")?.parse().ok()
}

/// One entry of a device's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub cursor: u64,
    /// Its session and its number there, or the last one of a gap; nothing where it is not numbered.
    pub position: Option<(Arc<str>, u64)>,
    /// What it is.
    pub what: What,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A message with samples, each a channel and a value; and whether one of them is late.
    Message {
        /// Channel and value.
        samples: Vec<(Arc<str>, Arc<str>)>,
        /// One of them is late.
        late: bool,
    },
    /// Numbers that will never come.
    Gap {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
        /// Why.
        reason: String,
    },
}

impl Entry {
    /// The content of a message: the value of its first sample.
    pub fn content(&self) -> Option<u64> {
        match &self.what {
            What::Message { samples, .. } => samples.first()?.1.parse().ok(),
            What::Gap { .. } => None,
        }
    }
}

/// An entry of the store.
pub(crate) fn entry(entry: &store::Entry) -> Entry {
    let cursor = entry.cursor;
    match &entry.content {
        store::EntryContent::Message { position, samples } => Entry {
            cursor,
            position: position.as_ref().map(|position| (position.session.clone(), position.seq)),
            what: What::Message {
                samples: samples
                    .iter()
                    .map(|sample| (sample.channel.clone(), sample.value.clone()))
                    .collect(),
                late: samples.iter().any(|sample| sample.late),
            },
        },
        store::EntryContent::Gap(gap) => Entry {
            cursor,
            position: Some((gap.session.as_ref().into(), gap.to)),
            what: What::Gap { from: gap.from, to: gap.to, reason: gap.reason.to_string() },
        },
        store::EntryContent::Nothing => {
            Entry { cursor, position: None, what: What::Message { samples: Vec::new(), late: false } }
        }
    }
}
