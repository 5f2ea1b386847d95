//! What goes into the gateway's end of an uplink, and what comes out of it.

use crate::code::Bye;
use crate::id::DeviceId;
use crate::uplink::filter::Filter;
use crate::uplink::message::{CommandName, Content, Handed};
use std::sync::Arc;

/// What a gateway is told about one of its hubs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The gateway's own id.
    pub gateway: Arc<str>,
    /// The credential that it shows to this hub; never written to a log.
    pub token: String,
    /// Seconds between heartbeats that it wishes.
    pub heartbeat: u32,
    /// What the hub is sent.
    pub filter: Filter,
    /// Whether the hub may command devices.
    pub commands: bool,
    /// The first place of the spool that the hub is to have.
    pub begin: u64,
}

/// An entry as the spool has it.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its place.
    pub place: u64,
    /// Whose it is.
    pub device: DeviceId,
    /// When the gateway received it, milliseconds since 1970.
    pub received: i64,
    /// What it holds.
    pub content: Content,
}

/// What to do for the uplink, in this order.
#[derive(Debug, Clone)]
pub enum Output {
    /// Open a WebSocket to the hub; then [`GatewaySide::opened`], or [`GatewaySide::closed`].
    Connect,
    /// Send this as one text frame.
    Send(String),
    /// Read what lies behind this place, in the spool's order, and hand it to [`GatewaySide::entries`].
    Read {
        /// The place before the first one.
        after: u64,
        /// About how many bytes; at least one entry.
        bytes_max: usize,
        /// The most entries.
        entries_max: usize,
    },
    /// The hub has everything up to this place. It may be before an earlier one: a hub may have gone back.
    Acked(u64),
    /// A tag turned out to have numbers up to `number` (rule U2): to be kept, and told to the ends of all hubs.
    RaiseEnd {
        /// The tag.
        tag: Arc<str>,
        /// Its last number.
        number: u64,
    },
    /// Do this with the device: its outcome comes back by [`GatewaySide::outcome`].
    Hand {
        /// The command.
        command: Handed,
        /// Milliseconds for which it is still wanted. With 0 it comes too late: it is `expired`, unless the device's commands
        /// know it from before, when this hub was fed by the same gateway and then removed.
        ttl: u64,
    },
    /// The command is no longer wanted, where it has not left yet.
    Cancel(CommandName),
    /// Tell the device's connection so and close it.
    Part {
        /// Whose.
        device: DeviceId,
        /// Why.
        bye: Bye,
    },
    /// The one who identified may.
    Admitted {
        /// Of which question.
        ask: u64,
        /// Its id.
        device: DeviceId,
        /// A token of its own, where it was just made.
        token: Option<Box<str>>,
        /// SHA-256 of the token with which it may come back, in hexadecimal digits.
        hash: Box<str>,
    },
    /// The one who identified may not.
    Denied {
        /// Of which question.
        ask: u64,
        /// What it is told.
        bye: Bye,
    },
    /// Forget what was learned of this device's token.
    Forget(DeviceId),
    /// The uplink stands: the hub's clock says `time`, milliseconds since 1970.
    Welcome {
        /// The hub's time.
        time: i64,
    },
    /// Send what is left to send, then close; then [`GatewaySide::closed`].
    Close,
}
