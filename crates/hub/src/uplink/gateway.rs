//! One gateway as the hub knows it: who it is, its uplink, and how far its spool was taken over.
//!
//! Its lock is taken before that of a device, never behind it.

use super::line::{Line, Post};
use crate::Hub;
use crate::auth;
use crate::limits::DEVICES_COPIED_AT_ONCE;
use crate::renewing::{Own, own};
use protocol::code::Bye;
use protocol::time::Time;
use protocol::uplink::message::{GatewayIdentify, Skip, SkipReason};
use router::{Place, Presence, Uplink};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{DeviceKey, GatewayKey, LoadedGateway, SpoolCursor, TokenHash, Write};
use tokio::sync::oneshot;

/// A gateway.
pub(crate) struct Gateway {
    pub(super) key: GatewayKey,
    pub(super) id: Arc<str>,
    pub(super) created: i64,
    inner: Mutex<Inner>,
    /// Devices with commands that are handed to it, and perhaps some that had. A lock of its own, which is taken behind a device's.
    handed: Mutex<BTreeSet<DeviceKey>>,
}

/// What the lock of a [`Gateway`] guards.
pub(super) struct Inner {
    token: TokenHash,
    /// The token before that: both count until the gateway has shown the present one.
    previous: Option<TokenHash>,
    pub(super) is_removed: bool,
    /// Until these are its present tokens for good.
    renewing: Vec<(TokenHash, oneshot::Sender<bool>)>,
    /// When its last uplink was lost, a monotonic millisecond; 0 where it had none in this run.
    lost: u64,
    /// Who made it, until it is stored; dropped when it never will be.
    pub(super) maker: Option<oneshot::Sender<()>>,
    /// The uplink from which something is taken.
    current: Option<Current>,
    /// A newer one, until what the one before it brought is durable or refused (rule H1).
    waiting: Option<Waiting>,
    /// The last one that was welcomed.
    last: Option<Arc<Uplink>>,
    /// Up to where its spool is on its way to the store, and durable.
    taken: Option<SpoolCursor>,
    committed: Option<SpoolCursor>,
    /// Steps in its spool that are on their way to the store.
    in_flight: usize,
    /// One of them was refused: so will all behind it.
    is_broken: bool,
    /// Devices that are connected to it, or were when its uplink was lost, and by which uplink that was told.
    pub(super) connected: BTreeMap<DeviceKey, u64>,
    pub(super) told: Told,
}

/// What people are told of a gateway.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// Since when its uplink stands, or does not; ms since 1970.
    pub(super) since: i64,
    pub(super) address: Option<Box<str>>,
    pub(super) tag: Option<Arc<str>>,
    /// Entries in its spool that this hub has not, their bytes, and when the oldest was received: as it said last.
    pub(super) behind: u64,
    pub(super) bytes: u64,
    pub(super) oldest: Option<i64>,
    /// Entries taken over in this run of the hub.
    pub(super) entries: u64,
    /// Spool numbers that will never come, in this run of the hub, by the reason; filtered ones are none of them.
    pub(super) lost: BTreeMap<&'static str, u64>,
}

/// The uplink from which something is taken.
struct Current {
    uplink: Arc<Uplink>,
    line: Arc<Line>,
}

/// An uplink that waits for its welcome.
struct Waiting {
    line: Arc<Line>,
    number: u64,
    tag: Arc<str>,
    address: Box<str>,
}

/// What became of something that an uplink brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is on its way to the store.
    Yes,
    /// There is a newer uplink: nothing more is taken from this one.
    Fenced,
    /// It cannot be taken now.
    Unfit,
}

impl Gateway {
    pub(super) fn new(key: GatewayKey, id: Arc<str>, token: TokenHash, created: i64) -> Self {
        let inner = Inner {
            token,
            previous: None,
            is_removed: false,
            renewing: Vec::new(),
            lost: 0,
            maker: None,
            current: None,
            waiting: None,
            last: None,
            taken: None,
            committed: None,
            in_flight: 0,
            is_broken: false,
            connected: BTreeMap::new(),
            told: Told { since: created, ..Told::default() },
        };
        Self { key, id, created, inner: Mutex::new(inner), handed: Mutex::default() }
    }

    /// As the store knew it.
    pub(super) fn restore(loaded: LoadedGateway, now: i64) -> Self {
        let gateway = Self::new(loaded.key, loaded.id.into(), loaded.token, loaded.created);
        let mut inner = gateway.lock();
        (inner.taken, inner.committed) = (loaded.cursor.clone(), loaded.cursor);
        inner.previous = loaded.previous;
        inner.told.since = now;
        drop(inner);
        gateway
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic under the lock is a bug that is already reported; it is a plain value and goes on.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A command of this device is handed to it, or about to be.
    pub(super) fn note_handed(&self, device: DeviceKey) {
        self.handed().insert(device);
    }

    fn handed(&self) -> MutexGuard<'_, BTreeSet<DeviceKey>> {
        self.handed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether its uplink stands.
    pub(super) fn presence(&self) -> Presence {
        if self.lock().current.is_some() { Presence::Online } else { Presence::Offline }
    }

    /// It identified on this line; where that proves to be its own (rule H1) an older uplink is fenced at once, so that what it
    /// brought is all there will be of it. The welcome waits until that is finished.
    ///
    /// # Errors
    /// It is not its own.
    pub(super) fn identify(
        &self,
        hub: &Arc<Hub>,
        identify: &GatewayIdentify,
        line: &Arc<Line>,
        (number, address): (u64, &str),
    ) -> Result<(), Bye> {
        let mut inner = self.lock();
        self.authenticate(hub, &mut inner, &identify.token)?;
        if let Some(current) = &inner.current {
            current.line.put(Post::End(Bye::Replaced));
        }
        let (tag, address) = (identify.tag.clone(), address.into());
        let waiting = Waiting { line: line.clone(), number, tag, address };
        if let Some(older) = inner.waiting.replace(waiting) {
            older.line.put(Post::End(Bye::Replaced));
        }
        self.welcome(hub, &mut inner);
        Ok(())
    }

    /// Whether it may hold an uplink that shows this token. With the present one the one before it ends.
    fn authenticate(&self, hub: &Hub, inner: &mut Inner, token: &str) -> Result<(), Bye> {
        let presented = auth::presented(token).filter(|_| !inner.is_removed).ok_or(Bye::Auth)?;
        let shown = own(Some(&inner.token), inner.previous.as_ref(), &presented).ok_or(Bye::Auth)?;
        if shown == Own::Present && inner.previous.take().is_some() {
            let (gateway, token, previous) = (self.key, inner.token, None);
            hub.store.submit(Write::GatewayToken { gateway, token, previous });
        }
        Ok(())
    }

    /// Gives it another token: with `keeps` the one that it showed last counts beside it until it shows the new one. What is given
    /// back tells whether that is stored.
    pub(super) fn renew(&self, hub: &Hub, token: TokenHash, keeps: bool) -> oneshot::Receiver<bool> {
        let (sender, stored) = oneshot::channel();
        let mut inner = self.lock();
        let kept = inner.previous.take().unwrap_or(inner.token);
        (inner.token, inner.previous) = (token, keeps.then_some(kept));
        inner.renewing.push((token, sender));
        // Under the lock, so that the store gets them in the order of the changes.
        hub.store.submit(Write::GatewayToken { gateway: self.key, token, previous: inner.previous });
        stored
    }

    /// Welcomes the uplink that waits, where nothing is under way any more.
    fn welcome(&self, hub: &Arc<Hub>, inner: &mut Inner) {
        if inner.in_flight > 0 {
            return;
        }
        let Some(Waiting { line, number, tag, address }) = inner.waiting.take() else { return };
        let now = hub.now();
        inner.is_broken = false;
        inner.taken.clone_from(&inner.committed);
        let (gateway, name, outlet) = (self.key, self.id.clone(), line.clone());
        let uplink = Arc::new(Uplink { gateway, name, tag: tag.clone(), number, outlet });
        if inner.current.is_none() {
            inner.told.since = now.wall;
        }
        (inner.told.address, inner.told.tag) = (Some(address), Some(tag));
        line.put(Post::Welcome(uplink.clone(), inner.committed.clone()));
        for device in hub.gateways.forgotten.since(inner.lost) {
            line.put(Post::Forget(device));
        }
        inner.last = Some(uplink.clone());
        inner.current = Some(Current { uplink: uplink.clone(), line });
        hub.gateways.changed();
        let handed: Vec<DeviceKey> = self.handed().iter().copied().collect();
        for key in handed {
            let still = hub.registry.by_key(key).is_some_and(|cell| {
                hub.with(&cell, |inner, effects| {
                    inner.device.uplink_welcome(now, &uplink, effects);
                    inner.device.has_handed(self.key)
                })
            });
            if !still {
                self.handed().remove(&key);
            }
        }
    }

    /// Has something told by this uplink considered, unless there is a newer one; under the gateway's lock.
    pub(super) fn hear<T>(&self, uplink: &Uplink, consider: impl FnOnce(&mut Inner) -> T) -> Option<T> {
        let mut inner = self.lock();
        inner.is_current(uplink).then(|| consider(&mut inner))
    }

    /// The next step in its spool: `take` has it written.
    pub(super) fn step(
        &self,
        uplink: &Uplink,
        cursor: &SpoolCursor,
        take: impl FnOnce(Place) -> bool,
    ) -> Taken {
        let mut inner = self.lock();
        if !inner.is_current(uplink) {
            return Taken::Fenced;
        }
        let place = Place { gateway: self.key, after: inner.taken.clone(), cursor: cursor.clone() };
        if inner.is_broken || !take(place) {
            return Taken::Unfit;
        }
        inner.taken = Some(cursor.clone());
        inner.in_flight += 1;
        Taken::Yes
    }

    /// The same for something that is recorded on the way to the next step, and makes none.
    pub(super) fn stand(&self, uplink: &Uplink, take: impl FnOnce(Place) -> bool) -> Taken {
        let at = self.lock().taken.clone();
        // An uplink tells its tag first.
        at.map_or(Taken::Unfit, |at| self.step(uplink, &at, take))
    }

    /// A step in its spool is durable, or refused: then the uplink that brought it ends (rule U1).
    pub(super) fn settled(&self, hub: &Arc<Hub>, cursor: &SpoolCursor, is_durable: bool) {
        let mut inner = self.lock();
        inner.in_flight = inner.in_flight.saturating_sub(1);
        let current = inner.current.as_ref().map(|current| current.line.clone());
        if is_durable {
            inner.told.entries += 1;
            inner.committed = Some(cursor.clone());
            if let Some(line) = current {
                line.put(Post::Committed(cursor.clone()));
            }
        } else if !std::mem::replace(&mut inner.is_broken, true)
            && let Some(line) = current
        {
            line.put(Post::End(Bye::Failed));
        }
        self.welcome(hub, &mut inner);
    }

    /// Its spool has a hole.
    pub(super) fn skipped(&self, skip: &Skip) {
        let reason = match skip.reason {
            SkipReason::Filter | SkipReason::Start => return,
            SkipReason::Quota => "quota",
            SkipReason::Lost => "lost",
            SkipReason::Pruned => "pruned",
        };
        *self.lock().told.lost.entry(reason).or_default() += skip.to.saturating_sub(skip.from) + 1;
    }

    /// The end of the uplink on this line. Without a newer one nobody knows what becomes of the devices (rule U6).
    pub(super) fn closed(&self, hub: &Arc<Hub>, line: &Arc<Line>) {
        let now = hub.now();
        let mut inner = self.lock();
        inner.waiting.take_if(|waiting| Arc::ptr_eq(&waiting.line, line));
        inner.current.take_if(|current| Arc::ptr_eq(&current.line, line));
        if inner.current.is_some() || inner.waiting.is_some() {
            return;
        }
        inner.told.since = now.wall;
        inner.lost = now.mono;
        hub.gateways.changed();
        let Some(uplink) = inner.last.clone() else { return };
        let keys: Vec<DeviceKey> = inner.connected.keys().copied().collect();
        // Not here: the other sockets of this loop would wait for what ten thousand devices take. One that is told of by a newer
        // uplink meanwhile is not touched.
        let lost = hub.clone();
        hub.runtime.spawn(async move {
            for keys in keys.chunks(DEVICES_COPIED_AT_ONCE) {
                for cell in keys.iter().filter_map(|key| lost.registry.by_key(*key)) {
                    lost.with(&cell, |inner, effects| inner.device.uplink_lost(now, &uplink, effects));
                }
                tokio::task::yield_now().await;
            }
        });
    }

    /// An entry is of a device for which there is no room: nobody has it.
    pub(super) fn left_out(&self) {
        *self.lock().told.lost.entry("full").or_default() += 1;
    }

    /// All that are connected have been told: the others are not.
    pub(super) fn restored(&self, hub: &Arc<Hub>, uplink: &Arc<Uplink>, now: Time) {
        self.hear(uplink, |inner| {
            let gone = inner.connected.extract_if(.., |_, number| *number < uplink.number);
            for (key, _) in gone {
                if let Some(cell) = hub.registry.by_key(key) {
                    hub.with(&cell, |inner, effects| inner.device.uplink_restored(now, uplink, effects));
                }
            }
        });
    }

    /// The uplink is over, for this reason.
    pub(super) fn end(&self, bye: Bye) {
        let inner = self.lock();
        let lines = inner.current.iter().map(|current| &current.line);
        lines
            .chain(inner.waiting.iter().map(|waiting| &waiting.line))
            .for_each(|line| line.put(Post::End(bye)));
    }

    /// The gateway forgets what it has learned of the device.
    pub(super) fn forget(&self, device: &protocol::id::DeviceId) {
        if let Some(current) = &self.lock().current {
            current.line.put(Post::Forget(device.clone()));
        }
    }

    /// It is none of this hub's any more: its uplink ends, and its devices are offline.
    pub(super) fn removed(&self, hub: &Arc<Hub>) {
        let now = hub.now();
        self.end(Bye::Removed);
        let mut inner = self.lock();
        inner.is_removed = true;
        let connected = std::mem::take(&mut inner.connected);
        let keys: BTreeSet<DeviceKey> =
            connected.into_keys().chain(std::mem::take(&mut *self.handed())).collect();
        for key in keys {
            if let Some(cell) = hub.registry.by_key(key) {
                hub.with(&cell, |inner, effects| inner.device.gateway_removed(now, self.key, effects));
            }
        }
    }
}

impl Inner {
    /// The store has settled that this is its token.
    pub(super) fn renewed(&mut self, token: &TokenHash, is_durable: bool) {
        if let Some(place) = self.renewing.iter().position(|(awaited, _)| awaited == token) {
            // Whoever waited may have gone.
            let _ = self.renewing.remove(place).1.send(is_durable);
        }
    }

    fn is_current(&self, uplink: &Uplink) -> bool {
        let current = self.current.as_ref().is_some_and(|current| current.uplink.number == uplink.number);
        current && self.waiting.is_none() && !self.is_removed
    }
}
