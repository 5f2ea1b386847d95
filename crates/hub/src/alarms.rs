//! When which device wants to be looked at again, and which conversations are over: the hub's two small queues.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use store::DeviceKey;
use tokio::sync::{Notify, mpsc};

/// Moments at which devices want to be looked at: at most one for each device.
#[derive(Default)]
pub(crate) struct Alarms {
    due: Mutex<BTreeSet<(u64, DeviceKey)>>,
    earlier: Notify,
}

impl Alarms {
    /// Looks at the device at monotonic millisecond `at`, or not at all, and no longer at `before`.
    pub(crate) fn change(&self, key: DeviceKey, before: Option<u64>, at: Option<u64>) {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = before {
            due.remove(&(before, key));
        }
        if let Some(at) = at {
            due.insert((at, key));
            if due.first() == Some(&(at, key)) {
                self.earlier.notify_one();
            }
        }
    }

    /// Takes out those that are due at `mono`.
    pub(crate) fn take(&self, mono: u64) -> Vec<DeviceKey> {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let later = due.split_off(&(mono + 1, DeviceKey(0)));
        let now = std::mem::replace(&mut *due, later);
        now.into_iter().map(|(_, key)| key).collect()
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<u64> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner).first().map(|(mono, _)| *mono)
    }

    /// Returns when something became due earlier than what was next.
    pub(crate) async fn earlier(&self) {
        self.earlier.notified().await;
    }
}

/// Conversations that are over, to be told to their devices. At most two reports per conversation.
pub(crate) struct Endings {
    sender: mpsc::UnboundedSender<(DeviceKey, u64)>,
}

impl Endings {
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<(DeviceKey, u64)>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender }, receiver)
    }

    /// The conversation of `generation` with the device is over.
    pub(crate) fn report(&self, key: DeviceKey, generation: u64) {
        // When nobody listens any more the hub is gone, and with it the presence that would change.
        let _ = self.sender.send((key, generation));
    }
}
