//! How a connection is opened: what to say, and which answer to wait for before the next thing.

use std::net::SocketAddr;

use super::scan::Mark;
use super::voice::Voice;

/// Everything that a connection needs to be opened, and what it is for then.
pub(crate) struct Script {
    pub(crate) address: SocketAddr,
    pub(crate) steps: Vec<Step>,
    pub(crate) voice: Voice,
    pub(crate) ear: Ear,
}

/// Say this, and wait until that is heard; an empty one is not waited for.
pub(crate) struct Step {
    pub(crate) say: Vec<u8>,
    pub(crate) until: &'static [u8],
}

impl Step {
    pub(crate) fn new(say: impl Into<Vec<u8>>, until: &'static [u8]) -> Step {
        Step { say: say.into(), until }
    }
}

/// What is listened for on an open connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ear {
    /// Nothing: what comes is read and forgotten.
    Nothing,
    /// Numbers behind a mark.
    Marks(Mark),
    /// Acks of so many bytes each, and nothing else; they are counted as they come, from 1.
    Acks { bytes: u64 },
}

impl Ear {
    /// Messages that were published.
    pub(crate) const SAMPLES: Ear = Ear::Marks(Mark::Sample);
    /// Glassline's acks.
    pub(crate) const ACKS: Ear = Ear::Marks(Mark::Ack);
    /// Glassline's commands.
    pub(crate) const COMMANDS: Ear = Ear::Marks(Mark::Command);
    /// Glassline's last receipts.
    pub(crate) const DONE: Ear = Ear::Marks(Mark::Done);
    /// JetStream's acks.
    pub(crate) const STORED: Ear = Ear::Marks(Mark::Stored);
}
