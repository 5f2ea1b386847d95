//! The open database, and what the writer knows of it so that a batch needs no look into it.
//!
//! All of it is dropped after a failed transaction: it may be ahead of what is stored.

use rusqlite::{Connection, TransactionBehavior};

use super::batch::Batch;
use super::carry::{self, Carried};
use super::chores::Chores;
use super::fold::Extent;
use super::keys::Keys;
use super::open;
use crate::judge::Judge;
use crate::load::{self, DeviceRow};
use crate::loaded::LoadedDevice;
use crate::retention::Retention;

/// The open database.
pub(crate) struct Database {
    connection: Connection,
    /// The number of the last commit.
    last: i64,
    keys: Keys,
    /// What is in the journal.
    journal: Extent,
    chores: Chores,
}

impl Database {
    /// Takes a connection that is set up; `devices` was read through it.
    pub(crate) fn new(
        connection: Connection,
        devices: &[DeviceRow],
        retention: &[Retention],
    ) -> rusqlite::Result<Database> {
        Ok(Database {
            last: load::last_commit(&connection)?,
            keys: Keys::of(devices),
            journal: Extent::read(&connection)?,
            chores: Chores::of(&connection, retention)?,
            connection,
        })
    }

    /// The number of the last commit.
    pub(crate) fn last_commit(&self) -> i64 {
        self.last
    }

    /// The number that the next commit gets.
    pub(crate) fn next_commit(&self) -> i64 {
        self.last + 1
    }

    /// What is stored of the devices.
    #[cfg(test)]
    pub(crate) fn devices(&self) -> rusqlite::Result<Vec<LoadedDevice>> {
        load::devices(&self.connection).map(loaded)
    }

    /// Samples in the journal.
    #[cfg(test)]
    pub(crate) fn journaled(&self) -> u64 {
        self.journal.samples
    }

    /// Whether a transaction would do something even without writes.
    pub(crate) fn has_more_to_do(&self) -> bool {
        self.chores.is_busy()
    }

    /// One transaction: the batch, and a piece of each chore. On an error none of it is stored, as far as the disk can be
    /// believed, and this is of no use any more.
    pub(crate) fn transact(&mut self, batch: &Batch, judge: &Judge) -> rusqlite::Result<()> {
        if batch.is_empty() && !self.has_more_to_do() {
            return Ok(());
        }
        let mut transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (mut last, mut added, mut carried) = (self.last, Extent::default(), Carried::default());
        if !batch.is_empty() {
            let ownerless = &mut self.chores.ownerless;
            carried = carry::carry(&transaction, batch, judge, &mut self.keys, ownerless)?;
            last = batch.number;
            added = Extent { commits: 1, samples: carried.samples, bytes: carried.bytes };
        }
        let left = self.chores.slice(&mut transaction, carried, &mut self.keys, self.journal, last)?;
        transaction.commit()?;
        self.last = last;
        self.journal.add(added);
        self.journal.subtract(left.unwrap_or_default());
        Ok(())
    }

    /// Begins to fold when there is enough in the journal, or when it is time.
    pub(crate) fn look_after_journal(&mut self) -> rusqlite::Result<()> {
        self.chores.look_after_journal(&self.connection, &mut self.keys, self.journal, self.last)
    }

    /// After a transaction that was impossible: what is stored counts, and the judge begins there again.
    pub(crate) fn read_anew(&mut self, judge: &mut Judge) -> rusqlite::Result<()> {
        let devices = load::devices(&self.connection)?;
        self.keys = Keys::of(&devices);
        self.journal = Extent::read(&self.connection)?;
        self.chores.begin_anew(&self.connection)?;
        judge.reset(&loaded(devices));
        Ok(())
    }

    /// The end: the journal goes into chunks, and what is left in the write-ahead log into the database, so that the next
    /// start finds one file.
    pub(crate) fn close(mut self) {
        if let Err(error) = self.tidy_up() {
            // Nothing is lost: the next start does it.
            tracing::warn!(%error, "the store could not be tidied up at its end");
        }
    }

    fn tidy_up(&mut self) -> rusqlite::Result<()> {
        self.chores.fold_all(&mut self.connection, &mut self.keys, &mut self.journal)?;
        open::mark_closed(&self.connection)?;
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    }
}

/// The devices as the hub sees them.
pub(crate) fn loaded(devices: Vec<DeviceRow>) -> Vec<LoadedDevice> {
    devices.into_iter().map(|row| row.device).collect()
}
