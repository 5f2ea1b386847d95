//! When which device wants to be looked at again, and which conversations are over: two small queues of a standalone gateway.

use super::Standalone;
use crate::clock;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use store::DeviceKey;
use tokio::sync::{Notify, mpsc};

/// Moments at which devices want to be looked at: at most one for each device.
#[derive(Default)]
pub(super) struct Alarms {
    due: Mutex<Due>,
    earlier: Notify,
}

#[derive(Default)]
struct Due {
    moments: BTreeSet<(u64, DeviceKey)>,
    /// When whoever listens looks again; nothing: when it is called.
    looks_at: Option<u64>,
}

impl Alarms {
    /// Looks at the device at monotonic millisecond `at`, or not at all, and no longer at `before`.
    pub(super) fn change(&self, key: DeviceKey, before: Option<u64>, at: Option<u64>) {
        let mut due = self.lock();
        if let Some(before) = before {
            due.moments.remove(&(before, key));
        }
        let Some(at) = at else { return };
        due.moments.insert((at, key));
        if due.looks_at.is_none_or(|looks| at < looks) {
            due.looks_at = Some(at);
            drop(due);
            self.earlier.notify_one();
        }
    }

    /// Takes out those that are due at `mono`.
    fn take(&self, mono: u64) -> BTreeSet<(u64, DeviceKey)> {
        let mut due = self.lock();
        let later = due.moments.split_off(&(mono + 1, DeviceKey(0)));
        std::mem::replace(&mut due.moments, later)
    }

    /// When to look again, unless something becomes due earlier.
    fn next(&self) -> Option<u64> {
        let mut due = self.lock();
        due.looks_at = due.moments.first().map(|(mono, _)| *mono);
        due.looks_at
    }

    fn lock(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has devices look when they want to, until the gateway is gone.
    pub(super) async fn hear(gateway: Weak<Standalone>) {
        loop {
            let Some(gateway) = gateway.upgrade() else { return };
            let now = gateway.now();
            for (_, key) in gateway.alarms.take(now.mono) {
                let Some(cell) = gateway.registry.by_key(key) else { continue };
                gateway.with(&cell, |inner, effects| {
                    inner.alarm = None;
                    inner.device.timeout(now, &gateway.issuer, effects);
                });
            }
            let next = gateway.alarms.next().map(clock::moment);
            let due = async {
                match next {
                    Some(next) => tokio::time::sleep_until(next.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                () = gateway.alarms.earlier.notified() => {}
                () = gateway.stopped() => return,
            }
        }
    }
}

/// Conversations that are over, to be told to their devices. At most two reports per conversation.
pub(super) struct Endings {
    sender: mpsc::UnboundedSender<(DeviceKey, u64)>,
}

impl Endings {
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<(DeviceKey, u64)>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender }, receiver)
    }

    /// The conversation of `generation` with the device is over.
    pub(super) fn report(&self, key: DeviceKey, generation: u64) {
        // When nobody listens any more the gateway is gone, and with it the presence that would change.
        let _ = self.sender.send((key, generation));
    }

    /// Tells devices which of their conversations are over, until the gateway is gone.
    pub(super) async fn hear(
        gateway: Weak<Standalone>,
        mut ended: mpsc::UnboundedReceiver<(DeviceKey, u64)>,
    ) {
        while let Some((key, generation)) = ended.recv().await {
            let Some(gateway) = gateway.upgrade() else { return };
            let Some(cell) = gateway.registry.by_key(key) else { continue };
            let now = gateway.now();
            gateway.with(&cell, |inner, effects| inner.device.ended(now, generation, effects));
        }
    }
}
