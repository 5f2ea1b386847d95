//! From version 1, where each sample was a row, to chunks.
//!
//! The rows of the channels that have a device are moved a piece at a time, each in a transaction of its own: memory is bounded,
//! and what was interrupted goes on with the rows that are left. With the last of them the old table goes.

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior};

use crate::chunk::StoredSample;
use crate::chunk_table;
use crate::limits::CONVERT_SAMPLES;
use crate::load;
use crate::loaded::GapCount;
use crate::write::DeviceKey;

/// The gaps of each device by reason, from the gaps themselves: part of the step to version 2.
pub(crate) fn count_losses(connection: &Connection) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare("SELECT device, reason, from_seq, to_seq FROM gap ORDER BY device")?;
    let mut rows = statement.query([])?;
    let mut current: Option<(DeviceKey, Vec<GapCount>)> = None;
    while let Some(row) = rows.next()? {
        let device = DeviceKey(load::unsigned(row, 0)?);
        if let Some((before, counts)) = current.take_if(|(before, _)| *before != device) {
            put_losses(connection, before, &counts)?;
        }
        let (_, counts) = current.get_or_insert_with(|| (device, Vec::new()));
        let missing = load::unsigned(row, 3)?.saturating_sub(load::unsigned(row, 2)?).saturating_add(1);
        GapCount::count(counts, row.get_ref(1)?.as_str()?, 1, missing);
    }
    match current {
        Some((device, counts)) => put_losses(connection, device, &counts),
        None => Ok(()),
    }
}

fn put_losses(connection: &Connection, device: DeviceKey, counts: &[GapCount]) -> rusqlite::Result<()> {
    let mut insert = connection
        .prepare_cached("INSERT INTO loss (device, reason, gaps, messages) VALUES (?1, ?2, ?3, ?4)")?;
    for count in counts {
        let (gaps, messages) = (count.gaps.cast_signed(), count.messages.cast_signed());
        insert.execute((device.0.cast_signed(), &count.reason, gaps, messages))?;
    }
    Ok(())
}

/// Moves all that is left of the rows into chunks. Does nothing where there are none.
pub(crate) fn convert(connection: &mut Connection) -> rusqlite::Result<()> {
    let old = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'sample'";
    if connection.query_row(old, [], |_| Ok(())).optional()?.is_none() {
        return Ok(());
    }
    // A new store has the table too, on its way through the versions.
    let is_empty: bool =
        connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sample)", [], |row| row.get(0))?;
    if !is_empty {
        tracing::info!("the samples of an older version are being converted");
    }
    let channels = {
        let mut statement =
            connection.prepare("SELECT key FROM channel WHERE device IS NOT NULL ORDER BY key")?;
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?
    };
    let mut converted: usize = 0;
    for channel in channels {
        loop {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let count = piece(&transaction, channel)?;
            transaction.commit()?;
            converted += count;
            if count < CONVERT_SAMPLES {
                break;
            }
        }
    }
    // What is left is of removed devices.
    connection.execute_batch("DROP TABLE sample")?;
    if !is_empty {
        tracing::info!(samples = converted, "the samples of an older version were converted");
    }
    Ok(())
}

/// Moves a piece of a channel; how many samples that was.
fn piece(connection: &Connection, channel: i64) -> rusqlite::Result<usize> {
    let mut select = connection.prepare_cached(
        "SELECT ts, cursor, session, seq, device_ts, late, value, id FROM sample WHERE channel = ?1
         ORDER BY id LIMIT ?2",
    )?;
    let mut rows = select.query((channel, CONVERT_SAMPLES as i64))?;
    let mut samples = Vec::new();
    let mut last = 0;
    while let Some(row) = rows.next()? {
        samples.push(sample(row)?);
        last = row.get(7)?;
    }
    drop(rows);
    let Some(folded) = samples.last().map(|sample: &StoredSample| sample.cursor) else { return Ok(0) };
    let count = samples.len();
    chunk_table::append(connection, channel, samples)?;
    connection
        .prepare_cached("UPDATE channel SET folded = ?2 WHERE key = ?1")?
        .execute((channel, folded.cast_signed()))?;
    connection
        .prepare_cached("DELETE FROM sample WHERE channel = ?1 AND id <= ?2")?
        .execute((channel, last))?;
    Ok(count)
}

fn sample(row: &Row<'_>) -> rusqlite::Result<StoredSample> {
    Ok(StoredSample {
        ts: row.get(0)?,
        cursor: load::unsigned(row, 1)?,
        session: row.get(2)?,
        seq: row.get::<_, Option<i64>>(3)?.map(i64::cast_unsigned),
        device_ts: row.get(4)?,
        late: row.get(5)?,
        value: row.get(6)?,
    })
}
