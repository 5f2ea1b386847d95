//! Every limit of a device's state, with what happens at it. Those of the line protocol are in [`protocol::limits`].

/// Messages and gaps of a device that stay in memory for panels that are a little behind. A panel further behind is
/// moved forward to the latest values and told how many it passed over.
pub const TAIL_MESSAGES_MAX: usize = 64;
/// Bytes of the same. The newest message stays however large it is.
pub const TAIL_BYTES_MAX: usize = 64 * 1024;

/// Presence changes, descriptions and receipts of a device that stay in memory. A panel further behind gets them as
/// they now stand.
pub const NOTICES_MAX: usize = 32;
/// Bytes of the same.
pub const NOTICE_BYTES_MAX: usize = 32 * 1024;

/// Bytes of a device's newest values together: what a snapshot carries. A sample that would be more is left out, and the
/// device is told `too_long`.
pub const DEVICE_LATEST_BYTES_MAX: usize = 1024 * 1024;

/// Messages of one device on their way to the store that came without a connection (HTTP). One more is refused with
/// 503; those of a connection are bounded by its window.
pub const DEVICE_PENDING_MAX: usize = 256;

/// Settled commands of a device that stay in memory. Older ones are found in the store.
pub const COMMANDS_SETTLED_MAX: usize = 32;

/// Bytes of a command's id, which the browser makes. A longer one is `refused: bad`.
pub const COMMAND_ID_BYTES_MAX: usize = 64;
