//! What a spool is asked beside what devices say, and what it tells.

use protocol::uplink::message::Lost;
use std::sync::Arc;

use crate::write::{DeviceKey, TokenHash};

/// One thing to be written to a spool that no store knows. Submitted like a [`crate::Write`], and handed back like one.
#[derive(Clone, Debug, PartialEq)]
pub enum SpoolWrite {
    /// A hub that is fed from now on; or, where one of that name is, its settings and quota from now on.
    AddHub(HubRow),
    /// The hub is fed no longer, and holds nothing any more.
    RemoveHub {
        /// Which.
        name: Box<str>,
    },
    /// How far the hub has come, as it says itself: a hub that was restored has come less far than it had.
    Acked {
        /// Which hub.
        name: Box<str>,
        /// The place of the last entry that it has.
        place: u64,
    },
    /// A hub confirmed a device's token, or says that it counts no longer. A device that is not stored has none.
    Learned {
        /// Whose.
        device: DeviceKey,
        /// The token; nothing where none counts.
        hash: Option<TokenHash>,
        /// When, ms since 1970.
        at: i64,
    },
    /// An earlier tag turns out to have had numbers up to there (rule U2).
    RaiseEnd {
        /// The tag.
        tag: Arc<str>,
        /// Its last number.
        number: u64,
    },
    /// What stands at these places was damaged: it is lost to each hub that comes to it. The spool asks for this itself, when it
    /// finds that.
    Damaged {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// What time it is, ms since 1970: quotas by age and the age of learned tokens count from there.
    Now {
        /// Now.
        at: i64,
    },
}

/// What is kept for a hub that does not take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Bytes of entries.
    pub bytes: u64,
    /// Their age, ms.
    pub ms: u64,
}

impl Quota {
    /// As much as there is room for.
    pub const NONE: Quota = Quota { bytes: u64::MAX, ms: u64::MAX };
}

/// A hub that a spool feeds.
#[derive(Clone, Debug, PartialEq)]
pub struct HubRow {
    /// What the gateway calls it. Unique.
    pub name: Box<str>,
    /// What else the gateway knows of it, in its own spelling.
    pub settings: Box<str>,
    /// What is kept for it.
    pub quota: Quota,
    /// The first place that it is to have. Counts when it is new.
    pub begin: u64,
    /// The place of the last entry that it has. Of a new one: the one before `begin`, whatever this says.
    pub acked: u64,
    /// What was dropped for it alone and is still to be told to it. Of a new one: nothing, whatever this says.
    pub dropped: Option<Dropped>,
    /// Messages that were ever dropped for it. Of a new one: 0, whatever this says.
    pub lost: u64,
}

/// What was dropped for one hub, because it was beyond its quota, and is not known to have reached it.
#[derive(Clone, Debug, PartialEq)]
pub struct Dropped {
    /// Up to this place.
    pub to: u64,
    /// What is missing of whom. Some of it may have reached the hub all the same: what was under way when it was dropped.
    pub lost: Vec<Lost>,
    /// Messages that are missing beside those, because the list has no more room
    /// ([`SPOOL_LOST_MAX`](crate::limits::SPOOL_LOST_MAX)).
    pub unlisted: u64,
}

/// What a spool tells that no store does.
#[derive(Clone, Debug, PartialEq)]
pub enum SpoolEvent {
    /// More was dropped for a hub alone.
    Dropped {
        /// Which.
        hub: Box<str>,
        /// All that is to be told to it.
        dropped: Dropped,
    },
    /// It holds as much as it may: devices are to be held back (rule U3).
    Full,
    /// There is room again. Comes after [`SpoolEvent::Full`] only.
    Room,
}

/// What lies behind a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behind {
    /// How many entries.
    pub entries: u64,
    /// What they take, bytes, and the rest of the row in which they begin.
    pub bytes: u64,
    /// When the first of them was received, ms since 1970, as exactly as a row is long.
    pub oldest: Option<i64>,
}
