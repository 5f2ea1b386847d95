//! Open panels: one socket each, a cursor per watched device, and nothing queued for them.
//!
//! When something changes, a panel is only marked ([`Slot::wake`]); its own task then walks from its cursors to the
//! heads and writes what it finds in as few frames as possible. A slow browser is so a cursor that fell behind.

mod batch;
mod list;
mod message;
mod resume;
mod socket;
#[cfg(test)]
mod tests;
mod watching;

use crate::auth::Grant;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::DeviceKey;
use tokio::sync::Notify;

/// Who opens a panel's socket, as HTTP knows it.
#[derive(Debug)]
pub struct PanelPeer {
    /// Where it comes from.
    pub address: String,
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
    reads: resume::Reads,
}

#[derive(Default)]
struct Open {
    last: u64,
    panels: BTreeMap<u64, PanelInfo>,
}

impl Panels {
    /// All that are open, oldest first.
    pub(crate) fn list(&self) -> Vec<PanelInfo> {
        self.lock().panels.values().cloned().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().panels.len()
    }

    fn add(&self, info: PanelInfo) -> u64 {
        let mut open = self.lock();
        open.last += 1;
        let number = open.last;
        open.panels.insert(number, PanelInfo { id: format!("p{number}"), ..info });
        number
    }

    fn update(&self, number: u64, devices: Vec<String>) {
        if let Some(info) = self.lock().panels.get_mut(&number) {
            info.devices = devices;
        }
    }

    fn remove(&self, number: u64) {
        self.lock().panels.remove(&number);
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What wakes a panel: which of its watches have something new.
#[derive(Default)]
pub(crate) struct Waker {
    /// In the order in which they were marked. A watch is in it once at most, and no longer than it is watched.
    dirty: Mutex<VecDeque<Dirty>>,
    notify: Notify,
}

/// What has something new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dirty {
    Device(DeviceKey),
    List,
    /// The device list changed while devices are watched that are not known.
    Newcomers,
}

impl Waker {
    /// Takes out what was marked first. Whoever takes it unmarks its slot before it looks.
    fn take(&self) -> Option<Dirty> {
        self.dirty().pop_front()
    }

    /// Whether something is marked.
    fn has_marked(&self) -> bool {
        !self.dirty().is_empty()
    }

    fn dirty(&self) -> MutexGuard<'_, VecDeque<Dirty>> {
        self.dirty.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One standing interest of one panel, as those who change things see it.
pub(crate) struct Slot {
    what: Dirty,
    marked: AtomicBool,
    waker: Arc<Waker>,
}

impl Slot {
    fn new(what: Dirty, waker: &Arc<Waker>) -> Arc<Self> {
        Arc::new(Self { what, marked: AtomicBool::new(false), waker: waker.clone() })
    }

    /// Marks that there is something new and wakes the panel if it sleeps.
    pub(crate) fn wake(&self) {
        if !self.marked.swap(true, Ordering::AcqRel) {
            self.waker.dirty().push_back(self.what);
            self.waker.notify.notify_one();
        }
    }

    /// What comes from now on marks it anew.
    fn unmark(&self) {
        self.marked.store(false, Ordering::Release);
    }

    /// Nobody watches this any more, nor will mark it.
    fn end(&self) {
        self.waker.dirty().retain(|dirty| *dirty != self.what);
    }
}
