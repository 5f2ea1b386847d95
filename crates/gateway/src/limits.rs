//! Limits of the gateway; those of a conversation are in [`protocol::limits`].

use protocol::limits::{LINE_BYTES_MAX, READ_BUFFER_BYTES_MAX};
use std::time::Duration;

/// Connections of devices at once, unless the configuration says otherwise. One more is told `bye full`. A process may
/// usually have 20,000 files open; panels need some of them too.
pub const CONNECTIONS_MAX: usize = 16_384;

/// Bytes read from a socket at once, into a buffer that all connections of a thread share.
pub const READ_BYTES: usize = 16_384;

// What a connection holds of what was read: the beginning of a line, or what one reading brought.
const _: () = assert!(LINE_BYTES_MAX + 1 + READ_BYTES <= READ_BUFFER_BYTES_MAX);

/// How long a connection that closes may take to write what is left, and its device to close its end. Then it is cut.
pub const CLOSING_MAX: Duration = Duration::from_secs(1);

/// How long a connection whose device has closed its end waits for what it said to be committed. Then it is closed.
pub const SETTLING_MAX: Duration = Duration::from_secs(30);

/// How long stopping waits for the connections to close. Then it goes on without them.
pub const STOPPING_MAX: Duration = Duration::from_secs(3);

/// How long accepting pauses when the system can open no further socket.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a configuration may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// See [`CONNECTIONS_MAX`].
    pub connections_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections_max: CONNECTIONS_MAX }
    }
}
