//! Bounds: what may wait, may wait only so much.

use super::Verdict;
use protocol::limits::IN_FLIGHT_MESSAGES_MAX;
use std::collections::VecDeque;

/// Bytes of frames that one panel is handed at once, beside one value for each channel.
const PANEL_BYTES_MAX: usize = 256 * 1024;

/// Looks at sizes.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    /// By program: numbers, or ends of losses, said and not acked.
    unacked: Vec<VecDeque<u64>>,
}

impl Bounds {
    /// An outbox has so many messages.
    pub(crate) fn outbox(&self, device: &str, messages: usize, most: usize) -> Verdict {
        match messages <= most {
            true => Ok(()),
            false => Err(format!("{device}: {messages} messages in an outbox of {most}")),
        }
    }

    /// The device was told where it stands; with a welcome, all that is not acked counts as not said.
    pub(crate) fn told(&mut self, program: usize, ack: u64, welcome: bool) {
        let unacked = self.of(program);
        while !unacked.is_empty() && (welcome || unacked[0] <= ack) {
            unacked.pop_front();
        }
    }

    /// The device dropped so many of the oldest: it waits for no ack of them, only of the loss.
    pub(crate) fn gave_up(&mut self, program: usize, messages: usize) {
        let unacked = self.of(program);
        unacked.drain(..messages.min(unacked.len()));
    }

    /// The device says a number, for the first time or again.
    pub(crate) fn said(&mut self, program: usize, seq: u64, window: u64) -> Verdict {
        let unacked = self.of(program);
        if unacked.back().is_some_and(|last| seq <= *last) {
            return Ok(());
        }
        unacked.push_back(seq);
        // A closed window lets out one that asks whether it may open.
        match unacked.len() as u64 <= window.max(1) {
            true => Ok(()),
            false => Err(format!("program {program}: {} unacked in a window of {window}", unacked.len())),
        }
    }

    /// So much of one connection is on its way to the store.
    pub(crate) fn in_flight(&self, messages: i64) -> Verdict {
        match messages <= i64::from(IN_FLIGHT_MESSAGES_MAX) {
            true => Ok(()),
            false => Err(format!("{messages} messages of one connection are in flight")),
        }
    }

    /// A panel is handed so much at once.
    pub(crate) fn frames(&self, bytes: usize) -> Verdict {
        match bytes <= PANEL_BYTES_MAX {
            true => Ok(()),
            false => Err(format!("a panel is handed {bytes} bytes at once")),
        }
    }

    fn of(&mut self, program: usize) -> &mut VecDeque<u64> {
        if self.unacked.len() <= program {
            self.unacked.resize(program + 1, VecDeque::new());
        }
        &mut self.unacked[program]
    }
}
