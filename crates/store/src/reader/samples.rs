//! Every stored sample of a channel, in the order of the commits, a page at a time.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use rusqlite::Connection;

use super::Reader;
use super::sessions::Sessions;
use super::stored::{self, Channel};
use crate::chunk::StoredSample;
use crate::error::ReadError;
use crate::limits::SAMPLES_PAGE;
use crate::write::{DeviceKey, Position};

/// A stored sample.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleRow {
    /// The time that is shown and compared, ms since 1970.
    pub ts: i64,
    /// What the device said, when its clock was wrong.
    pub device_ts: Option<i64>,
    /// Raw JSON, exactly as sent.
    pub value: Arc<str>,
    /// The session and seq of its message; `None` when that had no number.
    pub position: Option<Position>,
}

/// What is left of a stream.
struct Stretch {
    channel: Channel,
    /// Cursors up to this one are done.
    after: u64,
    /// And above this one came later.
    last: u64,
    /// No chunk between these cursors has a sample of the times asked for.
    without: (u64, u64),
    times: Range<i64>,
}

impl Reader {
    /// Calls `each` with the samples of `from` ≤ ts < `to` in the order in which they were committed, until it breaks.
    /// Samples committed after this call began are not among them. However many there are, about a page of
    /// [`SAMPLES_PAGE`] is in memory, and while `each` runs no connection is held: it may take its time.
    ///
    /// # Errors
    /// When the database cannot be read or what stands in it is damaged; `each` has had what came before.
    pub fn samples(
        &self,
        device: DeviceKey,
        channel: &str,
        from: i64,
        to: i64,
        each: &mut dyn FnMut(SampleRow) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let begin = |connection: &Connection| Stretch::begin(connection, device, channel, from..to);
        let Some(mut stretch) = self.with(begin)? else { return Ok(()) };
        while stretch.after < stretch.last {
            for sample in self.with(|connection| stretch.page(connection))? {
                if each(sample).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

impl Stretch {
    fn begin(
        connection: &Connection,
        device: DeviceKey,
        channel: &str,
        times: Range<i64>,
    ) -> rusqlite::Result<Option<Stretch>> {
        let Some(channel) = Channel::find(connection, device, channel)? else { return Ok(None) };
        let last = stored::head(connection, device)?;
        // The index over time holds the cursors too: this does not touch the chunks.
        let mut statement = connection.prepare_cached(
            "SELECT min(first), max(last) FROM chunk INDEXED BY chunk_time
             WHERE channel = ?1 AND max_ts >= ?2 AND min_ts < ?3",
        )?;
        let (first, end): (Option<i64>, Option<i64>) = statement
            .query_row((channel.key, times.start, times.end), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (after, end) = match first.zip(end) {
            Some((first, end)) => (first.cast_unsigned().saturating_sub(1), end.cast_unsigned()),
            None => (0, 0),
        };
        Ok(Some(Stretch { channel, after, last, without: (end, channel.folded), times }))
    }

    /// Reads one page, whole messages, and moves on behind it.
    fn page(&mut self, connection: &Connection) -> rusqlite::Result<Vec<SampleRow>> {
        let Some(channel) = self.channel.again(connection)? else {
            self.after = self.last;
            return Ok(Vec::new());
        };
        let mut page = Page { stretch: self, end: None, newest: self.after, samples: Vec::new() };
        let (end, folded) = self.without;
        // What was folded since this stream began lies behind those that were there.
        for cursors in [self.after..end, folded.max(self.after)..u64::MAX] {
            channel.chunks(connection, cursors, self.times.clone(), |samples| {
                for sample in samples {
                    if page.takes(sample.cursor, sample.ts) {
                        page.samples.push(sample);
                    }
                }
                page.end.is_some()
            })?;
        }
        channel.in_journal(connection, |sample| {
            if page.takes(sample.cursor, sample.ts) {
                page.samples.push(sample.shared());
            }
        })?;
        let Page { end, samples, .. } = page;
        self.after = end.unwrap_or(self.last);
        let mut sessions = Sessions::default();
        let row = |sample: StoredSample| {
            Ok(SampleRow {
                ts: sample.ts,
                device_ts: sample.device_ts,
                position: sessions.position(connection, sample.session, sample.seq)?,
                value: sample.value,
            })
        };
        samples.into_iter().map(row).collect()
    }
}

/// A page being filled.
struct Page<'a> {
    stretch: &'a Stretch,
    /// The cursor of its last message, once it is full.
    end: Option<u64>,
    /// The cursor of the message that was looked at last.
    newest: u64,
    samples: Vec<StoredSample>,
}

impl Page<'_> {
    /// Whether a sample belongs here; they are asked about in their order.
    fn takes(&mut self, cursor: u64, ts: i64) -> bool {
        if self.end.is_some() || cursor <= self.stretch.after || cursor > self.stretch.last {
            return false;
        }
        if self.samples.len() >= SAMPLES_PAGE && cursor != self.newest {
            self.end = Some(self.newest);
            return false;
        }
        self.newest = cursor;
        self.stretch.times.contains(&ts)
    }
}
