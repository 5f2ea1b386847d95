//! What the writer writes to: the store's database, or a spool's.
//!
//! Both are written by the same thread, in the same batches, and recover in the same way (rule H9). What a batch means in rows
//! is theirs.

use rusqlite::Connection;

use super::batch::Batch;
use crate::judge::Judge;
use crate::migration::Schema;
use crate::store::Keeping;
use crate::write::{Event, Write};

/// An open database, and what is known of it so that a batch needs no look into it.
pub(crate) trait Disk: Sized {
    /// Its versions.
    const SCHEMA: Schema;

    /// Takes a connection that is set up.
    fn new(connection: Connection, keeping: &Keeping) -> rusqlite::Result<Self>;

    /// The number of the last commit that `connection` finds.
    fn last_commit_of(connection: &Connection) -> rusqlite::Result<i64>;

    /// The number of the last commit.
    fn last_commit(&self) -> i64;

    /// How much is kept from now on.
    fn keep_to(&mut self, keeping: &Keeping);

    /// Whether a transaction would do something even without writes.
    fn has_more_to_do(&self) -> bool;

    /// Has the judge learn of all that `writes` are about what is stored of it.
    fn acquaint(&self, writes: &[Write], judge: &mut Judge) -> rusqlite::Result<()>;

    /// One transaction: the batch, and a piece of each chore. On an error none of it is stored, as far as the disk can be
    /// believed, and this is of no use any more.
    fn transact(&mut self, batch: &Batch, judge: &Judge) -> rusqlite::Result<()>;

    /// Between two transactions, when the last one was told: says what else there is to say, and looks after itself.
    fn settle(&mut self, judge: &mut Judge, on_event: &mut dyn FnMut(Event)) -> rusqlite::Result<()>;

    /// After a transaction that was impossible: what is stored counts, and the judge begins there again.
    fn read_anew(&mut self, judge: &mut Judge) -> rusqlite::Result<()>;

    /// The end.
    fn close(self);
}
