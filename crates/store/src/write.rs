//! What the hub asks to be written: one [`Write`] each, handed back in a [`Commit`] when it is durable.
//!
//! All numbers come from the hub. Raw JSON (`value`, `describe`, `result`) is text that nothing here parses
//! or reprints: it comes back exactly as it was given. Times are ms since 1970.

use std::fmt;
use std::sync::Arc;

use crate::access::{AccessKind, AccessRow};
use crate::audit::AuditEntry;
use crate::error::CommitError;
use crate::relayed::{GatewayKey, NewGateway, Relayed};
use crate::spool::{SpoolEvent, SpoolWrite};

/// The number of a device in this store. It is given by the hub, from [`crate::Loaded::next_key`] upwards, and
/// never used again, not even after the device was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceKey(pub u64);

/// SHA-256 of a token. The token itself is never stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    /// Says that there is one, and not which: logs are read by more people than databases.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// One thing to be written. Writes take effect in the order in which they are submitted.
///
/// A write for a device that was removed before has nowhere to go and is dropped; its commit says `Ok`. A write for a
/// device that never was is refused ([`CommitError::UnknownDevice`]).
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// A device that is new to this store.
    Device(NewDevice),
    /// The device's token was used for the first time (`confirmed`), replaced, or taken back.
    DeviceToken {
        /// Whose token.
        device: DeviceKey,
        /// The token that counts from now on; nothing where none does.
        token: Option<TokenHash>,
        /// The one that counts beside it until the device has shown the other. A spool keeps none.
        previous: Option<TokenHash>,
        /// Whether the device has shown that it has this token.
        confirmed: bool,
    },
    /// What people call the device, and how they sort it, from now on.
    Called {
        /// Which.
        device: DeviceKey,
        /// Its name and its labels.
        called: Called,
    },
    /// A session was issued. Durable before it is handed out; the device's next counter is `counter + 1`.
    Session {
        /// For whom.
        device: DeviceKey,
        /// Its counter.
        counter: u64,
        /// The issuer's tag that it bears. From now on this tag is among [`crate::Loaded::earlier_issuers`].
        tag: Box<str>,
    },
    /// A message with its samples, its position and its cursor.
    Message(Message),
    /// A loss that was declared or found: takes a cursor like a message.
    Gap(Gap),
    /// The description of the device's channels as it now stands, merged.
    Describe {
        /// Whose description.
        device: DeviceKey,
        /// Raw JSON.
        describe: Box<str>,
    },
    /// The rhythm of a channel, as it was learned from its samples. The channel is made where it is new.
    Rhythm {
        /// Whose channel.
        device: DeviceKey,
        /// Its name.
        channel: Arc<str>,
        /// Between two samples, ms; beyond `u32::MAX` that counts.
        every: u64,
    },
    /// A command as it now stands: inserted behind all others, or in the place of the one with the same device, person
    /// and id.
    Command(CommandRow),
    /// The number that the device's next command will bear.
    CommandCounter {
        /// Whose commands.
        device: DeviceKey,
        /// The next number.
        next: u64,
    },
    /// A token of a person or a program: inserted, or in the place of the one with the same hash.
    Token(TokenRow),
    /// A token was used.
    TokenUsed {
        /// Which.
        hash: TokenHash,
        /// When, ms since 1970.
        at: i64,
    },
    /// A token counts no longer, and is forgotten.
    TokenRevoked {
        /// Which.
        hash: TokenHash,
    },
    /// A person, a group or a join token: inserted, or in the place of the one of the same kind and name.
    Access(AccessRow),
    /// A person, a group or a join token goes.
    RemoveAccess {
        /// What it is.
        kind: AccessKind,
        /// Which.
        name: Box<str>,
    },
    /// Something that the audit is to remember. It is chained to what was written before it, in the order of the commits.
    Audit(Box<AuditEntry>),
    /// The device and all that is stored of it go. Its id is free at once; its samples are deleted piece by piece
    /// behind the following commits, so that a long history does not hold up the others.
    RemoveDevice {
        /// Which.
        device: DeviceKey,
    },
    /// A gateway that may hold an uplink to this hub. Nothing of its spool is taken over yet.
    Gateway(NewGateway),
    /// Another token counts for the gateway from now on.
    GatewayToken {
        /// Which.
        gateway: GatewayKey,
        /// Its new token.
        token: TokenHash,
        /// The one that counts beside it until the gateway has shown the new one.
        previous: Option<TokenHash>,
    },
    /// The gateway goes, and with it how far its spool was taken over. What it brought stays, and so do its devices.
    RemoveGateway {
        /// Which.
        gateway: GatewayKey,
    },
    /// What an uplink brought, with the place in the gateway's spool up to which it was brought by that: all of it or nothing
    /// (rule U1).
    Relayed(Box<Relayed>),
    /// What only a spool is asked; a store refuses it.
    Spool(Box<SpoolWrite>),
    /// What need not be remembered any longer goes: settled commands last changed before `commands` and tokens that
    /// expired before `tokens` (ms since 1970). The store reads no clock, so that the hub says when.
    Prune {
        /// Settled commands last changed before this go.
        commands: i64,
        /// Tokens that expired before this go.
        tokens: i64,
        /// The time that it is, from which on the ages of samples count ([`crate::Retention`]).
        now: i64,
    },
}

impl Write {
    /// The device that it is about.
    pub(crate) fn device(&self) -> Option<DeviceKey> {
        match self {
            Write::Message(Message { device, .. })
            | Write::Gap(Gap { device, .. })
            | Write::Device(NewDevice { key: device, .. })
            | Write::DeviceToken { device, .. }
            | Write::Session { device, .. }
            | Write::Describe { device, .. }
            | Write::Called { device, .. }
            | Write::Rhythm { device, .. }
            | Write::Command(CommandRow { device, .. })
            | Write::CommandCounter { device, .. }
            | Write::RemoveDevice { device } => Some(*device),
            Write::Token(_)
            | Write::TokenUsed { .. }
            | Write::TokenRevoked { .. }
            | Write::Access(_)
            | Write::RemoveAccess { .. }
            | Write::Audit(_)
            | Write::Prune { .. }
            | Write::Gateway(_)
            | Write::GatewayToken { .. }
            | Write::RemoveGateway { .. }
            | Write::Relayed(_) => None,
            Write::Spool(write) => match **write {
                SpoolWrite::Learned { device, .. } => Some(device),
                _ => None,
            },
        }
    }

    /// The gateway that it is about.
    pub(crate) fn gateway(&self) -> Option<GatewayKey> {
        match self {
            Write::Gateway(NewGateway { key: gateway, .. })
            | Write::GatewayToken { gateway, .. }
            | Write::RemoveGateway { gateway } => Some(*gateway),
            Write::Relayed(relayed) => Some(relayed.gateway),
            _ => None,
        }
    }

    /// It and what it holds, each by itself, in the order in which they take effect.
    pub fn each(&self) -> impl Iterator<Item = &Write> {
        let held = match self {
            Write::Relayed(relayed) => &relayed.then[..],
            _ => &[],
        };
        held.iter().chain([self])
    }
}

/// What people call a device, and how they sort it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Called {
    /// Its name; the id serves where there is none.
    pub name: Option<Box<str>>,
    /// Its labels, one a line.
    pub labels: Box<str>,
}

impl Called {
    /// Its labels, each by itself.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.labels.lines()
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.name.is_none() && self.labels.is_empty()
    }
}

/// A device that is new to this store: nothing received, nothing issued.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDevice {
    /// Its number here.
    pub key: DeviceKey,
    /// The id that it identifies with. Unique.
    pub id: Box<str>,
    /// Its token; without one nobody can identify as this device.
    pub token: Option<TokenHash>,
    /// Whether it was made by a join token or an empty id, and not by an administrator.
    pub joined: bool,
    /// When, ms since 1970.
    pub created: i64,
}

/// Where a device's numbered log stands: `seq` is the last one taken over in `session`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The session.
    pub session: Arc<str>,
    /// The last seq in it that is taken over.
    pub seq: u64,
}

/// One message of a device: all of it is stored, in one transaction with its position and its cursor, or nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who sent it.
    pub device: DeviceKey,
    /// Its number in the device's log as panels see it: dense from 1 over messages and gaps. A message that does not
    /// follow the one stored last is refused ([`CommitError::NotNext`]).
    pub cursor: u64,
    /// Its session and seq; `None` for a message without number, which moves no position.
    pub position: Option<Position>,
    /// When it was received, ms since 1970.
    pub received: i64,
    /// Its samples; may be empty.
    pub samples: Vec<Sample>,
}

/// One value of a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The channel, made when it is new.
    pub channel: Arc<str>,
    /// The time that is shown and compared, ms since 1970.
    pub ts: i64,
    /// What the device said, when its clock was wrong.
    pub device_ts: Option<i64>,
    /// Belongs in history and does not become the channel's latest.
    pub late: bool,
    /// Raw JSON, exactly as sent.
    pub value: Arc<str>,
}

/// Messages `from` to `to` (both included) of `session` that will never come.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    /// Whose.
    pub device: DeviceKey,
    /// Its number in the device's log, like a message's.
    pub cursor: u64,
    /// Where the device's log stands after it.
    pub position: Option<Position>,
    /// The session in which they are missing; empty where they had no numbers, or nobody knows of which session they were.
    pub session: Arc<str>,
    /// The first missing seq; 1 without a session.
    pub from: u64,
    /// The last missing seq; how many are missing, without a session.
    pub to: u64,
    /// Why, e.g. `overflow`.
    pub reason: Box<str>,
    /// When it was learned, ms since 1970.
    pub at: i64,
}

/// A command and what has become of it.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandRow {
    /// To whom.
    pub device: DeviceKey,
    /// The number that it bears towards the device; `None` until it has one.
    pub number: Option<u64>,
    /// Made by the browser; unique per person and device.
    pub id: Box<str>,
    /// The person.
    pub by: Box<str>,
    /// The token with which it was asked for, where it was one that can be revoked before it is sent.
    pub credential: Option<TokenHash>,
    /// The channel.
    pub channel: Box<str>,
    /// Raw JSON.
    pub value: Box<str>,
    /// `now`, `latest` or `queue`.
    pub intent: Box<str>,
    /// How long it is good for, ms.
    pub ttl: u64,
    /// Where it is on its way. `accepted`, `queued` and `sent` are not settled ([`CommandRow::UNSETTLED`]).
    pub state: Box<str>,
    /// Why, where there is a reason.
    pub reason: Option<Box<str>>,
    /// The device's answer, raw JSON.
    pub result: Option<Box<str>>,
    /// To which gateway it was handed, where it was (rule U5).
    pub handed: Option<Handed>,
    /// When it was accepted, ms since 1970.
    pub created: i64,
    /// When it expires, ms since 1970.
    pub deadline: Option<i64>,
    /// When it last changed, ms since 1970.
    pub updated: i64,
}

impl CommandRow {
    /// The states in which something is still to happen: such commands are loaded at the start and never pruned.
    pub const UNSETTLED: [&'static str; 3] = ["accepted", "queued", "sent"];
}

/// That a command was handed to a gateway: it goes nowhere else any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    /// Which.
    pub gateway: GatewayKey,
    /// The gateway's tag in that run: under another one it is not handed again.
    pub tag: Arc<str>,
}

/// A token of a person or a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// What is known of the token.
    pub hash: TokenHash,
    /// Who it stands for.
    pub subject: Box<str>,
    /// What it permits, as the hub spells it.
    pub scopes: Box<str>,
    /// When it was made, ms since 1970.
    pub created: i64,
    /// From when on it counts no longer, ms since 1970.
    pub expires: i64,
    /// When it was last used, ms since 1970; 0 for never.
    pub used: i64,
}

/// Writes that shared one fate: one transaction, or refused for one reason.
#[derive(Debug)]
pub struct Commit {
    /// What was submitted, in that order.
    pub writes: Vec<Write>,
    /// `Ok`: durable, as far as the durability of this store goes. `Err`: none of them was written.
    pub result: Result<(), CommitError>,
}

/// What the store says while it runs.
#[derive(Debug)]
pub enum Event {
    /// What became of writes.
    Commit(Commit),
    /// These were taken over ([`crate::Store::take_over`]) and will never be written: whoever submits and the store disagree
    /// about what comes next, or the store was closed while it had failed. What follows them will not fit either.
    Lost(Commit),
    /// A commit failed, because of the disk or whatever stands for it. Its writes are kept and nothing is taken over until
    /// [`Event::Recovered`]: what is submitted meanwhile waits behind them (rule H9). Said once for each failure.
    Failed {
        /// What failed, for people.
        reason: String,
    },
    /// The store was opened anew and verified, and goes on with what waited. Comes after [`Event::Failed`] only.
    Recovered,
    /// What only a spool tells.
    Spool(SpoolEvent),
}
