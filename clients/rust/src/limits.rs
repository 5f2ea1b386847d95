//! Every limit of the client, with what happens at it. Those of the line protocol are the protocol's.

use std::time::Duration;

/// Messages an outbox holds unless its program says otherwise. One more drops the oldest: counted, and declared to the
/// hub.
pub const OUTBOX_MESSAGES: usize = protocol::limits::OUTBOX_MESSAGES;

/// Bytes of lines an outbox holds unless its program says otherwise. More drop the oldest: counted, and declared.
pub const OUTBOX_BYTES: usize = protocol::limits::OUTBOX_BYTES;

/// How long making a connection may take. Then it counts as failed.
pub const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Bytes read at once.
pub(crate) const READ_BYTES: usize = 4096;

/// Calls of handlers that wait because one is still running. At the limit a command is answered as failed, and what
/// else there is to tell is not told.
pub const CALLS_WAITING_MAX: usize = 256;

/// Least and most bytes of a file of the outbox's log, which is an eighth of what the outbox holds in between. A file
/// that is full is followed by another one.
pub const FILE_BYTES_MIN: u64 = 16 * 1024;
/// See [`FILE_BYTES_MIN`].
pub const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Messages taken over after which the log notes it, where some are still held.
pub(crate) const HEAD_EVERY_MESSAGES: u64 = 64;

/// Messages that may be missing between two files of a log. A file that lies further behind is left out, as damaged.
pub(crate) const MISSING_MESSAGES_MAX: u64 = 1 << 20;

const _: () = assert!(FILE_BYTES_MIN < FILE_BYTES_MAX);
// A file takes the longest message.
const _: () = assert!(FILE_BYTES_MAX > protocol::limits::LINE_BYTES_MAX as u64);
