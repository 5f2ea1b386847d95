//! A spool's database: what a batch means in its rows.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::uplink::tags::Held;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::books::{Books, Changed, Shared};
use super::rows;
use super::table::{self, Table};
use super::take::Take;
use super::write::{HubRow, SpoolWrite};
use crate::connection;
use crate::judge::{Judge, OfSpool};
use crate::key_map::KeyMap;
use crate::limits::{DEVICES_KNOWN_MAX, SPOOL_LEARNED_MS};
use crate::load;
use crate::migration::{self, Schema};
use crate::store::{Durability, Keeping};
use crate::write::{DeviceKey, Event, Write};
use crate::writer::rows as statements;
use crate::writer::{Batch, Disk};

/// The open database, and what is known of it.
pub(super) struct Database {
    connection: Connection,
    /// The number of the last commit.
    last: i64,
    books: Books,
    /// Ids of devices, of those that were asked for.
    ids: KeyMap<DeviceKey, Arc<str>>,
    /// Whether there are rows to drop or to let go of at once.
    is_busy: bool,
    /// Whether rows are looked at for their age.
    ages: bool,
    /// Hubs for which something was dropped that was not said yet.
    news: BTreeSet<Box<str>>,
    shared: Arc<Mutex<Shared>>,
}

impl Disk for Database {
    const SCHEMA: Schema = migration::SPOOL;

    fn new(connection: Connection, keeping: &Keeping) -> rusqlite::Result<Database> {
        let mut database = Database {
            last: table::last_commit(&connection)?,
            books: table::books(&connection, keeping.bytes_max)?,
            connection,
            ids: KeyMap::default(),
            // What was left behind by the run before.
            is_busy: true,
            ages: false,
            news: BTreeSet::new(),
            shared: keeping.shared.clone(),
        };
        if database.shared().was_open {
            database.news = database.books.hubs.keys().cloned().collect();
        }
        database.publish();
        Ok(database)
    }

    fn last_commit_of(connection: &Connection) -> rusqlite::Result<i64> {
        table::last_commit(connection)
    }

    fn last_commit(&self) -> i64 {
        self.last
    }

    fn keep_to(&mut self, keeping: &Keeping) {
        self.books.bytes_max = keeping.bytes_max;
        self.publish();
    }

    fn has_more_to_do(&self) -> bool {
        self.is_busy
    }

    fn acquaint(&self, writes: &[Write], judge: &mut Judge) -> rusqlite::Result<()> {
        let hubs = self.books.hubs.keys().cloned().collect();
        judge.judge_for(OfSpool { hubs, refuses: self.books.refuses() });
        for write in writes {
            if let Some(device) = write.device() {
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
        if batch.is_empty() && !self.is_busy {
            return Ok(());
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let connection = &*transaction;
        let mut carry = Carry {
            connection,
            judge,
            books: &mut self.books,
            ids: &mut self.ids,
            take: Take::default(),
            changed: Changed::default(),
            ages: self.ages,
        };
        for write in batch.stored() {
            carry.write(write)?;
        }
        let Carry { take, mut changed, ages, .. } = carry;
        for row in take.rows(&mut self.books) {
            table::insert(connection, &row)?;
        }
        for device in &batch.moved.devices {
            if let Some(standing) = judge.standing(*device) {
                table::put_log(connection, *device, standing)?;
            }
        }
        let is_busy = rows::slice(&mut Table(connection), &mut self.books, &mut changed, ages)?;
        table::put_changed(connection, &self.books, &changed)?;
        let number = if batch.is_empty() { self.last } else { batch.number };
        table::set_head(connection, number, &self.books)?;
        transaction.commit()?;
        self.last = number;
        (self.is_busy, self.ages) = (is_busy, ages && is_busy);
        self.news.extend(changed.dropped);
        self.publish();
        Ok(())
    }

    fn settle(&mut self, judge: &mut Judge, on_event: &mut dyn FnMut(Event)) -> rusqlite::Result<()> {
        if judge.len() > DEVICES_KNOWN_MAX {
            judge.forget();
            self.ids.clear();
        }
        let mut told_full = self.shared().told_full;
        let news = self.books.news(&mut self.news, &mut told_full);
        self.shared().told_full = told_full;
        for event in news {
            on_event(Event::Spool(event));
        }
        Ok(())
    }

    fn read_anew(&mut self, judge: &mut Judge) -> rusqlite::Result<()> {
        let (bytes_max, now) = (self.books.bytes_max, self.books.now);
        self.books = Books { now, ..table::books(&self.connection, bytes_max)? };
        self.ids.clear();
        self.publish();
        judge.forget();
        Ok(())
    }

    /// What is left in the write-ahead log goes into the database, so that the next start finds one file.
    fn close(self) {
        let tidied = connection::set_durability(&self.connection, Durability::Disk).and_then(|()| {
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).optional()
        });
        if let Err(error) = tidied {
            // Nothing is lost: the next start does it.
            tracing::warn!(%error, "the spool could not be tidied up at its end");
        }
    }
}

impl Database {
    fn introduce(&self, device: DeviceKey, judge: &mut Judge) -> rusqlite::Result<()> {
        if !judge.knows(device)
            && let Some(stored) = table::device(&self.connection, device)?
        {
            judge.learn(&stored);
        }
        Ok(())
    }

    /// What a start finds of hubs and entries.
    pub(super) fn start(&self) -> (Vec<HubRow>, Held) {
        (self.books.rows(), self.books.extent().held)
    }

    fn publish(&self) {
        let mut shared = self.shared();
        (shared.extent, shared.was_open) = (self.books.extent(), true);
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        // No code that can panic runs under the lock.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Carries out a batch inside a transaction.
struct Carry<'a> {
    connection: &'a Connection,
    judge: &'a Judge,
    books: &'a mut Books,
    ids: &'a mut KeyMap<DeviceKey, Arc<str>>,
    take: Take,
    changed: Changed,
    ages: bool,
}

impl Carry<'_> {
    fn write(&mut self, write: &Write) -> rusqlite::Result<()> {
        let connection = self.connection;
        match write {
            Write::Message(_) | Write::Gap(_) => self.entry(write),
            Write::Describe { device, describe } => {
                statements::set_description(connection, *device, describe)?;
                self.entry(write)
            }
            Write::Device(new) => {
                self.ids.insert(new.key, Arc::from(&*new.id));
                statements::insert_device(connection, new)
            }
            Write::DeviceToken { device, token, confirmed, .. } => {
                table::put_device_token(connection, *device, token.as_ref(), *confirmed)
            }
            Write::Session { tag, .. } => statements::insert_issuer(connection, tag),
            Write::RemoveDevice { device } => {
                self.ids.remove(device);
                table::delete_device(connection, *device)
            }
            Write::Spool(write) => self.spool(write),
            // The counters of devices move with their logs; the others belong to a hub.
            _ => Ok(()),
        }
    }

    fn spool(&mut self, write: &SpoolWrite) -> rusqlite::Result<()> {
        self.books.apply(write, &mut self.changed);
        match write {
            SpoolWrite::Learned { device, hash, at } => {
                table::put_learned(self.connection, *device, hash.as_ref(), *at)
            }
            SpoolWrite::Now { at } => {
                self.ages = true;
                table::forget_learned(self.connection, at.saturating_sub(SPOOL_LEARNED_MS))
            }
            _ => Ok(()),
        }
    }

    fn entry(&mut self, write: &Write) -> rusqlite::Result<()> {
        let Some(device) = write.device() else { return Ok(()) };
        if !self.ids.contains_key(&device)
            && let Some(id) = table::id_of(self.connection, device)?
        {
            self.ids.insert(device, id);
        }
        let Some(id) = self.ids.get(&device) else { return Ok(()) };
        let last_seen = self.judge.standing(device).and_then(|standing| standing.last_seen);
        self.take.write(write, id, last_seen, self.books);
        Ok(())
    }
}
