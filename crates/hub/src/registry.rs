//! The devices of this hub, by id and by key, each behind its own lock.

use crate::TakeError;
use crate::panel::Slot;
use protocol::id::DeviceId;
use router::Device;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use store::DeviceKey;
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
    pub(crate) watchers: Vec<Arc<Slot>>,
    /// Requests that wait until a cursor is committed; dropped when it never will be.
    pub(crate) waiting: Vec<(u64, oneshot::Sender<Result<(), TakeError>>)>,
    /// Requests that wait until what became of a command, by person and id, is durable; dropped when the storage fails.
    pub(crate) ends: Vec<(Arc<str>, Box<str>, oneshot::Sender<()>)>,
    /// Who made it, and waits until it is stored; dropped when it never will be.
    pub(crate) maker: Option<oneshot::Sender<()>>,
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

/// All devices.
#[derive(Default)]
pub(crate) struct Registry {
    tables: RwLock<Tables>,
}

#[derive(Default)]
struct Tables {
    by_id: HashMap<DeviceId, Arc<Cell>>,
    by_key: HashMap<DeviceKey, Arc<Cell>>,
    next_key: u64,
}

impl Registry {
    /// A registry whose next new device gets `next_key`.
    pub(crate) fn new(next_key: u64) -> Self {
        Self { tables: RwLock::new(Tables { next_key, ..Tables::default() }) }
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<Arc<Cell>> {
        self.read().by_id.get(id).cloned()
    }

    pub(crate) fn by_key(&self, key: DeviceKey) -> Option<Arc<Cell>> {
        self.read().by_key.get(&key).cloned()
    }

    /// All devices, in the order of their ids.
    pub(crate) fn all(&self) -> Vec<Arc<Cell>> {
        let mut cells: Vec<_> = self.read().by_id.values().cloned().collect();
        cells.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        cells
    }

    pub(crate) fn len(&self) -> usize {
        self.read().by_id.len()
    }

    /// A key that no device has had.
    pub(crate) fn next_key(&self) -> DeviceKey {
        let mut tables = self.write();
        tables.next_key += 1;
        DeviceKey(tables.next_key - 1)
    }

    /// Adds a device; where its id is taken, the one that has it is returned as the error.
    pub(crate) fn add(&self, device: Device) -> Result<Arc<Cell>, Arc<Cell>> {
        let (key, id) = (device.identity.key, device.identity.id.clone());
        let mut tables = self.write();
        if let Some(taken) = tables.by_id.get(&id) {
            return Err(taken.clone());
        }
        let (watchers, waiting, ends) = (Vec::new(), Vec::new(), Vec::new());
        let inner = Inner { device, watchers, waiting, ends, maker: None, alarm: None, is_unstored: false };
        let cell = Arc::new(Cell { key, id: id.clone(), inner: Mutex::new(inner) });
        tables.by_id.insert(id, cell.clone());
        tables.by_key.insert(key, cell.clone());
        Ok(cell)
    }

    pub(crate) fn remove(&self, key: DeviceKey) {
        let mut tables = self.write();
        if let Some(cell) = tables.by_key.remove(&key) {
            tables.by_id.remove(&cell.id);
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Tables> {
        self.tables.write().unwrap_or_else(PoisonError::into_inner)
    }
}
