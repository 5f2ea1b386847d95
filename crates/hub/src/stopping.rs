//! The end of a hub: panels and devices are told, and what is on its way becomes durable.

use crate::Hub;
use crate::audit::{Entry, What};
use protocol::code::Bye;
use std::sync::Arc;
use tokio::sync::watch;

/// How a hub stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Writes that counted before they were written (durability `memory`) and could not be written: the disk had failed.
    pub lost_writes: usize,
}

impl Hub {
    /// Returns when the hub stops.
    pub(crate) async fn stopped(&self) {
        // Should the sender be gone, the hub is: that is a stop too.
        drop(self.stopping().wait_for(|stopping| *stopping).await);
    }

    /// Becomes true when the hub stops.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// The stop begins: panels are told, and those that still come. Devices are heard until [`Hub::stop`], which does this too:
    /// for whoever has devices part in between.
    pub fn begin_to_stop(&self) {
        self.stopping.send_replace(true);
        self.panels.stopping();
    }

    /// Says goodbye to panels and devices and makes durable what is on its way. Blocks until the store is closed.
    pub fn stop(self: &Arc<Self>) -> Stopped {
        self.begin_to_stop();
        self.gateways.stopping();
        let now = self.now();
        for cell in self.registry.awake() {
            self.with(&cell, |inner, effects| inner.device.dismiss(now, Bye::Stopping, effects));
        }
        self.tell_counted(true);
        self.audit(Entry::new(What::Stopped));
        self.store.close();
        self.panels.wait_for_the_last();
        Stopped { lost_writes: self.reports.lost() }
    }
}
