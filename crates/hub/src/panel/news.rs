//! What every panel is told, whatever it watches: how the storage and the configuration stand, and what was swapped.

use super::batch::Batch;
use crate::auth::{Grant, Scope};
use crate::{Configuration, Hub};
use bytes::Bytes;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The hub's own news. Of each kind a panel is told the newest.
#[derive(Default)]
pub(super) struct News {
    /// Counts them, and begins anew.
    count: AtomicU16,
    newest: Mutex<Newest>,
}

#[derive(Default)]
struct Newest {
    /// The last swap, and the count with it.
    swap: Option<(u16, Bytes)>,
    /// The count with the last change of the configuration.
    configuration: Option<u16>,
}

impl News {
    /// Changes with each of them.
    pub(super) fn count(&self) -> u16 {
        self.count.load(Ordering::Acquire)
    }

    /// The storage has failed, or is back.
    pub(super) fn storage_changed(&self) {
        let _newest = self.newest();
        self.advance();
    }

    /// What `message` says was swapped.
    pub(super) fn swapped(&self, message: String) {
        let mut newest = self.newest();
        newest.swap = Some((self.advance(), message.into()));
    }

    /// How the configuration stands is another.
    pub(super) fn configured(&self) {
        let mut newest = self.newest();
        newest.configuration = Some(self.advance());
    }

    /// Tells of swaps and of the configuration to a panel that has seen so many. One that is new, whose page was made a moment
    /// ago, has the library's print in its welcome.
    /// Whoever may not see all views is not told which they are.
    pub(super) fn tell_since(&self, seen: u16, is_new: bool, who: &Grant, hub: &Hub, batch: &mut Batch) {
        let newest = self.newest();
        let since = self.count().wrapping_sub(seen);
        let is_unseen = |at: u16| at.wrapping_sub(seen).wrapping_sub(1) < since;
        if let Some((at, message)) = &newest.swap
            && is_unseen(*at)
            && !is_new
        {
            match who.may_all_views(Scope::View) {
                true => batch.push(message.clone()),
                false => batch.push(without_views(message)),
            }
        }
        let configuration = hub.configuration();
        match newest.configuration {
            Some(_) if is_new && configuration == Configuration::Holds => {}
            Some(at) if is_new || is_unseen(at) => batch.push(configuration.message()),
            _ => {}
        }
    }

    fn advance(&self) -> u16 {
        self.count.fetch_add(1, Ordering::AcqRel).wrapping_add(1)
    }

    fn newest(&self) -> MutexGuard<'_, Newest> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same without the names of views. There are few such messages.
fn without_views(swap: &Bytes) -> String {
    let mut message: serde_json::Value = serde_json::from_slice(swap).unwrap_or_default();
    if let Some(views) = message.pointer_mut("/swap/views") {
        *views = serde_json::json!([]);
    }
    message.to_string()
}
