//! Whether the hub's storage takes over what it must (rule H9), and what changes while it does not.
//!
//! What is on its way to the store while it fails is not lost: its commit takes until the disk is back. Meanwhile nothing
//! is acked, the windows of all conversations are closed, and what would wait for a commit is refused.

use crate::Hub;
use crate::limits::STORAGE_TOLD_AT_ONCE_MAX;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::Commit;
use tokio::sync::watch;

/// Whether the storage works.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Storage {
    /// What is submitted becomes durable.
    #[default]
    Up,
    /// A commit failed, and the store tries to go on.
    Failed {
        /// Since when, milliseconds since 1970.
        since: i64,
        /// What the system said: for people.
        reason: Arc<str>,
    },
}

impl Storage {
    /// Whether it works.
    pub fn is_up(&self) -> bool {
        matches!(self, Storage::Up)
    }
}

/// A walk through the devices in memory that tells each how the storage stands now.
#[derive(Default)]
pub(crate) struct Walk {
    /// The id of the last that was told; none at first.
    last: String,
}

impl Hub {
    /// Whether the storage works, and each change of it.
    pub fn storage(&self) -> watch::Receiver<Storage> {
        self.storage.subscribe()
    }

    /// Whether the storage works now.
    pub(crate) fn storage_is_up(&self) -> bool {
        self.storage.borrow().is_up()
    }

    /// How often the storage has failed in this run.
    pub fn storage_failures(&self) -> u64 {
        self.storage_failures.load(Ordering::Relaxed)
    }

    /// A commit failed: what waits for it is told, and nothing more is asked of the devices.
    pub(crate) fn storage_failed(self: &Arc<Self>, reason: &str) {
        tracing::error!(reason, "the storage failed: nothing is acked until it is back");
        let (now, reason) = (self.now().wall, reason.into());
        self.storage.send_modify(|storage| match storage {
            // It is the same failure as long as nothing was committed in between.
            Storage::Failed { reason: known, .. } => *known = reason,
            Storage::Up => {
                self.storage_failures.fetch_add(1, Ordering::Relaxed);
                *storage = Storage::Failed { since: now, reason };
            }
        });
        self.panels.storage_changed();
        self.reports.begin_walk();
    }

    /// What was taken over at once can never be written: what devices were told is not what is stored, and what they say next
    /// will not fit either. A start finds what is stored, and has them told what is missing. At a stop there is nothing else
    /// to be done about it: the disk had failed.
    pub(crate) fn storage_lost(&self, commit: &Commit) {
        let (writes, error) = (commit.writes.len(), commit.result.as_ref().err().map(ToString::to_string));
        tracing::error!(writes, error, "what was taken over cannot be written");
        if !*self.stopping.borrow() {
            tracing::error!("ending, so that the devices learn it");
            std::process::abort();
        }
    }

    /// What failed is durable now, and everything goes on.
    pub(crate) fn storage_recovered(self: &Arc<Self>) {
        if self.storage_is_up() {
            return;
        }
        tracing::info!("the storage is back");
        self.storage.send_replace(Storage::Up);
        self.panels.storage_changed();
        self.reports.begin_walk();
    }

    /// Tells the next devices how the storage stands, [`STORAGE_TOLD_AT_ONCE_MAX`] at most; whether there are more. Those that come
    /// meanwhile learn it when they identify.
    pub(crate) fn tell_some_of_storage(self: &Arc<Self>) -> bool {
        let mut walk = self.reports.walk();
        let Some(Walk { last }) = &mut *walk else { return false };
        let cells = self.registry.awake_behind(last, STORAGE_TOLD_AT_ONCE_MAX);
        for cell in &cells {
            // As it stands under the device's lock: should it change now, another walk begins.
            self.with(cell, |inner, effects| {
                let is_up = self.storage_is_up();
                if !is_up {
                    inner.answer(|_, requests| requests.storage_failed());
                }
                inner.device.storage(is_up, effects);
            });
        }
        match cells.last() {
            Some(cell) if cells.len() == STORAGE_TOLD_AT_ONCE_MAX => {
                cell.id.as_str().clone_into(last);
                true
            }
            _ => {
                *walk = None;
                false
            }
        }
    }
}

#[cfg(test)]
mod tests;
