//! Devices that sleep are read from the store, which blocks: on threads that may wait, a few at a time.
//!
//! An event loop never reads the store. Whoever asks there for a device that sleeps goes on once it is awake.

use crate::Hub;
use crate::limits::{DEVICES_WAKING_MAX, LOOKS_WAKING_MAX};
use crate::registry::Cell;
use protocol::code::Bye;
use protocol::intake::Post;
use router::Caller;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Who may read sleeping devices now.
pub(crate) struct Waking {
    /// Devices that identify: as many as there are connections may wait, each of which says nothing more meanwhile.
    identifies: Arc<Semaphore>,
    /// Panels and requests, which need not wait behind all devices of a building that has power again.
    looks: Arc<Semaphore>,
}

impl Default for Waking {
    fn default() -> Self {
        Self {
            identifies: Arc::new(Semaphore::new(DEVICES_WAKING_MAX)),
            looks: Arc::new(Semaphore::new(LOOKS_WAKING_MAX)),
        }
    }
}

#[cfg(test)]
impl Waking {
    /// All places of panels and requests, so that nobody else has one.
    pub(crate) async fn no_looks(&self) -> tokio::sync::OwnedSemaphorePermit {
        let all = u32::try_from(LOOKS_WAKING_MAX).expect("few");
        self.looks.clone().acquire_many_owned(all).await.expect("this semaphore is never closed")
    }
}

impl Hub {
    /// Answers a device that sleeps, in its turn.
    pub(crate) fn identify_asleep(self: &Arc<Self>, caller: Caller, presented: String) {
        let (hub, outlet) = (self.clone(), caller.outlet.clone());
        self.runtime.spawn(async move {
            let answer = move |hub: &Arc<Self>| match (caller.outlet.is_gone(), *hub.stopping.borrow()) {
                // It waited too long: nobody has to be looked for.
                (true, _) => {}
                (_, true) => caller.outlet.post(Post::Refused { fault: None, bye: Bye::Stopping }),
                (false, false) => hub.answer(caller, &presented),
            };
            if hub.apart(&hub.waking.identifies, answer).await.is_none() {
                outlet.post(Post::Refused { fault: None, bye: Bye::Failed });
            }
        });
    }

    /// The device with this id: at once, unless it sleeps. Nothing too where it cannot be read now, which is logged.
    pub(crate) async fn woken(self: &Arc<Self>, id: &str) -> Option<Arc<Cell>> {
        if self.registry.sleeps(id) {
            self.wake(vec![id.to_owned()]).await;
        }
        self.registry.awake_by_id(id)
    }

    /// Wakes those of the devices that sleep; not those that cannot be read now, which is logged.
    pub(crate) async fn wake(self: &Arc<Self>, ids: Vec<String>) {
        let wake = move |hub: &Arc<Self>| ids.iter().for_each(|id| drop(hub.registry.by_id(id)));
        // Should it panic, they sleep on.
        let _ = self.apart(&self.waking.looks, wake).await;
    }

    /// Judges somebody who identifies, in its turn; nothing where that panicked.
    pub(crate) async fn in_turn<T: Send + 'static>(
        self: &Arc<Self>,
        judge: impl FnOnce(&Arc<Self>) -> T + Send + 'static,
    ) -> Option<T> {
        self.apart(&self.waking.identifies, judge).await
    }

    /// Reads where reading may block; nothing where that panicked.
    async fn apart<T: Send + 'static>(
        self: &Arc<Self>,
        places: &Arc<Semaphore>,
        read: impl FnOnce(&Arc<Self>) -> T + Send + 'static,
    ) -> Option<T> {
        let place = places.clone().acquire_owned().await.expect("this semaphore is never closed");
        let hub = self.clone();
        let read = self.runtime.spawn_blocking(move || {
            // The place is held by the thread: whoever gives up waiting does not end its read.
            let _place = place;
            read(&hub)
        });
        read.await.inspect_err(|error| tracing::error!(%error, "waking a device panicked")).ok()
    }
}

#[cfg(test)]
mod tests;
