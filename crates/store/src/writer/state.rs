//! What the writer keeps in memory of what is stored, so that a batch needs no look into the database.
//!
//! Within a transaction it runs ahead of the database; after a failed one it is read anew.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rusqlite::Connection;

use crate::load::{self, DeviceRow};
use crate::write::DeviceKey;

/// What is stored, as far as the writer needs to know.
pub(crate) struct State {
    devices: HashMap<DeviceKey, DeviceState>,
    /// The lowest key that no device had before this store was opened. The hub gives keys in order and has devices
    /// stored in any: with the first thing that they say.
    first_key: u64,
    /// Devices from `first_key` on that were removed.
    removed: HashSet<DeviceKey>,
    /// The id of the next sample.
    pub(crate) next_sample: i64,
    /// Channels of removed devices, whose samples are still to be deleted.
    pub(crate) ownerless: Vec<i64>,
}

/// The part of a device's row that messages move, and the keys of what belongs to it.
pub(crate) struct DeviceState {
    pub(crate) cursor: u64,
    pub(crate) next_session: u64,
    pub(crate) session: Option<SessionState>,
    pub(crate) received: u64,
    pub(crate) gaps: u64,
    pub(crate) next_command: u64,
    pub(crate) last_seen: Option<i64>,
    pub(crate) channels: HashMap<Arc<str>, i64>,
}

/// A device's current session.
pub(crate) struct SessionState {
    pub(crate) name: Arc<str>,
    pub(crate) key: i64,
    pub(crate) seq: u64,
}

impl State {
    /// Reads it anew after a failed transaction.
    pub(crate) fn reload(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let read = State::with_devices(connection, &load::devices(connection)?)?;
        let (first_key, removed) = (self.first_key, std::mem::take(&mut self.removed));
        *self = State { first_key, removed, ..read };
        Ok(())
    }

    /// What is stored when the store is opened; the devices have been read already.
    pub(crate) fn with_devices(connection: &Connection, devices: &[DeviceRow]) -> rusqlite::Result<State> {
        Ok(State {
            devices: devices.iter().map(|row| (row.device.key, DeviceState::of(row))).collect(),
            first_key: load::next_key(connection)?,
            removed: HashSet::new(),
            next_sample: load::next_sample(connection)?,
            ownerless: load::ownerless_channels(connection)?,
        })
    }

    /// A device, unless it was removed or never was.
    pub(crate) fn device(&mut self, key: DeviceKey) -> Option<&mut DeviceState> {
        self.devices.get_mut(&key)
    }

    /// Whether a device that is not here once was.
    pub(crate) fn was_removed(&self, key: DeviceKey) -> bool {
        key.0 < self.first_key || self.removed.contains(&key)
    }

    /// Whether a new device may have this key: none ever had it, and SQLite can count beyond it.
    pub(crate) fn is_free(&self, key: DeviceKey) -> bool {
        !self.was_removed(key) && !self.devices.contains_key(&key) && key.0 < i64::MAX as u64
    }

    pub(crate) fn add(&mut self, key: DeviceKey) {
        self.devices.insert(key, DeviceState::new());
    }

    /// Forgets a device; its samples wait to be deleted.
    pub(crate) fn remove(&mut self, key: DeviceKey) {
        if let Some(device) = self.devices.remove(&key) {
            self.removed.insert(key);
            self.ownerless.extend(device.channels.into_values());
        }
    }
}

impl DeviceState {
    fn new() -> DeviceState {
        DeviceState {
            cursor: 0,
            next_session: 1,
            session: None,
            received: 0,
            gaps: 0,
            next_command: 1,
            last_seen: None,
            channels: HashMap::new(),
        }
    }

    fn of(row: &DeviceRow) -> DeviceState {
        let device = &row.device;
        let session = device.position.as_ref().zip(row.session).map(|(position, key)| SessionState {
            name: position.session.clone(),
            key,
            seq: position.seq,
        });
        let names = device.channels.iter().map(|channel| channel.name.clone());
        DeviceState {
            cursor: device.cursor,
            next_session: device.next_session,
            session,
            received: device.received,
            gaps: device.gaps,
            next_command: device.next_command,
            last_seen: device.last_seen,
            channels: names.zip(row.channels.iter().copied()).collect(),
        }
    }
}
