//! The commands of one transaction. Of one that is written several times in it, as sent and then as done, nobody ever sees but
//! how it stands at the end: so it is put into its row once.

use std::collections::HashMap;

use rusqlite::{CachedStatement, Connection};

use super::batch::Batch;
use super::rows;
use crate::key_map::KeyMap;
use crate::write::{CommandRow, DeviceKey, Write};

/// What a batch says of commands.
#[derive(Default)]
pub(crate) struct Commands<'a> {
    /// Those that are not in their rows yet, as they stand behind the batch.
    last: HashMap<Name<'a>, &'a CommandRow>,
    /// Devices whose commands changed, and when the newest of them did.
    changed: KeyMap<DeviceKey, i64>,
    /// Puts one into its row: looked up once for all of them.
    put: Option<CachedStatement<'a>>,
}

/// What a command is known by: its device, the person and its id.
type Name<'a> = (DeviceKey, &'a str, &'a str);

fn name(row: &CommandRow) -> Name<'_> {
    (row.device, &row.by, &row.id)
}

impl<'a> Commands<'a> {
    /// Those of a batch.
    pub(crate) fn of(batch: &'a Batch) -> Commands<'a> {
        let mut commands = Commands::default();
        for write in batch.stored().flat_map(Write::each) {
            if let Write::Command(row) = write {
                commands.last.insert(name(row), row);
            }
        }
        commands
    }

    /// One of the writes of a command. With the first it is put into its row: so the rows are in the order in which commands
    /// were first written.
    pub(crate) fn put(&mut self, connection: &'a Connection, row: &'a CommandRow) -> rusqlite::Result<()> {
        let Some(last) = self.last.remove(&name(row)) else { return Ok(()) };
        let changed = self.changed.entry(row.device).or_insert(last.updated);
        *changed = last.updated.max(*changed);
        let put = match &mut self.put {
            Some(put) => put,
            None => self.put.insert(rows::putting_commands(connection)?),
        };
        rows::put_command(put, last)
    }

    /// All are in their rows: of devices that have too many old ones go.
    pub(crate) fn end(self, connection: &Connection) -> rusqlite::Result<()> {
        self.changed.into_iter().try_for_each(|(device, at)| rows::trim_commands(connection, device, at))
    }
}
