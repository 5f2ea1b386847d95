//! Where in time a recorded gap lies, as far as anybody knows: between the samples around it.

use rusqlite::{Connection, OptionalExtension};

use super::Reader;
use super::history::GapRow;
use super::stored::Channel;
use crate::chunk::{self, StoredSample};
use crate::chunk_table::damaged;
use crate::error::ReadError;
use crate::limits::GAPS_AROUND_MAX;
use crate::load;
use crate::write::DeviceKey;

/// The times of a channel's samples around a gap, ms since 1970. Late samples do not count: they are of another time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// The last sample that was committed before it.
    pub after: Option<i64>,
    /// The first one that was committed behind it.
    pub before: Option<i64>,
}

impl Reader {
    /// What lies around each of `gaps`, which are gaps of this device in the order in which they were learned. Only the
    /// newest [`GAPS_AROUND_MAX`] are looked at: nothing is known of what lies around the others.
    ///
    /// # Errors
    /// When the database cannot be read, or what stands in it is damaged.
    pub fn around(
        &self,
        device: DeviceKey,
        channel: &str,
        gaps: &[GapRow],
    ) -> Result<Vec<Around>, ReadError> {
        let mut around = vec![Around::default(); gaps.len()];
        let first = gaps.len().saturating_sub(GAPS_AROUND_MAX);
        if gaps.is_empty() {
            return Ok(around);
        }
        self.with(|connection| {
            let Some(channel) = Channel::find(connection, device, channel)? else { return Ok(()) };
            let mut places = Vec::new();
            for gap in &gaps[first..] {
                places.push(Place::find(connection, channel, gap)?);
            }
            channel.in_journal(connection, |sample| {
                places.iter_mut().for_each(|place| place.look_at(sample.cursor, sample.ts, sample.late));
            })?;
            for (around, place) in around[first..].iter_mut().zip(places) {
                let time = |found: Option<(u64, i64)>| found.map(|(_, ts)| ts);
                *around = Around { after: time(place.last), before: time(place.first) };
            }
            Ok(())
        })?;
        Ok(around)
    }
}

/// A gap, and the nearest samples seen so far: their cursors and times.
struct Place {
    cursor: u64,
    last: Option<(u64, i64)>,
    first: Option<(u64, i64)>,
}

impl Place {
    /// The gap's place, with what the chunks have around it.
    fn find(connection: &Connection, channel: Channel, gap: &GapRow) -> rusqlite::Result<Place> {
        let cursor = connection
            .prepare_cached(
                "SELECT cursor FROM gap WHERE device = ?1 AND at = ?2 AND session = ?3 AND from_seq = ?4",
            )?
            .query_row(
                (channel.device.0.cast_signed(), gap.at, &gap.session, gap.from.cast_signed()),
                |row| load::unsigned(row, 0),
            )
            .optional()?;
        let mut place = Place { cursor: cursor.unwrap_or(0), last: None, first: None };
        if cursor.is_none() {
            return Ok(place);
        }
        channel.chunks(connection, place.cursor..u64::MAX, i64::MIN..i64::MAX, |samples| {
            place.look_at_all(&samples);
            true
        })?;
        if place.last.is_none() {
            let mut statement = connection.prepare_cached(
                "SELECT samples FROM chunk INDEXED BY chunk_order
                 WHERE channel = ?1 AND last < ?2 ORDER BY last DESC, id DESC LIMIT 1",
            )?;
            let mut rows = statement.query((channel.key, place.cursor.cast_signed()))?;
            if let Some(row) = rows.next()? {
                place.look_at_all(&chunk::decode(row.get_ref(0)?.as_blob()?).map_err(damaged)?);
            }
        }
        Ok(place)
    }

    fn look_at_all(&mut self, samples: &[StoredSample]) {
        samples.iter().for_each(|sample| self.look_at(sample.cursor, sample.ts, sample.late));
    }

    fn look_at(&mut self, cursor: u64, ts: i64, late: bool) {
        if late {
            return;
        }
        if cursor < self.cursor && self.last.is_none_or(|(last, _)| last <= cursor) {
            self.last = Some((cursor, ts));
        }
        if cursor > self.cursor && self.first.is_none_or(|(first, _)| cursor < first) {
            self.first = Some((cursor, ts));
        }
    }
}
