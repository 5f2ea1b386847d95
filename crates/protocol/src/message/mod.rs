//! What lines say: the envelope first, then the kind; a value stays the bytes that came.
//!
//! The kind of a message is told by its kind key, the first that is present. A line of a device without one is
//! shorthand for `values`. See `spec/protocol.md`, "Messages".

mod describe;
pub(crate) mod from_device;
pub(crate) mod read;
mod to_device;
pub(crate) mod write;

pub use from_device::{
    Description, FromDevice, Gap, Identify, Outcome, Sample, Samples, decode_from_device, leading_seq,
};
pub use to_device::{Command, Complaint, Farewell, ToDevice, Welcome, decode_to_device};

use crate::code::Fault;
use crate::limits::REASON_BYTES_MAX;

/// The kind keys of what a device says, in the order in which they are looked for.
const FROM_DEVICE_KINDS: [&str; 7] = ["identify", "seq", "channel", "values", "describe", "skip", "result"];

/// The kind keys of what the hub side says, in the order in which they are looked for. Each side looks only for those
/// of the other: a command has a `channel`, a welcome an `ack`.
const TO_DEVICE_KINDS: [&str; 8] = ["welcome", "ack", "nak", "command", "window", "need", "error", "bye"];

/// Why a line could not be taken, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fail {
    /// The code on the wire.
    pub fault: Fault,
    /// Bytes from the beginning of the line, from 0.
    pub at: usize,
    /// The line's `seq`, where it could be read.
    pub seq: Option<u64>,
    /// A sentence for people that names what is wrong.
    pub reason: String,
}

impl Fail {
    /// A failure at byte `at` of the line.
    pub fn new(fault: Fault, at: usize, reason: &str) -> Self {
        Self { fault, at, seq: None, reason: cut(reason, REASON_BYTES_MAX).to_owned() }
    }
}

/// The longest beginning of `text` that has at most `bytes_max` bytes and ends at a character.
pub fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
