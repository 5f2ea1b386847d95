//! A channel's samples as they are stored: in chunks, and behind those in the journal.
//!
//! Everything is read in the transaction of one call, so that a sample that is being folded meanwhile is found once.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension};

use crate::chunk::{self, StoredSample};
use crate::chunk_table::damaged;
use crate::journal::Messages;
use crate::load;
use crate::write::DeviceKey;

/// How a channel is known here.
#[derive(Clone, Copy)]
pub(super) struct Channel {
    pub(super) device: DeviceKey,
    pub(super) key: i64,
    /// Up to which cursor its samples are in chunks: what the journal has of them counts no longer.
    pub(super) folded: u64,
}

impl Channel {
    /// The channel of a device with this name.
    pub(super) fn find(
        connection: &Connection,
        device: DeviceKey,
        name: &str,
    ) -> rusqlite::Result<Option<Channel>> {
        connection
            .prepare_cached("SELECT key, folded FROM channel WHERE device = ?1 AND name = ?2")?
            .query_row((device.0.cast_signed(), name), |row| {
                Ok(Channel { device, key: row.get(0)?, folded: load::unsigned(row, 1)? })
            })
            .optional()
    }

    /// The channel as it is now, unless its device was removed.
    pub(super) fn again(self, connection: &Connection) -> rusqlite::Result<Option<Channel>> {
        connection
            .prepare_cached("SELECT folded FROM channel WHERE key = ?1 AND device = ?2")?
            .query_row((self.key, self.device.0.cast_signed()), |row| {
                Ok(Channel { folded: load::unsigned(row, 0)?, ..self })
            })
            .optional()
    }

    /// Calls `each` with the samples of the chunks whose last cursor is above the start of `cursors` and at most its end, and
    /// which have some of `times`, in the order of their commits, until it says that it has enough.
    pub(super) fn chunks(
        self,
        connection: &Connection,
        cursors: Range<u64>,
        times: Range<i64>,
        mut each: impl FnMut(Vec<StoredSample>) -> bool,
    ) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(
            "SELECT samples FROM chunk INDEXED BY chunk_order
             WHERE channel = ?1 AND last > ?2 AND last <= ?3 AND max_ts >= ?4 AND min_ts < ?5
             ORDER BY last, id",
        )?;
        let end = i64::try_from(cursors.end).unwrap_or(i64::MAX);
        let mut rows =
            statement.query((self.key, cursors.start.cast_signed(), end, times.start, times.end))?;
        while let Some(row) = rows.next()? {
            if each(chunk::decode(row.get_ref(0)?.as_blob()?).map_err(damaged)?) {
                break;
            }
        }
        Ok(())
    }

    /// Calls `each` with the samples that are only in the journal, in the order of their commits.
    pub(super) fn in_journal(
        self,
        connection: &Connection,
        mut each: impl FnMut(StoredSample<&str>),
    ) -> rusqlite::Result<()> {
        journal(connection, self.device, |key, sample| {
            if key == self.key && sample.cursor > self.folded {
                each(sample);
            }
        })
    }
}

/// Calls `each` with all samples of a device that are in the journal, folded or not, in the order of their commits; with the
/// key of the channel.
pub(super) fn journal(
    connection: &Connection,
    device: DeviceKey,
    mut each: impl FnMut(i64, StoredSample<&str>),
) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("SELECT content FROM journal WHERE samples > 0 ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for message in Messages::of(row.get_ref(0)?.as_blob()?) {
            let message = message.map_err(damaged)?;
            if message.device == device {
                message.samples(&mut each).map_err(damaged)?;
            }
        }
    }
    Ok(())
}

/// The cursor of the last message or gap of a device; 0 when there is no such device.
pub(super) fn head(connection: &Connection, device: DeviceKey) -> rusqlite::Result<u64> {
    let head = connection
        .prepare_cached("SELECT cursor FROM log WHERE device = ?1")?
        .query_row([device.0.cast_signed()], |row| load::unsigned(row, 0))
        .optional()?;
    Ok(head.unwrap_or(0))
}
