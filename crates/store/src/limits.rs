//! Every bound of the store, and what happens at it.

use std::time::Duration;

/// Writes in one transaction; see also [`BATCH_BYTES_MAX`]. What gathered beyond them is the next transaction: a burst delays the first
/// acknowledgements by no more than this many.
pub const BATCH_WRITES_MAX: usize = 8192;

/// The longest that [`crate::Options::gather`] may be; more counts as this. Acknowledgements are due within 250 ms.
pub const GATHER_MAX: Duration = Duration::from_millis(150);

/// The longest that writes gather where each half of [`crate::Options::gather`] brings more of them, unless that is longer itself: so long
/// browsers that follow much wait for the next picture anyway, and a commit costs as much as a hundred writes.
pub const GATHER_DENSE: Duration = Duration::from_millis(16);

/// Single writes, each soon after the last commit, that are committed at once. From then on it is a stream, and its
/// writes gather.
pub const QUICK_COMMITS_MAX: u32 = 8;

/// Waits for company in a row that brought none. After them the next commits do not wait: whoever writes waits for each commit
/// himself.
pub const LONELY_WAITS_MAX: u32 = 4;

/// Commits that do not wait after that, until one tries again; twice as many each time that it is in vain.
pub const UNGATHERED_COMMITS: u32 = 32;

/// The most commits of which none tries whether waiting brings company again.
pub const UNGATHERED_COMMITS_MAX: u32 = 512;

/// Writes for each millisecond of [`crate::Options::gather`] that are company enough: a commit does not wait for more, which
/// would save next to nothing for each of them.
pub const GATHERED_WRITES_PER_MS: usize = 100;

/// Connections for reading. A read beyond them waits until one is free.
pub const READERS_MAX: usize = 4;

/// Points of a history answer. More asked for counts as this.
pub const HISTORY_POINTS_MAX: usize = 10_000;

/// Bytes of values in a history answer. Of samples that hold more only the numbers are given, summed up in buckets.
pub const HISTORY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Gaps in a history answer. Of more the newest are given.
pub const HISTORY_GAPS_MAX: usize = 1000;

/// Samples that a stream of samples has in memory at a time, and the rest of a message or chunk; between two such pages no
/// connection is held.
pub const SAMPLES_PAGE: usize = 1024;

/// Messages and gaps in one answer. More asked for counts as this.
pub const ENTRIES_MAX: usize = 1000;

/// Samples in an answer of messages. Where there are more, fewer messages are given, one at least.
pub const ENTRIES_SAMPLES_MAX: usize = 64 * 1024;

/// Commands of one device that are kept. With one more the oldest go that were settled more than [`COMMANDS_SURE_MS`] ago.
pub const COMMANDS_KEPT_MAX: usize = 1000;

/// For so long, in ms, a settled command stays whatever comes behind it: until then its id means this command.
pub const COMMANDS_SURE_MS: i64 = 24 * 3_600_000;

/// Commands in one answer. More asked for counts as this.
pub const COMMANDS_MAX: usize = 1000;

/// Gaps of one device that are kept one by one, the newest; older ones are still counted by their reasons. More than
/// [`ENTRIES_MAX`], so that who missed a piece of the log finds those in it.
pub const GAPS_KEPT_MAX: usize = 10_000;

/// Sessions of one device whose names are kept, those that were new last. Samples of older ones remain, and no longer say in
/// which message they came.
pub const SESSIONS_KEPT_MAX: usize = 4096;

/// Tags of starts that are known, the newest. A session with an older one is treated like one of another issuer (rule H2).
pub const ISSUERS_KEPT_MAX: usize = 4096;

/// Sessions of one device and gateway of which it is known how far they were taken over, those that were new last. What a
/// gateway still held of an older one would be taken over a second time: it comes in the order of the sessions, so only a
/// spool that was put back by several sessions can hold that.
pub const RELAYED_SESSIONS_MAX: usize = 4;

/// Hubs that a spool feeds. One more is refused.
pub const SPOOL_HUBS_MAX: usize = 16;

/// Devices and sessions of which a spool lists what was dropped for one hub; of any further ones it only counts the messages.
pub const SPOOL_LOST_MAX: usize = 1000;

/// Rows that leave a spool with one commit, and rows that are dropped with one for a hub alone. The rest goes with the next
/// ones.
pub const SPOOL_CHORE_ROWS_MAX: usize = 64;

/// Bytes of entries from which on a row of a spool is full; the next entry of the same commit begins another one.
pub const SPOOL_ROW_CONTENT_BYTES: usize = 64 * 1024;

/// What a row of a spool takes beside its entries, bytes, about.
pub const SPOOL_ROW_BYTES: usize = 32;

/// For how long a spool remembers a token that no hub has confirmed since, ms.
pub const SPOOL_LEARNED_MS: i64 = 30 * 24 * 3_600_000;

const _: () = assert!(GAPS_KEPT_MAX > ENTRIES_MAX);

/// Devices of which the writer knows where they stand. With more it forgets all of them, and reads those again that go on
/// writing.
pub const DEVICES_KNOWN_MAX: usize = 64 * 1024;

/// Chunks of removed devices that are deleted with one commit. The rest goes with the next ones.
pub const SWEEP_CHUNKS_MAX: usize = 200;

/// How long a statement waits for a lock that another program (`sqlite3`) holds before it fails. The commit is tried again
/// then, like one that failed for the disk.
pub const BUSY_WAIT: Duration = Duration::from_secs(1);

/// Memory for pages of the writing connection, KiB: the ends of the busiest channels stay in it.
pub const WRITER_CACHE_KIB: u32 = 32 * 1024;

/// Memory for pages of each reading connection, KiB.
pub const READER_CACHE_KIB: u32 = 4 * 1024;

/// Pages in the write-ahead log from which on a commit moves them into the database.
pub const CHECKPOINT_PAGES: u32 = 4000;

/// What is left of the write-ahead log's file after that, bytes, when a long read made it grow.
pub const LOG_FILE_BYTES_MAX: u32 = 64 * 1024 * 1024;

/// Samples that one chunk can hold. What claims to hold more is damaged, and not read.
pub const CHUNK_SAMPLES_MAX: usize = 4096;

/// Reasons by which the gaps of a device are counted apart: devices make them up. Those of any further ones count together,
/// as [`OTHER_REASONS`].
pub const LEDGER_REASONS_MAX: usize = 16;

/// The reason under which gaps with reasons beyond [`LEDGER_REASONS_MAX`] are counted.
pub const OTHER_REASONS: &str = "other";

/// Samples of a channel that go into one chunk; then the next one begins.
pub const CHUNK_SAMPLES: usize = 256;

/// Bytes of values from which on a chunk is full before it has [`CHUNK_SAMPLES`]: long texts.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// Samples in the journal from which on it is folded into chunks.
pub const FOLD_SAMPLES: u64 = 64 * 1024;

/// Bytes in the journal from which on it is folded.
pub const FOLD_BYTES: u64 = 4 * 1024 * 1024;

/// Commits in the journal from which on it is folded.
pub const FOLD_COMMITS: u64 = 1000;

/// Samples of the journal that are folded in one go; what is beyond them waits for the next.
pub const FOLD_TAKE_SAMPLES: u64 = 4 * FOLD_SAMPLES;

/// Bytes of the journal that are folded in one go, and so are in memory; the rest of a commit comes with them.
pub const FOLD_TAKE_BYTES: u64 = 4 * FOLD_BYTES;

/// Channels that are folded with one commit, so that no acknowledgement waits long for it; the others go with the next ones.
/// As many again for each [`FOLD_TAKE_SAMPLES`] or [`FOLD_TAKE_BYTES`] that wait in the journal: so it grows no further where
/// very many channels are busy.
pub const FOLD_SLICE_CHANNELS: usize = 512;

/// What the writes of one transaction may weigh, bytes of memory; one is always taken, whatever it weighs.
pub const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Writes that wait at most. Messages and gaps that come beyond them are handed back ([`crate::CommitError::Full`]); other
/// writes are taken all the same. The windows of devices keep it far from that: it is reached only when the store cannot
/// commit for long while unnumbered messages come in.
///
/// What is to be handed back has no bound here: while a transaction hangs nobody takes it. Whoever submits bounds what a device
/// has waiting, wherever it waits (the hub: 256 messages).
pub const QUEUE_WRITES_MAX: usize = 1024 * 1024;

/// What waiting writes may weigh, bytes of memory. As with [`QUEUE_WRITES_MAX`].
pub const QUEUE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// With [`crate::Durability::Memory`]: how long what was taken over at once stays unwritten at most, while the disk works. A
/// process that is killed loses no more than that.
pub const MEMORY_GATHER: Duration = Duration::from_millis(100);

/// Writes that wait while more may be taken over at once. Beyond them, two batches, a write waits for its commit like with a disk:
/// the windows of devices then slow them down to what can be written.
pub const EARLY_WRITES_MAX: usize = 2 * BATCH_WRITES_MAX;

/// What those may weigh, bytes of memory. As with [`EARLY_WRITES_MAX`].
pub const EARLY_BYTES_MAX: usize = 2 * BATCH_BYTES_MAX;

/// How long a read waits until what was taken over at once is written, so that it finds it. Then it reads without.
pub const FLUSH_WAIT_MAX: Duration = Duration::from_secs(1);

/// How long a failed store waits before it first tries again; twice as long each time after that.
pub const RETRY_FIRST: Duration = Duration::from_millis(250);

/// The longest wait between two tries of a failed store.
pub const RETRY_MAX: Duration = Duration::from_secs(5);

/// Samples of an older version's rows that are converted in one transaction.
pub const CONVERT_SAMPLES: usize = 16 * 1024;

/// Gaps of which an answer says what lies around them, the newest. Each costs reading a chunk or two.
pub const GAPS_AROUND_MAX: usize = 64;

/// What a chunk takes in the database besides its samples, bytes, about: its columns, its place in two indexes and its
/// share of what pages leave free. Retention by size counts it.
pub const CHUNK_ROW_BYTES: usize = 128;

/// Chunks and rows of sums that are let go of with one commit, because they are too old or too many. The rest goes
/// with the next ones.
pub const RETENTION_ROWS_MAX: usize = 64;

/// Channels that are looked at for this with one commit.
pub const RETENTION_CHANNELS_MAX: usize = 256;

/// How far a restore, or a start after a crash with [`crate::Durability::Memory`], moves the number of each device's next
/// command on: more than are given between a backup and the day on which it is needed.
pub const RESTORE_SKIPS_COMMANDS: u32 = 1 << 20;

/// Rows of the audit that are kept, the newest. With [`AUDIT_STRETCH_ROWS`] more the oldest so many go.
pub const AUDIT_ROWS_MAX: u64 = 1_000_000;

/// Rows of the audit that go together. The last of them is the anchor from then on, so that the rest still verifies.
pub const AUDIT_STRETCH_ROWS: u64 = 1_000;

/// For how long rows of the audit are kept, ms: a year. A stretch goes when all of it is older.
pub const AUDIT_KEPT_MS: i64 = 365 * 24 * 3_600_000;

/// Stretches that go for their age each time that the store is told what time it is; the others wait for the next.
pub const AUDIT_STRETCHES_AT_ONCE: usize = 16;

/// Bytes of a command's value, of its answer and of what else the audit says of it, each. The rest is left out.
pub const AUDIT_VALUE_BYTES: usize = 256;

/// Rows of the audit in one answer. More asked for counts as this.
pub const AUDIT_PAGE_ROWS_MAX: usize = 1_000;
