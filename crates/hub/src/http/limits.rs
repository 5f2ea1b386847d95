//! The limits of HTTP: what one connection and one request may cost, and what happens beyond.

use std::time::Duration;

/// Connections at one time, until they become WebSockets. At the limit the next one waits to be accepted.
pub const CONNECTIONS_MAX: usize = 12_000;

/// How long whoever has shown no valid credential may take for each thing it has to do: to wait until it is let in and to send its
/// first request, to send a body, to take what it asked for. Then the connection is closed.
pub const STRANGER_SECONDS_MAX: Duration = Duration::from_secs(5);

/// After so long, waiting included, whoever has shown nothing is cut at the latest, with what it does first: its first request, what
/// that brings, or the first frame of a socket.
pub const STRANGER_CUT_AFTER: Duration = Duration::from_millis(5_900);

/// Connections from one address (of IPv6: from one network of 64 bits) that have shown no valid credential. One more waits, unread,
/// until one of them has or is gone, for [`STRANGER_SECONDS_MAX`] at the longest. Proxies that are trusted have no such bound.
pub const STRANGERS_EACH_MAX: usize = 64;

/// The same over all addresses. Who comes from where fewer are has the next place.
pub const STRANGERS_MAX: usize = 2_000;

/// Connections that wait for such a place. With one more, one of the address of which the most wait is closed.
pub const STRANGERS_WAITING_MAX: usize = 2_000;

/// Bytes that the system keeps of what was written to a connection and not taken (Linux keeps twice as many, with its own). Then
/// nothing more is written to it.
pub const SEND_BUFFER_BYTES: usize = sockets::limits::SEND_BUFFER_BYTES;

/// How long whoever has shown nothing may take for [`STALL_BYTES_MIN`] of an answer that waits. Then it is cut.
pub const STALL_MAX: Duration = STRANGER_SECONDS_MAX;

/// What it has for that, however long it waited until it was let in.
pub const STALL_MIN: Duration = Duration::from_millis(900);

/// As [`STALL_MAX`], for whoever has shown a valid credential.
pub const STALL_KNOWN_MAX: Duration = STREAM_STALL_MAX;

/// See [`STALL_MAX`]: so nobody keeps an answer waiting by taking a byte at a time.
pub const STALL_BYTES_MIN: usize = sockets::limits::STALL_BYTES_MIN;

/// How long a request's headers may take, and how long a connection may be idle between two requests. Then it is
/// closed.
pub const HEADERS_WAIT_MAX: Duration = Duration::from_secs(5);

/// Headers of a request. More are answered with 431.
pub const HEADERS_MAX: usize = 64;

/// Bytes of a request's line and headers, and of what is read ahead. More are answered with 431.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Bytes of a request's body: a line of a device fits. More are answered with 413.
pub const BODY_BYTES_MAX: usize = protocol::limits::LINE_BYTES_MAX;

/// How long a body may take to arrive, of whoever has shown a valid credential. Then it is answered with 400.
pub const BODY_WAIT_MAX: Duration = Duration::from_secs(10);

/// How long what is under way may take once the hub stops. Then it is cut off.
pub const STOP_WAIT_MAX: Duration = Duration::from_secs(5);

/// How long nothing is accepted after the operating system refused to (no file descriptors are left).
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Origins whose pages may frame ours. Those beyond are left out; `glassline.toml` says so where it lists them.
pub const EMBEDDING_ORIGINS_MAX: usize = 32;

/// Proxies through which a request may have come that are looked at, the nearest first. Who is told of beyond them is not heard of.
pub const FORWARDED_HOPS_MAX: usize = 16;

/// Bytes of a base path. A longer one is refused where it is configured.
pub const BASE_PATH_BYTES_MAX: usize = 128;

/// Points of a chart when the request does not say.
pub const POINTS: usize = 500;

/// Points of a chart. More are answered with 400.
pub const POINTS_MAX: usize = store::limits::HISTORY_POINTS_MAX;

/// Commands in a list when the request does not say.
pub const COMMANDS: usize = 50;

/// Commands in a list. More are answered with 400.
pub const COMMANDS_MAX: usize = store::limits::COMMANDS_MAX;

/// Spells in an answer when the request does not say.
pub const SPELLS: usize = 100;

/// Spells in an answer. More are answered with 400.
pub const SPELLS_MAX: usize = 1000;

/// Samples that are looked at for one answer of spells. It says that there is more and gives what was found.
pub const SPELL_SAMPLES_MAX: usize = 100_000;

/// Bytes of values that are looked at for one answer of spells; as with [`SPELL_SAMPLES_MAX`].
pub const SPELL_BYTES_MAX: usize = store::limits::HISTORY_BYTES_MAX;

/// Reads of the store at one time, each on a thread. At the limit further ones wait.
pub const READS_MAX: usize = 8;

/// Reads that wait. One more is answered with 429.
pub const READS_WAITING_MAX: usize = 256;

/// Streams of samples at one time, each on a thread for as long as it is read. One more is answered with 429.
pub const STREAMS_MAX: usize = 8;

/// Of those, for one person or device. One more is answered with 429: nobody keeps the others out.
pub const STREAMS_EACH_MAX: usize = STREAMS_MAX / 2;

/// Bytes of one piece of a stream of samples.
pub const STREAM_PIECE_BYTES: usize = 32 * 1024;

/// Pieces of a stream that wait to be written. At the limit the store is read no further.
pub const STREAM_PIECES_MAX: usize = 4;

/// How long a stream waits for somebody who does not read on. Then it is cut off.
pub const STREAM_STALL_MAX: Duration = Duration::from_secs(30);

/// Least bytes of an answer that is compressed. A shorter one fits into a packet as it is.
pub const PACK_BYTES_MIN: usize = 1024;

/// Most bytes of an answer that is compressed. A longer one is sent as it is.
pub const PACK_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Most bytes that are compressed on the spot, in well below a millisecond. More are, on a thread of their own.
pub const PACK_HERE_BYTES_MAX: usize = 32 * 1024;

/// Devices in one piece of the list of all devices, which is made while it is sent.
pub const LIST_PIECE_DEVICES: usize = 64;

/// Sockets on `/socket` at one time that have not said yet what they are. One more is answered with 429.
pub const UNDECIDED_MAX: usize = 1_024;

/// How long the first frame on `/socket` may take where a panel is expected.
pub const FIRST_FRAME_WAIT_PANEL: Duration =
    Duration::from_secs(crate::limits::PANEL_AUTHENTICATE_SECONDS_MAX);

/// How long the first frame on `/socket` may take where a device is expected.
pub const FIRST_FRAME_WAIT_DEVICE: Duration = Duration::from_secs(protocol::limits::IDENTIFY_SECONDS_MAX);

/// Bytes of a path to go on to after the login. A longer one leads to `/`.
pub const RETURN_PATH_BYTES_MAX: usize = 1024;

// hyper reads no less at once.
const _: () = assert!(HEADER_BYTES_MAX >= 8192);
const _: () = assert!(POINTS <= POINTS_MAX);
const _: () = assert!(PACK_BYTES_MIN < PACK_HERE_BYTES_MAX && PACK_HERE_BYTES_MAX < PACK_BYTES_MAX);
const _: () = assert!(COMMANDS <= COMMANDS_MAX);

/// Rows of the audit on a page, and in an answer that asks for no number.
pub(super) const AUDIT_PAGE_ROWS: usize = 100;
/// Rows of the audit in one answer. More asked for counts as this.
pub(super) const AUDIT_ROWS_MAX: usize = store::limits::AUDIT_PAGE_ROWS_MAX;
