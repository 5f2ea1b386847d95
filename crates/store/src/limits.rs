//! Every bound of the store, and what happens at it.

use std::time::Duration;

/// Writes in one transaction. What gathered beyond them is the next transaction: a burst delays the first
/// acknowledgements by no more than this many.
pub const BATCH_WRITES_MAX: usize = 8192;

/// The longest that [`crate::Options::gather`] may be; more counts as this. Acknowledgements are due within 250 ms.
pub const GATHER_MAX: Duration = Duration::from_millis(150);

/// Single writes, each soon after the last commit, that are committed at once. From then on it is a stream, and its
/// writes gather.
pub const QUICK_COMMITS_MAX: u32 = 8;

/// Connections for reading. A read beyond them waits until one is free.
pub const READERS_MAX: usize = 4;

/// Points of a history answer. More asked for counts as this.
pub const HISTORY_POINTS_MAX: usize = 10_000;

/// Gaps in a history answer. Of more the newest are given.
pub const HISTORY_GAPS_MAX: usize = 1000;

/// Samples that a stream of samples holds in memory at a time; between two such pages no connection is held.
pub const SAMPLES_PAGE: usize = 1024;

/// Commands in one answer. More asked for counts as this.
pub const COMMANDS_MAX: usize = 1000;

/// Samples of removed devices that are deleted with one commit. The rest goes with the next ones.
pub const SWEEP_SAMPLES_MAX: usize = 2000;

/// How long a statement waits for a lock that another program (a backup, `sqlite3`) holds before it fails.
pub const BUSY_WAIT: Duration = Duration::from_secs(5);

/// Memory for pages of the writing connection, KiB: the ends of the busiest channels stay in it.
pub const WRITER_CACHE_KIB: u32 = 32 * 1024;

/// Memory for pages of each reading connection, KiB.
pub const READER_CACHE_KIB: u32 = 4 * 1024;

/// Pages in the write-ahead log from which on a commit moves them into the database.
pub const CHECKPOINT_PAGES: u32 = 4000;

/// What is left of the write-ahead log's file after that, bytes, when a long read made it grow.
pub const LOG_FILE_BYTES_MAX: u32 = 64 * 1024 * 1024;
