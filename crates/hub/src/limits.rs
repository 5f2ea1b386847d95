//! Every limit of the hub, with what happens at it. Those of the line protocol are in [`protocol::limits`].

/// Milliseconds for which a settled command is kept, in the store: a day. Until then its id means this command.
pub const COMMANDS_KEPT_MS: i64 = 86_400_000;
/// How often what is no longer kept goes.
pub const PRUNE_EVERY: std::time::Duration = std::time::Duration::from_secs(3_600);

/// Open panels. One more is told `full` and closed.
pub const PANELS_MAX: usize = 10_000;
/// Devices that one panel watches at once. A `watch` that would be more is answered with an error and not begun.
pub const PANEL_WATCHES_MAX: usize = 1_000;
/// Bytes of a frame from a panel. A longer one ends the connection.
pub const PANEL_FRAME_BYTES_MAX: usize = 64 * 1024;
/// Bytes gathered into one frame to a panel. What is more goes into the next one.
pub const PANEL_BATCH_BYTES_MAX: usize = 64 * 1024;
/// Messages that a browser may put into one frame. More are answered with an error.
pub const PANEL_MESSAGES_MAX: usize = 64;
/// Seconds in which a panel must have authenticated.
pub const PANEL_AUTHENTICATE_SECONDS_MAX: u64 = 5;
/// Seconds between heartbeats of a panel; after two of silence it is closed.
pub const PANEL_HEARTBEAT_SECONDS: u64 = 15;
/// Seconds that one frame may take to leave. A browser that reads nothing for so long is closed.
pub const PANEL_WRITE_SECONDS_MAX: u64 = 30;

/// Changes of the device list that stay in memory. A panel further behind gets the whole list again.
pub const ROSTER_CHANGES_MAX: usize = 256;

/// Devices that the hub keeps. Another one is refused (`full`, or 503).
pub const DEVICES_MAX: usize = 1_000_000;
/// Devices that identified with an empty id or a join token and have sent nothing yet. One more is told `full`.
pub const DEVICES_UNSTORED_MAX: usize = 1_000;
