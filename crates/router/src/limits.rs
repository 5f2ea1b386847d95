//! Every limit of a device's state, with what happens at it. Those of the line protocol are in [`protocol::limits`].

/// Messages and gaps of a device that stay in memory for panels that are a little behind. A panel further behind is
/// moved forward to the latest values and told how many it passed over.
pub const TAIL_MESSAGES_MAX: usize = 64;
/// Bytes of the same. The newest message stays however large it is.
pub const TAIL_BYTES_MAX: usize = 64 * 1024;
/// The same while some panel has not seen all of it: panels are written to some sixty times a second, and a fast device
/// says more than [`TAIL_MESSAGES_MAX`] in between. What is beyond goes when all who watch have seen it, or nobody does.
pub const WATCHED_TAIL_MESSAGES_MAX: usize = 1_024;
/// Bytes of the same.
pub const WATCHED_TAIL_BYTES_MAX: usize = 256 * 1024;
/// Bytes of the tail, with the commas between its messages, that one look at a device brings, or one longer message. What
/// is more comes with the next look.
pub const LOOK_BYTES_MAX: usize = 64 * 1024;

/// Presence changes, descriptions, rhythms and receipts of a device that stay in memory. A panel further behind gets them as
/// they now stand.
pub const NOTICES_MAX: usize = 32;
/// Bytes of the same.
pub const NOTICE_BYTES_MAX: usize = 32 * 1024;

/// Bytes of a device's newest values together: what a snapshot carries. A sample that would be more is left out, and the
/// device is told `too_long`.
pub const DEVICE_LATEST_BYTES_MAX: usize = 1024 * 1024;

/// Intervals of a channel that its rhythm is learned from; an older one is forgotten.
pub const RHYTHM_INTERVALS: usize = 5;
/// From so many on a rhythm is known, and so many that agree make it an even one.
pub const RHYTHM_KNOWN_AFTER: usize = 3;
/// Milliseconds: samples that follow each other faster count as one, as panels are hardly written to more often.
pub const RHYTHM_MS_MIN: u32 = 20;

/// Messages of one device on their way to the store that came without a connection (HTTP). One more is refused with
/// 503; those of a connection are bounded by its window.
pub const DEVICE_PENDING_MAX: usize = 256;

/// Milliseconds that a commit takes at most while the storage works (rule H6). A command for which it took longer is sent
/// with what is left of its time.
pub const COMMIT_MS_MAX: u64 = 250;

/// Takeovers of one id within [`TAKEOVERS_WITHIN_MS`] that one device may need. With one more the id is contested (rule
/// H11): an alert, and its welcomes wait.
pub const TAKEOVERS_MAX: usize = 5;
/// The time in which takeovers are counted, and after which without one the contest is over; milliseconds.
pub const TAKEOVERS_WITHIN_MS: u64 = 60_000;
/// Milliseconds that the first welcome in a contest waits. Each one after it waits twice as long.
pub const TAKEOVER_WAIT_FIRST_MS: u64 = 1_000;
/// Milliseconds that a welcome waits at most.
pub const TAKEOVER_WAIT_MS_MAX: u64 = 30_000;

// The device waits longer for its welcome than that is held back.
const _: () = assert!(TAKEOVER_WAIT_MS_MAX < protocol::limits::WELCOME_SECONDS_MAX * 1_000);

/// Settled commands of a device that stay in memory. Older ones are found in the store.
pub const COMMANDS_SETTLED_MAX: usize = 32;

/// Bytes of a command's id, which the browser makes. A longer one is `refused: bad`.
pub const COMMAND_ID_BYTES_MAX: usize = 64;

/// Messages and gaps that a panel which comes back may be given from the store, where the memory has them no longer. One
/// that is further behind is moved forward to the latest values and told how many it passed over.
pub const RESUME_MESSAGES_MAX: usize = 1_000;

/// Sessions that gateways issued for one device of which it is known how far they were taken over. One more, and the one that
/// was new longest ago is forgotten. More than the store keeps of one gateway, so that nothing is taken for new that it knows.
pub const RELAY_POSITIONS_MAX: usize = 16 * store::limits::RELAYED_SESSIONS_MAX;

/// Milliseconds by which the time of the same identify at a gateway may differ when it is told again: two clocks measured how
/// long ago it was, and the telling took its time.
pub const SAME_IDENTIFY_MS_MAX: u64 = 5_000;

/// Bytes of receipts that a panel is given in one look, and in a snapshot; the receipt that goes beyond is the last. What
/// is more comes with the next look.
pub const RECEIPTS_BYTES: usize = 8 * 1024;
