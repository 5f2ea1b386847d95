//! Whoever is at the other end of a connection, and its place among those who have shown nothing yet.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use protocol::intake::StrangerLimit;
use sockets::doorway::{Bounds, Doorway, Origin, Stay, Strangers};
use tokio::time::Instant;

use crate::Hub;

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
    /// Whose audit has the limits that are hit.
    audited_by: Weak<Hub>,
}

impl Default for Entrance {
    fn default() -> Self {
        let bounds = Bounds {
            each_max: STRANGERS_EACH_MAX,
            all_max: STRANGERS_MAX,
            waiting_max: STRANGERS_WAITING_MAX,
        };
        let doorway = Doorway::new(bounds, STRANGER_SECONDS_MAX);
        Self { doorway, is_proxy: Arc::new(|_| false), audited_by: Weak::new() }
    }
}

impl Entrance {
    /// An address for which `is_proxy` is true has no bound of its own.
    #[must_use]
    pub fn with_proxies(self, is_proxy: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self { is_proxy: Arc::new(is_proxy), ..self }
    }

    /// Limits that are hit here are in the audit of this hub.
    #[must_use]
    pub fn audited_by(self, hub: &Arc<Hub>) -> Self {
        Self { audited_by: Arc::downgrade(hub), ..self }
    }

    pub(super) fn limit_hit(&self, limit: StrangerLimit, from: IpAddr) {
        if let Some(hub) = self.audited_by.upgrade() {
            hub.audit_limit(limit, from);
        }
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
    times: Mutex<Times>,
    has_said: AtomicBool,
    is_known: AtomicBool,
}

#[derive(Clone, Copy)]
struct Times {
    /// From when on it has time: when it was accepted, and then when a request came that had not come with one before.
    since: Instant,
    /// When something was read of it last.
    heard: Instant,
    /// When that was so as a request came whole last.
    asked: Option<Instant>,
}

impl Guest {
    /// One that was accepted at `since`.
    pub(super) fn new(stay: Stay, since: Instant) -> Self {
        let [has_said, is_known] = [false; 2].map(AtomicBool::new);
        let times = Mutex::new(Times { since, heard: since, asked: None });
        Self(Arc::new(State { stay: Mutex::new(Some(stay)), times, has_said, is_known }))
    }

    /// Whether anything was.
    pub(super) fn has_said(&self) -> bool {
        self.0.has_said.load(Ordering::Relaxed)
    }

    /// Something was read of it.
    pub(super) fn is_heard(&self) {
        self.0.has_said.store(true, Ordering::Relaxed);
        self.times().heard = Instant::now();
    }

    /// The headers of a request came whole. It has time from when it was heard: who sends many requests at once and takes no answer
    /// has no more of it than with one, and the first has the time in which it was not let in yet against it.
    pub(super) fn asks(&self) {
        let mut times = self.times();
        let heard = times.heard;
        if times.asked.replace(heard).is_some_and(|before| before < heard) {
            times.since = heard;
        }
    }

    /// When it is cut where it has shown nothing by then.
    pub(super) fn cut_at(&self) -> Instant {
        self.times().since + STRANGER_CUT_AFTER
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.0.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether any did.
    pub(super) fn has_asked(&self) -> bool {
        self.times().asked.is_some()
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    /// One that is let in at once, and when.
    fn guest() -> (Guest, Instant) {
        let now = Instant::now();
        let (tells, told) = std::sync::mpsc::channel();
        let home = Origin::of(IpAddr::from([127, 0, 0, 1]));
        let came = Entrance::default()
            .doorway()
            .enter(home, move |stay| tells.send(Guest::new(stay, now)).expect("it waits"));
        assert!(!matches!(came, sockets::doorway::Came::Waits(_)));
        (told.recv().expect("there is room"), now)
    }

    #[tokio::test(start_paused = true)]
    async fn requests_that_were_sent_together_have_the_time_of_one_since_it_was_accepted() {
        let (guest, accepted) = guest();
        advance(Duration::from_secs(2)).await;
        guest.is_heard();
        guest.asks();
        guest.asks();
        advance(Duration::from_secs(3)).await;
        guest.asks();
        assert_eq!(guest.cut_at(), accepted + STRANGER_CUT_AFTER);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_comes_later_has_time_of_its_own() {
        let (guest, accepted) = guest();
        guest.is_heard();
        guest.asks();
        let pause = Duration::from_secs(3);
        advance(pause).await;
        guest.is_heard();
        guest.asks();
        assert_eq!(guest.cut_at(), accepted + pause + STRANGER_CUT_AFTER);
    }
}
