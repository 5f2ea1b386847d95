//! Why a device is not connected.

use protocol::code::{Again, Bye};
use protocol::message::Farewell;
use protocol::session::device_side::Ending;
use std::fmt;

/// Why a connection ended, or a device does not come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The hub said goodbye.
    Told {
        /// Its word: `stopping`, `replaced` …
        code: String,
        /// Whether the device comes back. It does not where its token is not valid.
        comes_back: bool,
        /// Milliseconds the hub asks it to stay away.
        wait: Option<u64>,
        /// It is to come back at once.
        at_once: bool,
    },
    /// Nothing was heard for two heartbeats.
    Silent,
    /// Nothing was taken over for too long.
    Stuck,
    /// The connection broke or could not be made: the system's words.
    Broken(String),
    /// The outbox could not be written where it must be before more is said: the system's words.
    Outbox(String),
    /// The program closed the device.
    Closed,
}

impl Reason {
    /// Whether the device comes back by itself.
    pub fn comes_back(&self) -> bool {
        self.again() != Again::Never && *self != Reason::Closed
    }

    pub(crate) fn again(&self) -> Again {
        match self {
            Reason::Told { comes_back: false, .. } => Again::Never,
            Reason::Told { at_once: true, .. } => Again::Now,
            _ => Again::Later,
        }
    }

    pub(crate) fn wait(&self) -> Option<u64> {
        match self {
            Reason::Told { wait, .. } => *wait,
            _ => None,
        }
    }
}

impl From<Ending> for Reason {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Told(Farewell { code, again, wait }) => {
                Reason::Told { code, comes_back: again != Again::Never, wait, at_once: again == Again::Now }
            }
            Ending::Silent => Reason::Silent,
            Ending::Stuck => Reason::Stuck,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Told { code, .. } => match Bye::from_word(code) {
                Some(bye) => f.write_str(bye.sentence()),
                None => f.write_str(code),
            },
            Reason::Silent => f.write_str("Nothing was heard for two heartbeats."),
            Reason::Stuck => f.write_str("The hub took nothing over for too long."),
            Reason::Broken(why) => f.write_str(why),
            Reason::Outbox(why) => write!(f, "The outbox cannot be written: {why}"),
            Reason::Closed => f.write_str("The device was closed."),
        }
    }
}
