//! The open database, and what the writer knows of it so that a batch needs no look into it.
//!
//! All of it is dropped after a failed transaction: it may be ahead of what is stored.

use rusqlite::{Connection, TransactionBehavior};

use super::batch::Batch;
use super::carry::{self, Carried};
use super::chores::Chores;
use super::disk::Disk;
use super::fold::Extent;
use super::keys::Keys;
use super::open;
use crate::judge::Judge;
use crate::limits::DEVICES_KNOWN_MAX;
use crate::load::{self, DeviceRow};
use crate::loaded::LoadedDevice;
use crate::migration::{self, Schema};
use crate::store::Keeping;
use crate::write::{DeviceKey, Event, Write};

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

impl Disk for Database {
    const SCHEMA: Schema = migration::STORE;

    fn new(connection: Connection, keeping: &Keeping) -> rusqlite::Result<Database> {
        Ok(Database {
            last: load::last_commit(&connection)?,
            keys: Keys::default(),
            journal: Extent::read(&connection)?,
            chores: Chores::of(&connection, &keeping.retention)?,
            connection,
        })
    }

    fn last_commit_of(connection: &Connection) -> rusqlite::Result<i64> {
        load::last_commit(connection)
    }

    fn last_commit(&self) -> i64 {
        self.last
    }

    fn keep_to(&mut self, keeping: &Keeping) {
        self.chores.keep_to(&keeping.retention);
    }

    fn has_more_to_do(&self) -> bool {
        self.chores.is_busy()
    }

    fn acquaint(&self, writes: &[Write], judge: &mut Judge) -> rusqlite::Result<()> {
        let mut last = None;
        for write in writes.iter().flat_map(Write::each) {
            if let Some(gateway) = write.gateway()
                && !judge.knows_gateway(gateway)
                && let Some(stored) = load::gateway(&self.connection, gateway)?
            {
                judge.learn_gateway(&stored);
            }
            if let Write::Relayed(relayed) = write
                && let Some((device, _)) = relayed.position
            {
                self.introduce(device, judge)?;
            }
            if let Write::Gateway(_) = write {
                // Ids are compared with those of all the others.
                let mut gateways = load::gateways(&self.connection)?;
                gateways.retain(|gateway| !judge.knows_gateway(gateway.key));
                gateways.iter().for_each(|gateway| judge.learn_gateway(gateway));
            }
            let device = write.device().filter(|device| last != Some(*device));
            if let Some(device) = device {
                last = Some(device);
                self.introduce(device, judge)?;
            }
            if let Write::Device(new) = write
                && !judge.knows_id(&new.id)
                && let Some(other) = load::key_of(&self.connection, &new.id)?
            {
                self.introduce(other, judge)?;
            }
        }
        Ok(())
    }

    fn transact(&mut self, batch: &Batch, judge: &Judge) -> rusqlite::Result<()> {
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

    fn settle(&mut self, judge: &mut Judge, _: &mut dyn FnMut(Event)) -> rusqlite::Result<()> {
        if judge.len() > DEVICES_KNOWN_MAX {
            // What is stored of those that go on is read again.
            judge.forget();
            self.keys = Keys::default();
        }
        self.chores.look_after_journal(&self.connection, &mut self.keys, self.journal, self.last)
    }

    fn read_anew(&mut self, judge: &mut Judge) -> rusqlite::Result<()> {
        self.keys = Keys::default();
        self.journal = Extent::read(&self.connection)?;
        self.chores.begin_anew(&self.connection)?;
        judge.forget();
        Ok(())
    }

    /// The journal goes into chunks, and what is left in the write-ahead log into the database, so that the next start finds one
    /// file.
    fn close(mut self) {
        if let Err(error) = self.tidy_up() {
            // Nothing is lost: the next start does it.
            tracing::warn!(%error, "the store could not be tidied up at its end");
        }
    }
}

impl Database {
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

    fn introduce(&self, device: DeviceKey, judge: &mut Judge) -> rusqlite::Result<()> {
        if !judge.knows(device)
            && let Some(row) = load::standing(&self.connection, device)?
        {
            judge.learn(&row.device);
        }
        Ok(())
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
