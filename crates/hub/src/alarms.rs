//! When which device wants to be looked at again, and which conversations are over: the hub's two small queues.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::DeviceKey;
use tokio::sync::{Notify, mpsc};

/// Moments at which devices want to be looked at: at most one for each device.
#[derive(Default)]
pub(crate) struct Alarms {
    due: Mutex<Due>,
    earlier: Notify,
}

#[derive(Default)]
struct Due {
    moments: BTreeSet<(u64, DeviceKey)>,
    /// When whoever listens looks again; nothing: when it is called. It may be too early, where a moment was taken back: one
    /// look too many costs less than a call for each command that is answered in time.
    looks_at: Option<u64>,
}

impl Alarms {
    /// Looks at the device at monotonic millisecond `at`, or not at all, and no longer at `before`.
    pub(crate) fn change(&self, key: DeviceKey, before: Option<u64>, at: Option<u64>) {
        let mut due = self.lock();
        if let Some(before) = before {
            due.moments.remove(&(before, key));
        }
        if let Some(at) = at {
            due.moments.insert((at, key));
            if due.looks_at.is_none_or(|looks| at < looks) {
                due.looks_at = Some(at);
                drop(due);
                self.earlier.notify_one();
            }
        }
    }

    /// Takes out those that are due at `mono`.
    pub(crate) fn take(&self, mono: u64) -> Vec<DeviceKey> {
        let mut due = self.lock();
        let later = due.moments.split_off(&(mono + 1, DeviceKey(0)));
        let now = std::mem::replace(&mut due.moments, later);
        now.into_iter().map(|(_, key)| key).collect()
    }

    /// When to look again, unless [`Alarms::earlier`] returns before.
    pub(crate) fn next(&self) -> Option<u64> {
        let mut due = self.lock();
        due.looks_at = due.moments.first().map(|(mono, _)| *mono);
        due.looks_at
    }

    /// Returns when something became due earlier than what was next.
    pub(crate) async fn earlier(&self) {
        self.earlier.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn is_called(alarms: &Alarms) -> bool {
        pin!(alarms.earlier()).poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    #[test]
    fn only_what_is_due_before_the_next_look_calls_for_one() {
        let (alarms, pump, fan) = (Alarms::default(), DeviceKey(1), DeviceKey(2));
        assert_eq!(alarms.next(), None);
        alarms.change(pump, None, Some(5_000));
        assert!(is_called(&alarms));
        assert_eq!(alarms.next(), Some(5_000));
        // A command after the other, each answered in time.
        alarms.change(pump, Some(5_000), None);
        alarms.change(pump, None, Some(5_010));
        alarms.change(fan, None, Some(5_000));
        assert!(!is_called(&alarms));
        alarms.change(fan, Some(5_000), Some(300));
        assert!(is_called(&alarms));
        assert_eq!((alarms.take(300), alarms.next()), (vec![fan], Some(5_010)));
        assert_eq!((alarms.take(5_009), alarms.take(5_010)), (vec![], vec![pump]));
    }
}
