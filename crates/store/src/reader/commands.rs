//! Commands by id and by device.

use rusqlite::OptionalExtension;

use super::Reader;
use crate::error::ReadError;
use crate::limits::COMMANDS_MAX;
use crate::load;
use crate::write::{CommandRow, DeviceKey};

impl Reader {
    /// The command with this id, of the person `by`, or, with `None`, the newest of anybody.
    pub fn command(
        &self,
        device: DeviceKey,
        by: Option<&str>,
        id: &str,
    ) -> Result<Option<CommandRow>, ReadError> {
        let sql = format!(
            "SELECT {} FROM command WHERE device = ?1 AND (?2 IS NULL OR person = ?2) AND id = ?3
             ORDER BY key DESC LIMIT 1",
            load::COMMAND
        );
        self.with(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_row((device.0.cast_signed(), by, id), load::command).optional()
        })
    }

    /// Tells of at most `limit` commands what they are known by: device, person and id. How many it told of.
    pub fn command_names(
        &self,
        limit: usize,
        mut tell: impl FnMut(DeviceKey, &str, &str),
    ) -> Result<usize, ReadError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.with(|connection| {
            let mut statement = connection.prepare("SELECT device, person, id FROM command LIMIT ?1")?;
            let (mut rows, mut told) = (statement.query((limit,))?, 0);
            while let Some(row) = rows.next()? {
                let device = DeviceKey(row.get::<_, i64>(0)?.cast_unsigned());
                tell(device, row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
                told += 1;
            }
            Ok(told)
        })
    }

    /// The newest commands to a device, the one written first last; at most `limit` and [`COMMANDS_MAX`].
    pub fn commands(&self, device: DeviceKey, limit: usize) -> Result<Vec<CommandRow>, ReadError> {
        let limit = limit.min(COMMANDS_MAX) as i64;
        let sql =
            format!("SELECT {} FROM command WHERE device = ?1 ORDER BY key DESC LIMIT ?2", load::COMMAND);
        self.with(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_map((device.0.cast_signed(), limit), load::command)?.collect()
        })
    }
}
