//! Devices that nobody has asked for since the start: all of them in short, one of them whole.

use super::Reader;
use crate::connection;
use crate::error::ReadError;
use crate::load::{self, unsigned};
use crate::loaded::{DormantDevice, LoadedDevice};
use crate::write::DeviceKey;

impl Reader {
    /// Calls `each` with all devices, by key: one pass over each of three tables.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn dormant(&self, each: &mut dyn FnMut(DormantDevice<'_>)) -> Result<(), ReadError> {
        self.with(|connection| {
            let mut counts = connection.prepare(
                "SELECT device, count(*) FROM channel WHERE device IS NOT NULL GROUP BY device ORDER BY device",
            )?;
            let mut logs = connection
                .prepare("SELECT device, last_seen, received, late FROM log ORDER BY device")?;
            let mut devices = connection.prepare("SELECT key, id, name, created, labels FROM device ORDER BY key")?;
            let (mut counts, mut logs) = (counts.query([])?, logs.query([])?);
            let (mut count, mut log) = (counts.next()?, logs.next()?);
            let mut rows = devices.query([])?;
            while let Some(row) = rows.next()? {
                let key: i64 = row.get(0)?;
                while count.is_some_and(|count| count.get(0).is_ok_and(|device: i64| device < key)) {
                    count = counts.next()?;
                }
                while log.is_some_and(|log| log.get(0).is_ok_and(|device: i64| device < key)) {
                    log = logs.next()?;
                }
                let channels = match count.filter(|count| count.get(0) == Ok(key)) {
                    Some(count) => count.get(1)?,
                    None => 0,
                };
                let Some(log) = log.filter(|log| log.get(0) == Ok(key)) else { continue };
                each(DormantDevice {
                    key: DeviceKey(key.cast_unsigned()),
                    id: row.get_ref(1)?.as_str()?,
                    name: row.get_ref(2)?.as_str_or_null()?,
                    labels: row.get_ref(4)?.as_str_or_null()?.unwrap_or_default(),
                    since: log.get::<_, Option<i64>>(1)?.map_or_else(|| row.get(3), Ok)?,
                    channels,
                    received: unsigned(log, 2)?,
                    late: unsigned(log, 3)?,
                });
            }
            Ok(())
        })
    }

    /// Calls `each` with each device that lost something, a reason, and how many gaps and messages in them it has for that.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn losses(&self, each: &mut dyn FnMut(DeviceKey, &str, u64, u64)) -> Result<(), ReadError> {
        self.with(|connection| {
            let mut statement = connection.prepare("SELECT device, reason, gaps, messages FROM loss")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let device = DeviceKey(unsigned(row, 0)?);
                each(device, row.get_ref(1)?.as_str()?, unsigned(row, 2)?, unsigned(row, 3)?);
            }
            Ok(())
        })
    }

    /// A device of which nothing was written since the start ([`crate::Options::dormant`]); `None` where there is none. A few
    /// reads by indexes, which wait for no other read.
    ///
    /// # Errors
    /// When the database cannot be read, or what stands in it is damaged.
    pub fn device(&self, device: DeviceKey) -> Result<Option<LoadedDevice>, ReadError> {
        let mut lookup = self.lookup();
        let connection = match lookup.take() {
            Some(connection) => connection,
            None => connection::reading(&self.database)?,
        };
        let transaction = connection.unchecked_transaction()?;
        let row = load::device(&transaction, device)?;
        transaction.finish()?;
        // Only a connection on which all went well is used again.
        *lookup = Some(connection);
        Ok(row.map(|row| row.device))
    }
}
