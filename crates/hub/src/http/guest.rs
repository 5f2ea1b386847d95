//! Whoever is at the other end of a connection, and its place among those who have shown nothing yet.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sockets::doorway::{Bounds, Doorway, Origin, Stay, Strangers};
use tokio::time::Instant;

use super::limits::{
    STRANGER_CUT_AFTER, STRANGER_SECONDS_MAX, STRANGERS_EACH_MAX, STRANGERS_MAX, STRANGERS_WAITING_MAX,
};

/// Tells whether an address is that of a proxy that many speak through.
type IsProxy = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// Where connections are let in, over all listeners that share it. Cheap to clone.
#[derive(Clone)]
pub struct Entrance {
    doorway: Doorway,
    is_proxy: IsProxy,
}

impl Default for Entrance {
    fn default() -> Self {
        let bounds = Bounds {
            each_max: STRANGERS_EACH_MAX,
            all_max: STRANGERS_MAX,
            waiting_max: STRANGERS_WAITING_MAX,
        };
        Self { doorway: Doorway::new(bounds, STRANGER_SECONDS_MAX), is_proxy: Arc::new(|_| false) }
    }
}

impl Entrance {
    /// An address for which `is_proxy` is true has no bound of its own.
    #[must_use]
    pub fn with_proxies(self, is_proxy: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self { is_proxy: Arc::new(is_proxy), ..self }
    }

    /// How many have shown nothing yet.
    pub fn strangers(&self) -> Strangers {
        self.doorway.strangers()
    }

    pub(super) fn doorway(&self) -> &Doorway {
        &self.doorway
    }

    pub(super) fn origin(&self, address: IpAddr) -> Origin {
        if (self.is_proxy)(address) { Origin::Proxy } else { Origin::of(address) }
    }
}

/// The other end of one connection. Cheap to clone; each request has it among its extensions.
#[derive(Clone)]
pub(super) struct Guest(Arc<State>);

struct State {
    stay: Mutex<Option<Stay>>,
    /// When it was accepted, and then when each request but the first came.
    since: Mutex<Instant>,
    has_asked: AtomicBool,
    is_known: AtomicBool,
}

impl Guest {
    /// One that was accepted at `since`.
    pub(super) fn new(stay: Stay, since: Instant) -> Self {
        let (has_asked, is_known) = (AtomicBool::new(false), AtomicBool::new(false));
        let (stay, since) = (Mutex::new(Some(stay)), Mutex::new(since));
        Self(Arc::new(State { stay, since, has_asked, is_known }))
    }

    /// The headers of a request came whole.
    pub(super) fn asks(&self) {
        if self.0.has_asked.swap(true, Ordering::Relaxed) {
            *self.0.since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
    }

    /// When it is cut where it has shown nothing by then.
    pub(super) fn cut_at(&self) -> Instant {
        *self.0.since.lock().unwrap_or_else(PoisonError::into_inner) + STRANGER_CUT_AFTER
    }

    /// Whether any did.
    pub(super) fn has_asked(&self) -> bool {
        self.0.has_asked.load(Ordering::Relaxed)
    }

    /// It showed a valid credential: its place is somebody else's.
    pub(super) fn is_known_now(&self) {
        self.0.is_known.store(true, Ordering::Relaxed);
        drop(self.take_stay());
    }

    /// Whether it ever did.
    pub(super) fn is_known(&self) -> bool {
        self.0.is_known.load(Ordering::Relaxed)
    }

    /// The place, for whoever has the connection from now on.
    pub(super) fn take_stay(&self) -> Option<Stay> {
        self.0.stay.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
