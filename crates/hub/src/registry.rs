//! The devices of this hub, by id and by key, each behind its own lock.

use crate::TakeError;
use crate::dormant::{Brief, Dormant, Fate};
use crate::panel::{Seat, Watchers};
use protocol::id::DeviceId;
use router::{Device, Ledger};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use store::{DeviceKey, LoadedDevice, ReadError, Store};
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
    /// Requests that wait until a cursor is committed; dropped when it never will be.
    pub(crate) waiting: Vec<(u64, oneshot::Sender<Result<(), TakeError>>)>,
    /// Requests that wait until what became of a command, by person and id, is durable; dropped when the storage fails.
    pub(crate) ends: Vec<(Arc<str>, Box<str>, oneshot::Sender<()>)>,
    /// Who made it, and waits until it is stored; dropped when it never will be.
    pub(crate) maker: Option<oneshot::Sender<()>>,
    /// How many of its writes wait for the store.
    pub(crate) unsettled: u32,
    /// The monotonic millisecond for which its alarm is set.
    pub(crate) alarm: Option<u64>,
    /// It is counted among the devices that are not stored yet.
    pub(crate) is_unstored: bool,
}

impl Cell {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic under the lock is a bug that is already reported; the device's state is a plain value and goes on.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
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

/// All devices: those of which something was heard or asked since the start in memory, the others asleep.
pub(crate) struct Registry {
    tables: RwLock<Tables>,
    dormant: Dormant,
    store: Arc<Store>,
}

#[derive(Default)]
struct Tables {
    by_id: HashMap<DeviceId, Arc<Cell>>,
    by_key: HashMap<DeviceKey, Arc<Cell>>,
    next_key: u64,
    /// What devices had been through when they woke, which [`Dormant::ledger`] counts too.
    woken: Ledger,
}

/// Why a device was not added.
pub(crate) enum NotAdded {
    /// This one has its id.
    Taken(Arc<Cell>),
    /// The one that has its id cannot be read.
    Unreadable,
}

/// A device of a list.
pub(crate) enum Listed<'a> {
    Awake(Arc<Cell>),
    Asleep(Brief<'a>),
}

impl Registry {
    /// A registry with what `store` has, of which `awake` are in memory at once; its next new device gets `next_key`.
    pub(crate) fn open(
        store: Arc<Store>,
        awake: Vec<LoadedDevice>,
        next_key: u64,
    ) -> Result<Self, ReadError> {
        let mut dormant = Dormant::default();
        let is_awake = |key| awake.binary_search_by_key(&key, |device| device.key).is_ok();
        store.reader().dormant(&mut |device| {
            if !is_awake(device.key) {
                dormant.add(device);
            }
        })?;
        store.reader().losses(&mut |device, reason, gaps, messages| {
            if !is_awake(device) {
                dormant.add_loss(reason, gaps, messages);
            }
        })?;
        dormant.sort();
        let tables = RwLock::new(Tables { next_key, ..Tables::default() });
        let registry = Self { tables, dormant, store };
        for device in awake {
            let id = device.id.clone();
            match Device::restore(device).map(|device| registry.add(device)) {
                Some(Ok(_)) => {}
                _ => tracing::error!(%id, "a stored device has no valid id and is left out"),
            }
        }
        Ok(registry)
    }

    /// The device with this id; nothing too where it cannot be read now, which is logged.
    pub(crate) fn by_id(&self, id: &str) -> Option<Arc<Cell>> {
        self.find(id).unwrap_or_default()
    }

    /// The device with this id. One that slept is read from the store: a few reads by indexes.
    pub(crate) fn find(&self, id: &str) -> Result<Option<Arc<Cell>>, ReadError> {
        if let Some(cell) = self.read().by_id.get(id) {
            return Ok(Some(cell.clone()));
        }
        match self.dormant.find(id) {
            Some(place) => self.wake(place),
            None => Ok(None),
        }
    }

    fn wake(&self, place: usize) -> Result<Option<Arc<Cell>>, ReadError> {
        let Some(brief) = self.dormant.get(place) else { return Ok(None) };
        let read = match brief.fate {
            Fate::Asleep => self.store.reader().device(brief.key).inspect_err(|error| {
                tracing::error!(device = brief.id, %error, "a device cannot be read");
            })?,
            Fate::Awake | Fate::Removed => None,
        };
        let mut tables = self.write();
        let still = self.dormant.get(place).is_some_and(|brief| brief.fate == Fate::Asleep);
        match read.and_then(Device::restore) {
            Some(device) if still => {
                self.dormant.set(place, Fate::Awake);
                tables.woken.add(&device.ledger());
                Ok(Some(tables.put(device)))
            }
            // Somebody else was faster.
            _ => Ok(tables.by_id.get(brief.id).cloned()),
        }
    }

    /// The device with this key, if it is in memory: so is each of which something is under way.
    pub(crate) fn by_key(&self, key: DeviceKey) -> Option<Arc<Cell>> {
        self.read().by_key.get(&key).cloned()
    }

    /// The devices in memory, in no order. All others are offline, and nothing waits for them.
    pub(crate) fn awake(&self) -> Vec<Arc<Cell>> {
        self.read().by_id.values().cloned().collect()
    }

    /// The devices as they are now, to be walked through in the order of their ids while they change.
    pub(crate) fn list(&self) -> Listing {
        let was_asleep = |cell: &&Arc<Cell>| self.dormant.find(cell.id.as_str());
        let is_ours = |place| self.dormant.get(place).is_some_and(|brief| brief.fate == Fate::Awake);
        let tables = self.read();
        let cells = tables.by_id.values().filter(|cell| !was_asleep(cell).is_some_and(is_ours));
        let mut cells: Vec<Arc<Cell>> = cells.cloned().collect();
        drop(tables);
        cells.sort_unstable_by(|a, b| b.id.cmp(&a.id));
        Listing { cells, place: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.read().by_id.len() + self.dormant.asleep()
    }

    /// How many sleep, and what they have been through.
    pub(crate) fn asleep(&self) -> (usize, Ledger) {
        let tables = self.read();
        let mut ledger = self.dormant.ledger().clone();
        subtract(&mut ledger, &tables.woken);
        (self.dormant.asleep(), ledger)
    }

    /// A key that no device has had.
    pub(crate) fn next_key(&self) -> DeviceKey {
        let mut tables = self.write();
        tables.next_key += 1;
        DeviceKey(tables.next_key - 1)
    }

    /// Adds a device, unless its id is taken.
    pub(crate) fn add(&self, device: Device) -> Result<Arc<Cell>, NotAdded> {
        match self.find(device.identity.id.as_str()) {
            Ok(None) => {}
            Ok(Some(taken)) => return Err(NotAdded::Taken(taken)),
            Err(_) => return Err(NotAdded::Unreadable),
        }
        let mut tables = self.write();
        match tables.by_id.get(&device.identity.id) {
            Some(taken) => Err(NotAdded::Taken(taken.clone())),
            None => Ok(tables.put(device)),
        }
    }

    pub(crate) fn remove(&self, key: DeviceKey) {
        let mut tables = self.write();
        if let Some(cell) = tables.by_key.remove(&key) {
            tables.by_id.remove(&cell.id);
            let place = self.dormant.find(cell.id.as_str());
            let ours = |place: &usize| self.dormant.get(*place).is_some_and(|brief| brief.key == key);
            if let Some(place) = place.filter(ours) {
                self.dormant.set(place, Fate::Removed);
            }
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Tables> {
        self.tables.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn put(&mut self, device: Device) -> Arc<Cell> {
        let (key, id) = (device.identity.key, device.identity.id.clone());
        let (watchers, waiting, ends) = (Watchers::default(), Vec::new(), Vec::new());
        let inner = Inner {
            device,
            watchers,
            waiting,
            ends,
            maker: None,
            unsettled: 0,
            alarm: None,
            is_unstored: false,
        };
        let cell = Arc::new(Cell { key, id: id.clone(), inner: Mutex::new(inner) });
        self.by_id.insert(id, cell.clone());
        self.by_key.insert(key, cell.clone());
        cell
    }
}

/// A walk through all devices, in the order of their ids. Memory: a pointer for each that is new since the start.
pub(crate) struct Listing {
    /// Those that did not sleep at the start, last ids first.
    cells: Vec<Arc<Cell>>,
    /// The next of those that did.
    place: usize,
}

impl Listing {
    /// The next device; nothing at the end. One that was removed meanwhile may still come.
    pub(crate) fn next<'a>(&mut self, registry: &'a Registry) -> Option<Listed<'a>> {
        loop {
            let brief = registry.dormant.get(self.place);
            let cell = self.cells.last();
            if cell.is_some_and(|cell| brief.is_none_or(|brief| cell.id.as_str() < brief.id)) {
                return self.cells.pop().map(Listed::Awake);
            }
            let brief = brief?;
            self.place += 1;
            match brief.fate {
                Fate::Asleep => return Some(Listed::Asleep(brief)),
                Fate::Awake => {
                    let awake = registry.read().by_id.get(brief.id).cloned();
                    if let Some(cell) = awake {
                        return Some(Listed::Awake(cell));
                    }
                }
                Fate::Removed => {}
            }
        }
    }

    /// Whether that was all.
    pub(crate) fn is_at_end(&self, registry: &Registry) -> bool {
        self.cells.is_empty() && self.place >= registry.dormant.len()
    }
}

/// Takes away what is part of a sum.
fn subtract(sum: &mut Ledger, part: &Ledger) {
    sum.received = sum.received.saturating_sub(part.received);
    sum.committed = sum.committed.saturating_sub(part.committed);
    sum.late = sum.late.saturating_sub(part.late);
    sum.skipped = sum.skipped.saturating_sub(part.skipped);
    for part in &part.gaps {
        if let Some(count) = sum.gaps.iter_mut().find(|count| count.reason == part.reason) {
            count.gaps = count.gaps.saturating_sub(part.gaps);
            count.messages = count.messages.saturating_sub(part.messages);
        }
    }
}
