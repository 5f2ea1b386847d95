//! A store that failed: how it is found out whether it can be believed again, and what became of the batch in doubt.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};

use super::batch::Batch;
use super::disk::Disk;
use super::open::{self, LOG};
use crate::connection;
use crate::error::{CommitError, Fault, may_pass};
use crate::folder::Folder;
use crate::judge::Judge;
use crate::limits::{RETRY_FIRST, RETRY_MAX};
use crate::queue::Queue;
use crate::store::{Durability, Keeping};
use crate::write::Write;

/// `meta`: how often the store was verified after a failure. What it says does not matter, only that it can be written and
/// read.
const VERIFIED: &str = "verified";

/// Where the database is, and which it is.
pub(crate) struct Place {
    /// Held as long as anything may be written.
    pub(crate) folder: Folder,
    pub(crate) durability: Durability,
    /// The name of the log.
    pub(crate) log: String,
    /// How much is kept.
    pub(crate) keeping: Keeping,
}

/// A store that failed.
pub(crate) struct Failure {
    /// The batch whose commit failed. It may be durable all the same.
    pub(crate) batch: Option<Batch>,
    /// The number of the last commit that did not fail.
    last: i64,
    /// How long to wait before the next try.
    wait: Duration,
    /// What went wrong last.
    trouble: Trouble,
}

/// Why a store cannot be believed (yet).
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Failed(#[from] rusqlite::Error),
    #[error("the database is not the one that was open: it is another one, or something is missing in it")]
    Another,
    #[error("the write-ahead log cannot be emptied: somebody is reading")]
    Busy,
    #[error("what was written did not read back")]
    NotRead,
}

impl Failure {
    pub(crate) fn new(batch: Option<Batch>, last: i64, error: rusqlite::Error) -> Failure {
        Failure { batch, last, wait: RETRY_FIRST, trouble: error.into() }
    }

    /// Waits until it is time to try again, and hands over meanwhile what finds no room in the queue. Whether the queue was
    /// closed.
    pub(crate) fn wait(&self, queue: &Queue, mut refuse: impl FnMut(Vec<Write>)) -> bool {
        let begin = Instant::now();
        loop {
            let left = self.wait.saturating_sub(begin.elapsed());
            match queue.wait(left) {
                None => return true,
                Some(refused) if refused.is_empty() => return false,
                Some(refused) => refuse(refused),
            }
        }
    }

    /// Another try was in vain.
    pub(crate) fn tried(&mut self, trouble: Trouble) {
        self.wait = RETRY_MAX.min(self.wait * 2);
        self.trouble = trouble;
    }

    /// The batch in doubt, and why it is not tried any longer.
    pub(crate) fn give_up(&mut self) -> (Option<Batch>, Fault) {
        let trouble = std::mem::replace(&mut self.trouble, Trouble::Another);
        let error = match trouble {
            Trouble::Failed(error) => error,
            other => rusqlite::Error::ToSqlConversionFailure(Box::new(other)),
        };
        (self.batch.take(), error.into())
    }
}

impl Place {
    /// The database's file.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.database()
    }

    /// Opens the database anew, verifies it, and has the batch in doubt found or written. On success it comes with what became
    /// of that batch.
    pub(crate) fn recover<D: Disk>(
        &self,
        failure: &Failure,
        judge: &mut Judge,
    ) -> Result<(D, Result<(), CommitError>), Trouble> {
        let connection = connection::open(&self.database())?;
        let doubtful = failure.batch.as_ref().map(|batch| batch.number);
        let found = self.identify::<D>(&connection)?;
        if found != failure.last && Some(found) != doubtful {
            return Err(Trouble::Another);
        }
        connection::set_up_writing(&connection)?;
        // After a failed fsync the system may hold pages that it takes for written: here they are written once more.
        empty_log(&connection)?;
        let connection = self.verify(connection)?;
        connection::set_durability(&connection, self.durability)?;
        let mut database = D::new(connection, &self.keeping)?;
        let result = match &failure.batch {
            Some(batch) if found != batch.number => match database.transact(batch, judge) {
                Ok(()) => Ok(()),
                Err(error) if may_pass(&error) => return Err(error.into()),
                Err(error) => {
                    database.read_anew(judge)?;
                    Err(CommitError::from(error))
                }
            },
            Some(_) => Ok(()),
            None => {
                judge.forget();
                Ok(())
            }
        };
        Ok((database, result))
    }

    /// Whether this is our database; the number of its last commit.
    fn identify<D: Disk>(&self, connection: &Connection) -> Result<i64, Trouble> {
        if !D::SCHEMA.is_newest(connection)? || open::meta(connection, LOG)?.as_ref() != Some(&self.log) {
            return Err(Trouble::Another);
        }
        Ok(D::last_commit_of(connection)?)
    }

    /// Writes something, and reads it through another connection.
    fn verify(&self, mut connection: Connection) -> Result<Connection, Trouble> {
        let before: u64 =
            open::meta(&connection, VERIFIED)?.and_then(|count| count.parse().ok()).unwrap_or(0);
        let now = before.wrapping_add(1).to_string();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        open::set_meta(&transaction, VERIFIED, Some(&now))?;
        transaction.commit()?;
        let read = open::meta(&connection::reading(&self.database())?, VERIFIED)?;
        if read == Some(now) { Ok(connection) } else { Err(Trouble::NotRead) }
    }
}

/// Moves all that is in the write-ahead log into the database.
fn empty_log(connection: &Connection) -> Result<(), Trouble> {
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy == 0 { Ok(()) } else { Err(Trouble::Busy) }
}

#[cfg(test)]
mod tests;
