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
