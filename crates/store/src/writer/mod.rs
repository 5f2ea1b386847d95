//! The one thread that writes: takes a batch, makes it a transaction, hands it back, again.
//!
//! A commit that fails for the disk is a very long commit: its batch stays here, the database is opened anew until it can
//! be believed again, and then the batch is found in it or written again (`recover`, rule H9).

mod audit;
mod batch;
mod carry;
mod chores;
mod commands;
mod database;
mod disk;
mod fold;
pub(crate) mod gone_back;
mod keys;
mod open;
mod pace;
mod recover;
pub(crate) mod rows;
mod sweep;

use std::path::PathBuf;
use std::time::{Duration, Instant};

pub(crate) use self::audit::{ANCHOR, HEAD, end as audit_end};
pub(crate) use self::batch::Batch;
pub(crate) use self::database::Database;
pub(crate) use self::disk::Disk;
pub(crate) use self::open::{LOG, begin, meta, set_meta};
use self::pace::Pace;
use self::recover::Failure;
pub(crate) use self::recover::Place;
use crate::error::{CommitError, may_pass};
use crate::judge::Judge;
use crate::queue::{Queue, Submitted};
use crate::store::Durability;
use crate::write::{Commit, Event, Write};

/// The writing side of a store or spool.
pub(crate) struct Writer<D> {
    place: Place,
    state: State<D>,
    /// Stands behind the last batch that was taken, stored or not.
    judge: Judge,
    pace: Pace,
}

enum State<D> {
    Open(D),
    Failed(Box<Failure>),
}

impl<D: Disk> Writer<D> {
    /// A writer of what is open.
    pub(crate) fn new(disk: D, place: Place, judge: Judge, gather: Duration) -> Writer<D> {
        Writer { place, state: State::Open(disk), judge, pace: Pace::new(gather) }
    }

    /// The database's file.
    pub(crate) fn database(&self) -> PathBuf {
        self.place.database()
    }

    /// Writes until the queue is closed and empty, then moves all into the database and lets go of the folder.
    pub(crate) fn run(mut self, queue: &Queue, mut on_event: impl FnMut(Event)) {
        let _closed = CloseOnEnd(queue);
        while self.go_on(queue, &mut on_event) {}
        if let State::Open(database) = self.state {
            database.close();
        }
    }

    /// Takes and commits one batch, or waits and tries to recover. Whether there is more to do.
    fn go_on(&mut self, queue: &Queue, on_event: &mut impl FnMut(Event)) -> bool {
        match &mut self.state {
            State::Open(database) => {
                let since = Instant::now();
                let taken = match self.place.durability {
                    _ if database.has_more_to_do() => queue.take_now(),
                    Durability::Memory => queue.take_gathered(),
                    Durability::Disk | Durability::Lazy => queue.take(self.pace.wait(), self.pace.enough()),
                };
                let Some(taken) = taken else { return false };
                if let Some(change) = queue.take_change() {
                    database.keep_to(&change.keeping);
                    self.place.keeping = change.keeping;
                    self.pace = Pace::new(change.gather);
                }
                self.pace.taken(taken.writes.len(), taken.waited, since.elapsed());
                match database.acquaint(&taken.writes, &mut self.judge) {
                    Ok(()) => {
                        let number = database.last_commit() + 1;
                        let batch = Batch::judged(number, taken.writes, taken.said, &mut self.judge);
                        self.commit(batch, queue, on_event);
                    }
                    Err(error) => {
                        queue.put_back(taken.writes, taken.said);
                        self.fail(None, error, queue, on_event);
                    }
                }
                // Behind what was taken with it: mostly that is all that these devices had waiting.
                refuse(queue, taken.refused, on_event);
                true
            }
            State::Failed(failure) => {
                let closed = failure.wait(queue, |refused| refuse(queue, refused, on_event));
                self.recover(queue, on_event);
                if closed { self.is_open_or_gives_up(queue, on_event) } else { true }
            }
        }
    }

    fn commit(&mut self, batch: Batch, queue: &Queue, on_event: &mut impl FnMut(Event)) {
        let writes = batch.len();
        let State::Open(database) = &mut self.state else { return };
        match database.transact(&batch, &self.judge) {
            Ok(()) => {
                batch.hand_back(Ok(()), on_event);
                queue.dealt_with(writes);
                if let Err(error) = database.settle(&mut self.judge, on_event) {
                    self.fail(None, error, queue, on_event);
                }
            }
            Err(error) if may_pass(&error) => self.fail(Some(batch), error, queue, on_event),
            Err(error) => {
                tracing::error!(%error, "a commit is impossible");
                batch.hand_back(Err(CommitError::from(error)), on_event);
                queue.dealt_with(writes);
                if let Err(error) = database.read_anew(&mut self.judge) {
                    self.fail(None, error, queue, on_event);
                }
            }
        }
    }

    fn fail(
        &mut self,
        batch: Option<Batch>,
        error: rusqlite::Error,
        queue: &Queue,
        on_event: &mut impl FnMut(Event),
    ) {
        let State::Open(database) = &self.state else { return };
        let reason = error.to_string();
        tracing::error!(%reason, "a commit failed; the store is opened anew until it can be believed again");
        let last = database.last_commit();
        // The connection is closed with this: a new one must find no lock of it.
        self.state = State::Failed(Box::new(Failure::new(batch, last, error)));
        queue.set_failed(true);
        on_event(Event::Failed { reason });
    }

    fn recover(&mut self, queue: &Queue, on_event: &mut impl FnMut(Event)) {
        let State::Failed(failure) = &mut self.state else { return };
        match self.place.recover::<D>(failure, &mut self.judge) {
            Ok((database, result)) => {
                if let Some(batch) = failure.batch.take() {
                    let writes = batch.len();
                    batch.hand_back(result, on_event);
                    queue.dealt_with(writes);
                }
                queue.set_failed(false);
                self.state = State::Open(database);
                tracing::info!("the store has recovered");
                on_event(Event::Recovered);
            }
            Err(trouble) => {
                tracing::warn!(reason = %trouble, "the store has not recovered yet");
                failure.tried(trouble);
            }
        }
    }

    /// The queue is closed: what is in it is committed if that is possible now, and handed back otherwise.
    fn is_open_or_gives_up(&mut self, queue: &Queue, on_event: &mut impl FnMut(Event)) -> bool {
        let State::Failed(failure) = &mut self.state else { return true };
        let (batch, why) = failure.give_up();
        let hand_back = |batch: Batch, on_event: &mut _| {
            batch.hand_back(Err(CommitError::Failed(why.clone())), on_event);
        };
        let mut batch = batch.unwrap_or_else(|| Batch::unjudged(Vec::new(), Submitted::Waits));
        while let Some(taken) = queue.take_now() {
            if taken.said == batch.said {
                batch.extend_unjudged(taken.writes);
            } else {
                let next = Batch::unjudged(taken.writes, taken.said);
                hand_back(std::mem::replace(&mut batch, next), on_event);
            }
            refuse(queue, taken.refused, on_event);
        }
        hand_back(batch, on_event);
        false
    }
}

/// Hands back what found no room.
fn refuse(queue: &Queue, writes: Vec<Write>, on_event: &mut impl FnMut(Event)) {
    if !writes.is_empty() {
        tracing::error!(writes = writes.len(), "too much waits to be committed");
        on_event(Event::Commit(Commit { writes, result: Err(CommitError::Full) }));
        queue.told();
    }
}

/// Closes the queue however the thread ends: after a panic in `on_event` nothing may gather for ever.
struct CloseOnEnd<'a>(&'a Queue);

impl Drop for CloseOnEnd<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}
