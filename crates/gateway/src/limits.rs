//! Limits of the gateway; those of a conversation are in [`protocol::limits`], those of a socket in [`sockets::limits`].

use protocol::limits::{LINE_BYTES_MAX, READ_BUFFER_BYTES_MAX};
use sockets::doorway::Bounds;
use sockets::limits::READ_BYTES;
use std::time::Duration;

/// Connections of devices at once, unless the configuration says otherwise. One more is told `bye full`. A process may
/// usually have 20,000 files open; panels need some of them too.
pub const CONNECTIONS_MAX: usize = 16_384;

/// Connections from one address (of IPv6: from one network of 64 bits) whose device is not welcome yet, over all listeners of this
/// gateway together. One more waits, unread, for at most [`protocol::limits::IDENTIFY_SECONDS_MAX`]; then it is closed.
pub const STRANGERS_EACH_MAX: usize = 64;

/// The same over all addresses. Who comes from where fewer are has the next place.
pub const STRANGERS_MAX: usize = 2_000;

/// Connections that wait for such a place. With one more, one of the address of which the most wait is closed.
pub const STRANGERS_WAITING_MAX: usize = 2_000;

/// Bytes a second that are read of one device in the long run. Of one that says more the next is read later: nothing is dropped.
pub const DEVICE_BYTES_A_SECOND: u64 = 8 * 1024 * 1024;

/// As many bytes more does each line count, so that short ones have a rate too: about 50,000 a second.
pub const LINE_COUNTS_AS_BYTES: u64 = 128;

/// Bytes that one device may say at once, after a rest.
pub const DEVICE_BYTES_AT_ONCE: u64 = DEVICE_BYTES_A_SECOND;

/// Bytes of a message over WebSocket while its device is not welcome: what one reading brings. A longer one ends the connection,
/// with code 1009.
pub const STRANGER_FRAME_BYTES_MAX: usize = READ_BYTES;

/// Milliseconds between two lines in the log that say that devices were turned away. What comes in between is counted.
pub const TURNED_AWAY_SAID_EVERY_MS: u64 = 10_000;

/// Lines of one connection that are handed on in one turn of its event loop. What is more waits for the next turn, so
/// that one busy device holds up neither the others nor the panels.
pub const LINES_PER_TURN: usize = 128;

/// Bytes of a message over WebSocket. A longer one ends the connection, with code 1009. That is more than a line may have,
/// so that a line that is a little too long is answered as on any other transport.
pub const FRAME_BYTES_MAX: usize = READ_BUFFER_BYTES_MAX - READ_BYTES - 1;

const _: () = assert!(FRAME_BYTES_MAX > LINE_BYTES_MAX + READ_BYTES);
// What a connection holds of what was read: the beginning of a line, or what one reading brought.
const _: () = assert!(LINE_BYTES_MAX + 1 + READ_BYTES <= READ_BUFFER_BYTES_MAX);

/// Bytes of a buffer that a thread keeps for the next connection that is busy. A larger one is let go.
pub const BUFFER_BYTES_KEPT: usize = 2 * READ_BYTES;

/// How long a connection whose device has closed its end waits for what it said to be committed. Then it is closed.
pub const SETTLING_MAX: Duration = Duration::from_secs(30);

/// How long stopping waits for the connections to close. Then it goes on without them.
pub const STOPPING_MAX: Duration = Duration::from_secs(3);

// Each has the time to hear the last line, and to close its end.
const _: () = assert!(STOPPING_MAX.as_millis() > sockets::limits::PARTING_MAX.as_millis());

/// How long accepting pauses when the system can open no further socket.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a configuration may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// See [`CONNECTIONS_MAX`].
    pub connections_max: usize,
    /// See [`STRANGERS_EACH_MAX`], [`STRANGERS_MAX`] and [`STRANGERS_WAITING_MAX`].
    pub strangers: Bounds,
}

impl Default for Limits {
    fn default() -> Self {
        let strangers = Bounds {
            each_max: STRANGERS_EACH_MAX,
            all_max: STRANGERS_MAX,
            waiting_max: STRANGERS_WAITING_MAX,
        };
        Self { connections_max: CONNECTIONS_MAX, strangers }
    }
}

// Whoever finds the dead for devices without heartbeat waits as long as the protocol says.
const _: () = assert!(sockets::limits::KEEPALIVE.as_secs() == protocol::limits::TCP_KEEPALIVE_SECONDS);
