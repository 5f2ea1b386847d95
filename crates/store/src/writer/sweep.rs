//! Deleting the samples of removed devices, a piece with each commit.

use rusqlite::{Connection, OptionalExtension};

use super::state::State;
use crate::limits::SWEEP_SAMPLES_MAX;

/// Deletes a piece of the last channel that has no device; the channel too when that was all of it.
pub(crate) fn sweep(connection: &Connection, state: &mut State) -> rusqlite::Result<()> {
    let Some(channel) = state.ownerless.last().copied() else { return Ok(()) };
    let piece_end: Option<i64> = connection
        .prepare_cached("SELECT id FROM sample WHERE channel = ?1 ORDER BY id LIMIT 1 OFFSET ?2")?
        .query_row((channel, SWEEP_SAMPLES_MAX as i64), |row| row.get(0))
        .optional()?;
    connection
        .prepare_cached("DELETE FROM sample WHERE channel = ?1 AND id < ?2")?
        .execute((channel, piece_end.unwrap_or(i64::MAX)))?;
    if piece_end.is_none() {
        connection.prepare_cached("DELETE FROM channel WHERE key = ?1")?.execute([channel])?;
        state.ownerless.pop();
    }
    Ok(())
}
