//! Sums of minutes and hours in the database: rows of sixty stretches of a channel, packed, with columns about all of them.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension};

use crate::chunk::{Numbers, Sum, Timed, decode_sums, encode_sums};
use crate::chunk_table::damaged;

/// Stretches of one row: an hour of minutes, two and a half days of hours.
const ROW_STRETCHES: i64 = 60;

/// How long the stretches are that sums are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grain {
    Minute,
    Hour,
}

impl Grain {
    /// All of them, the finest first.
    pub(crate) const ALL: [Grain; 2] = [Grain::Minute, Grain::Hour];

    /// Its length, ms; this also is what the database calls it.
    pub(crate) fn ms(self) -> i64 {
        match self {
            Grain::Minute => 60_000,
            Grain::Hour => 3_600_000,
        }
    }

    /// The stretch that a time is in.
    pub(crate) fn stretch(self, ts: i64) -> i64 {
        ts.div_euclid(self.ms())
    }

    fn row(self, stretch: i64) -> i64 {
        stretch.div_euclid(ROW_STRETCHES)
    }
}

/// Adds sums, which may be of stretches that have one already. `sums` is in the order of their stretches.
pub(crate) fn add(connection: &Connection, channel: i64, grain: Grain, sums: &[Sum]) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO sums (channel, grain, row, first_ts, last_ts, numbers, min, max, mean, sums)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for new in sums.chunk_by(|one, next| grain.row(one.stretch) == grain.row(next.stretch)) {
        let row = grain.row(new[0].stretch);
        let merged = merged(stored(connection, channel, grain, row)?, new);
        let Some(all) = whole(&merged) else { continue };
        insert.execute((
            channel,
            grain.ms(),
            row,
            all.first.ts,
            all.last.ts,
            all.count.cast_signed(),
            all.min,
            all.max,
            all.mean,
            encode_sums(&merged),
        ))?;
    }
    Ok(())
}

/// All of some sums together.
fn whole(sums: &[Sum]) -> Option<Numbers> {
    sums.iter().map(|sum| sum.numbers).reduce(|mut all, numbers| {
        all.merge(&numbers);
        all
    })
}

fn stored(connection: &Connection, channel: i64, grain: Grain, row: i64) -> rusqlite::Result<Vec<Sum>> {
    let blob: Option<Vec<u8>> = connection
        .prepare_cached("SELECT sums FROM sums WHERE channel = ?1 AND grain = ?2 AND row = ?3")?
        .query_row((channel, grain.ms(), row), |row| row.get(0))
        .optional()?;
    Ok(blob.map_or(Vec::new(), |blob| readable(channel, &blob)))
}

/// The sums of a row. Of a damaged one none are left: it would be in the way of all that is committed with it, for ever.
fn readable(channel: i64, blob: &[u8]) -> Vec<Sum> {
    decode_sums(blob).unwrap_or_else(|error| {
        tracing::error!(channel, %error, "sums of some minutes or hours are lost");
        Vec::new()
    })
}

/// Both, in the order of their stretches; one for each stretch. What is new was committed later.
pub(crate) fn merged(mut stored: Vec<Sum>, new: &[Sum]) -> Vec<Sum> {
    stored.extend_from_slice(new);
    // Stable: of one stretch, what was stored stays before what is new.
    stored.sort_by_key(|sum| sum.stretch);
    let mut merged: Vec<Sum> = Vec::with_capacity(stored.len());
    for sum in stored {
        match merged.last_mut() {
            Some(last) if last.stretch == sum.stretch => last.numbers.merge(&sum.numbers),
            _ => merged.push(sum),
        }
    }
    merged
}

/// Takes away up to `limit` rows of which every stretch ended before `before`, and gives back what was in them, in the order of
/// time.
pub(crate) fn take(
    connection: &Connection,
    channel: i64,
    grain: Grain,
    before: i64,
    limit: usize,
) -> rusqlite::Result<Taken> {
    let end = grain.row(grain.stretch(before));
    let mut statement = connection.prepare_cached(
        "SELECT row, sums FROM sums WHERE channel = ?1 AND grain = ?2 AND row < ?3 ORDER BY row LIMIT ?4",
    )?;
    let mut rows = statement.query((channel, grain.ms(), end, limit as i64))?;
    let mut taken = Taken { rows: 0, sums: Vec::new() };
    let mut last = i64::MIN;
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        taken.sums.extend(readable(channel, row.get_ref(1)?.as_blob()?));
        taken.rows += 1;
    }
    connection
        .prepare_cached("DELETE FROM sums WHERE channel = ?1 AND grain = ?2 AND row <= ?3")?
        .execute((channel, grain.ms(), last))?;
    Ok(taken)
}

/// What was taken away.
pub(crate) struct Taken {
    /// Rows that went.
    pub(crate) rows: usize,
    /// What was in them, in the order of time.
    pub(crate) sums: Vec<Sum>,
}

/// What numbers are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// Up to sixty stretches that stand together.
    Row,
    /// One of them.
    Stretch,
}

/// Shows `take` the sums whose first number is in `times`: a row of them as one, where all of it is in `times`. If `take`
/// says no to that, or where it is not, one stretch after the other.
pub(crate) fn read(
    connection: &Connection,
    channel: i64,
    times: &Range<i64>,
    mut take: impl FnMut(Of, &Numbers) -> bool,
) -> rusqlite::Result<()> {
    for grain in Grain::ALL {
        let (first, last) = (grain.row(grain.stretch(times.start)), grain.row(grain.stretch(times.end)));
        let mut statement = connection.prepare_cached(
            "SELECT first_ts, last_ts, numbers, min, max, mean, sums FROM sums
             WHERE channel = ?1 AND grain = ?2 AND row BETWEEN ?3 AND ?4 ORDER BY row",
        )?;
        let mut rows = statement.query((channel, grain.ms(), first, last))?;
        while let Some(row) = rows.next()? {
            let timed = |column| Ok::<_, rusqlite::Error>(Timed { ts: row.get(column)?, number: 0.0 });
            let all = Numbers {
                first: timed(0)?,
                last: timed(1)?,
                count: row.get::<_, i64>(2)?.cast_unsigned(),
                min: row.get(3)?,
                max: row.get(4)?,
                mean: row.get(5)?,
            };
            if times.contains(&all.first.ts) && times.contains(&all.last.ts) && take(Of::Row, &all) {
                continue;
            }
            for sum in decode_sums(row.get_ref(6)?.as_blob()?).map_err(damaged)? {
                if times.contains(&sum.numbers.first.ts) {
                    take(Of::Stretch, &sum.numbers);
                }
            }
        }
    }
    Ok(())
}
