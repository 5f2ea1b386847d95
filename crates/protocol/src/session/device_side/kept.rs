//! What a stored outbox keeps beside the messages: where their log stands, and in which session they are numbered.
//!
//! Every message put into an outbox gets a **position**: 1, 2, 3 …, counted over all runs of the program, for ever. A
//! session is a name and the position at which it begins: number *n* in it is position `begin + n - 1`. So a new
//! session for the same messages is a new beginning, and no message has its number written down.
//!
//! What a storage does:
//!
//! - A message is stored under its position ([`super::DeviceSide::publish`] returns it). Positions follow each other; only
//!   where nothing is held may they jump ahead, after a power cut took messages that were taken over.
//! - Messages below [`super::DeviceSide::held_from`] may be forgotten, once [`super::DeviceSide::head`] is stored. Nothing
//!   needs to be stored when an ack comes.
//! - [`super::Output::Keep`] replaces the stored [`Head`], as one atomic record that a torn write leaves as it was, and
//!   is synced before the next output is carried out (D4).
//! - At the start it hands over what it holds ([`Kept`]) and carries out what [`super::DeviceSide::restored`] wants
//!   before it takes a new message: that is the boot marker of rule D2.

use crate::id::SessionId;
use crate::message::Samples;

/// A session whose messages are stored: opened and not forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSession {
    /// Its name.
    pub session: SessionId,
    /// The position of its number 1; at least 1.
    pub begin: u64,
    /// The position behind its last message: where a later run of the program began, whose messages must not be said in
    /// it (D2). Nothing in the run that opened it.
    pub end: Option<u64>,
}

impl KeptSession {
    /// The number in it of what stands at `position`, which is not before its beginning.
    pub(super) fn number(&self, position: u64) -> u64 {
        (position + 1).saturating_sub(self.begin)
    }

    /// The position behind that of number `seq`; for 0 its beginning.
    pub(super) fn behind(&self, seq: u64) -> u64 {
        self.begin.saturating_add(seq)
    }
}

/// The head of a stored outbox: one record, written whole or not at all (D4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The session in which what is held is numbered; nothing where it has none yet.
    pub session: Option<KeptSession>,
    /// Everything below this position is taken over, or its loss is declared and acked. At least 1.
    pub head: u64,
}

/// What a stored outbox gives a new run of the program.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The session of the stored [`Head`].
    pub session: Option<KeptSession>,
    /// The head of the stored [`Head`]. An older one than the true one is no harm: the welcome corrects it.
    pub head: u64,
    /// The position of the first of `messages`, or the next one where there are none. What lies between `head` and it
    /// was dropped and is not declared yet.
    pub first: u64,
    /// What was stored, in order. After a power cut it may be less than was said. Nothing stands where a message was and
    /// can no longer be read: it may have been said, so its number is not used again, and declared lost when all before
    /// it is acked.
    pub messages: Vec<Option<Samples>>,
}

impl Default for Kept {
    /// That of an outbox that was just made: nothing.
    fn default() -> Self {
        Self { session: None, head: 1, first: 1, messages: Vec::new() }
    }
}
