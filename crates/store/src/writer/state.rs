//! What the writer keeps in memory of what is stored, so that a batch needs no look into the database.
//!
//! Within a transaction it runs ahead of the database; after a failed one it is read anew.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Connection;

use crate::load::{self, DeviceRow};
use crate::write::DeviceKey;

/// What is stored, as far as the writer needs to know.
pub(crate) struct State {
    devices: HashMap<DeviceKey, DeviceState>,
    /// The lowest key that no device has ever had.
    pub(crate) next_key: u64,
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
    /// Reads it anew.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<State> {
        State::with_devices(connection, &load::devices(connection)?)
    }

    /// The same, where the devices have been read already.
    pub(crate) fn with_devices(connection: &Connection, devices: &[DeviceRow]) -> rusqlite::Result<State> {
        Ok(State {
            devices: devices.iter().map(|row| (row.device.key, DeviceState::of(row))).collect(),
            next_key: load::next_key(connection)?,
            next_sample: load::next_sample(connection)?,
            ownerless: load::ownerless_channels(connection)?,
        })
    }

    /// A device, unless it was removed or never was.
    pub(crate) fn device(&mut self, key: DeviceKey) -> Option<&mut DeviceState> {
        self.devices.get_mut(&key)
    }

    pub(crate) fn add(&mut self, key: DeviceKey) {
        self.next_key = self.next_key.max(key.0 + 1);
        self.devices.insert(key, DeviceState::new());
    }

    /// Forgets a device; its samples wait to be deleted.
    pub(crate) fn remove(&mut self, key: DeviceKey) {
        if let Some(device) = self.devices.remove(&key) {
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
