//! The uplink to one hub: what others tell it, how it stands, and the task that drives it. Each hub has its own, and none
//! waits for another (rule U3).
//!
//! | file | what it does |
//! |---|---|
//! | `drive` | the task: carries out what the conversation wants, hands in what comes |
//! | `connect` | a WebSocket to the hub, over TCP or TLS |
//! | `writing` | writes frames, so that a hub that does not read holds up nothing else |

mod connect;
mod drive;
mod writing;

pub(super) use connect::url_problem;
pub(super) use drive::drive;

use super::adding::Source;
use super::drops::Drops;
use super::hubs::{HubSettings, HubStanding};
use super::limits::COMMANDS_PER_HUB_MAX;
use protocol::code::Bye;
use protocol::id::DeviceId;
use protocol::uplink::message::CommandOutcome;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::Dropped;
use store::TokenHash;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};

/// What a hub says of one who identified.
pub(super) enum Answer {
    /// It may come in.
    Admitted {
        /// As this device.
        device: DeviceId,
        /// A token of its own that it is to be told.
        token: Option<Box<str>>,
        /// The hash of the token with which it may come back.
        hash: TokenHash,
    },
    /// It may not.
    Denied(Bye),
}

/// The way to the uplink of one hub.
pub(super) struct Uplink {
    settings: HubSettings,
    source: Source,
    /// The first place of the spool that it wants.
    begins: u64,
    mail: Mutex<Mail>,
    /// There is mail.
    called: Notify,
    /// The hub has welcomed us.
    is_up: AtomicBool,
    /// It did not answer the last question in time.
    is_silent: AtomicBool,
    has_ended: AtomicBool,
    /// Up to which place of the spool the hub has taken everything over, or will never get it.
    acked: AtomicU64,
    /// The furthest that it ever was.
    furthest: AtomicU64,
    /// Up to which place entries were dropped for this hub.
    dropped_to: AtomicU64,
    last_dropped: Mutex<Option<Dropped>>,
    drops: Mutex<Drops>,
    standing: Mutex<Standing>,
    commands: Arc<Semaphore>,
}

/// What an uplink is told and has not looked at. Bounded: devices stand in it once each, outcomes and questions are as many as
/// commands and connections.
#[derive(Default)]
pub(super) struct Mail {
    /// Devices that came or went. By their ids: one may be forgotten since, and made again.
    presence: HashSet<DeviceId>,
    outcomes: Vec<CommandOutcome>,
    questions: Vec<Question>,
    /// The spool has grown, or its tags are others.
    spool: bool,
    /// What the spool has dropped for this hub alone, the newest word of it.
    dropped: Option<Dropped>,
    /// How far behind the hub is, for people there.
    behind: Option<Behind>,
}

/// May this one come in?
pub(super) struct Question {
    device: Option<DeviceId>,
    hash: TokenHash,
    answer: oneshot::Sender<Answer>,
}

/// How far a hub is behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Behind {
    /// Entries of the spool that it has not acked.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the oldest of them was received, ms since 1970.
    pub oldest: Option<i64>,
}

/// How an uplink stands, for people.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    pub(super) state: LinkState,
    pub(super) address: Option<SocketAddr>,
    pub(super) error: Option<String>,
    pub(super) behind: Behind,
    /// Since when it is in this state, ms since 1970.
    pub(super) since: i64,
    /// Messages that were ever dropped for it.
    pub(super) dropped: u64,
    /// Those of them that it has not acked.
    untold: u64,
}

/// What an uplink is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LinkState {
    /// It waits before it tries again.
    #[default]
    Waiting,
    /// A connection is being made, or the hub has not welcomed us yet.
    Connecting,
    /// The hub has welcomed us.
    Connected,
    /// The hub has told us not to come back with this token.
    Refused,
    /// It is in no configuration any more: what is spooled for it is kept.
    LeftOut,
}

impl LinkState {
    /// As it is called.
    pub fn as_str(self) -> &'static str {
        match self {
            LinkState::Waiting => "waiting",
            LinkState::Connecting => "connecting",
            LinkState::Connected => "connected",
            LinkState::Refused => "refused",
            LinkState::LeftOut => "left out",
        }
    }
}

impl Uplink {
    /// To a hub that wants what is from the place `begins` on, and has everything up to the place `acked`.
    pub(super) fn new(settings: HubSettings, source: Source, begins: u64, acked: u64) -> Self {
        Self {
            settings,
            source,
            begins,
            mail: Mutex::default(),
            called: Notify::new(),
            is_up: AtomicBool::new(false),
            is_silent: AtomicBool::new(false),
            has_ended: AtomicBool::new(false),
            acked: AtomicU64::new(acked),
            furthest: AtomicU64::new(acked),
            dropped_to: AtomicU64::new(0),
            last_dropped: Mutex::default(),
            drops: Mutex::default(),
            standing: Mutex::new(Standing { state: LinkState::Connecting, ..Standing::default() }),
            commands: Arc::new(Semaphore::new(COMMANDS_PER_HUB_MAX)),
        }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.settings.name
    }

    pub(super) fn settings(&self) -> &HubSettings {
        &self.settings
    }

    pub(super) fn source(&self) -> Source {
        self.source
    }

    pub(super) fn begins(&self) -> u64 {
        self.begins
    }

    /// How it stands at the time `now`, for people.
    pub(super) fn shown(&self, now: i64) -> HubStanding {
        let standing = self.standing();
        let Standing { state, address, behind, since, dropped, .. } = *standing;
        let waits = behind.oldest.map_or(0, |oldest| u64::try_from(now - oldest).unwrap_or(0));
        HubStanding {
            name: self.name().clone(),
            url: self.settings.url.clone(),
            address,
            state,
            since,
            behind,
            waits,
            dropped,
            error: standing.error.clone(),
            commands: self.settings.commands,
            added: self.source == Source::Added,
        }
    }

    /// Asks the hub whether this one may come in; nothing while it is not there, and not about to be.
    pub(super) fn ask(&self, device: Option<DeviceId>, hash: TokenHash) -> Option<oneshot::Receiver<Answer>> {
        let is_coming = self.standing().state == LinkState::Connecting;
        if !self.is_up() && !is_coming {
            return None;
        }
        let (answer, answered) = oneshot::channel();
        self.tell(|mail| mail.questions.push(Question { device, hash, answer }));
        Some(answered)
    }

    /// A device came or went.
    pub(super) fn presence(&self, device: &DeviceId) {
        self.tell(|mail| {
            mail.presence.insert(device.clone());
        });
    }

    /// What became of a command of this hub.
    pub(super) fn outcome(&self, outcome: CommandOutcome) {
        self.tell(|mail| mail.outcomes.push(outcome));
    }

    /// There is more in the spool, or its tags are others.
    pub(super) fn spool_changed(&self) {
        self.tell(|mail| mail.spool = true);
    }

    /// The spool has dropped something for this hub: all of it that the hub was not told and has not acked.
    pub(super) fn dropped(&self, dropped: Dropped) {
        self.dropped_to.fetch_max(dropped.to, Ordering::AcqRel);
        let mut standing = self.standing();
        let count = counted(&dropped);
        // Fewer than before are those that came after the hub had acked the others.
        let more = if count >= standing.untold { count - standing.untold } else { count };
        standing.dropped += more;
        standing.untold = count;
        drop(standing);
        self.drops().add(more);
        *self.last_dropped.lock().unwrap_or_else(PoisonError::into_inner) = Some(dropped.clone());
        self.tell(|mail| mail.dropped = Some(dropped));
    }

    /// What was dropped for this hub in earlier runs: of all that, `dropped` is what it was not told.
    pub(super) fn dropped_before(&self, all: u64, dropped: Option<Dropped>) {
        let mut standing = self.standing();
        standing.dropped = all;
        standing.untold = dropped.as_ref().map_or(0, counted);
        drop(standing);
        if let Some(dropped) = dropped {
            self.dropped(dropped);
        }
    }

    /// What was dropped for it, as it was said last.
    pub(super) fn untold(&self) -> Option<Dropped> {
        self.last_dropped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn dropped_to(&self) -> u64 {
        self.dropped_to.load(Ordering::Acquire)
    }

    /// How far behind it is.
    pub(super) fn is_behind(&self, behind: Behind) {
        self.standing().behind = behind;
        self.tell(|mail| mail.behind = Some(behind));
    }

    /// It ends.
    pub(super) fn end(&self) {
        self.has_ended.store(true, Ordering::Release);
        self.is_up.store(false, Ordering::Release);
        self.called.notify_one();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }

    /// Whether the hub has welcomed us.
    pub(super) fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Acquire)
    }

    /// Whether it left a question unanswered for long, and has answered none and welcomed nobody since.
    pub(super) fn is_silent(&self) -> bool {
        self.is_silent.load(Ordering::Acquire)
    }

    /// It did not answer in time.
    pub(super) fn fell_silent(&self) {
        if !self.is_silent.swap(true, Ordering::AcqRel) && self.is_up() {
            tracing::warn!(hub = %self.name(), "a hub does not say who may come in: others are asked before it");
        }
    }

    /// It answers questions.
    fn speaks(&self) {
        self.is_silent.store(false, Ordering::Release);
    }

    /// What was dropped for it and not logged yet.
    pub(super) fn drops(&self) -> MutexGuard<'_, Drops> {
        self.drops.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to which place of the spool nothing is needed for it any more.
    pub(super) fn acked(&self) -> u64 {
        self.acked.load(Ordering::Acquire)
    }

    /// The hub says that it has everything up to here. It may have gone back.
    fn is_at(&self, place: u64) {
        self.acked.store(place, Ordering::Release);
        self.furthest.fetch_max(place, Ordering::AcqRel);
    }

    /// It was told of all that was dropped up to here.
    pub(super) fn knows_losses_up_to(&self, place: u64) {
        self.furthest.fetch_max(place, Ordering::AcqRel);
    }

    /// Up to which place the spool may have let go of what was for this hub, as far as that was told.
    pub(super) fn furthest(&self) -> u64 {
        self.furthest.load(Ordering::Acquire).max(self.dropped_to())
    }

    pub(super) fn place_for_command(&self) -> Option<OwnedSemaphorePermit> {
        self.commands.clone().try_acquire_owned().ok()
    }

    pub(super) fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, add: impl FnOnce(&mut Mail)) {
        add(&mut self.mail.lock().unwrap_or_else(PoisonError::into_inner));
        self.called.notify_one();
    }

    fn take_mail(&self) -> Mail {
        std::mem::take(&mut self.mail.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How many messages a loss is.
fn counted(dropped: &Dropped) -> u64 {
    dropped.lost.iter().map(|lost| lost.to + 1 - lost.from).sum::<u64>() + dropped.unlisted
}
