//! Every limit of the hub, with what happens at it. Those of the line protocol are in [`protocol::limits`].

use crate::allowance::Rate;
use protocol::limits::{DESCRIBE_BYTES_MAX, LINE_BYTES_MAX};
use router::limits::{LOOK_BYTES_MAX, NOTICE_BYTES_MAX, RECEIPTS_BYTES};

/// Milliseconds for which a settled command is kept, in the store: 30 days. Until then its id means this command, and the
/// device's page shows it.
pub const COMMANDS_KEPT_MS: i64 = 30 * 86_400_000;

/// Commands that one panel may ask for at once, and in the long run a second. One more is `refused: full`, and leaves no
/// trace.
pub(crate) const PANEL_COMMANDS: Rate = Rate { per_second: 20, at_once: 60 };
/// The same for one person, over all panels and HTTP, where one more is answered with 429.
pub(crate) const PERSON_COMMANDS: Rate = Rate { per_second: 50, at_once: 200 };
/// Persons of whom it is remembered what they have used of [`PERSON_COMMANDS`]. With one more, those who have used nothing
/// lately are forgotten: they lose nothing by it.
pub const PERSONS_REMEMBERED_MAX: usize = 1_024;

/// Changes of accounts, rights, devices, gateways and keys by one person, at once, and in the long run a second: each is a row of the
/// audit, a million of which take five hours. One more is answered with 429. Whoever owns the machine has no bound.
pub(crate) const PERSON_CHANGES: Rate = Rate { per_second: 50, at_once: 1_000 };

/// Rows of the audit that one person causes of each kind of what only concerns themselves (logins, own tokens, refused commands, views),
/// at once, and in the long run a second. What is more is counted.
pub(crate) const AUDIT_PERSON: Rate = Rate { per_second: 1, at_once: 200 };
/// Rows of the audit that those outside cause all together, at once: failed logins, gaps, limits; and as many that devices cause by
/// taking tokens. What is more is counted, and said in one row for each kind.
pub const AUDIT_OUTSIDE_ROWS_AT_ONCE: u64 = 200;
/// Milliseconds after which there may be one such row more: 8,640 a day, so that it takes them months to push out what is kept.
pub const AUDIT_OUTSIDE_ROW_MS: u64 = 10_000;
/// Milliseconds for which what is alike is counted before the count is written down.
pub const AUDIT_MERGE_MS: u64 = 600_000;
/// Kinds of things that are counted apart, and persons' kinds of which is remembered how much they wrote. More are counted together.
pub const AUDIT_MERGED_MAX: usize = 1_024;
/// How often it is looked for counts whose time is over.
pub const AUDIT_TELL_EVERY: std::time::Duration = std::time::Duration::from_secs(60);
/// Bytes of a name or id in the audit. A longer one is cut.
pub const AUDIT_NAME_BYTES: usize = 128;
/// Bytes of each other text in it. A longer one is cut.
pub const AUDIT_TEXT_BYTES: usize = 256;
/// Texts that one row has beside. More are left out.
pub const AUDIT_DETAILS_MAX: usize = 8;

/// Commands that are looked for in the store at a time, because memory no longer knows whether there was one with their
/// id. Others wait their turn.
pub const COMMAND_LOOKUPS_MAX: usize = 4;
/// Commands of which is remembered that there were such, each by itself, so that new ones need not be looked for; 16 bytes each.
/// With one more all of them share [`COMMANDS_TABLE_BYTES`].
pub const COMMANDS_KNOWN_MAX: usize = 65_536;
/// The room in which more commands are remembered: with a million of them about every fiftieth new one is looked for all the
/// same, and with very many more nearly all are.
pub const COMMANDS_TABLE_BYTES: usize = 1024 * 1024;
/// Bits of that room for each command.
pub const COMMANDS_TABLE_BITS: usize = 4;
/// Commands of the store that are read when the hub begins. Where it has more all are looked for until it begins anew.
pub const COMMANDS_READ_MAX: usize = 1_000_000;
/// Seconds that such a look may take. A command for which it took longer is not taken, and may be asked for again.
pub const COMMAND_LOOKUP_SECONDS_MAX: u64 = 5;
/// Devices that are told at a time what became of what they said. Then the sockets of the event loop have their turn, and
/// the others theirs behind it.
pub const SETTLE_AT_ONCE_MAX: usize = 256;
/// Devices that are told at a time that the storage has failed, or is back. Then the sockets of the event loop have their turn.
pub const STORAGE_TOLD_AT_ONCE_MAX: usize = 256;

/// Characters of what people call a device. A longer name is refused.
pub const DEVICE_NAME_CHARS_MAX: usize = 100;
/// Labels of a device. One more is refused, with all of them.
pub const DEVICE_LABELS_MAX: usize = 16;
/// Characters of a label. A longer one is refused.
pub const DEVICE_LABEL_CHARS_MAX: usize = 40;

/// How often what is no longer kept goes.
pub const PRUNE_EVERY: std::time::Duration = std::time::Duration::from_secs(3_600);

/// How often the user's files are looked at for changes while a panel is open, so that it shows what is saved within a second.
pub const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(250);
/// How soon they are looked at again when one has just changed: an editor may still be writing.
pub const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_millis(80);
/// The share of one processor's time that looking may take: a folder so large that a look takes longer is looked at less often.
pub const LOOKS_SHARE: u32 = 50;
/// Panels that fetch a changed page at once, and in the long run a second, where very many are open: others are told to wait.
pub const SWAPS_A_SECOND: usize = 500;

/// Open panels. One more is told `full` and closed.
pub const PANELS_MAX: usize = 10_000;
/// Of those, for one person who does not own the machine. One more is told `full` and closed: nobody keeps the others out.
pub const PANELS_EACH_MAX: usize = PANELS_MAX / 4;
/// How long a hub that stops waits until its panels have taken leave. Those that have not are cut.
pub const PANELS_STOP_WAIT_MAX: std::time::Duration = std::time::Duration::from_secs(1);
/// Devices that one panel watches at once. A `watch` that would be more is answered with an error and not begun.
pub const PANEL_WATCHES_MAX: usize = 1_000;
/// Bytes of a frame from a panel. A longer one ends the connection.
pub const PANEL_FRAME_BYTES_MAX: usize = 64 * 1024;
/// The same before it has authenticated: a ticket, and the path of its page.
pub const PANEL_STRANGER_FRAME_BYTES_MAX: usize = 16 * 1024;
/// Frames that are heard of one panel at once, and in the long run a second. Of one that says more the next is read later: nothing
/// is dropped.
pub(crate) const PANEL_FRAMES: Rate = Rate { per_second: 200, at_once: 1_000 };
/// Bytes gathered into one frame to a panel before the last look at a device. What is more goes into the next frame.
pub const PANEL_BATCH_BYTES_MAX: usize = 32 * 1024;
/// Bytes of what many panels are told alike from which on they are written from where they stand. Less is copied, which
/// costs the system less than one piece more to write.
pub const PANEL_SHARE_BYTES_MIN: usize = 512;
/// Bytes that wait for a slow panel to read them, beside one value per channel of one device: a frame and what one look at
/// a device may add to it. Nothing is gathered for a panel while its frame waits, so it is never more.
pub const PANEL_WAITING_BYTES_MAX: usize = 256 * 1024;
/// Devices that a browser may name in one frame. More are answered with an error.
pub const PANEL_NAMES_MAX: usize = PANEL_WATCHES_MAX;
/// Messages that such a panel reads in a first call: how long they are tells how many the next one reads.
pub const PANEL_READ_MESSAGES: usize = 32;
/// Panels that read what they missed from the store at a time. Others wait their turn.
pub const PANEL_READS_MAX: usize = 4;
/// Seconds in which a panel must have read what it missed. One that has not goes on with the latest values.
pub const PANEL_READ_SECONDS_MAX: u64 = 5;
/// Messages that a browser may put into one frame. More are answered with an error.
pub const PANEL_MESSAGES_MAX: usize = 64;
/// Seconds in which a panel must have authenticated.
pub const PANEL_AUTHENTICATE_SECONDS_MAX: u64 = 5;
/// Milliseconds that a panel's command may be on its way without counting as held up: a page knows the hub's clock only as
/// well as its line is quick.
pub const PANEL_HELD_UP_MS: u64 = 1_000;
/// Seconds between heartbeats of a panel; after two of silence it is closed.
pub const PANEL_HEARTBEAT_SECONDS: u64 = 15;
/// Seconds for which a browser may read nothing of what it is told. After that it is cut.
pub const PANEL_WRITE_SECONDS_MAX: u64 = 30;

/// Changes of the device list that stay in memory. A panel further behind gets the whole list again.
pub const ROSTER_CHANGES_MAX: usize = 256;

/// Devices that the hub keeps. Another one is refused (`full`, or 503).
pub const DEVICES_MAX: usize = 1_000_000;
/// Devices that identified with an empty id or a join token and have sent nothing yet. One more is told `full`.
pub const DEVICES_UNSTORED_MAX: usize = 1_000;

/// Devices of which gateways that are away are still told that their tokens changed, or that they were removed. At the limit the
/// oldest is dropped: a gateway that was away all that time asks about it within an hour, when it identifies.
pub const FORGOTTEN_MAX: usize = 4_096;
/// How much older what a gateway tells of a device may be than it seems, ms: it was under way. Whoever identified within this time
/// behind the withdrawal of a token is parted once more than needed, and comes back.
pub const FORGOTTEN_SLACK_MS: u64 = 3_000;

/// Gateways that may hold an uplink to this hub. Another one is not made (503).
pub const GATEWAYS_MAX: usize = 1_000;
/// Commands, acks and answers that wait to be said over one uplink. With one more the uplink ends (`slow`): the gateway comes back
/// and is told again what counts.
pub const UPLINK_POSTS_MAX: usize = 65_536;
/// Bytes of a frame of an uplink before its gateway has identified. A longer one ends it.
pub const UPLINK_STRANGER_FRAME_BYTES_MAX: usize = 16 * 1024;
/// Bytes that wait to be said over one uplink from which on nothing more is read of its gateway, until they are written.
pub const UPLINK_UNSENT_BYTES: usize = 256 * 1024;
/// Bytes that wait to be said over one uplink at most: commands and news of devices come unasked. With more the uplink is cut.
pub const UPLINK_UNSENT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Seconds for which a gateway may read nothing of what it is told. After that its uplink is cut.
pub const UPLINK_WRITE_SECONDS_MAX: u64 = 30;

/// Devices that sleep and identify which are read from the store at a time. Others wait their turn, and say nothing more
/// meanwhile.
pub(crate) const DEVICES_WAKING_MAX: usize = 2;
/// The same for panels and requests that ask for devices that sleep.
pub(crate) const LOOKS_WAKING_MAX: usize = 2;
/// Devices that sleep which are woken for a panel at a time. For more that it names it waits again.
pub(crate) const PANEL_WAKES_AT_ONCE: usize = 100;
/// Devices in memory that are copied under one lock by whoever goes through all of them. Others have their turn in between.
pub(crate) const DEVICES_COPIED_AT_ONCE: usize = 256;

/// Bytes of the longest receipt: what a line asked for, what a line answered, and the rest of it.
const RECEIPT_BYTES_MAX: usize = 2 * LINE_BYTES_MAX + 4 * 1024;
/// Bytes of the messages that one look at a device may bring, but for one value per channel: a part of its tail, or one
/// long message.
const LOOK_MESSAGES_BYTES_MAX: usize = LOOK_BYTES_MAX + 4 * 1024;

// Notices are fewer bytes than a longest receipt, or one of them; a description comes without receipts.
const _: () = assert!(LOOK_BYTES_MAX >= LINE_BYTES_MAX && NOTICE_BYTES_MAX <= RECEIPT_BYTES_MAX);
const _: () = assert!(DESCRIBE_BYTES_MAX <= RECEIPT_BYTES_MAX);
// What is saved is seen by the next look, and told once another has seen the same: that leaves a page half of its second.
const _: () = assert!(LOOK_EVERY.as_millis() + LOOK_AGAIN.as_millis() <= 500);
const _: () = assert!(
    PANEL_BATCH_BYTES_MAX + LOOK_MESSAGES_BYTES_MAX + RECEIPTS_BYTES + RECEIPT_BYTES_MAX
        <= PANEL_WAITING_BYTES_MAX
);
