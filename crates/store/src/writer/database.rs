//! The open database, and what the writer knows of it so that a batch needs no look into it.
//!
//! All of it is dropped after a failed transaction: it may be ahead of what is stored.

use rusqlite::{Connection, TransactionBehavior};

use super::batch::Batch;
use super::carry::{self, Carried};
use super::fold::{Extent, Folding};
use super::keys::Keys;
use super::{open, sweep};
use crate::judge::Judge;
use crate::load::{self, DeviceRow};
use crate::loaded::LoadedDevice;
use crate::retention::{Keeper, Retention};

/// The open database.
pub(crate) struct Database {
    connection: Connection,
    /// The number of the last commit.
    last: i64,
    keys: Keys,
    /// Channels of removed devices, whose chunks are still to be deleted.
    ownerless: Vec<i64>,
    /// What is in the journal.
    journal: Extent,
    folding: Option<Folding>,
    keeper: Keeper,
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
            ownerless: load::ownerless_channels(&connection)?,
            journal: Extent::read(&connection)?,
            folding: None,
            keeper: Keeper::new(retention.to_vec()),
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
        self.folding.is_some() || !self.ownerless.is_empty() || self.keeper.is_busy()
    }

    /// One transaction: the batch, a slice of the folding, a piece of what is to be deleted and of what is too old. On an
    /// error none of it is stored, as far as the disk can be believed, and this is of no use any more.
    pub(crate) fn transact(&mut self, batch: &Batch, judge: &Judge) -> rusqlite::Result<()> {
        if batch.is_empty() && !self.has_more_to_do() {
            return Ok(());
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let carried = match batch.is_empty() {
            true => None,
            false => Some(carry::carry(&transaction, batch, judge, &mut self.keys, &mut self.ownerless)?),
        };
        let folded = match &mut self.folding {
            Some(folding) => folding.slice(&transaction, &mut self.keys, self.journal)?,
            None => None,
        };
        sweep::sweep(&transaction, &mut self.ownerless)?;
        if let Some(now) = carried.and_then(|carried| carried.now) {
            self.keeper.begin(&transaction, now)?;
        }
        self.keeper.slice(&transaction)?;
        transaction.commit()?;
        if let Some(Carried { samples, bytes, .. }) = carried {
            self.last = batch.number;
            self.journal.add(Extent { commits: 1, samples, bytes });
        }
        if let Some(folded) = folded {
            self.folding = None;
            self.journal.subtract(folded);
        }
        Ok(())
    }

    /// Begins to fold when there is enough in the journal.
    pub(crate) fn look_after_journal(&mut self) -> rusqlite::Result<()> {
        if self.folding.is_none() && self.journal.is_full() {
            self.folding = Some(Folding::begin(&self.connection, &mut self.keys)?);
        }
        Ok(())
    }

    /// After a transaction that was impossible: what is stored counts, and the judge begins there again.
    pub(crate) fn read_anew(&mut self, judge: &mut Judge) -> rusqlite::Result<()> {
        let devices = load::devices(&self.connection)?;
        self.keys = Keys::of(&devices);
        self.ownerless = load::ownerless_channels(&self.connection)?;
        self.journal = Extent::read(&self.connection)?;
        self.folding = None;
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
        while self.folding.is_some() || self.journal.samples > 0 {
            let mut folding = match self.folding.take() {
                Some(folding) => folding,
                None => Folding::begin(&self.connection, &mut self.keys)?,
            };
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let folded = folding.slice(&transaction, &mut self.keys, self.journal)?;
            transaction.commit()?;
            match folded {
                Some(folded) => self.journal.subtract(folded),
                None => self.folding = Some(folding),
            }
        }
        open::mark_closed(&self.connection)?;
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    }
}

/// The devices as the hub sees them.
pub(crate) fn loaded(devices: Vec<DeviceRow>) -> Vec<LoadedDevice> {
    devices.into_iter().map(|row| row.device).collect()
}
