//! Reading while the writer writes: a few connections, each for one call at a time.
//!
//! No call holds a connection while its caller does something else, so that a slow download neither takes one away from
//! the others nor keeps the write-ahead log from being emptied.

mod around;
mod audit;
mod commands;
mod dormant;
mod entries;
mod history;
mod samples;
mod sessions;
mod stored;

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

pub use around::Around;
pub use audit::AuditQuery;
pub use history::{Bucket, GapRow, History, Point, Series};
pub use samples::SampleRow;

use crate::connection;
use crate::error::ReadError;
use crate::limits::READERS_MAX;
use crate::queue::Queue;

/// Reads from a store. All calls block; what is not there reads as empty.
pub struct Reader {
    database: PathBuf,
    /// Holds what was taken over and is not written yet: that goes first.
    unwritten: Option<Arc<Queue>>,
    pool: Mutex<Pool>,
    /// A connection was given back or dropped.
    freed: Condvar,
    /// For [`Reader::device`] alone: it never waits for a long read.
    lookup: Mutex<Option<Connection>>,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Connection>,
    /// Connections that exist, idle or not.
    open: usize,
}

impl Reader {
    pub(crate) fn new(database: PathBuf, unwritten: Option<Arc<Queue>>) -> Reader {
        Reader {
            database,
            unwritten,
            pool: Mutex::default(),
            freed: Condvar::new(),
            lookup: Mutex::default(),
        }
    }

    /// Drops the idle connections; the next call opens one anew.
    pub(crate) fn release(&self) {
        let mut pool = self.pool();
        pool.open -= pool.idle.len();
        pool.idle.clear();
        *self.lookup() = None;
    }

    fn lookup(&self) -> MutexGuard<'_, Option<Connection>> {
        self.lookup.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `read` with a connection of its own. All that it reads is of one moment.
    pub(crate) fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, ReadError> {
        if let Some(queue) = &self.unwritten {
            queue.flush();
        }
        let mut loan = Loan { reader: self, connection: self.borrow() };
        let connection = match loan.connection.take() {
            Some(connection) => connection,
            None => connection::reading(&self.database)?,
        };
        let transaction = connection.unchecked_transaction()?;
        let result = read(&transaction)?;
        transaction.finish()?;
        // Only a connection on which all went well is used again.
        loan.connection = Some(connection);
        Ok(result)
    }

    /// An idle connection, or the permission to open one (`None`).
    fn borrow(&self) -> Option<Connection> {
        let exhausted = |pool: &mut Pool| pool.idle.is_empty() && pool.open >= READERS_MAX;
        let mut pool = self.freed.wait_while(self.pool(), exhausted).unwrap_or_else(PoisonError::into_inner);
        let connection = pool.idle.pop();
        if connection.is_none() {
            pool.open += 1;
        }
        connection
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        // No code that can panic runs under the lock.
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the pool's places; goes back however the call ends.
struct Loan<'a> {
    reader: &'a Reader,
    connection: Option<Connection>,
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        let mut pool = self.reader.pool();
        match self.connection.take() {
            Some(connection) => pool.idle.push(connection),
            None => pool.open -= 1,
        }
        self.reader.freed.notify_one();
    }
}
