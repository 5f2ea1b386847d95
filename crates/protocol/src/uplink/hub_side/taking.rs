//! Spool numbers at a hub, from taken to acked (rule U1).

use crate::limits::{UPLINK_UNACKED_BYTES_MAX, UPLINK_WINDOW_ENTRIES};
use crate::message::Fail;
use crate::rule::{Rule, holds};
use crate::uplink::message::SpoolCursor;
use std::collections::VecDeque;
use std::sync::Arc;

/// Acks that cover less than this part of the window wait for more.
const PART_OF_WINDOW: usize = 4;

/// How far it has come.
#[derive(Debug, Default)]
pub(super) struct Taking {
    /// How far the hub is when all that it took is durable.
    cursor: Option<SpoolCursor>,
    /// What is taken and not known to be durable: where the hub then is, and the bytes of its line.
    flight: VecDeque<(SpoolCursor, usize)>,
    /// The bytes of all these.
    bytes: usize,
    /// What is durable and not acked: how far, and how many numbers.
    acks: (Option<SpoolCursor>, usize),
}

impl Taking {
    /// An uplink that goes on behind `cursor`.
    pub(super) fn begin(cursor: Option<SpoolCursor>) -> Self {
        Self { cursor, ..Self::default() }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.flight.len()
    }

    /// Whether so much is under way that nothing more is to be read.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= UPLINK_UNACKED_BYTES_MAX
    }

    /// A tag begins: it must follow what the hub has, or nothing at all. Answers where the hub then is, and whether the gateway
    /// has forgotten where it was.
    pub(super) fn tag(
        &mut self,
        tag: Arc<str>,
        follows: Option<SpoolCursor>,
    ) -> Result<(SpoolCursor, bool), Fail> {
        let is_next = follows.is_none() || follows == self.cursor;
        let is_same = self.cursor.as_ref().is_some_and(|cursor| cursor.tag == tag);
        if (!is_next || is_same) && holds(Rule::U1) {
            let (here, there) = (place(self.cursor.as_ref()), place(follows.as_ref()));
            return Err(wrong(&format!("the tag {tag} follows {there}, and this hub has {here}")));
        }
        let lost = follows.is_none() && self.cursor.is_some();
        Ok((self.take(SpoolCursor { tag, number: 0 }, 0)?, lost))
    }

    /// The numbers `from` to `to` come, or never will, in a line of so many bytes: they must be the next ones. Answers where the
    /// hub then is.
    pub(super) fn next(&mut self, from: u64, to: u64, bytes: usize) -> Result<SpoolCursor, Fail> {
        let Some(SpoolCursor { tag, number }) = &self.cursor else {
            return Err(wrong("a number before any tag"));
        };
        if from != number + 1 && holds(Rule::U1) {
            return Err(wrong(&format!("the number {from} follows {number} of {tag}")));
        }
        let cursor = SpoolCursor { tag: tag.clone(), number: to };
        self.take(cursor, bytes)
    }

    fn take(&mut self, cursor: SpoolCursor, bytes: usize) -> Result<SpoolCursor, Fail> {
        if self.flight.len() + self.acks.1 >= UPLINK_WINDOW_ENTRIES as usize {
            return Err(wrong(&format!("more than {UPLINK_WINDOW_ENTRIES} numbers that are not acked")));
        }
        self.cursor = Some(cursor.clone());
        self.flight.push_back((cursor.clone(), bytes));
        self.bytes += bytes;
        Ok(cursor)
    }

    /// Everything up to there is durable. Answers whether any of it is news.
    pub(super) fn committed(&mut self, cursor: &SpoolCursor) -> bool {
        let Some(at) = self.flight.iter().position(|(taken, _)| taken == cursor) else { return false };
        self.bytes -= self.flight.drain(..=at).map(|(_, bytes)| bytes).sum::<usize>();
        self.acks = (Some(cursor.clone()), self.acks.1 + at + 1);
        true
    }

    /// Whether the ack can wait for more.
    pub(super) fn ack_waits(&self) -> bool {
        !self.flight.is_empty() && self.acks.1 < UPLINK_WINDOW_ENTRIES as usize / PART_OF_WINDOW
    }

    /// What is to be acked.
    pub(super) fn ack(&mut self) -> Option<SpoolCursor> {
        std::mem::take(&mut self.acks).0
    }
}

fn place(cursor: Option<&SpoolCursor>) -> String {
    cursor.map_or_else(|| "nothing".to_owned(), |SpoolCursor { tag, number }| format!("{number} of {tag}"))
}

fn wrong(reason: &str) -> Fail {
    crate::uplink::wrong(reason)
}
