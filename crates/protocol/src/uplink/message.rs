//! What the two ends of an uplink say.
//!
//! Stream 0 is the conversation of the ends themselves; any other number is the lane of one device in this uplink, given by the
//! gateway when it opens it. Times are ms since 1970 unless a field says otherwise. Raw JSON stays as it was sent.

use crate::code::{Again, Bye};
use crate::id::{DeviceId, SessionId};
use crate::message::Sample;
use serde_json::value::RawValue;
use std::sync::Arc;

/// How far a hub has come in a gateway's spool: everything up to `number` of `tag`, and all that the tags before it held.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpoolCursor {
    /// The gateway's tag: random, new at each of its starts.
    pub tag: Arc<str>,
    /// The spool number within the tag; the first is 1.
    pub number: u64,
}

/// What a gateway says on stream 0.
#[derive(Debug, Clone)]
pub enum FromGateway {
    /// An empty line: I am here.
    Heartbeat,
    /// First on each uplink.
    Identify(GatewayIdentify),
    /// From here on numbers are those of `tag`, the next being 1. It follows what the cursor names; nothing where this is the
    /// first entry that the spool ever had, or what it had is lost.
    Tag {
        /// The tag that begins.
        tag: Arc<str>,
        /// Where the tag before it ended.
        follows: Option<SpoolCursor>,
    },
    /// The numbers `from` to `to` of the current tag will never come.
    Skip(Skip),
    /// A stream begins: from now on this number is this device.
    Open {
        /// Its number; not 0, and not one that is open.
        stream: u64,
        /// Whose it is.
        device: DeviceId,
        /// How it is connected to the gateway; nothing where it is not, and only what the spool has of it is to come.
        connected: Option<Connected>,
    },
    /// Nothing more comes on this stream. Its number is not used again in this uplink.
    Close {
        /// Which.
        stream: u64,
    },
    /// All devices that are connected have a stream: whoever was behind this gateway and has none is not (rule U6). Once after
    /// the welcome.
    Restored,
    /// Somebody identified at the gateway whom it cannot judge alone (rule U7).
    Admit {
        /// Tells the answers apart.
        ask: u64,
        /// Who it says it is; nothing where it asks for an id.
        device: Option<DeviceId>,
        /// SHA-256 of the token that it showed, 64 hexadecimal digits.
        token: Box<str>,
    },
    /// What became of a command, told until it is [`FromHub::Settled`].
    Outcome(CommandOutcome),
    /// What the gateway can tell of itself, for people.
    Standing {
        /// Entries in the spool that this hub has not acked.
        behind: u64,
        /// Their bytes.
        bytes: u64,
        /// When the oldest of them was received.
        oldest: Option<i64>,
    },
    /// A kind from the future (`$…`): ignored.
    Unknown,
}

/// What a gateway says first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GatewayIdentify {
    /// Its id.
    pub gateway: Arc<str>,
    /// Its credential; never written to a log.
    pub token: String,
    /// Comes back in the welcome.
    pub nonce: u64,
    /// Its tag in this run: commands are handed again only under the same one (rule U5).
    pub tag: Arc<str>,
    /// Seconds between heartbeats that it wishes.
    pub heartbeat: u32,
}

/// How a device is connected to its gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connected {
    /// Milliseconds since it identified there (rule U6).
    pub ago: u64,
    /// Where it comes from: `tcp 10.0.0.7:52144`.
    pub address: Box<str>,
    /// It keeps no numbers.
    pub plain: bool,
    /// Seconds between heartbeats that were agreed with it.
    pub heartbeat: u32,
    /// Bytes of the longest line it reads, where it said so.
    pub line_max: Option<u32>,
}

/// A run of spool numbers that will never come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// The first, which is the next one.
    pub from: u64,
    /// The last.
    pub to: u64,
    /// Why.
    pub reason: SkipReason,
    /// What is missing of whom, where that is known and it is a loss.
    pub lost: Vec<Lost>,
}

/// What is missing of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Whose.
    pub device: DeviceId,
    /// The session in which they are missing; nothing for messages without number.
    pub session: Option<SessionId>,
    /// The first missing seq; 1 without a session.
    pub from: u64,
    /// The last missing seq; their count without a session.
    pub to: u64,
}

/// Why spool numbers are passed over (rule U3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// This hub does not want them: no loss.
    Filter,
    /// They were beyond this hub's quota.
    Quota,
    /// A spool that was rolled back or lost had held them.
    Lost,
    /// They had left the spool before this hub, which was restored, asked for them.
    Pruned,
    /// They lie before the place where this hub begins: no loss.
    Start,
}

impl SkipReason {
    /// All of them, in the order of the table in `spec/uplink.md`.
    pub const ALL: [SkipReason; 5] =
        [SkipReason::Filter, SkipReason::Quota, SkipReason::Lost, SkipReason::Pruned, SkipReason::Start];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            SkipReason::Filter => "filter",
            SkipReason::Quota => "quota",
            SkipReason::Lost => "lost",
            SkipReason::Pruned => "pruned",
            SkipReason::Start => "start",
        }
    }

    /// The reason that bears this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// Whether something is missing that this hub should have had.
    pub fn is_loss(self) -> bool {
        matches!(self, SkipReason::Quota | SkipReason::Lost | SkipReason::Pruned)
    }
}

/// What a gateway says on a device's stream.
#[derive(Debug, Clone)]
pub enum OfDevice {
    /// The next entry of the spool.
    Entry(Entry),
    /// The device identified at the gateway.
    Connected(Connected),
    /// Its connection to the gateway is over, since so many ms.
    Disconnected {
        /// Milliseconds since.
        ago: u64,
    },
    /// A kind from the future (`$…`): ignored.
    Unknown,
}

/// One entry of a spool.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its spool number.
    pub number: u64,
    /// When the gateway received it.
    pub received: i64,
    /// What it holds.
    pub content: Content,
}

/// What a spool keeps of a device.
#[derive(Debug, Clone)]
pub enum Content {
    /// A message.
    Samples {
        /// Its session and number in it; nothing for best effort.
        position: Option<(SessionId, u64)>,
        /// The device's own time, where it sent one.
        ts: Option<i64>,
        /// Its values.
        samples: Vec<Sample>,
    },
    /// A loss, declared by the device or found by the gateway.
    Gap {
        /// The session in which they are missing.
        session: SessionId,
        /// The first missing number.
        from: u64,
        /// The last.
        to: u64,
        /// Why.
        reason: Box<str>,
        /// Whether the device's log goes on behind it; not where the loss is one of an earlier session.
        moves: bool,
    },
    /// What its channels are, all of them as they now stand: one object.
    Describe(Box<RawValue>),
}

/// What became of a command that was handed to a gateway.
#[derive(Debug, Clone)]
pub struct CommandOutcome {
    /// Which.
    pub command: CommandName,
    /// `sent`, `done`, `failed`, `unknown`, `expired`, `cancelled` or `refused`.
    pub state: Box<str>,
    /// Why, where there is a reason.
    pub reason: Option<Box<str>>,
    /// What the device answered with.
    pub value: Option<Box<RawValue>>,
}

impl CommandOutcome {
    /// Whether nothing else will become of it; `unknown` may still turn out as something.
    pub fn is_final(&self) -> bool {
        &*self.state != "sent"
    }
}

/// A command's name: as for panels, an id of its person's and per device.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandName {
    /// To which device.
    pub device: DeviceId,
    /// Who asked, as the hub spells it.
    pub by: Arc<str>,
    /// The id that the person gave it.
    pub id: Box<str>,
}

/// What a hub says. All of it is on stream 0.
#[derive(Debug, Clone)]
pub enum FromHub {
    /// An empty line: I am here.
    Heartbeat,
    /// The answer to the identify.
    Welcome(GatewayWelcome),
    /// Everything up to here is taken over.
    Ack(SpoolCursor),
    /// The stream's device is another's now, or must not speak: the gateway tells its connection so. What the spool has of it may
    /// still come.
    Part {
        /// Which.
        stream: u64,
        /// Which of its connections is meant, by how often the stream was told to be connected, from 1: one that came after
        /// the hub said this is none of it.
        connection: u64,
        /// What the device is told.
        bye: Bye,
    },
    /// A command for a device behind the gateway.
    Hand(Handed),
    /// The command is no longer wanted, where it has not left yet.
    Cancel(CommandName),
    /// The outcome of this command need not be told again.
    Settled(CommandName),
    /// The one who identified may.
    Admitted {
        /// Of which question.
        ask: u64,
        /// Its id, also where it was just made.
        device: DeviceId,
        /// A token of its own that the device is to be told, where it was just made.
        token: Option<Box<str>>,
        /// SHA-256 of the token with which it may come back, 64 hexadecimal digits.
        hash: Box<str>,
    },
    /// The one who identified may not.
    Denied {
        /// Of which question.
        ask: u64,
        /// What it is told.
        bye: Bye,
    },
    /// The device's token is no longer this one: forget what was learned.
    Forget {
        /// Whose.
        device: DeviceId,
    },
    /// The uplink is over.
    Bye {
        /// Why: a word of [`Bye`].
        code: Box<str>,
        /// When to come back.
        again: Again,
        /// Milliseconds to wait at least.
        wait: Option<u64>,
        /// A sentence for people that names what was wrong.
        reason: Option<Box<str>>,
    },
    /// A kind from the future (`$…`): ignored.
    Unknown,
}

/// The answer to a gateway's identify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayWelcome {
    /// Its id.
    pub gateway: Arc<str>,
    /// The nonce of the identify.
    pub nonce: u64,
    /// How far this hub has come in its spool; nothing where it has nothing of it.
    pub cursor: Option<SpoolCursor>,
    /// Seconds between heartbeats, for both ends.
    pub heartbeat: u32,
    /// Entries that may be unacked.
    pub window: u32,
    /// The hub's clock.
    pub time: i64,
}

/// A command on its way to a device behind a gateway.
#[derive(Debug, Clone)]
pub struct Handed {
    /// Which.
    pub command: CommandName,
    /// For which channel.
    pub channel: Box<str>,
    /// What is asked.
    pub value: Box<RawValue>,
    /// Until when it is wanted, in the hub's time.
    pub deadline: i64,
}
