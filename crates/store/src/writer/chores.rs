//! What is done behind the commits, a piece with each: folding the journal, sweeping up after removed devices, keeping to the
//! retention rules.
//!
//! It shares the commit's transaction, and not its fate: each chore stands in a savepoint, and one that is impossible is
//! taken back and left for later. What devices sent is committed all the same.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::carry::Carried;
use super::fold::{Extent, Folding};
use super::keys::Keys;
use super::sweep;
use crate::error::may_pass;
use crate::limits::FOLD_COMMITS;
use crate::load;
use crate::retention::{Keeper, Retention};

/// The chores that are under way.
pub(crate) struct Chores {
    folding: Option<Folding>,
    /// The commit before which no folding begins, because one was impossible.
    fold_from: i64,
    /// Whether the journal is to be folded although it is not full: its samples grow old, too.
    is_fold_due: bool,
    /// Channels of removed devices, whose chunks are still to be deleted.
    pub(crate) ownerless: Vec<i64>,
    keeper: Keeper,
}

impl Chores {
    /// Those that a database is found with.
    pub(crate) fn of(connection: &Connection, retention: &[Retention]) -> rusqlite::Result<Chores> {
        Ok(Chores {
            folding: None,
            fold_from: 0,
            is_fold_due: false,
            ownerless: load::ownerless_channels(connection)?,
            keeper: Keeper::new(retention.to_vec()),
        })
    }

    /// After a transaction that was impossible: a folding begins anew with what is in the journal.
    pub(crate) fn begin_anew(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.folding = None;
        self.keeper.give_up();
        self.ownerless = load::ownerless_channels(connection)?;
        Ok(())
    }

    /// Other rules: the round that is under way by the old ones ends.
    pub(crate) fn keep_to(&mut self, retention: &[Retention]) {
        self.keeper = Keeper::new(retention.to_vec());
    }

    /// Whether there is something to do at once.
    pub(crate) fn is_busy(&self) -> bool {
        self.folding.is_some() || !self.ownerless.is_empty() || self.keeper.is_busy()
    }

    /// A piece of each, behind what was carried out in the same transaction; `last` is the number of its commit. What left the
    /// journal, when that was the end of a folding.
    ///
    /// # Errors
    /// Those of the disk only: then nothing of the transaction can be believed.
    pub(crate) fn slice(
        &mut self,
        transaction: &mut Transaction<'_>,
        carried: Carried,
        keys: &mut Keys,
        journal: Extent,
        last: i64,
    ) -> rusqlite::Result<Option<Extent>> {
        let folded = self.fold(transaction, keys, journal, last)?;
        if !self.ownerless.is_empty()
            && apart(transaction, |connection| sweep::sweep(connection, &mut self.ownerless))?.is_none()
        {
            // The next start finds them again.
            self.ownerless.clear();
        }
        if self.keeper.is_busy() || carried.now.is_some() {
            self.keep(transaction, carried)?;
        }
        self.is_fold_due |= carried.now.is_some() && self.keeper.has_rules();
        Ok(folded)
    }

    fn keep(&mut self, transaction: &mut Transaction<'_>, carried: Carried) -> rusqlite::Result<()> {
        let keeper = &mut self.keeper;
        let kept = apart(transaction, |connection| {
            if carried.removed {
                keeper.begin_anew(connection)?;
            }
            if let Some(now) = carried.now {
                keeper.begin(connection, now)?;
            }
            keeper.slice(connection)
        })?;
        if kept.is_none() {
            // The next time that it is said what time it is begins another round.
            keeper.give_up();
        }
        Ok(())
    }

    fn fold(
        &mut self,
        transaction: &mut Transaction<'_>,
        keys: &mut Keys,
        journal: Extent,
        last: i64,
    ) -> rusqlite::Result<Option<Extent>> {
        let Some(mut folding) = self.folding.take() else { return Ok(None) };
        let Some(slice) = apart(transaction, |connection| folding.slice(connection, keys, journal))? else {
            self.fold_from = last.saturating_add(FOLD_COMMITS.cast_signed());
            return Ok(None);
        };
        keys.set_folded(slice.folded);
        if slice.left.is_none() {
            self.folding = Some(folding);
        }
        Ok(slice.left)
    }

    /// Folds all that is in the journal.
    pub(crate) fn fold_all(
        &mut self,
        connection: &mut Connection,
        keys: &mut Keys,
        journal: &mut Extent,
    ) -> rusqlite::Result<()> {
        while self.folding.is_some() || journal.samples > 0 {
            let mut folding = match self.folding.take() {
                Some(folding) => folding,
                None => Folding::begin(connection, keys)?,
            };
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let slice = folding.slice(&transaction, keys, *journal)?;
            transaction.commit()?;
            keys.set_folded(slice.folded);
            match slice.left {
                Some(left) => journal.subtract(left),
                None => self.folding = Some(folding),
            }
        }
        Ok(())
    }

    /// Begins to fold when there is enough in the journal, or when it is time; `last` is the number of the last commit.
    pub(crate) fn look_after_journal(
        &mut self,
        connection: &Connection,
        keys: &mut Keys,
        journal: Extent,
        last: i64,
    ) -> rusqlite::Result<()> {
        let is_due = journal.is_full() || (self.is_fold_due && journal.samples > 0);
        if self.folding.is_none() && is_due && last >= self.fold_from {
            self.folding = Some(Folding::begin(connection, keys)?);
            self.is_fold_due = false;
        }
        Ok(())
    }
}

/// Does a chore so that nothing but itself is taken back when it is impossible; `None` then.
fn apart<T>(
    transaction: &mut Transaction<'_>,
    chore: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    let savepoint = transaction.savepoint()?;
    match chore(&savepoint) {
        Ok(done) => {
            savepoint.commit()?;
            Ok(Some(done))
        }
        Err(error) if may_pass(&error) => Err(error),
        Err(error) => {
            tracing::error!(%error, "what is done behind the commits was impossible, and is left for later");
            savepoint.finish()?;
            Ok(None)
        }
    }
}
