//! One device in memory, behind its own lock, with those who wait for it.

use crate::panel::{Seat, Watchers};
use crate::{ChangeError, TakeError};
use protocol::id::DeviceId;
use router::Device;
use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{DeviceKey, TokenHash};
use tokio::sync::oneshot;

/// One device with those who wait for it. Locking it is the only way to it; there is no lock around several.
pub(crate) struct Cell {
    pub(crate) key: DeviceKey,
    pub(crate) id: DeviceId,
    inner: Mutex<Inner>,
}

/// What the lock of a [`Cell`] guards.
pub(crate) struct Inner {
    pub(crate) device: Device,
    /// Panels that watch it.
    pub(crate) watchers: Watchers,
    /// Requests that wait for it, where there are some.
    requests: Option<Box<Requests>>,
    /// The monotonic millisecond for which its alarm is set.
    pub(crate) alarm: Option<NonZero<u64>>,
    /// How many of its writes wait for the store.
    pub(crate) unsettled: u32,
    /// It is counted among the devices that are not stored yet.
    pub(crate) is_unstored: bool,
    /// How often its tokens were taken back since it is in memory: whoever was let in before that and has not entered by then stays
    /// outside.
    pub(crate) revocations: u16,
}

// With the counts of its `Arc` it fills a size class of the allocator: with a word more each takes 64 bytes more.
const _: () = assert!(size_of::<Cell>() + 2 * size_of::<usize>() <= 448);

/// Who waits until a change is stored.
type Changed = oneshot::Sender<Result<(), ChangeError>>;

/// Requests that wait for something of a device to be durable.
#[derive(Default)]
pub(crate) struct Requests {
    /// Until a cursor is committed; dropped when it never will be.
    pub(crate) waiting: Vec<(u64, oneshot::Sender<Result<(), TakeError>>)>,
    /// Until what became of a command is, by person and id; dropped when the storage fails.
    pub(crate) ends: Vec<(Arc<str>, Box<str>, oneshot::Sender<()>)>,
    /// Until what they call it is stored, a place for each write of that, in order; nothing in it where whoever asked was told
    /// already that the storage had failed.
    pub(crate) calling: VecDeque<Option<Changed>>,
    /// Until these are its tokens for good, by the present one of them.
    pub(crate) tokens: Vec<(Option<TokenHash>, Changed)>,
    /// Who made it, until it is stored; dropped when it never will be.
    pub(crate) maker: Option<oneshot::Sender<()>>,
}

impl Requests {
    /// What they wait for takes until the storage is back: they are told.
    pub(crate) fn storage_failed(&mut self) {
        for (_, waiter) in self.waiting.drain(..) {
            // Whoever waited may have gone.
            let _ = waiter.send(Err(TakeError::Storage));
        }
        self.ends.clear();
        for waiter in self.calling.iter_mut().filter_map(Option::take) {
            let _ = waiter.send(Err(ChangeError::Storage));
        }
        for (_, waiter) in self.tokens.drain(..) {
            let _ = waiter.send(Err(ChangeError::Storage));
        }
    }

    fn is_empty(&self) -> bool {
        self.waiting.is_empty()
            && self.ends.is_empty()
            && self.calling.is_empty()
            && self.tokens.is_empty()
            && self.maker.is_none()
    }
}

impl Cell {
    /// A device for which nobody waits yet.
    pub(super) fn new(device: Device) -> Self {
        let (key, id) = (device.identity.key, device.identity.id.clone());
        let (watchers, requests, alarm) = (Watchers::default(), None, None);
        let inner =
            Inner { device, watchers, requests, alarm, unsettled: 0, is_unstored: false, revocations: 0 };
        Self { key, id, inner: Mutex::new(inner) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic under the lock is a bug that is already reported; the device's state is a plain value and goes on.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// One more request is about to wait.
    pub(crate) fn requests(&mut self) -> &mut Requests {
        self.requests.get_or_insert_default()
    }

    /// Has `answer` look through the requests that wait, with how the device stands now.
    pub(crate) fn answer(&mut self, answer: impl FnOnce(&Device, &mut Requests)) {
        let Some(requests) = &mut self.requests else { return };
        answer(&self.device, requests);
        self.requests.take_if(|requests| requests.is_empty());
    }

    /// One panel more watches the device. It looks before it waits to be woken.
    pub(crate) fn watched(&mut self) {
        if self.watchers.add() {
            self.device.watched(true);
        }
    }

    /// A panel has seen all there is, and is woken with the next.
    pub(crate) fn wait_for_more(&mut self, seat: &Arc<Seat>) {
        if self.watchers.wait(seat) {
            self.device.all_have_seen();
        }
    }

    /// A panel watches it no longer.
    pub(crate) fn unwatched(&mut self, seat: &Arc<Seat>) {
        if self.watchers.remove(seat) {
            self.device.watched(false);
        }
    }
}
