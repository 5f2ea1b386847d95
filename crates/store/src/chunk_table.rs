//! The table of chunks: a channel's samples are added at its end.
//!
//! The last chunk of a channel fills up before the next one begins.

use rusqlite::{Connection, OptionalExtension};

use crate::chunk::{self, StoredSample, Summary};
use crate::limits::{CHUNK_BYTES, CHUNK_ROW_BYTES, CHUNK_SAMPLES};

/// The last chunk of a channel, when there is room in it.
struct Tail {
    id: i64,
    /// What it takes, packed.
    bytes: usize,
    samples: Vec<StoredSample>,
}

/// Adds samples, in the order of their commits, behind those that a channel has in chunks. `connection` is inside a
/// transaction.
pub(crate) fn append(
    connection: &Connection,
    channel: i64,
    samples: Vec<StoredSample>,
) -> rusqlite::Result<()> {
    let (mut id, mut all, before) = match tail(connection, channel)? {
        Some(tail) => (Some(tail.id), tail.samples, weight(tail.bytes)),
        None => (None, Vec::new(), 0),
    };
    all.extend(samples);
    let mut rest = all.as_slice();
    let mut bytes = 0;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(full(rest));
        bytes += put(connection, id.take(), channel, piece)?;
        rest = behind;
    }
    add_bytes(connection, channel, bytes - before)
}

/// What a chunk of so many bytes takes in the database, about.
pub(crate) fn weight(bytes: usize) -> i64 {
    (bytes + CHUNK_ROW_BYTES) as i64
}

/// The chunks of a channel take so much more, or less.
pub(crate) fn add_bytes(connection: &Connection, channel: i64, more: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE channel SET bytes = bytes + ?2 WHERE key = ?1")?
        .execute((channel, more))?;
    Ok(())
}

/// How many of `samples` (not empty) make a chunk: at least one.
fn full(samples: &[StoredSample]) -> usize {
    let mut bytes = 0;
    let mut fits = |sample: &StoredSample| {
        let before = bytes;
        bytes += sample.value.len();
        before < CHUNK_BYTES
    };
    samples[..samples.len().min(CHUNK_SAMPLES)].iter().take_while(|sample| fits(sample)).count()
}

fn tail(connection: &Connection, channel: i64) -> rusqlite::Result<Option<Tail>> {
    let row: Option<(i64, Option<Vec<u8>>)> = connection
        .prepare_cached(
            "SELECT id, CASE WHEN count < ?2 AND length(samples) < ?3 THEN samples END
             FROM chunk WHERE channel = ?1 ORDER BY last DESC, id DESC LIMIT 1",
        )?
        .query_row((channel, CHUNK_SAMPLES as i64, CHUNK_BYTES as i64), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((id, Some(blob))) = row else { return Ok(None) };
    match chunk::decode(&blob) {
        Ok(samples) => Ok(Some(Tail { id, bytes: blob.len(), samples })),
        Err(error) => {
            // It stays as it is, for whoever can read it; the channel goes on behind it.
            tracing::error!(%error, chunk = id, "a chunk cannot be read");
            Ok(None)
        }
    }
}

/// Writes a chunk (not empty): in the place of the one with this id, or as a new one. What it takes.
fn put(
    connection: &Connection,
    id: Option<i64>,
    channel: i64,
    samples: &[StoredSample],
) -> rusqlite::Result<i64> {
    let Some(summary) = Summary::of(samples) else { return Ok(0) };
    let numbers = summary.numbers;
    let blob = chunk::encode(samples);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO chunk
               (id, channel, first, last, min_ts, max_ts, count, numbers, min, max, mean, samples)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute((
            id,
            channel,
            summary.first_cursor.cast_signed(),
            summary.last_cursor.cast_signed(),
            summary.min_ts,
            summary.max_ts,
            summary.count.cast_signed(),
            numbers.map_or(0, |numbers| numbers.count.cast_signed()),
            numbers.map(|numbers| numbers.min),
            numbers.map(|numbers| numbers.max),
            numbers.map(|numbers| numbers.mean),
            &blob,
        ))?;
    Ok(weight(blob.len()))
}

/// A damaged chunk or journal as an error of the database that it stands in.
pub(crate) fn damaged(error: chunk::Corrupt) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, Box::new(error))
}
