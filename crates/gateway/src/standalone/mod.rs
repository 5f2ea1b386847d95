//! A gateway of its own: takes over what devices say to a spool on its own disk, and forwards it to one or more hubs
//! (spec/uplink.md).
//!
//! Towards devices it is a hub side like any other: what becomes of a message, a takeover or a command is decided by
//! [`router::Device`], the same code that the hub runs, and the spool stands where the hub has its store. Towards hubs each
//! uplink is a task of its own around [`protocol::uplink::gateway_side::GatewaySide`].
//!
//! | file | what it does |
//! |---|---|
//! | `intake`, `apply`, `registry` | devices: who they are, what is decided, carried out in one place |
//! | `admission` | who may come in |
//! | `asking` | hubs are asked about it, so that a silent one delays nobody |
//! | `drops` | when it is logged that something was dropped |
//! | `alarms`, `settling` | moments, ends and commits on their way to the devices |
//! | `orders` | commands of hubs, and what becomes of them |
//! | `hubs` | hubs: how they are configured and how they stand |
//! | `adding` | hubs that come, change and go while it runs |
//! | `uplink` | the uplink to one hub |
//! | `keeping` | what leaves the spool: what all have, and what is beyond a quota |
//! | [`limits`] | how many, how much, how long |

mod adding;
mod admission;
mod alarms;
mod apply;
mod asking;
mod drops;
mod hubs;
mod intake;
mod keeping;
pub mod limits;
mod orders;
mod registry;
mod settling;
mod uplink;

pub use adding::{AddError, Source};
pub use hubs::{Begin, HubSettings, HubStanding};
pub use protocol::uplink::filter::{Filter, Pattern};
pub use uplink::{Behind, LinkState};

use self::alarms::{Alarms, Endings};
use self::registry::{Learned, Registry};
use self::settling::News;
use self::uplink::Uplink;
use crate::clock;
use protocol::code::Bye;
use protocol::id::DeviceId;
use protocol::time::Time;
use protocol::uplink::gateway_side::Stored;
use protocol::uplink::tags::{Held, Tags};
use router::{Device, Issuer};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use store::{DeviceKey, OpenError, TokenHash};
use store::{Spool, SpoolOptions, SpoolWrite};
use tokio::sync::watch;

/// How a standalone gateway is opened.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its id, as hubs know it.
    pub id: Arc<str>,
    /// What an ack survives, and how commits are gathered.
    pub spool: SpoolOptions,
    /// Seconds between heartbeats towards hubs.
    pub heartbeat: u32,
}

/// A standalone gateway: the intake of its devices, and its uplinks.
pub struct Standalone {
    /// Itself, for those who are handed a plain reference.
    me: Weak<Standalone>,
    settings: Settings,
    spool: Spool,
    /// Its tags, the newest last (rule U2).
    tags: Mutex<Arc<Tags>>,
    /// Whose sessions are handed out.
    issuer: Issuer,
    registry: Registry,
    alarms: Alarms,
    endings: Endings,
    /// Whether the spool is written (rule H9).
    storage_is_up: AtomicBool,
    /// Whether there is no room in it (rule U3).
    is_full: AtomicBool,
    /// Hubs, in the order in which they are asked who may come in.
    uplinks: RwLock<Vec<Arc<Uplink>>>,
    /// Hubs of whom the spool knows, which stand in no configuration.
    left_out: Mutex<Vec<adding::Row>>,
    runtime: tokio::runtime::Handle,
    stopping: watch::Sender<bool>,
}

impl Standalone {
    /// Opens the gateway whose state is in the folder `state`, with hubs that were added while it ran before. Its devices live
    /// in `loops`, its uplinks on the current tokio runtime.
    ///
    /// # Errors
    /// When the folder is in use, newer than this program, or cannot be read or written.
    pub fn open(state: &Path, settings: Settings, loops: &sockets::Handle) -> Result<Arc<Self>, OpenError> {
        let news = Arc::<News>::default();
        let says = news.clone();
        let (spool, spooled) = Spool::open(state, settings.spool.clone(), move |event| says.say(event))?;
        let registry = Registry::new(spooled.next_key);
        for device in spooled.devices {
            let learned = spooled.learned.get(&device.key);
            let learned = learned.map(|(hash, at)| Learned { hash: *hash, at: *at, is_spooled: true });
            let id = device.id.clone();
            match Device::restore(device).map(|device| registry.add(device, learned)) {
                Some(Ok(_)) => {}
                _ => tracing::error!(%id, "a spooled device has no valid id, or there is no room for it"),
            }
        }
        let (endings, ended) = Endings::new();
        let gateway = Arc::new_cyclic(|me| Self {
            me: me.clone(),
            issuer: Issuer { tag: spooled.tag, earlier: spooled.earlier.into() },
            tags: Mutex::new(Arc::new(spooled.tags)),
            settings,
            spool,
            registry,
            alarms: Alarms::default(),
            endings,
            storage_is_up: AtomicBool::new(true),
            is_full: AtomicBool::new(false),
            uplinks: RwLock::default(),
            left_out: Mutex::new(spooled.hubs.into_iter().map(adding::Row::from).collect()),
            runtime: tokio::runtime::Handle::current(),
            stopping: watch::Sender::new(false),
        });
        news.listen(Arc::downgrade(&gateway), loops);
        keep_running(Endings::hear(Arc::downgrade(&gateway), ended));
        keep_running(Alarms::hear(Arc::downgrade(&gateway)));
        keep_running(keeping::keep(Arc::downgrade(&gateway)));
        gateway.begin_added();
        Ok(gateway)
    }

    /// Its id.
    pub fn id(&self) -> &Arc<str> {
        &self.settings.id
    }

    /// Its tag in this run.
    pub fn tag(&self) -> &str {
        &self.issuer.tag
    }

    /// How many devices it knows, and how many of them are connected.
    pub fn devices(&self) -> (usize, usize) {
        let connected = self.registry.all().iter().filter(|cell| cell.is_connected()).count();
        (self.registry.len(), connected)
    }

    /// Whether the spool takes anything over: it is written, and there is room (rules H9 and U3).
    pub fn storage_is_up(&self) -> bool {
        self.storage_is_up.load(Ordering::Acquire) && !self.is_full.load(Ordering::Acquire)
    }

    /// Bytes of the spool, and how many they may be.
    pub fn spool_bytes(&self) -> (u64, u64) {
        self.spool.bytes()
    }

    /// Ends uplinks and makes durable what is on its way. Blocks until the spool is closed. Devices were said goodbye to before.
    pub fn stop(self: &Arc<Self>) {
        self.stopping.send_replace(true);
        for uplink in self.uplinks() {
            uplink.end();
        }
        let now = self.now();
        for cell in self.registry.all() {
            self.with(&cell, |inner, effects| inner.device.dismiss(now, Bye::Stopping, effects));
        }
        self.spool.close();
    }

    fn now(&self) -> Time {
        clock::now()
    }

    /// Returns when the gateway stops.
    async fn stopped(&self) {
        // It cannot fail while `self` holds the sender.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    fn storage_failed(self: &Arc<Self>, reason: &str) {
        tracing::error!(%reason, "the spool cannot be written: nothing is taken over until it can");
        self.storage_is_up.store(false, Ordering::Release);
        self.tell_windows();
    }

    fn storage_recovered(self: &Arc<Self>) {
        tracing::info!("the spool is written again");
        self.storage_is_up.store(true, Ordering::Release);
        self.tell_windows();
        self.tell_growth();
    }

    fn spool_is_full(self: &Arc<Self>, is_full: bool) {
        match is_full {
            true => {
                tracing::error!("the spool is full: nothing is taken over until a hub has taken something")
            }
            false => tracing::info!("there is room in the spool again"),
        }
        self.is_full.store(is_full, Ordering::Release);
        self.tell_windows();
    }

    /// Devices are told whether anything can be taken over.
    fn tell_windows(self: &Arc<Self>) {
        let is_up = self.storage_is_up();
        for cell in self.registry.all() {
            self.with(&cell, |inner, effects| inner.device.storage(is_up, effects));
        }
    }

    fn uplinks(&self) -> Vec<Arc<Uplink>> {
        self.uplinks.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Hubs that may say who comes in, in their order; those that are there and answer first.
    fn admitting(&self) -> Vec<Arc<Uplink>> {
        let mut uplinks = self.uplinks();
        uplinks.retain(|uplink| uplink.settings().admits);
        uplinks.sort_by_cached_key(|uplink| (uplink.is_silent(), !uplink.is_up()));
        uplinks
    }

    /// Hubs are told that this device came or went.
    fn tell_presence(&self, device: &DeviceId) {
        for uplink in &*self.uplinks.read().unwrap_or_else(PoisonError::into_inner) {
            uplink.presence(device);
        }
    }

    /// Hubs are told that there is more in the spool.
    fn tell_growth(&self) {
        for uplink in &*self.uplinks.read().unwrap_or_else(PoisonError::into_inner) {
            uplink.spool_changed();
        }
    }

    fn tags(&self) -> Arc<Tags> {
        self.tags.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the spool holds.
    fn held(&self) -> Held {
        self.spool.held()
    }

    /// What the spool has behind the place `after`. Blocks.
    fn read(&self, after: u64, bytes_max: usize, entries_max: usize) -> Vec<Stored> {
        let mut entries = self.spool.read(after, bytes_max).unwrap_or_else(|error| {
            tracing::error!(%error, "the spool cannot be read");
            Vec::new()
        });
        entries.truncate(entries_max);
        entries
    }

    /// A hub has taken over more of an earlier tag than the spool knows of (rule U2): all hubs are told that it is lost.
    fn raise_end(&self, hub: &Uplink, tag: &Arc<str>, number: u64) {
        let mut tags = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        let mut raised = Tags::clone(&tags);
        if raised.raise(tag, number) {
            tracing::warn!(hub = %hub.name(), %tag, number, "a hub has more of an earlier spool than this one");
            self.spool.change(SpoolWrite::RaiseEnd { tag: tag.clone(), number });
            *tags = Arc::new(raised);
        }
        drop(tags);
        self.tell_growth();
    }

    /// A hub says that the device is another's now, or must not speak.
    fn part(self: &Arc<Self>, device: &DeviceId, bye: Bye) {
        let Some(cell) = self.registry.by_id(device.as_str()) else { return };
        let now = self.now();
        self.with(&cell, |inner, effects| inner.device.dismiss(now, bye, effects));
    }

    /// A hub says that the device's token is another now.
    fn forget_device_token(self: &Arc<Self>, device: &DeviceId) {
        if let Some(cell) = self.registry.by_id(device.as_str()) {
            self.forget_token(&cell);
        }
    }

    fn spool_token(&self, device: DeviceKey, hash: Option<TokenHash>, at: i64) {
        self.spool.change(SpoolWrite::Learned { device, hash, at });
    }
}

/// Runs one of the gateway's own tasks. A panic in it is a bug that leaves a gateway which answers and takes nothing over:
/// better it ends at once, visibly. What is committed stays, and the devices send the rest again.
fn keep_running(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(error) = tokio::spawn(task).await
            && error.is_panic()
        {
            tracing::error!(
                "a task of the gateway panicked: ending, so that nothing looks alive that is not"
            );
            std::process::abort();
        }
    });
}
