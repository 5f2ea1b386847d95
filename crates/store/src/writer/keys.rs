//! By which numbers the database knows what belongs to a device.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use crate::key_map::KeyMap;
use crate::limits::SESSIONS_KEPT_MAX;
use crate::load::unsigned;
use crate::write::{DeviceKey, Position};

/// The numbers of devices' sessions and channels, of those that were asked for. Within a transaction it runs ahead of the
/// database; after a failed one it is made anew.
#[derive(Default)]
pub(crate) struct Keys {
    /// Most devices that are new say nothing for a while.
    devices: KeyMap<DeviceKey, Option<Box<DeviceKeys>>>,
}

/// What belongs to one device.
#[derive(Default)]
pub(crate) struct DeviceKeys {
    /// Its current session.
    session: Option<(Arc<str>, i64)>,
    /// The session of a gateway that was asked for last.
    relayed: Option<(Arc<str>, i64)>,
    channels: HashMap<Arc<str>, i64>,
    /// The channel that was asked for last: mostly the next one too.
    last: Option<(Arc<str>, i64)>,
    /// Up to which cursor the samples of a channel are in chunks.
    folded: KeyMap<i64, u64>,
}

impl Keys {
    /// Those of a device, read from the database the first time; `None` where it was removed or never was.
    pub(crate) fn device(
        &mut self,
        connection: &Connection,
        device: DeviceKey,
    ) -> rusqlite::Result<Option<&mut DeviceKeys>> {
        if !self.devices.contains_key(&device)
            && let Some(read) = DeviceKeys::read(connection, device)?
        {
            self.devices.insert(device, Some(Box::new(read)));
        }
        Ok(self.devices.get_mut(&device).map(|keys| &mut **keys.get_or_insert_default()))
    }

    /// The samples of channels of devices are in chunks from now on, up to these cursors.
    pub(crate) fn set_folded(&mut self, channels: Vec<(DeviceKey, i64, u64)>) {
        for (device, channel, cursor) in channels {
            if let Some(Some(known)) = self.devices.get_mut(&device) {
                known.folded.insert(channel, cursor);
            }
        }
    }

    /// A device that is new.
    pub(crate) fn add(&mut self, device: DeviceKey) {
        self.devices.insert(device, None);
    }

    /// Forgets a device.
    pub(crate) fn remove(&mut self, device: DeviceKey) {
        self.devices.remove(&device);
    }
}

impl DeviceKeys {
    fn read(connection: &Connection, device: DeviceKey) -> rusqlite::Result<Option<DeviceKeys>> {
        let of = [device.0.cast_signed()];
        let session = connection
            .prepare_cached(
                "SELECT session.name, session.key FROM log LEFT JOIN session ON session.key = log.session
                 WHERE log.device = ?1",
            )?
            .query_row(of, |row| Ok(row.get::<_, Option<_>>(0)?.zip(row.get::<_, Option<_>>(1)?)))
            .optional()?;
        let Some(session) = session else { return Ok(None) };
        let mut keys = DeviceKeys { session, ..DeviceKeys::default() };
        let mut statement =
            connection.prepare_cached("SELECT name, key, folded FROM channel WHERE device = ?1")?;
        let mut rows = statement.query(of)?;
        while let Some(row) = rows.next()? {
            let key = row.get(1)?;
            keys.channels.insert(row.get(0)?, key);
            keys.folded.insert(key, unsigned(row, 2)?);
        }
        Ok(Some(keys))
    }

    /// The key of the session of a position, made when it is new.
    pub(crate) fn session(
        &mut self,
        connection: &Connection,
        device: DeviceKey,
        position: &Position,
    ) -> rusqlite::Result<i64> {
        match &self.session {
            Some((name, key)) if *name == position.session => Ok(*key),
            _ => {
                let key = session_key(connection, device, &position.session)?;
                self.session = Some((position.session.clone(), key));
                Ok(key)
            }
        }
    }

    /// The same of a session that a gateway issued: the current one stays.
    pub(crate) fn relayed_session(
        &mut self,
        connection: &Connection,
        device: DeviceKey,
        position: &Position,
    ) -> rusqlite::Result<i64> {
        match &self.relayed {
            Some((name, key)) if *name == position.session => Ok(*key),
            _ => {
                let key = session_key(connection, device, &position.session)?;
                self.relayed = Some((position.session.clone(), key));
                Ok(key)
            }
        }
    }

    /// The key of the current session.
    pub(crate) fn current_session(&self) -> Option<i64> {
        self.session.as_ref().map(|(_, key)| *key)
    }

    /// The key of a channel, made when it is new.
    pub(crate) fn channel(
        &mut self,
        connection: &Connection,
        device: DeviceKey,
        name: &Arc<str>,
    ) -> rusqlite::Result<i64> {
        if let Some((last, key)) = &self.last
            && last == name
        {
            return Ok(*key);
        }
        if let Some((name, key)) = self.channels.get_key_value(name) {
            self.last = Some((name.clone(), *key));
            return Ok(*key);
        }
        let key = connection
            .prepare_cached("INSERT INTO channel (device, name) VALUES (?1, ?2)")?
            .insert((device.0.cast_signed(), name))?;
        self.channels.insert(name.clone(), key);
        Ok(key)
    }

    /// Up to which cursor the samples of a channel are in chunks.
    pub(crate) fn folded(&self, channel: i64) -> u64 {
        self.folded.get(&channel).copied().unwrap_or(0)
    }
}

fn session_key(connection: &Connection, device: DeviceKey, name: &str) -> rusqlite::Result<i64> {
    let owner = device.0.cast_signed();
    let new = connection
        .prepare_cached(
            "INSERT INTO session (device, name) VALUES (?1, ?2) ON CONFLICT (device, name) DO NOTHING",
        )?
        .execute((owner, name))?;
    if new > 0 {
        connection
            .prepare_cached(
                "DELETE FROM session WHERE device = ?1 AND key <=
                   (SELECT key FROM session WHERE device = ?1 ORDER BY key DESC LIMIT 1 OFFSET ?2)",
            )?
            .execute((owner, SESSIONS_KEPT_MAX as i64))?;
    }
    connection
        .prepare_cached("SELECT key FROM session WHERE device = ?1 AND name = ?2")?
        .query_row((owner, name), |row| row.get(0))
}
