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
use crate::limits::{FOLD_BYTES, FOLD_COMMITS, FOLD_SAMPLES, FOLD_SLICE_CHANNELS, FOLD_TAKE_SAMPLES};
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

struct Channel {
    device: DeviceKey,
    key: i64,
    samples: Vec<StoredSample>,
}

impl Folding {
    /// Reads what is in the journal, at most [`FOLD_TAKE_SAMPLES`] and the rest of a commit.
    pub(crate) fn begin(connection: &Connection, keys: &mut Keys) -> rusqlite::Result<Folding> {
        let mut folding = Folding { up_to: 0, extent: Extent::default(), channels: Vec::new() };
        let mut places = KeyMap::default();
        let mut statement =
            connection.prepare_cached("SELECT id, samples, content FROM journal ORDER BY id")?;
        let mut rows = statement.query([])?;
        while folding.extent.samples < FOLD_TAKE_SAMPLES
            && let Some(row) = rows.next()?
        {
            let content = row.get_ref(2)?.as_blob()?;
            folding.up_to = row.get(0)?;
            folding.extent.commits += 1;
            folding.extent.samples += row.get::<_, i64>(1)?.cast_unsigned();
            folding.extent.bytes += content.len() as u64;
            if let Err(error) = folding.take(content, keys, &mut places) {
                // Not even an older copy of it is anywhere: whatever stands behind the damage is lost.
                tracing::error!(%error, commit = folding.up_to, "a part of the journal cannot be read and is lost");
            }
        }
        Ok(folding)
    }

    /// Takes one commit in.
    fn take(
        &mut self,
        content: &[u8],
        keys: &mut Keys,
        places: &mut KeyMap<i64, usize>,
    ) -> Result<(), Corrupt> {
        for message in Messages::of(content) {
            let message = message?;
            let device = message.device;
            let Some(known) = keys.device(device) else { continue };
            message.samples(|key, sample| {
                if sample.cursor <= known.folded(key) {
                    return;
                }
                let place = *places.entry(key).or_insert_with(|| {
                    self.channels.push(Channel { device, key, samples: Vec::new() });
                    self.channels.len() - 1
                });
                self.channels[place].samples.push(sample.shared());
            })?;
        }
        Ok(())
    }

    /// Folds some channels, the more the more there is in the journal; with the last of them the commits leave it.
    /// `connection` is inside a transaction. What left the journal, when that was all.
    pub(crate) fn slice(
        &mut self,
        connection: &Connection,
        keys: &mut Keys,
        journal: Extent,
    ) -> rusqlite::Result<Option<Extent>> {
        let channels = FOLD_SLICE_CHANNELS * (1 + (journal.samples / FOLD_TAKE_SAMPLES) as usize);
        let rest = self.channels.len().saturating_sub(channels);
        for channel in self.channels.drain(rest..) {
            channel.fold(connection, keys)?;
        }
        if rest > 0 {
            return Ok(None);
        }
        rows::empty_journal(connection, self.up_to)?;
        Ok(Some(self.extent))
    }
}

impl Channel {
    fn fold(self, connection: &Connection, keys: &mut Keys) -> rusqlite::Result<()> {
        // The device may have been removed since the folding began.
        let Some(known) = keys.device(self.device) else { return Ok(()) };
        let Some(folded) = self.samples.last().map(|sample| sample.cursor) else { return Ok(()) };
        let newest = self.samples.iter().rev().find(|sample| !sample.late);
        let latest = newest.map(|sample| (&*sample.value, sample.ts, sample.cursor));
        rows::set_folded(connection, self.key, folded, latest)?;
        known.set_folded(self.key, folded);
        chunk_table::append(connection, self.key, self.samples)
    }
}
