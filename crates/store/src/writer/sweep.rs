//! Deleting the chunks and sums of removed devices, a piece with each commit.

use rusqlite::Connection;

use crate::limits::SWEEP_CHUNKS_MAX;

/// Deletes a piece of the last channel that has no device; the channel too when that was all of it.
pub(crate) fn sweep(connection: &Connection, ownerless: &mut Vec<i64>) -> rusqlite::Result<()> {
    let Some(channel) = ownerless.last().copied() else { return Ok(()) };
    let deleted = connection
        .prepare_cached(
            "DELETE FROM chunk WHERE id IN (SELECT id FROM chunk WHERE channel = ?1 ORDER BY last LIMIT ?2)",
        )?
        .execute((channel, SWEEP_CHUNKS_MAX as i64))?;
    let sums = connection
        .prepare_cached(
            "DELETE FROM sums WHERE channel = ?1 AND (grain, row) IN
               (SELECT grain, row FROM sums WHERE channel = ?1 LIMIT ?2)",
        )?
        .execute((channel, SWEEP_CHUNKS_MAX as i64))?;
    if deleted < SWEEP_CHUNKS_MAX && sums < SWEEP_CHUNKS_MAX {
        connection.prepare_cached("DELETE FROM channel WHERE key = ?1")?.execute([channel])?;
        ownerless.pop();
    }
    Ok(())
}
