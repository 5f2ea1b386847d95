//! What a device is made from.

use crate::address::{Address, AddressError};
use crate::identity::{self, Keeping};
use crate::limits::{FILE_BYTES_MAX, FILE_BYTES_MIN, OUTBOX_BYTES, OUTBOX_MESSAGES};
use crate::outbox::{Bounds, OpenError};
use protocol::id::DeviceId;
use protocol::limits::HEARTBEAT_SECONDS;
use protocol::session::device_side::{self, OutboxBounds, Transport};
use std::path::PathBuf;

/// What a device is made from: address, id and token, and what else is not as usual.
#[derive(Debug, Clone)]
pub struct Settings {
    pub(crate) address: Address,
    pub(crate) id: Option<DeviceId>,
    token: Option<String>,
    pub(crate) folder: Option<PathBuf>,
    identity: Option<PathBuf>,
    pub(crate) authorities: Option<PathBuf>,
    bounds: OutboxBounds,
    heartbeat_seconds: Option<u32>,
    line_max: Option<usize>,
    nonce: Option<u32>,
}

/// Why a device cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The address is none.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The id is none: it has 1 to 64 letters, digits, `_` or `-`.
    #[error("{0:?} is no id of a device: 1 to 64 letters, digits, _ or -")]
    Id(String),
    /// The outbox cannot be used.
    #[error(transparent)]
    Outbox(#[from] OpenError),
    /// The operating system gives no random numbers.
    #[error("there are no random numbers: {0}")]
    Random(getrandom::Error),
}

impl Settings {
    /// The usual ones for the device `id`, which connects to `address` (`tcp://host:port`, `tls://…`, `ws://…` or
    /// `wss://…`) and shows `token`; an empty one for none. Without an id the hub makes one ([`crate::Device::id`]).
    ///
    /// # Errors
    /// The address or the id is none.
    pub fn new(address: &str, id: &str, token: &str) -> Result<Self, SetupError> {
        Ok(Self {
            address: Address::parse(address)?,
            id: match id {
                "" => None,
                id => Some(DeviceId::parse(id).ok_or_else(|| SetupError::Id(id.to_owned()))?),
            },
            token: Some(token.to_owned()).filter(|token| !token.is_empty()),
            folder: None,
            identity: None,
            authorities: None,
            bounds: OutboxBounds { messages_max: OUTBOX_MESSAGES, bytes_max: OUTBOX_BYTES },
            heartbeat_seconds: Some(HEARTBEAT_SECONDS),
            line_max: None,
            nonce: None,
        })
    }

    /// Keeps the outbox in `folder`, which is made if need be, instead of in memory only. What the hub gives a device that comes
    /// with a join token, its id and a token of its own, is kept there too, in the file `identity`: the next run goes on with them,
    /// and shows its own token only where the hub does not want that one.
    #[must_use]
    pub fn stored_in(self, folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()), ..self }
    }

    /// Keeps what the hub gives the device, its id and a token of its own, in `file`, wherever the outbox is.
    #[must_use]
    pub fn keeping_identity_in(self, file: impl Into<PathBuf>) -> Self {
        Self { identity: Some(file.into()), ..self }
    }

    /// Over `tls://` and `wss://` the hub's certificate must be from an authority of the PEM file `authorities`, instead of from
    /// one that the system trusts.
    #[must_use]
    pub fn trusting(self, authorities: impl Into<PathBuf>) -> Self {
        Self { authorities: Some(authorities.into()), ..self }
    }

    /// Holds at most `messages` (at least 1) and `bytes` of their lines; what is too much drops the oldest.
    #[must_use]
    pub fn holding(self, messages: usize, bytes: usize) -> Self {
        Self { bounds: OutboxBounds { messages_max: messages, bytes_max: bytes }, ..self }
    }

    /// Seconds between heartbeats: after two without a word from the hub the connection is given up. The hub may grant
    /// another number.
    #[must_use]
    pub fn heartbeat(self, seconds: u32) -> Self {
        Self { heartbeat_seconds: Some(seconds), ..self }
    }

    /// Asks for no heartbeats: a dead connection is found when nothing is taken over any more, or by the system.
    #[must_use]
    pub fn without_heartbeat(self) -> Self {
        Self { heartbeat_seconds: None, ..self }
    }

    /// Asks the hub for lines of at most `bytes`, at least 256: commands that do not fit are refused.
    #[must_use]
    pub fn reading_lines_of(self, bytes: usize) -> Self {
        Self { line_max: Some(bytes), ..self }
    }

    /// Counts nonces from `nonce` instead of from a random number: for a conversation that is to be the same each time.
    #[must_use]
    pub fn counting_nonces_from(self, nonce: u32) -> Self {
        Self { nonce: Some(nonce), ..self }
    }

    /// As the program says it.
    pub(crate) fn of_session(&self) -> Result<device_side::Settings, SetupError> {
        let nonce = match self.nonce {
            Some(nonce) => nonce,
            None => getrandom::u32().map_err(SetupError::Random)?,
        };
        Ok(device_side::Settings {
            device: self.id.clone(),
            token: self.token.clone(),
            heartbeat: self.heartbeat_seconds,
            line_max: self.line_max,
            transport: Transport::Stream,
            outbox: self.bounds,
            nonce,
        })
    }

    /// Where what the hub gives is kept, if anywhere.
    pub(crate) fn identity(&self) -> Option<Keeping> {
        let beside = || self.folder.as_ref().map(|folder| folder.join(identity::NAME));
        let file = self.identity.clone().or_else(beside)?;
        Some(Keeping::new(file, self.name()))
    }

    /// What the log is let grow to: twice what is held, for what stands beside the messages in it, and some files.
    pub(crate) fn log_bytes_max(&self) -> u64 {
        2 * self.bounds.bytes_max as u64 + 4 * self.of_log().file_bytes
    }

    /// For the log.
    pub(crate) fn name(&self) -> &str {
        self.id.as_ref().map_or("", DeviceId::as_str)
    }

    pub(crate) fn of_log(&self) -> Bounds {
        let eighth = self.bounds.bytes_max as u64 / 8;
        Bounds { file_bytes: eighth.clamp(FILE_BYTES_MIN, FILE_BYTES_MAX) }
    }
}
