//! The devices of a standalone gateway, by id and by key, each behind its own lock.

use super::limits::DEVICES_MAX;
use super::orders::Open;
use protocol::id::DeviceId;
use protocol::uplink::message::Connected;
use router::Device;
use std::collections::HashMap;
use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use store::{DeviceKey, TokenHash};

/// One device. Locking it is the only way to it; there is no lock around several.
pub(super) struct Cell {
    pub(super) key: DeviceKey,
    pub(super) id: DeviceId,
    inner: Mutex<Inner>,
}

/// What the lock of a [`Cell`] guards.
pub(super) struct Inner {
    pub(super) device: Device,
    /// What a hub has said of its token.
    pub(super) learned: Option<Learned>,
    /// The monotonic millisecond for which its alarm is set.
    pub(super) alarm: Option<NonZero<u64>>,
    /// How the newest one who identified as it came: how it is connected once that one is welcome.
    pub(super) call: Option<Box<Call>>,
    /// Whether a connection of it is welcome.
    pub(super) is_connected: bool,
    /// Numbers of commands that leave when the counter that is above them is durable.
    pub(super) leaving: Vec<u64>,
    /// Commands of hubs that may still come to something.
    pub(super) open: Vec<Open>,
}

/// A token that a hub said is the device's (rule U7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Learned {
    pub(super) hash: TokenHash,
    /// When, ms since 1970.
    pub(super) at: i64,
    /// The spool has it, or it is on its way there.
    pub(super) is_spooled: bool,
}

/// One who identified as a device.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) address: Box<str>,
    pub(super) plain: bool,
    pub(super) line_max: Option<u32>,
    /// As agreed, once it is welcome.
    pub(super) heartbeat: u32,
    /// When it identified, monotonic milliseconds.
    pub(super) at: u64,
}

impl Cell {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic under the lock is a bug that is already reported; the device's state is a plain value and goes on.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it is connected at the monotonic millisecond `mono`, as hubs are told.
    pub(super) fn connected(&self, mono: u64) -> Option<Connected> {
        let inner = self.lock();
        let call = inner.call.as_ref().filter(|_| inner.is_connected)?;
        Some(Connected {
            ago: mono.saturating_sub(call.at),
            address: call.address.clone(),
            plain: call.plain,
            heartbeat: call.heartbeat,
            line_max: call.line_max,
        })
    }

    pub(super) fn is_connected(&self) -> bool {
        self.lock().is_connected
    }
}

/// All devices.
pub(super) struct Registry {
    tables: RwLock<Tables>,
}

struct Tables {
    by_id: HashMap<Arc<str>, Arc<Cell>>,
    by_key: HashMap<DeviceKey, Arc<Cell>>,
    next_key: u64,
    /// The highest session counter of any device that was forgotten in this run: under this tag no session is named twice.
    sessions: u64,
}

/// Why a device was not added.
pub(super) enum NotAdded {
    /// This one has its id.
    Taken(Arc<Cell>),
    /// There is no room.
    Full,
}

impl Registry {
    /// Without devices; the first new one gets `next_key`.
    pub(super) fn new(next_key: u64) -> Self {
        let tables = Tables { by_id: HashMap::new(), by_key: HashMap::new(), next_key, sessions: 0 };
        Self { tables: RwLock::new(tables) }
    }

    pub(super) fn by_id(&self, id: &str) -> Option<Arc<Cell>> {
        self.read().by_id.get(id).cloned()
    }

    pub(super) fn by_key(&self, key: DeviceKey) -> Option<Arc<Cell>> {
        self.read().by_key.get(&key).cloned()
    }

    /// All there are now.
    pub(super) fn all(&self) -> Vec<Arc<Cell>> {
        self.read().by_key.values().cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.read().by_key.len()
    }

    /// A key that no device has had.
    pub(super) fn next_key(&self) -> DeviceKey {
        let mut tables = self.write();
        tables.next_key += 1;
        DeviceKey(tables.next_key - 1)
    }

    /// Above which sessions of a new device are counted.
    pub(super) fn sessions(&self) -> u64 {
        self.read().sessions
    }

    /// Adds a device, unless its id is taken.
    pub(super) fn add(&self, device: Device, learned: Option<Learned>) -> Result<Arc<Cell>, NotAdded> {
        let mut tables = self.write();
        if let Some(taken) = tables.by_id.get(device.id()) {
            return Err(NotAdded::Taken(taken.clone()));
        }
        if tables.by_key.len() >= DEVICES_MAX {
            return Err(NotAdded::Full);
        }
        let (key, id) = (device.identity.key, device.identity.id.clone());
        let inner = Inner {
            device,
            learned,
            alarm: None,
            call: None,
            is_connected: false,
            leaving: Vec::new(),
            open: Vec::new(),
        };
        let cell = Arc::new(Cell { key, id: id.clone(), inner: Mutex::new(inner) });
        tables.by_id.insert(id.name().clone(), cell.clone());
        tables.by_key.insert(key, cell.clone());
        Ok(cell)
    }

    /// Forgets a device that had been given sessions up to `sessions`.
    pub(super) fn remove(&self, cell: &Cell, sessions: u64) {
        let mut tables = self.write();
        tables.sessions = tables.sessions.max(sessions);
        if tables.by_key.remove(&cell.key).is_some() {
            tables.by_id.remove(cell.id.as_str());
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Tables> {
        self.tables.write().unwrap_or_else(PoisonError::into_inner)
    }
}
