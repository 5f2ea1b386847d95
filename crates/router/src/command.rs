//! The words of commands: what is asked, where it stands, why not, and what people are told.

use crate::limits::COMMAND_ID_BYTES_MAX;
use protocol::limits::CHANNEL_BYTES_MAX;
use serde_json::value::RawValue;
use std::sync::Arc;
use store::TokenHash;

/// What becomes of a command while its device is offline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Refused at once.
    Now,
    /// Kept; a newer one on its channel replaces it.
    Latest,
    /// Kept, in order.
    Queue,
}

/// Where a command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It never ran: not taken at all.
    Refused,
    /// Taken, about to be sent.
    Accepted,
    /// Waits for the device.
    Queued,
    /// It never ran: not sent in time.
    Expired,
    /// It never ran: taken back.
    Cancelled,
    /// On its way; it may have run.
    Sent,
    /// It ran once.
    Done,
    /// It ran once, and the device says why it failed.
    Failed,
    /// It may have run.
    Unknown,
}

/// The words of an enum on the wire.
macro_rules! words {
    ($visible:vis $name:ident { $($variant:ident = $word:literal),* }) => {
        impl $name {
            /// The word on the wire.
            $visible fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }

            /// What the word means, if it is one.
            $visible fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some($name::$variant),)* _ => None }
            }
        }
    };
}
words!(pub Intent { Now = "now", Latest = "latest", Queue = "queue" });
words!(pub State {
    Refused = "refused", Accepted = "accepted", Queued = "queued", Expired = "expired", Cancelled = "cancelled",
    Sent = "sent", Done = "done", Failed = "failed", Unknown = "unknown"
});

/// Why a command is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The person may not.
    Denied,
    /// The device is not there, and the command is for now.
    Offline,
    /// As many as allowed wait.
    Full,
    /// It is no valid command, or not for this channel, or its id is taken.
    Bad,
    /// The device cannot read a line as long as it.
    TooLong,
}

impl Refusal {
    /// The reason on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Refusal::Denied => "denied",
            Refusal::Offline => "offline",
            Refusal::Full => "full",
            Refusal::Bad => "bad",
            Refusal::TooLong => "too long",
        }
    }
}

/// What a person asks of a device.
#[derive(Debug, Clone)]
pub struct Request {
    /// Made by the browser; unique per person and device.
    pub id: Box<str>,
    /// Who asks.
    pub by: Arc<str>,
    /// For which channel.
    pub channel: Box<str>,
    /// What.
    pub value: Box<RawValue>,
    /// What becomes of it while the device is offline.
    pub intent: Intent,
    /// Milliseconds it stays wanted; nothing for the default.
    pub ttl: Option<u64>,
    /// The token with which it was asked, where it was one that can be revoked.
    pub credential: Option<TokenHash>,
}

/// Where a command stands, as panels are told.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The browser's id.
    pub id: Box<str>,
    /// Who asked.
    pub by: Arc<str>,
    /// For which channel.
    pub channel: Box<str>,
    /// What was asked, as it came.
    pub asked: Box<str>,
    /// Where it stands.
    pub state: State,
    /// Why, where there is a reason.
    pub reason: Option<Box<str>>,
    /// What the device answered with, as it came.
    pub value: Option<Box<str>>,
}

impl Request {
    /// Whether the id and the channel can be what they are.
    pub(crate) fn is_well_formed(&self) -> bool {
        (1..=COMMAND_ID_BYTES_MAX).contains(&self.id.len())
            && (1..=CHANNEL_BYTES_MAX).contains(&self.channel.len())
    }

    /// The answer to a request that is not taken.
    pub fn refused(self, refusal: Refusal) -> Receipt {
        Receipt {
            id: self.id,
            by: self.by,
            channel: self.channel,
            asked: self.value.get().into(),
            state: State::Refused,
            reason: Some(refusal.as_str().into()),
            value: None,
        }
    }
}
