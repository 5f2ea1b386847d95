//! Limits of a standalone gateway, with what happens at each. Those of an uplink's conversation are in [`protocol::uplink`].

use std::time::Duration;

/// Hubs of a gateway. One more is refused.
pub const HUBS_MAX: usize = 16;

/// Devices that a gateway knows. One more is told `bye full`.
pub const DEVICES_MAX: usize = 100_000;

/// A word on a token that is older is confirmed when its device identifies and a hub is there.
pub const CONFIRM_AFTER_MS: i64 = 3_600_000;

/// How long a hub is waited for before the next one is asked whether a device may come in. One that takes longer counts as
/// silent: until it answers, others are asked before it.
pub const ANSWER_WAIT_MAX: Duration = Duration::from_millis(500);

/// How long one who identified waits where all hubs that answered said no, and others are silent. Then it is told to come
/// later.
pub const ADMIT_WAIT_MAX: Duration = Duration::from_secs(8);

// With those that are asked one after the other it takes no longer than a device waits for its welcome.
const _: () = assert!(
    ADMIT_WAIT_MAX.as_millis() + ANSWER_WAIT_MAX.as_millis() * (ADMITS_ASKED_MAX as u128)
        < protocol::limits::WELCOME_SECONDS_MAX as u128 * 1000
);

/// Hubs that are asked about one identify. Those beyond are not.
pub const ADMITS_ASKED_MAX: usize = 4;

/// How often it is logged that something was dropped for a hub, while that goes on.
pub const DROPS_TOLD_EVERY: Duration = Duration::from_secs(60);

/// Settled writes that are dealt with in one turn of an event loop.
pub const SETTLE_AT_ONCE_MAX: usize = 256;

/// Commands of one hub that are under way or whose outcome it has not settled. One more is refused as `full`.
pub const COMMANDS_PER_HUB_MAX: usize = 4_096;

/// Bytes that wait to be written to one hub. Until they are fewer nothing more of the spool is read for it.
pub const UNSENT_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of a frame from a hub. A longer one ends the uplink.
pub const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How long connecting to a hub may take, with its handshakes.
pub const CONNECT_WAIT_MAX: Duration = Duration::from_secs(10);

/// Bytes that are said of the reason for which a hub refuses an uplink.
pub const REASON_BYTES_MAX: usize = 300;

/// How long a hub may take to read what is written to it. Then the uplink counts as dead.
pub const WRITE_WAIT_MAX: Duration = Duration::from_secs(30);

/// What is spooled for a hub at most, unless its settings say otherwise. Its oldest entries go beyond that, for it alone.
pub const QUOTA_BYTES: u64 = 1_000_000_000;

/// Bytes of a hub's name.
pub const NAME_BYTES_MAX: usize = 64;

/// How often it is written down how far hubs are, and hubs are told how they stand.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// After so many of these looks the spool is told the time, from which ages count.
pub const LOOKS_BETWEEN_TIMES: u64 = 60;
