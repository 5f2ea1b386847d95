//! A device's log from a cursor on, for those who missed a piece of it.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Connection;

use super::Reader;
use super::history::GapRow;
use super::sessions::Sessions;
use super::stored::{self, Channel};
use crate::chunk::StoredSample;
use crate::entry::{Entry, EntryContent};
use crate::error::ReadError;
use crate::limits::{ENTRIES_MAX, ENTRIES_SAMPLES_MAX};
use crate::load;
use crate::write::{DeviceKey, Sample};

impl Reader {
    /// What stands in a device's log behind the cursor `after`: one entry for each cursor, in their order, without a hole; at
    /// most `limit` and [`ENTRIES_MAX`], and fewer where they hold more than [`ENTRIES_SAMPLES_MAX`] samples. Empty at the
    /// end of the log and where there is no such device.
    ///
    /// # Errors
    /// When the database cannot be read, or what stands in it is damaged.
    pub fn messages(&self, device: DeviceKey, after: u64, limit: usize) -> Result<Vec<Entry>, ReadError> {
        self.with(|connection| {
            let head = stored::head(connection, device)?;
            let count = head.saturating_sub(after).min(limit.min(ENTRIES_MAX) as u64);
            if count == 0 {
                return Ok(Vec::new());
            }
            let channels = channels(connection, device)?;
            let stretch = Stretch::read(connection, &channels, device, after, count)?;
            let mut sessions = Sessions::default();
            let entry = |(cursor, place): (u64, Place)| {
                Ok(Entry { cursor, content: place.content(connection, &channels, &mut sessions)? })
            };
            (after + 1..).zip(stretch.places).map(entry).collect()
        })
    }
}

/// The entries behind `after`, while they are put together.
struct Stretch {
    after: u64,
    places: Vec<Place>,
    /// Samples in them.
    samples: usize,
}

/// What was found at one cursor.
#[derive(Default)]
struct Place {
    /// Samples, each with the place of its channel.
    samples: Vec<(usize, StoredSample)>,
    gap: Option<GapRow>,
}

impl Stretch {
    fn read(
        connection: &Connection,
        channels: &[(Arc<str>, Channel)],
        device: DeviceKey,
        after: u64,
        count: u64,
    ) -> rusqlite::Result<Stretch> {
        let mut stretch = Stretch { after, places: Vec::new(), samples: 0 };
        stretch.places.resize_with(count as usize, Place::default);
        for (place, (_, channel)) in channels.iter().enumerate() {
            channel.chunks(connection, after..u64::MAX, i64::MIN..i64::MAX, |samples| {
                let was_last = samples.last().is_some_and(|sample| sample.cursor > stretch.end());
                samples.into_iter().for_each(|sample| stretch.add(place, sample));
                was_last
            })?;
        }
        let places: HashMap<i64, usize> =
            (0..).zip(channels).map(|(n, (_, channel))| (channel.key, n)).collect();
        stored::journal(connection, device, |key, sample| {
            let Some(place) = places.get(&key).copied() else { return };
            if sample.cursor > channels[place].1.folded && stretch.is_within(sample.cursor) {
                stretch.add(place, sample.shared());
            }
        })?;
        stretch.add_gaps(connection, device)?;
        Ok(stretch)
    }

    /// The last cursor.
    fn end(&self) -> u64 {
        self.after + self.places.len() as u64
    }

    fn is_within(&self, cursor: u64) -> bool {
        cursor > self.after && cursor <= self.end()
    }

    fn add(&mut self, channel: usize, sample: StoredSample) {
        if !self.is_within(sample.cursor) {
            return;
        }
        self.places[(sample.cursor - self.after - 1) as usize].samples.push((channel, sample));
        self.samples += 1;
        // Too much: the last ones are left for the next call.
        while self.samples > ENTRIES_SAMPLES_MAX && self.places.len() > 1 {
            self.samples -= self.places.pop().map_or(0, |place| place.samples.len());
        }
    }

    fn add_gaps(&mut self, connection: &Connection, device: DeviceKey) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {}, cursor FROM gap WHERE device = ?1 AND cursor > ?2 AND cursor <= ?3",
            GapRow::COLUMNS
        ))?;
        let range = (device.0.cast_signed(), self.after.cast_signed(), self.end().cast_signed());
        let mut rows = statement.query(range)?;
        while let Some(row) = rows.next()? {
            let cursor = load::unsigned(row, 5)?;
            self.places[(cursor - self.after - 1) as usize].gap = Some(GapRow::read(row)?);
        }
        Ok(())
    }
}

impl Place {
    fn content(
        mut self,
        connection: &Connection,
        channels: &[(Arc<str>, Channel)],
        sessions: &mut Sessions,
    ) -> rusqlite::Result<EntryContent> {
        if let Some(gap) = self.gap {
            return Ok(EntryContent::Gap(gap));
        }
        let Some((_, first)) = self.samples.first() else { return Ok(EntryContent::Nothing) };
        let position = sessions.position(connection, first.session, first.seq)?;
        self.samples.sort_by_key(|(channel, _)| *channel);
        let sample = |(channel, sample): (usize, StoredSample)| Sample {
            channel: channels[channel].0.clone(),
            ts: sample.ts,
            device_ts: sample.device_ts,
            late: sample.late,
            value: sample.value,
        };
        Ok(EntryContent::Message { position, samples: self.samples.into_iter().map(sample).collect() })
    }
}

/// The channels of a device, in the order in which they first appeared.
fn channels(connection: &Connection, device: DeviceKey) -> rusqlite::Result<Vec<(Arc<str>, Channel)>> {
    let mut statement =
        connection.prepare_cached("SELECT key, folded, name FROM channel WHERE device = ?1 ORDER BY key")?;
    let rows = statement.query_map([device.0.cast_signed()], |row| {
        Ok((row.get(2)?, Channel { device, key: row.get(0)?, folded: load::unsigned(row, 1)? }))
    })?;
    rows.collect()
}
