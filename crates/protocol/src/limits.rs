//! Every limit of the line protocol and of the uplink, with what happens at it.
//!
//! Names end in what is counted and in `MAX` or `MIN`; the relations between them are checked at compile time.

/// Bytes of a line without its `\n`. A longer one is skipped up to its end and answered with `too_long`.
pub const LINE_BYTES_MAX: usize = 65_536;

/// The smallest `line_max` a device may ask for, in bytes. A smaller one is answered with `bad_message`: a welcome
/// with the longest id and session must fit.
pub const LINE_MAX_BYTES_MIN: usize = 256;

/// Levels of objects and arrays in a line, the line's own object being the first. Deeper ones are `too_deep`.
pub const LINE_DEPTH_MAX: usize = 16;

/// Characters of a device's or gateway's id. A longer one is `bad_id`.
pub const ID_CHARS_MAX: usize = 64;

/// Characters of a session's name, its issuer's tag and counter together.
pub const SESSION_CHARS_MAX: usize = 24;

/// Characters of an issuer's tag: leaves room for `-` and a 15-digit counter.
pub const TAG_CHARS_MAX: usize = 8;

/// The highest number of a message: what every JSON reader holds exactly. A line that names a higher one is
/// `bad_message`.
pub const SEQ_MAX: u64 = (1 << 53) - 1;

/// The highest command number that an identify may name as `handled`; a higher one is `bad_message`. The numbers that
/// commands get above it are still held exactly by every reader.
pub const HANDLED_MAX: u64 = SEQ_MAX - (1 << 20);

/// Sessions issued to a device in which nothing was accepted yet. One more forgets the oldest: who asks for that one
/// gets a new one.
pub const EMPTY_SESSIONS_MAX: usize = 4;

/// How far beyond the last session issued one may lie that a restored store is believed to have handed out and forgotten.
/// One further ahead is answered like any unknown one, without a loss.
pub const SESSIONS_AHEAD_MAX: u64 = 1 << 20;

/// Bytes of a channel's name. A longer one makes the message `bad_message`.
pub const CHANNEL_BYTES_MAX: usize = 128;

/// Channels in one message. More make it `bad_message`.
pub const MESSAGE_CHANNELS_MAX: usize = 512;

/// Channels of one device. A sample on a further one is left out and the device is told (`too_many`).
pub const DEVICE_CHANNELS_MAX: usize = 1024;

/// Bytes of a description once merged. A `describe` that would make it larger is answered with `too_long`.
pub const DESCRIBE_BYTES_MAX: usize = 65_536;

/// Bytes of a token as a peer sends it. A longer one is not looked up: `auth`.
pub const TOKEN_BYTES_MAX: usize = 128;

/// Bytes of a `reason`, from either side. A longer one is cut at a character.
pub const REASON_BYTES_MAX: usize = 256;

/// Numbered messages a device may have unacked: what a welcome grants.
pub const WINDOW_MESSAGES: u32 = 64;

/// Messages of one connection handed over and not yet committed. At the limit its lines wait unread.
pub const IN_FLIGHT_MESSAGES_MAX: u32 = WINDOW_MESSAGES;

/// Bytes read from a connection that wait while its lines are held back. At the limit its socket is not read.
pub const READ_BUFFER_BYTES_MAX: usize = 2 * LINE_BYTES_MAX;

/// Bytes that wait to be written to a device. One that does not read them is disconnected at the limit.
pub const WRITE_BUFFER_BYTES_MAX: usize = 4 * LINE_BYTES_MAX;

/// Seconds between heartbeats when a device leaves it to the hub.
pub const HEARTBEAT_SECONDS: u32 = 15;

/// The shortest and longest heartbeat in seconds that a welcome grants; what a device asks for is brought in between.
pub const HEARTBEAT_SECONDS_MIN: u32 = 1;
/// See [`HEARTBEAT_SECONDS_MIN`].
pub const HEARTBEAT_SECONDS_MAX: u32 = 3600;

/// Seconds in which a new connection must have identified; then it is closed.
pub const IDENTIFY_SECONDS_MAX: u64 = 5;

/// Bytes of a line without its `\n` before a device has identified, but on a serial line. Any identify that a device has a reason to
/// send fits. A longer one is skipped up to its end and answered with `too_long`.
pub const IDENTIFY_LINE_BYTES_MAX: usize = 1_024;

/// Lines that are no identify which may come before one, but on a serial line. With one more it is told `bye unidentified`.
pub const UNIDENTIFIED_LINES_MAX: u64 = 16;

/// Seconds of silence after which the operating system probes a TCP connection without heartbeat.
pub const TCP_KEEPALIVE_SECONDS: u64 = 15;

/// Faulty lines a connection may send and is not forgiven. One more and it is told `bye bad`.
pub const FAULTY_LINES_MAX: u32 = 100;

/// Good lines of a connection that make up for a faulty one: at the limit one is forgiven.
pub const FORGIVING_LINES_MIN: u32 = 100;

/// Messages a device's outbox holds unless its program says otherwise. One more drops the oldest: a declared loss.
pub const OUTBOX_MESSAGES: usize = 4096;

/// Bytes a device's outbox holds, as lines, unless its program says otherwise. More drop the oldest: a declared loss.
pub const OUTBOX_BYTES: usize = 1 << 20;

/// Bytes a device said that its transport has not written yet, because the hub side does not read. At the limit a message
/// without a number is not said, nor what is said only so that something is: a heartbeat, a probe of a closed window.
pub const UNSENT_BYTES_MAX: usize = 4 * LINE_BYTES_MAX;

/// Seconds in which a welcome must have answered an identify on a connection that keeps order; then the device
/// identifies again (D1). More than a welcome is ever held back.
pub const WELCOME_SECONDS_MAX: u64 = 35;

/// The same on a serial line.
pub const WELCOME_SERIAL_SECONDS_MAX: u64 = 5;

/// Seconds without progress of the ack after which a device goes back or drops the connection (D6), where the heartbeat
/// is not longer.
pub const PROGRESS_SECONDS_MIN: u64 = 5;

/// Milliseconds within which a device comes back the first time (D9); the time doubles with each attempt in a row.
pub const RECONNECT_FIRST_MS: u64 = 500;

/// The longest time within which a device comes back, in milliseconds (D9).
pub const RECONNECT_MS_MAX: u64 = 30_000;

/// Seconds a welcome must have held before attempts are counted anew (D9).
pub const HEALTHY_SECONDS: u64 = 60;

/// Commands that wait for one device. One more is `refused: full`.
pub const COMMANDS_QUEUED_MAX: usize = 50;

/// Milliseconds a command lives when its sender names no `ttl`.
pub const COMMAND_TTL_MS: u64 = 5_000;
/// The longest `ttl` of a command in milliseconds (a day); a longer one is `refused: bad`.
pub const COMMAND_TTL_MS_MAX: u64 = 86_400_000;

/// A device's time further ahead than this, in milliseconds, is not believed (spec/protocol.md, Time).
pub const CLOCK_AHEAD_MS_MAX: i64 = 60_000;
/// 2000-01-01T00:00:00Z in milliseconds since 1970: an earlier time of a device is not believed.
pub const CLOCK_BEGINS_MS: i64 = 946_684_800_000;

/// Bytes of one line of an uplink without its `\n`: a device's line with what stands around it. A longer one ends the uplink.
pub const UPLINK_LINE_BYTES_MAX: usize = 2 * LINE_BYTES_MAX;

/// Levels of objects and arrays in a line of an uplink: two more than a device's line has, for what stands around its
/// values. A deeper one ends the uplink.
pub const UPLINK_LINE_DEPTH_MAX: usize = LINE_DEPTH_MAX + 2;

/// Bytes of one frame of an uplink. A longer one ends the uplink.
pub const UPLINK_FRAME_BYTES_MAX: usize = 4 * LINE_BYTES_MAX;

/// Bytes from which on a frame takes no further entry: the one that reached it is its last.
pub const UPLINK_FRAME_BYTES: usize = LINE_BYTES_MAX;

/// Spool numbers that a hub lets be unacked in one uplink. More end the uplink.
pub const UPLINK_WINDOW_ENTRIES: u32 = 4_096;

/// Bytes of entries that a gateway lets be unacked in one uplink. At the limit it sends the next when an ack came.
pub const UPLINK_UNACKED_BYTES_MAX: usize = 1 << 20;

/// Bytes of entries that a gateway's uplink asks its spool for at a time.
pub const UPLINK_READ_BYTES: usize = 4 * LINE_BYTES_MAX;

/// Streams that are open in one uplink. One more ends the uplink; a gateway does not open it.
pub const UPLINK_STREAMS_MAX: usize = 1 << 20;

/// Streams that stay open though their device is not connected. One more closes the oldest of them.
pub const UPLINK_IDLE_STREAMS_MAX: usize = 1_024;

/// Losses that one `skip` lists. What is missing of further devices is not listed.
pub const UPLINK_LOST_MAX: usize = 512;

/// Commands of one hub that a gateway keeps until their outcome is settled. A further one is `refused: full`.
pub const UPLINK_COMMANDS_MAX: usize = 4_096;

/// Questions whether a device may come in that a gateway has open in one uplink. A further one is not asked: the device
/// comes again later.
pub const UPLINK_ASKS_MAX: usize = 1_024;

/// Tags that a gateway keeps. One more forgets the oldest: a hub that stands in that one begins anew, and what it has already is
/// told by session and seq.
pub const UPLINK_TAGS_MAX: usize = 4_096;

/// Bytes of a text in an uplink that has no limit of its own: an address, who asked for a command. A longer one ends the
/// uplink.
pub const UPLINK_TEXT_BYTES_MAX: usize = 256;

/// Patterns in each list of a hub's filter. More are refused when the hub is added.
pub const UPLINK_PATTERNS_MAX: usize = 256;

/// Milliseconds after which an ack is sent at the latest.
pub const UPLINK_ACK_MS_MAX: u64 = 250;

/// Milliseconds that a gateway waits before it tries again with a hub that told it `never`: people mend what was wrong
/// there, and nobody tells the gateway.
pub const UPLINK_NEVER_MS: u64 = 300_000;

/// Milliseconds for which a gateway goes by what a hub said of a device's token (30 days). A device whose hub said nothing of
/// it for longer is told `no_hub` while none is reachable.
pub const UPLINK_VOUCHED_MS_MAX: i64 = 30 * 86_400_000;

const _: () = assert!(UPLINK_FRAME_BYTES + UPLINK_LINE_BYTES_MAX + 32 <= UPLINK_FRAME_BYTES_MAX);
const _: () = assert!(UPLINK_LOST_MAX * (ID_CHARS_MAX + SESSION_CHARS_MAX + 96) <= UPLINK_LINE_BYTES_MAX);
// An identify with the longest of all its members, and room for some that are still to come.
const _: () = assert!(
    ID_CHARS_MAX + TOKEN_BYTES_MAX + SESSION_CHARS_MAX + 6 * 40 + 64 <= IDENTIFY_LINE_BYTES_MAX / 2 + 64
);
const _: () = assert!(LINE_MAX_BYTES_MIN >= 64 + ID_CHARS_MAX + SESSION_CHARS_MAX);
const _: () = assert!(TAG_CHARS_MAX + 1 + 15 == SESSION_CHARS_MAX);
const _: () = assert!(READ_BUFFER_BYTES_MAX > LINE_BYTES_MAX);
const _: () = assert!(IN_FLIGHT_MESSAGES_MAX >= WINDOW_MESSAGES);
const _: () =
    assert!(HEARTBEAT_SECONDS_MIN <= HEARTBEAT_SECONDS && HEARTBEAT_SECONDS <= HEARTBEAT_SECONDS_MAX);
