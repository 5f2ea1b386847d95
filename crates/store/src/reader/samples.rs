//! Every stored sample of a channel, in the order of the commits, a page at a time.

use std::ops::ControlFlow;
use std::sync::Arc;

use rusqlite::{Connection, Row};

use super::{Reader, channel_key};
use crate::error::ReadError;
use crate::limits::SAMPLES_PAGE;
use crate::load;
use crate::write::{DeviceKey, Position};

/// A stored sample.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleRow {
    /// The time that is shown and compared, ms since 1970.
    pub ts: i64,
    /// What the device said, when its clock was wrong.
    pub device_ts: Option<i64>,
    /// Raw JSON, exactly as sent.
    pub value: Box<str>,
    /// The session and seq of its message; `None` when that had no number.
    pub position: Option<Position>,
}

/// What is left of a stream: ids `next` to `last` of a channel, and the times asked for.
struct Stretch {
    channel: i64,
    next: i64,
    last: i64,
    from: i64,
    to: i64,
}

impl Reader {
    /// Calls `each` with the samples of `from` ≤ ts < `to` in the order in which they were committed, until it breaks.
    /// Samples committed after this call began are not among them. However many there are, a page of
    /// [`SAMPLES_PAGE`] is in memory, and while `each` runs no connection is held: it may take its time.
    pub fn samples(
        &self,
        device: DeviceKey,
        channel: &str,
        from: i64,
        to: i64,
        each: &mut dyn FnMut(SampleRow) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let stretch = self.with(|connection| find(connection, device, channel, from, to))?;
        let Some(mut stretch) = stretch else { return Ok(()) };
        loop {
            let page = self.with(|connection| stretch.page(connection))?;
            let full = page.len() == SAMPLES_PAGE;
            for sample in page {
                if each(sample).is_break() {
                    return Ok(());
                }
            }
            if !full {
                return Ok(());
            }
        }
    }
}

fn find(
    connection: &Connection,
    device: DeviceKey,
    channel: &str,
    from: i64,
    to: i64,
) -> rusqlite::Result<Option<Stretch>> {
    let Some(channel) = channel_key(connection, device, channel)? else { return Ok(None) };
    // The index over time holds the ids too: this does not touch the samples.
    let mut statement = connection.prepare_cached(
        "SELECT min(id), max(id) FROM sample INDEXED BY sample_time WHERE channel = ?1 AND ts >= ?2 AND ts < ?3",
    )?;
    let (first, last): (Option<i64>, Option<i64>) =
        statement.query_row((channel, from, to), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(first.zip(last).map(|(next, last)| Stretch { channel, next, last, from, to }))
}

impl Stretch {
    /// Reads one page and moves on behind it. A page that is not full is the last one.
    fn page(&mut self, connection: &Connection) -> rusqlite::Result<Vec<SampleRow>> {
        // `+ts`: in the order of ids, not by the index over time with all of it sorted afterwards.
        let mut statement = connection.prepare_cached(
            "SELECT id, ts, device_ts, value, seq, session.name
             FROM sample LEFT JOIN session ON session.key = sample.session
             WHERE channel = ?1 AND id BETWEEN ?2 AND ?3 AND +ts >= ?4 AND +ts < ?5
             ORDER BY id LIMIT ?6",
        )?;
        let limit = SAMPLES_PAGE as i64;
        let mut rows = statement.query((self.channel, self.next, self.last, self.from, self.to, limit))?;
        let mut page = Vec::new();
        let mut session: Option<Arc<str>> = None;
        while let Some(row) = rows.next()? {
            self.next = row.get::<_, i64>(0)? + 1;
            session = name_shared(row, session)?;
            page.push(sample(row, session.clone())?);
        }
        Ok(page)
    }
}

/// The session's name; neighbours are mostly of the same session and share it.
fn name_shared(row: &Row<'_>, before: Option<Arc<str>>) -> rusqlite::Result<Option<Arc<str>>> {
    let name = row.get_ref(5)?.as_str_or_null()?;
    Ok(match (name, before) {
        (Some(name), Some(before)) if *before == *name => Some(before),
        (name, _) => name.map(Arc::from),
    })
}

fn sample(row: &Row<'_>, session: Option<Arc<str>>) -> rusqlite::Result<SampleRow> {
    let position = match session {
        Some(session) => Some(Position { session, seq: load::unsigned(row, 4)? }),
        None => None,
    };
    Ok(SampleRow { ts: row.get(1)?, device_ts: row.get(2)?, value: row.get(3)?, position })
}
