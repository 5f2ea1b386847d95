//! Every limit of an event loop, with what happens at it.

use std::time::Duration;

/// Bytes that the system keeps of what was written to a socket and its peer has not taken (Linux keeps twice as many, with
/// its own). Left alone it keeps some MB for each peer that does not read, and shows it what is long over. Then the endpoint
/// is not asked for more.
pub const SEND_BUFFER_BYTES: usize = 128 * 1024;

/// Bytes read from a socket in one turn. What is more is read in the next turn, when the others had theirs.
pub const READ_BYTES: usize = 16 * 1024;

/// Sockets of which one turn hears that they are ready. Others are heard of in the next.
pub const EVENTS_MAX: usize = 1_024;

/// Pieces that one system call writes. What is more goes with the next call.
pub const PIECES_MAX: usize = 64;

/// Bytes and pieces for which a loop keeps room between two writes. The room for a larger one is given back.
pub const OUTGOING_BYTES_KEPT: usize = 256 * 1024;
/// See [`OUTGOING_BYTES_KEPT`].
pub const OUTGOING_PIECES_KEPT: usize = 4 * 1024;

/// Bytes for which a loop keeps room between two reads of sockets that speak TLS. The room for more is given back.
pub const TLS_BYTES_KEPT: usize = 32 * 1024;

/// Sockets that wait for one loop to take them over. One more is closed, and its endpoint never made.
pub const ADOPTED_MAX: usize = 16 * 1024;

/// Wakes that a loop's inbox always has room for. When there are more, those that are there twice become one before it
/// grows: so it is at most twice as long as the loop has connections, whatever others do.
pub const WOKEN_MIN: usize = 64;

/// Entries that the timers have for each connection, at most, beside [`TIMERS_MIN`]. At more those that no longer count are
/// swept out.
pub const TIMERS_PER_SOCKET_MAX: usize = 2;
/// See [`TIMERS_PER_SOCKET_MAX`].
pub const TIMERS_MIN: usize = 64;

/// How often a turn looks for what was woken meanwhile, before it looks at the sockets again.
pub const PASSES_MAX: usize = 4;

/// The longest time for which endpoints that gather wait for the next flush.
pub const FLUSH_PAUSE_MAX: Duration = Duration::from_millis(16);

/// How long an endpoint that gathers waits with the answer to what it was told, unless the loop has something else to do
/// before. What comes of it leaves in the same write.
pub const ANSWER_WAIT_MAX: Duration = Duration::from_millis(1);

/// Frames that a flush may write without a pause after it.
pub const FLUSH_FREE_FRAMES: usize = 4;

/// The pause behind each frame beyond those, up to [`FLUSH_PAUSE_MAX`]. A frame costs 5 to 9 µs to write, so a loop spends
/// about a twentieth of its time with flushing, or flushes every 16 ms.
pub const FLUSH_PAUSE_PER_FRAME: Duration = Duration::from_micros(160);

/// How long a busy loop naps, so that more sockets are ready when it wakes. What its turn took counts.
pub const NAP: Duration = Duration::from_millis(1);

/// Different sockets, strangers apart, that are served within [`NAP_LOOKS_BACK`] by a loop which is busy enough to nap.
pub const NAP_SOCKETS_MIN: u32 = 16;

/// How far back a loop looks to see whether it is busy.
pub const NAP_LOOKS_BACK: Duration = Duration::from_millis(8);

/// How long a connection that is over may take to write what is left, and its peer to close its end. Then it is cut.
pub const PARTING_MAX: Duration = Duration::from_secs(1);

/// Bytes of what is unsent that a peer must take within [`crate::Endpoint::stall_max`], unless fewer are left: so it cannot hold
/// what is unsent for as long as it likes by taking a byte at a time. With less its connection is cut.
pub const STALL_BYTES_MIN: usize = 8 * 1024;

/// How long a loop rests when the system does not let it wait, which is an error of the system. Then it tries again.
pub const WAIT_AGAIN: Duration = Duration::from_millis(100);

/// Event loops that [`crate::EventLoops::start_default`] starts at most.
pub const LOOPS_MAX: usize = 4;

const _: () =
    assert!(TIMERS_PER_SOCKET_MAX >= 2, "a sweep leaves one each: below two there would be no room after it");
const _: () = assert!(PIECES_MAX <= 1_024, "systems take no more at once");

/// How long nothing comes of a peer before the system asks whether it is there: three times, a third of this apart. Then the
/// connection is broken (rule D7 for devices without heartbeat).
pub const KEEPALIVE: Duration = Duration::from_secs(15);
