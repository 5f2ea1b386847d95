//! The one thread that writes: takes a batch, makes it a transaction, hands it back, again.

mod batch;
mod open;
mod pace;
mod state;
mod sweep;

use std::path::PathBuf;
use std::time::Instant;

use rusqlite::{Connection, TransactionBehavior};

use self::batch::Batch;
use self::pace::Pace;
use self::state::State;
use crate::connection;
use crate::error::CommitError;
use crate::folder::Folder;
use crate::queue::Queue;
use crate::store::Durability;
use crate::write::{Commit, Write};

/// The writing side of a store.
pub(crate) struct Writer {
    /// Held as long as anything may be written.
    folder: Folder,
    connection: Connection,
    state: State,
    /// The last transaction failed: what is stored is read anew, through a new connection, before the next one.
    in_doubt: bool,
    durability: Durability,
    pace: Pace,
}

/// A write of a batch that was refused, by its place.
type Refused = (usize, CommitError);

impl Writer {
    /// The database's file.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.database()
    }

    /// Writes until the queue is closed and empty, then moves all into the database and lets go of the folder.
    pub(crate) fn run(mut self, queue: &Queue, mut on_commit: impl FnMut(Commit)) {
        let _closed = CloseOnEnd(queue);
        loop {
            let since = Instant::now();
            let Some(writes) = self.take(queue) else { break };
            self.pace.taken(writes.len(), since.elapsed());
            self.commit(writes, &mut on_commit);
        }
        self.finish();
    }

    /// The next batch; an empty one when there is something to sweep meanwhile.
    fn take(&self, queue: &Queue) -> Option<Vec<Write>> {
        let sweeping = !self.in_doubt && !self.state.ownerless.is_empty();
        if sweeping { queue.take_now() } else { queue.take(self.pace.wait()) }
    }

    fn commit(&mut self, writes: Vec<Write>, on_commit: &mut impl FnMut(Commit)) {
        match self.transact(&writes) {
            Ok(refused) => hand_back(writes, refused, on_commit),
            Err(error) => {
                self.in_doubt = true;
                let error = CommitError::from(error);
                tracing::error!(%error, writes = writes.len(), "a commit failed");
                if !writes.is_empty() {
                    on_commit(Commit { writes, result: Err(error) });
                }
            }
        }
    }

    /// One transaction. On an error none of the writes is in it, as far as the disk can be believed.
    fn transact(&mut self, writes: &[Write]) -> rusqlite::Result<Vec<Refused>> {
        if self.in_doubt {
            self.reopen()?;
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut batch = Batch::new(&transaction, &mut self.state)?;
        let mut refused = Vec::new();
        for (place, write) in writes.iter().enumerate() {
            match batch.add(write) {
                Ok(()) => {}
                Err(CommitError::Failed(fault)) => return Err(fault.into()),
                Err(error) => refused.push((place, error)),
            }
        }
        batch.finish()?;
        sweep::sweep(&transaction, &mut self.state)?;
        transaction.commit()?;
        Ok(refused)
    }

    /// A new connection, and what is stored as the disk has it now.
    fn reopen(&mut self) -> rusqlite::Result<()> {
        let connection = connection::open(&self.folder.database())?;
        connection::set_up_writing(&connection, self.durability)?;
        self.state.reload(&connection)?;
        self.connection = connection;
        self.in_doubt = false;
        tracing::info!("the store was opened anew after a failed commit");
        Ok(())
    }

    /// The end: what is left in the write-ahead log goes into the database, so that the next start finds one file.
    fn finish(self) {
        let ended = open::mark_closed(&self.connection)
            .and_then(|()| self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
        if let Err(error) = ended {
            // Nothing is lost: the next start does it.
            tracing::warn!(%error, "the store could not be tidied up at its end");
        }
    }
}

/// Hands back what was committed, then what was refused, each for its own reason.
fn hand_back(writes: Vec<Write>, refused: Vec<Refused>, on_commit: &mut impl FnMut(Commit)) {
    let mut refused = refused.into_iter().peekable();
    if refused.peek().is_none() {
        if !writes.is_empty() {
            on_commit(Commit { writes, result: Ok(()) });
        }
        return;
    }
    let mut committed = Vec::with_capacity(writes.len());
    let mut others = Vec::new();
    for (place, write) in writes.into_iter().enumerate() {
        match refused.next_if(|(refused, _)| *refused == place) {
            Some((_, error)) => others.push((write, error)),
            None => committed.push(write),
        }
    }
    if !committed.is_empty() {
        on_commit(Commit { writes: committed, result: Ok(()) });
    }
    for (write, error) in others {
        tracing::warn!(%error, "a write was refused");
        on_commit(Commit { writes: vec![write], result: Err(error) });
    }
}

/// Closes the queue however the thread ends: after a panic in `on_commit` nothing may gather for ever.
struct CloseOnEnd<'a>(&'a Queue);

impl Drop for CloseOnEnd<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}
