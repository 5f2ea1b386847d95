//! The devices of this hub, by id and by key, each behind its own lock.

mod cell;
mod listing;
mod tables;

pub(crate) use cell::{Cell, Inner, Requests};
pub(crate) use listing::{Listed, Listing};

use self::tables::{ByKey, Tables};
use crate::dormant::{Dormant, Fate};
use crate::limits::DEVICES_COPIED_AT_ONCE;
use router::{Device, Ledger};
use std::sync::{Arc, PoisonError, RwLock};
use store::{DeviceKey, LoadedDevice, ReadError, Store};

/// All devices: those of which something was heard or asked since the start in memory, the others asleep.
pub(crate) struct Registry {
    tables: RwLock<Tables>,
    dormant: Dormant,
    store: Arc<Store>,
}

/// Why a device was not added.
pub(crate) enum NotAdded {
    /// This one has its id.
    Taken(Arc<Cell>),
    /// The one that has its id cannot be read.
    Unreadable,
}

/// What there is of a device, without waking it.
pub(crate) enum Found {
    Awake(Arc<Cell>),
    /// As the store has it. Nothing of it changes while it sleeps.
    Asleep(Sleeper),
    Nothing,
}

/// A device that slept when it was read from the store.
pub(crate) struct Sleeper {
    place: usize,
    pub(crate) row: Box<LoadedDevice>,
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

    /// The device with this id; nothing too where it cannot be read now, which is logged. Reads the store where it sleeps, so
    /// that no event loop may ask: see [`crate::Hub::woken`].
    pub(crate) fn by_id(&self, id: &str) -> Option<Arc<Cell>> {
        self.find(id).unwrap_or_default()
    }

    /// The device with this id, if it is in memory.
    pub(crate) fn awake_by_id(&self, id: &str) -> Option<Arc<Cell>> {
        self.read().awake(id)
    }

    /// Whether the device with this id is to be read from the store before anything can be done with it.
    pub(crate) fn sleeps(&self, id: &str) -> bool {
        let fate = |place| self.dormant.get(place).map(|brief| brief.fate);
        self.dormant.find(id).and_then(fate) == Some(Fate::Asleep)
    }

    /// The device with this id. One that slept is read from the store and wakes: a few reads by indexes.
    pub(crate) fn find(&self, id: &str) -> Result<Option<Arc<Cell>>, ReadError> {
        Ok(match self.look(id)? {
            Found::Awake(cell) => Some(cell),
            Found::Asleep(sleeper) => self.wake(sleeper),
            Found::Nothing => None,
        })
    }

    /// The device with this id. One that sleeps is read from the store and sleeps on.
    pub(crate) fn look(&self, id: &str) -> Result<Found, ReadError> {
        if let Some(cell) = self.awake_by_id(id) {
            return Ok(Found::Awake(cell));
        }
        let brief = |place| Some((place, self.dormant.get(place)?));
        let asleep = self.dormant.find(id).and_then(brief).filter(|(_, brief)| brief.fate == Fate::Asleep);
        let sleeper = match asleep {
            Some((place, brief)) => {
                let row = self.store.reader().device(brief.key).inspect_err(|error| {
                    tracing::error!(device = id, %error, "a device cannot be read");
                })?;
                row.map(|row| Sleeper { place, row: row.into() })
            }
            None => None,
        };
        // It may have woken since.
        let awake = || self.awake_by_id(id).map_or(Found::Nothing, Found::Awake);
        Ok(sleeper.map_or_else(awake, Found::Asleep))
    }

    /// Keeps the device in memory from here on; nothing where it was removed meanwhile.
    pub(crate) fn wake(&self, Sleeper { place, row }: Sleeper) -> Option<Arc<Cell>> {
        let id = self.dormant.get(place)?.id;
        let device = Device::restore(*row);
        let mut tables = self.write();
        let still = self.dormant.get(place).is_some_and(|brief| brief.fate == Fate::Asleep);
        match device {
            Some(device) if still => {
                self.dormant.set(place, Fate::Awake);
                tables.woken.add(&device.ledger());
                Some(tables.put(device))
            }
            // Somebody else was faster.
            _ => tables.awake(id),
        }
    }

    /// The device with this key, if it is in memory: so is each of which something is under way.
    pub(crate) fn by_key(&self, key: DeviceKey) -> Option<Arc<Cell>> {
        self.read().by_key.get(&key).map(|found| found.0.clone())
    }

    /// The devices in memory, by id: each that is there all the while. All others are offline, and nothing waits for them.
    pub(crate) fn awake(&self) -> Vec<Arc<Cell>> {
        let mut cells: Vec<Arc<Cell>> = Vec::new();
        loop {
            let last = cells.last().map_or("", |cell| cell.id.as_str());
            let more = self.awake_behind(last, DEVICES_COPIED_AT_ONCE);
            let is_all = more.len() < DEVICES_COPIED_AT_ONCE;
            cells.extend(more);
            if is_all {
                return cells;
            }
        }
    }

    /// The next of them behind the id `last`, or from the first on where it is empty; `at_most` so many.
    pub(crate) fn awake_behind(&self, last: &str, at_most: usize) -> Vec<Arc<Cell>> {
        self.read().behind(last).take(at_most).cloned().collect()
    }

    /// A walk through all devices.
    pub(crate) fn list(&self) -> Listing {
        Listing::default()
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
        match tables.awake(device.id()) {
            Some(taken) => Err(NotAdded::Taken(taken)),
            None => Ok(tables.put(device)),
        }
    }

    pub(crate) fn remove(&self, key: DeviceKey) {
        let mut tables = self.write();
        if let Some(ByKey(cell)) = tables.by_key.take(&key) {
            tables.by_id.remove(cell.id.as_str());
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
