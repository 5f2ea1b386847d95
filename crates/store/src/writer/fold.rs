//! Folding: what commits left in the journal is moved into chunks, a slice with each commit.
//!
//! ```text
//! journal rows ──▶ by channel ──▶ slice by slice behind the channels' chunks ──▶ with the last slice the rows go
//! ```
//!
//! In the transaction in which the samples of a channel go into chunks its row says up to which cursor they are there
//! (`folded`). So what the journal still has of them counts no longer: not for readers, and not for a folding that begins
//! anew after one that was interrupted. Samples of removed devices are left behind.

use rusqlite::Connection;

use super::keys::Keys;
use super::rows;
use crate::chunk::{Corrupt, StoredSample};
use crate::chunk_table;
use crate::journal::Messages;
use crate::key_map::KeyMap;
use crate::limits::{
    FOLD_BYTES, FOLD_COMMITS, FOLD_SAMPLES, FOLD_SLICE_CHANNELS, FOLD_TAKE_BYTES, FOLD_TAKE_SAMPLES,
};
use crate::write::DeviceKey;

/// What is in the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) commits: u64,
    pub(crate) samples: u64,
    pub(crate) bytes: u64,
}

impl Extent {
    /// As the database has it.
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Extent> {
        let sql =
            "SELECT count(*), coalesce(sum(samples), 0), coalesce(sum(length(content)), 0) FROM journal";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let (commits, samples, bytes): (i64, i64, i64) = connection.query_row(sql, [], row)?;
        Ok(Extent {
            commits: commits.cast_unsigned(),
            samples: samples.cast_unsigned(),
            bytes: bytes.cast_unsigned(),
        })
    }

    pub(crate) fn add(&mut self, more: Extent) {
        self.commits += more.commits;
        self.samples += more.samples;
        self.bytes += more.bytes;
    }

    pub(crate) fn subtract(&mut self, less: Extent) {
        self.commits = self.commits.saturating_sub(less.commits);
        self.samples = self.samples.saturating_sub(less.samples);
        self.bytes = self.bytes.saturating_sub(less.bytes);
    }

    /// Whether it is time to fold.
    pub(crate) fn is_full(self) -> bool {
        self.samples >= FOLD_SAMPLES || self.bytes >= FOLD_BYTES || self.commits >= FOLD_COMMITS
    }
}

/// A folding that was begun.
pub(crate) struct Folding {
    /// The last commit of which it takes the samples.
    up_to: i64,
    /// What those commits brought.
    extent: Extent,
    /// Channels that are still to be folded, each with its samples in the order of the commits.
    channels: Vec<Channel>,
}

/// What a slice has done, once its transaction is committed.
pub(crate) struct Slice {
    /// Channels with their devices, and up to which cursor their samples are in chunks.
    pub(crate) folded: Vec<(DeviceKey, i64, u64)>,
    /// What left the journal, when that was all.
    pub(crate) left: Option<Extent>,
}

struct Channel {
    device: DeviceKey,
    key: i64,
    samples: Vec<StoredSample>,
}

impl Folding {
    /// Reads what is in the journal, at most [`FOLD_TAKE_SAMPLES`] or [`FOLD_TAKE_BYTES`] and the rest of a commit.
    pub(crate) fn begin(connection: &Connection, keys: &mut Keys) -> rusqlite::Result<Folding> {
        let mut folding = Folding { up_to: 0, extent: Extent::default(), channels: Vec::new() };
        let mut places = KeyMap::default();
        let mut statement =
            connection.prepare_cached("SELECT id, samples, content FROM journal ORDER BY id")?;
        let mut rows = statement.query([])?;
        while folding.extent.samples < FOLD_TAKE_SAMPLES
            && folding.extent.bytes < FOLD_TAKE_BYTES
            && let Some(row) = rows.next()?
        {
            let content = row.get_ref(2)?.as_blob()?;
            folding.up_to = row.get(0)?;
            folding.extent.commits += 1;
            folding.extent.samples += row.get::<_, i64>(1)?.cast_unsigned();
            folding.extent.bytes += content.len() as u64;
            if let Err(error) = folding.take(connection, content, keys, &mut places)? {
                // Not even an older copy of it is anywhere: whatever stands behind the damage is lost.
                tracing::error!(%error, commit = folding.up_to, "a part of the journal cannot be read and is lost");
            }
        }
        Ok(folding)
    }

    /// Takes one commit in, up to where it is damaged.
    fn take(
        &mut self,
        connection: &Connection,
        content: &[u8],
        keys: &mut Keys,
        places: &mut KeyMap<i64, usize>,
    ) -> rusqlite::Result<Result<(), Corrupt>> {
        for message in Messages::of(content) {
            let message = match message {
                Ok(message) => message,
                Err(error) => return Ok(Err(error)),
            };
            let device = message.device;
            let Some(known) = keys.device(connection, device)? else { continue };
            let read = message.samples(|key, sample| {
                if sample.cursor <= known.folded(key) {
                    return;
                }
                let place = *places.entry(key).or_insert_with(|| {
                    self.channels.push(Channel { device, key, samples: Vec::new() });
                    self.channels.len() - 1
                });
                self.channels[place].samples.push(sample.shared());
            });
            if read.is_err() {
                return Ok(read);
            }
        }
        Ok(Ok(()))
    }

    /// Folds some channels, the more the more there is in the journal; with the last of them the commits leave it.
    /// `connection` is inside a transaction.
    pub(crate) fn slice(
        &mut self,
        connection: &Connection,
        keys: &mut Keys,
        journal: Extent,
    ) -> rusqlite::Result<Slice> {
        let waiting = (journal.samples / FOLD_TAKE_SAMPLES).max(journal.bytes / FOLD_TAKE_BYTES);
        let channels = FOLD_SLICE_CHANNELS * (1 + waiting as usize);
        let rest = self.channels.len().saturating_sub(channels);
        let mut slice = Slice { folded: Vec::new(), left: None };
        for channel in self.channels.drain(rest..) {
            // The device may have been removed since the folding began.
            if keys.device(connection, channel.device)?.is_some() {
                slice.folded.extend(channel.fold(connection)?);
            }
        }
        if rest == 0 {
            rows::empty_journal(connection, self.up_to)?;
            slice.left = Some(self.extent);
        }
        Ok(slice)
    }
}

impl Channel {
    fn fold(self, connection: &Connection) -> rusqlite::Result<Option<(DeviceKey, i64, u64)>> {
        let Some(folded) = self.samples.last().map(|sample| sample.cursor) else { return Ok(None) };
        let newest = self.samples.iter().rev().find(|sample| !sample.late);
        let latest = newest.map(|sample| (&*sample.value, sample.ts, sample.cursor));
        rows::set_folded(connection, self.key, folded, latest)?;
        chunk_table::append(connection, self.key, self.samples)?;
        Ok(Some((self.device, self.key, folded)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::{Folding, Keys};
    use crate::journal::Journal;
    use crate::limits::FOLD_TAKE_BYTES;
    use crate::migration;
    use crate::write::{DeviceKey, Sample};
    use crate::writer::rows;

    #[test]
    fn a_folding_takes_no_more_into_memory_than_so_many_bytes() {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        migration::STORE.migrate(&mut connection).unwrap();
        let mut journal = Journal::default();
        let value = "1".repeat(1024 * 1024).as_str().into();
        journal.begin(1, None);
        journal.sample(1, &Sample { channel: "any".into(), ts: 1, device_ts: None, late: false, value });
        journal.end(DeviceKey(1));
        let commit = journal.content().len() as u64;
        let commits = 2 * FOLD_TAKE_BYTES / commit;
        for number in 1..=commits.cast_signed() {
            rows::insert_journal(&connection, number, 1, journal.content()).unwrap();
        }
        let folding = Folding::begin(&connection, &mut Keys::default()).unwrap();
        let taken = folding.extent.bytes;
        assert!((FOLD_TAKE_BYTES..FOLD_TAKE_BYTES + commit).contains(&taken), "{taken}");
    }
}
