//! Open panels: one socket each, a cursor per watched device, and nothing queued for them.
//!
//! When something changes, a panel is only marked ([`Seat::mark`]); its event loop then has it walk from its cursors to the
//! heads and write what it finds in as few frames as possible. A slow browser is so a cursor that fell behind.
//!
//! | module | what it does |
//! |---|---|
//! | `endpoint` | the socket: authenticate, hear, tell, end |
//! | `turn` | carries out what was said, gathers what is new |
//! | `seat` | a panel as others see it: what wakes it |
//! | `watched` | its watch of a device, and the device's list of those that watch it |
//! | `list` | its watch of the device list |
//! | `said`, `message` | what browsers say |
//! | `news` | what every panel is told |
//! | `batch` | the frame that is being made |
//! | `job`, `resume` | what a panel has to wait for |
//! | `rare` | what few panels have |

mod batch;
mod endpoint;
mod job;
mod list;
mod message;
mod news;
mod rare;
mod resume;
mod said;
mod seat;
#[cfg(test)]
pub(crate) mod tests;
mod turn;
mod watched;

pub(crate) use seat::{Dirty, Seat};
pub(crate) use watched::Watchers;

use crate::Hub;
use crate::auth::Grant;
use crate::limits::{PANEL_HEARTBEAT_SECONDS, PANELS_EACH_MAX, PANELS_MAX, PANELS_STOP_WAIT_MAX};
use crate::panel::news::News;
use crate::rights::{Check, asks};
use sockets::{Endpoint, Remote};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Who opens a panel's socket, as HTTP knows it.
#[derive(Debug)]
pub struct PanelPeer {
    /// Where it comes from.
    pub address: SocketAddr,
    /// Proof from the upgrade's `Authorization`; without it the first frame must carry a ticket.
    pub grant: Option<Grant>,
}

/// An open panel.
#[derive(Debug, Clone, serde::Serialize)]
pub struct PanelInfo {
    /// Its number in this run, `p17`.
    pub id: String,
    /// Who looks.
    pub user: String,
    /// The path of the page, as the browser said.
    pub page: String,
    /// Where the browser is.
    pub address: String,
    /// Since when, milliseconds since 1970.
    pub since: i64,
    /// The devices it watches.
    pub devices: Vec<String>,
}

/// All open panels.
#[derive(Default)]
pub(crate) struct Panels {
    open: Mutex<Open>,
    /// The last one has gone.
    empty: Condvar,
    /// What every panel is to be told, whatever it watches.
    news: News,
    /// A panel was opened.
    opened: Notify,
    stopping: AtomicBool,
    throttled: AtomicU64,
    reads: resume::Reads,
}

#[derive(Default)]
struct Open {
    /// How many were opened in this run.
    opened: u64,
    /// In the order of their numbers.
    seats: Vec<Arc<Seat>>,
}

impl Panels {
    /// Those who have authenticated, oldest first; to whoever may not see everything, their own alone.
    pub(crate) fn list(&self, grant: &Grant) -> Vec<PanelInfo> {
        let sees_all = grant.sees_all() || !asks(Check::Panels);
        let is_shown =
            |seat: &&Arc<Seat>| sees_all || seat.who().is_some_and(|who| who.grant.is_of_same(grant));
        self.seats().iter().filter(is_shown).filter_map(|seat| seat.info()).collect()
    }

    /// Something was withdrawn or given: every panel looks again at what it may.
    pub(crate) fn look_again(&self) {
        self.wake_all();
    }

    /// How many sockets are open.
    pub(crate) fn len(&self) -> usize {
        self.lock().seats.len()
    }

    /// One more; whether it finds no room, and is to be closed. It counts from here on, before it has authenticated.
    fn open(&self, hub: &Arc<Hub>, peer: PanelPeer, remote: Remote) -> (Arc<Seat>, bool) {
        let mut open = self.lock();
        open.opened += 1;
        let seat = Arc::new(Seat::new(hub, open.opened, peer, remote));
        let is_full = open.seats.len() >= PANELS_MAX
            || seat.who().is_some_and(|who| has_enough(&open.seats, &who.grant));
        if !is_full {
            open.seats.push(seat.clone());
            self.opened.notify_one();
        }
        (seat, is_full)
    }

    /// Whether somebody has as many panels as one may have.
    fn has_enough(&self, grant: &Grant) -> bool {
        has_enough(&self.lock().seats, grant)
    }

    fn remove(&self, number: u64) {
        let mut open = self.lock();
        if let Ok(place) = open.seats.binary_search_by_key(&number, |seat| seat.number) {
            open.seats.remove(place);
        }
        if open.seats.is_empty() {
            self.empty.notify_all();
        }
    }

    /// The storage has failed, or is back: every panel is told.
    pub(crate) fn storage_changed(&self) {
        self.news.storage_changed();
        self.wake_all();
    }

    /// Components or views have changed: every panel is told this message.
    pub(crate) fn swapped(&self, message: String) {
        self.news.swapped(message);
        self.wake_all();
    }

    /// How the configuration stands has changed: every panel is told.
    pub(crate) fn configured(&self) {
        self.news.configured();
        self.wake_all();
    }

    /// Returns as soon as a panel is open.
    pub(crate) async fn somebody(&self) {
        while self.len() == 0 {
            self.opened.notified().await;
        }
    }

    /// The hub stops: every panel is closed, and so are those that still come.
    pub(crate) fn stopping(&self) {
        self.stopping.store(true, Ordering::Release);
        self.wake_all();
    }

    /// Returns when all have been told that the hub stops, at the latest after [`PANELS_STOP_WAIT_MAX`]. Not to be called by
    /// what lives in an event loop.
    pub(crate) fn wait_for_the_last(&self) {
        let left = |open: &mut Open| !open.seats.is_empty();
        drop(self.empty.wait_timeout_while(self.lock(), PANELS_STOP_WAIT_MAX, left));
    }

    /// How often a panel was not heard for a moment because it says too much, since the hub was started.
    pub(crate) fn throttled(&self) -> u64 {
        self.throttled.load(Ordering::Relaxed)
    }

    fn throttles(&self) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
    }

    fn are_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn news(&self) -> &News {
        &self.news
    }

    fn wake_all(&self) {
        self.seats().iter().for_each(|seat| seat.wake());
    }

    /// Looked at without the lock, as each has locks of its own.
    fn seats(&self) -> Vec<Arc<Seat>> {
        self.lock().seats.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether somebody has as many of these panels as one may have. Few are not counted.
fn has_enough(seats: &[Arc<Seat>], grant: &Grant) -> bool {
    let is_own = |seat: &&Arc<Seat>| seat.who().is_some_and(|who| who.grant.is_of_same(grant));
    !grant.is_owner()
        && seats.len() >= PANELS_EACH_MAX
        && seats.iter().filter(is_own).count() >= PANELS_EACH_MAX
}

impl Hub {
    /// Our end of a panel's socket, for an event loop. `remote` is the way to it there.
    pub fn panel(self: &Arc<Self>, peer: PanelPeer, remote: Remote) -> Box<dyn Endpoint> {
        Box::new(endpoint::Panel::open(self, peer, remote))
    }

    fn panel_welcome(&self, number: u64, grant: &Grant) -> String {
        serde_json::json!({
            "welcome": format!("p{number}"),
            "user": &**grant.user(),
            "scopes": grant.scopes().words(),
            "log": self.log(),
            "heartbeat": PANEL_HEARTBEAT_SECONDS,
            "time": self.now().wall,
            "durability": self.durability().name(),
            "library": self.views.present().print(),
        })
        .to_string()
    }
}
