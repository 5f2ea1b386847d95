//! The hub: keeps devices, routes what they say and are told, and serves panels.
//!
//! Decisions are made in [`router`], in plain synchronous code; everything else is a shell around it. What a device
//! says comes in through [`protocol::intake::Intake`], which [`Hub`] implements; the store writes; [`panel`] and
//! [`http`] show. The hub knows nothing of device connections: whoever holds them is on the other side of the intake.
//!
//! What comes through gateways takes the same way from [`uplink`] on.
//!
//! The life of a sample: [`intake`] → [`router`] → `apply` → store → `apply` (committed) → [`panel`].

mod accounts;
mod alarms;
mod allowance;
mod apply;
pub mod audit;
pub mod auth;
mod called;
mod commands;
mod devices;
mod dormant;
mod enrolling;
pub mod http;
mod intake;
mod joining;
mod known;
pub mod limits;
pub mod panel;
mod registry;
mod renewing;
mod rights;
mod roster;
mod settling;
mod shown;
mod stopping;
mod storage;
mod swapping;
pub mod uplink;
pub mod view;
mod waking;

pub use accounts::{AccountError, GroupState, PersonChange, PersonState};
pub use commands::{CommandRequest, Undecided};
pub use devices::{CallError, ChangeError, CreateError, TakeError};
pub use enrolling::JoinError;
pub use router::{Presence, Receipt, State as CommandState};
pub use shown::{ChannelState, DeviceState, DeviceSummary};
pub use stopping::Stopped;
pub use storage::Storage;
pub use swapping::Configuration;

use crate::alarms::{Alarms, Endings};
use crate::allowance::Allowances;
use crate::audit::{Audit, Entry, What};
use crate::auth::{Auth, Editing, Grant};
use crate::known::Known;
use crate::limits::{COMMAND_LOOKUPS_MAX, COMMANDS_KEPT_MS, PRUNE_EVERY};
use crate::panel::{PanelInfo, Panels};
use crate::registry::Registry;
use crate::roster::Roster;
use crate::settling::Reports;
use crate::uplink::Gateways;
use crate::waking::Waking;
use protocol::time::Time;
use router::Issuer;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use store::{DeviceKey, Durability, Loaded, OpenError, Options, Reader, Store, Write};
use tokio::sync::{Semaphore, mpsc, watch};

/// How a hub is run.
#[derive(Clone, Default)]
pub struct Settings {
    /// What a commit survives, and how writes gather.
    pub store: Options,
    /// The folder with the user's `components/` and `views/`, where there is one.
    pub folder: Option<PathBuf>,
    /// Components whose templates get extra data from the embedding program.
    pub components: Vec<Arc<dyn view::Component>>,
    /// The event loops that panels live in, for a program that has some already. Without, the hub starts its own.
    pub loops: Option<sockets::Handle>,
    /// Who may join without an administrator having made them before.
    pub enrolment: auth::Enrolment,
}

/// A hub.
pub struct Hub {
    /// Itself, for those who are handed a plain reference.
    me: Weak<Hub>,
    /// Where monotonic time begins.
    started: Instant,
    /// What is durable. Only `apply` and `auth` write to it.
    store: Arc<Store>,
    /// Whether it takes anything over (rule H9).
    storage: watch::Sender<Storage>,
    /// How often it did not, in this run.
    storage_failures: AtomicU64,
    /// What became of writes, on its way to the devices.
    reports: Arc<Reports>,
    /// The name of the store's log, told to panels so that they know whether their cursors still mean anything.
    log: String,
    /// Whose sessions are handed out.
    issuer: Issuer,
    /// Who may do what.
    auth: Auth,
    /// Whoever changes accounts: one after the other, so that what was checked still holds.
    changing_accounts: tokio::sync::Mutex<()>,
    /// Who did what.
    audit: Audit,
    /// All devices.
    registry: Registry,
    /// Gateways that hold an uplink to this hub, or may.
    gateways: Gateways,
    /// Devices that joined and are not stored yet: [`limits::DEVICES_UNSTORED_MAX`].
    unstored: AtomicUsize,
    /// The highest session counter of any device that was removed in this run.
    sessions: AtomicU64,
    /// Changes of the device list.
    roster: Roster,
    /// When which device wants to be looked at.
    alarms: Alarms,
    /// Conversations that are over.
    endings: Endings,
    /// Open panels.
    panels: Panels,
    /// How many commands each person has asked for lately.
    asked: Allowances,
    /// How much each administrator has changed lately.
    changes: Allowances,
    /// Which commands there may have been.
    known: Known,
    /// Who may look for an earlier command in the store now.
    lookups: Arc<Semaphore>,
    /// Who may read devices that sleep from the store now.
    waking: Waking,
    /// The user's components and views, and the built-in ones.
    views: view::Shelf,
    /// How the configuration stands, for whoever opens a page.
    configuration: Mutex<Configuration>,
    /// Where panels live.
    loops: sockets::Handle,
    /// The same, where they are the hub's own.
    _own_loops: Option<sockets::EventLoops>,
    /// Where what a panel has to wait for is done.
    runtime: tokio::runtime::Handle,
    /// Whether the hub is stopping.
    stopping: watch::Sender<bool>,
}

impl Hub {
    /// Opens the hub whose state is in the folder `state`. Its own tasks run on the current tokio runtime until
    /// [`Hub::stop`].
    ///
    /// # Errors
    /// When the folder is in use, newer than this program, or cannot be read or written.
    pub fn open(state: &Path, settings: Settings) -> Result<Arc<Self>, OpenError> {
        let (reported, reports) = settling::reports();
        let options = Options { dormant: true, ..settings.store.clone() };
        let (store, mut loaded) = Store::open(state, options, move |event| reported.send(event))?;
        let store = Arc::new(store);
        let awake = std::mem::take(&mut loaded.devices);
        let registry = Registry::open(store.clone(), awake, loaded.next_key)?;
        let (endings, ended) = Endings::new();
        let own_loops = settings.loops.is_none().then(|| {
            let started = sockets::EventLoops::start_default();
            started.expect("a system that runs this program has threads and files for it")
        });
        let hub = Self::assemble(store, registry, loaded, settings, (endings, reports.0.clone()), own_loops);
        reports.settle_in(Arc::downgrade(&hub), &hub.loops);
        keep_running(Self::hear_endings(Arc::downgrade(&hub), ended));
        keep_running(Self::hear_alarms(Arc::downgrade(&hub)));
        keep_running(Self::prune(Arc::downgrade(&hub)));
        hub.audit(Entry::new(What::Started).say("version", env!("CARGO_PKG_VERSION")));
        keep_running(Self::tell_audit(Arc::downgrade(&hub)));
        keep_running(Self::follow_files(Arc::downgrade(&hub)));
        keep_running(Self::follow_rights(Arc::downgrade(&hub)));
        let reading = Arc::downgrade(&hub);
        tokio::task::spawn_blocking(move || {
            Self::log_audit_head(&reading);
            Self::read_known(reading);
        });
        Ok(hub)
    }

    fn assemble(
        store: Arc<Store>,
        registry: Registry,
        loaded: Loaded,
        settings: Settings,
        (endings, reports): (Endings, Arc<Reports>),
        own_loops: Option<sockets::EventLoops>,
    ) -> Arc<Self> {
        let loops = settings.loops.or_else(|| own_loops.as_ref().map(sockets::EventLoops::handle));
        let writer = store.clone();
        let auth = Auth::new(loaded.tokens, &loaded.access, Box::new(move |write| writer.submit(write)));
        auth.set_enrolment(settings.enrolment);
        let issuer = Issuer { tag: loaded.issuer.into(), earlier: loaded.earlier_issuers.into() };
        let hub = Arc::new_cyclic(|me| Self {
            me: me.clone(),
            started: Instant::now(),
            store,
            storage: watch::channel(Storage::Up).0,
            storage_failures: AtomicU64::new(0),
            reports,
            log: loaded.log,
            issuer,
            auth,
            changing_accounts: tokio::sync::Mutex::default(),
            audit: Audit::default(),
            registry,
            gateways: Gateways::new(loaded.gateways, loaded.next_gateway, now_wall()),
            unstored: AtomicUsize::new(0),
            sessions: AtomicU64::new(0),
            roster: Roster::default(),
            alarms: Alarms::default(),
            endings,
            panels: Panels::default(),
            asked: Allowances::default(),
            changes: Allowances::default(),
            known: Known::default(),
            lookups: Arc::new(Semaphore::new(COMMAND_LOOKUPS_MAX)),
            waking: Waking::default(),
            views: view::Shelf::open(settings.folder, settings.components),
            configuration: Mutex::default(),
            loops: loops.expect("there are the program's loops or our own"),
            _own_loops: own_loops,
            runtime: tokio::runtime::Handle::current(),
            stopping: watch::channel(false).0,
        });
        let now = hub.now();
        for row in loaded.unfinished {
            let Some(cell) = hub.registry.by_key(row.device) else { continue };
            hub.gateways.note(&row);
            hub.with(&cell, |inner, _| inner.device.restore_command(now, row));
        }
        hub
    }

    async fn hear_endings(hub: Weak<Self>, mut endings: mpsc::UnboundedReceiver<(DeviceKey, u64)>) {
        while let Some((key, generation)) = endings.recv().await {
            let Some(hub) = hub.upgrade() else { return };
            let Some(cell) = hub.registry.by_key(key) else { continue };
            let now = hub.now();
            hub.with(&cell, |inner, effects| inner.device.ended(now, generation, effects));
        }
    }

    async fn hear_alarms(hub: Weak<Self>) {
        loop {
            let Some(hub) = hub.upgrade() else { return };
            let now = hub.now();
            for key in hub.alarms.take(now.mono) {
                let Some(cell) = hub.registry.by_key(key) else { continue };
                hub.with(&cell, |inner, effects| {
                    inner.alarm = None;
                    inner.device.timeout(now, &hub.issuer, effects);
                });
            }
            let next = hub.alarms.next().map(|mono| hub.started + std::time::Duration::from_millis(mono));
            let due = async {
                match next {
                    Some(next) => tokio::time::sleep_until(next.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                () = hub.alarms.earlier() => {}
                () = hub.stopped() => return,
            }
        }
    }

    /// Lets the store forget what need not be remembered: settled commands and expired tokens.
    async fn prune(hub: Weak<Self>) {
        let mut hourly = tokio::time::interval(PRUNE_EVERY);
        loop {
            hourly.tick().await;
            let Some(hub) = hub.upgrade() else { return };
            hub.prune_now();
        }
    }

    fn prune_now(&self) {
        let now = self.now().wall;
        self.store.submit(Write::Prune { commands: now - COMMANDS_KEPT_MS, tokens: now, now });
    }

    /// The moment it is.
    pub fn now(&self) -> Time {
        Time { wall: now_wall(), mono: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX) }
    }

    /// Who may do what.
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// The components and views to render with.
    pub fn views(&self) -> Arc<view::Library> {
        self.views.library(self.now().mono)
    }

    /// The same, where somebody asks for what is not in it: it may have been saved a moment ago.
    pub(crate) fn views_now(&self) -> Arc<view::Library> {
        self.views.look_now();
        self.views.present()
    }

    /// The same with volumes (`components/dial`, `views/weather`) in their last good version: [`view::Shelf::with_earlier`].
    pub fn earlier_views(&self, volumes: &std::collections::BTreeSet<String>) -> Arc<view::Library> {
        // What was saved since the last look counts for the rest of the page.
        drop(self.views());
        self.views.with_earlier(volumes)
    }

    /// Writes a new view into the user's folder and loads it; gives its file. It writes to the disk, so it may take its time.
    ///
    /// # Errors
    /// There is no folder, the name is taken or no name, or the file cannot be written.
    pub fn add_view(&self, editing: &Editing, text: &str) -> Result<PathBuf, view::EjectError> {
        self.views.add_view(editing.name(), text)
    }

    /// A file that pages load, by its hashed name.
    pub fn asset(&self, file: &str) -> Option<view::Asset> {
        self.views.asset(file)
    }

    /// Where stored samples and commands are read; its calls block.
    pub fn reader(&self) -> &Reader {
        self.store.reader()
    }

    /// The name of the log.
    pub fn log(&self) -> &str {
        &self.log
    }

    /// What a commit survives.
    pub fn durability(&self) -> Durability {
        self.store.durability()
    }

    /// The event loops that its panels live in.
    pub fn loops(&self) -> &sockets::Handle {
        &self.loops
    }

    /// The open panels, oldest first. Whoever may not see everything is told of their own alone: a panel names the page and the
    /// devices that somebody looks at.
    pub fn panels(&self, grant: &Grant) -> Vec<PanelInfo> {
        self.panels.list(grant)
    }
}

#[cfg(test)]
impl Hub {
    /// All panels, for a test that is not about rights.
    pub(crate) fn every_panel(&self) -> Vec<PanelInfo> {
        self.panels(&self.auth.administrator(self.auth.admin_token()).expect("its own token"))
    }
}

/// The time that it is, milliseconds since 1970.
fn now_wall() -> i64 {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    i64::try_from(wall).unwrap_or(i64::MAX)
}

/// Runs one of the hub's own tasks. A panic in it is a bug that leaves a hub which answers and takes nothing over: better
/// it ends at once, visibly. What is committed stays, and the devices send the rest again.
fn keep_running(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(error) = tokio::spawn(task).await
            && error.is_panic()
        {
            tracing::error!("a task of the hub panicked: ending, so that nothing looks alive that is not");
            std::process::abort();
        }
    });
}
