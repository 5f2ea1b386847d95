//! The schema's versions: an empty database and each older one is brought to the newest, step by step.
//!
//! A version that has been published is never edited: what changes is a step more.

use rusqlite::{Connection, TransactionBehavior};

use crate::conversion;

/// The versions of one kind of database.
#[derive(Clone, Copy)]
pub(crate) struct Schema {
    /// Says in the file's header that the database is ours, and which kind it is.
    application: i32,
    /// Step `n` leads from version `n` to `n + 1`.
    steps: &'static [Step],
    /// What takes long, behind the steps: many transactions, of which what was interrupted goes on where it stood.
    then: fn(&mut Connection) -> rusqlite::Result<()>,
}

/// The store's.
pub(crate) const STORE: Schema = Schema {
    application: i32::from_be_bytes(*b"Glas"),
    steps: &[
        Step { sql: include_str!("migrations/1_rows.sql"), then: nothing_more },
        Step { sql: include_str!("migrations/2_chunks.sql"), then: conversion::count_losses },
        Step { sql: include_str!("migrations/3_rhythm.sql"), then: nothing_more },
        Step { sql: include_str!("migrations/4_labels.sql"), then: nothing_more },
        Step { sql: include_str!("migrations/5_gateways.sql"), then: nothing_more },
        Step { sql: include_str!("migrations/6_access.sql"), then: nothing_more },
        Step { sql: include_str!("migrations/7_audit.sql"), then: nothing_more },
    ],
    then: conversion::convert,
};

/// The spool's.
pub(crate) const SPOOL: Schema = Schema {
    application: i32::from_be_bytes(*b"GlSp"),
    steps: &[Step { sql: include_str!("migrations/spool_1_entries.sql"), then: nothing_more }],
    then: |_| Ok(()),
};

/// What leads from one version to the next.
#[derive(Clone, Copy)]
struct Step {
    sql: &'static str,
    /// In the same transaction, what SQL alone cannot do.
    then: fn(&Connection) -> rusqlite::Result<()>,
}

fn nothing_more(_: &Connection) -> rusqlite::Result<()> {
    Ok(())
}

/// Why a database cannot be brought to the newest version.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It is of a newer program.
    Newer(u32),
    /// It is of another program.
    Foreign,
    /// SQLite failed.
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Refusal {
        Refusal::Failed(error)
    }
}

impl Schema {
    /// The version that this program writes.
    pub(crate) const fn newest(&self) -> u32 {
        self.steps.len() as u32
    }

    /// Brings the database to the newest version. Each step is one transaction with its version.
    pub(crate) fn migrate(&self, connection: &mut Connection) -> Result<(), Refusal> {
        self.run(connection)?;
        (self.then)(connection)?;
        Ok(())
    }

    /// Whether the database is ours and of the newest version.
    pub(crate) fn is_newest(&self, connection: &Connection) -> rusqlite::Result<bool> {
        Ok(version(connection)? == self.newest() && self.is_ours(connection)?)
    }

    /// Whether the database is ours and of a version that can be brought to the newest. Changes nothing.
    pub(crate) fn check(&self, connection: &Connection) -> Result<(), Refusal> {
        let found = version(connection)?;
        if found > self.newest() {
            return Err(Refusal::Newer(found));
        }
        if found == 0 || !self.is_ours(connection)? {
            return Err(Refusal::Foreign);
        }
        Ok(())
    }

    fn run(&self, connection: &mut Connection) -> Result<(), Refusal> {
        let found = version(connection)?;
        if found > self.newest() {
            return Err(Refusal::Newer(found));
        }
        if !self.is_ours(connection)? {
            return Err(Refusal::Foreign);
        }
        for (next, step) in (1..).zip(self.steps).skip(found as usize) {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
            transaction.execute_batch(step.sql)?;
            (step.then)(&transaction)?;
            transaction.pragma_update(None, "application_id", self.application)?;
            transaction.pragma_update(None, "user_version", next)?;
            transaction.commit()?;
            tracing::debug!(version = next, "a database was brought to a new version");
        }
        Ok(())
    }

    /// Ours, or empty and about to be.
    fn is_ours(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let things: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok(application == self.application || (application == 0 && things == 0))
    }
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::{Refusal, Schema, Step, nothing_more, version};
    use rusqlite::Connection;

    const fn plain(sql: &'static str) -> Step {
        Step { sql, then: nothing_more }
    }

    const ONE: Step = plain("CREATE TABLE a(x); INSERT INTO a VALUES (1);");
    const TWO: Step = plain("ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1;");
    const BROKEN: Step = plain("INSERT INTO a VALUES (9, 9); SELECT no_such_function();");

    fn run(connection: &mut Connection, steps: &'static [Step]) -> Result<(), Refusal> {
        Schema { application: 7, steps, then: |_| Ok(()) }.migrate(connection)
    }

    #[test]
    fn each_step_is_run_once_whatever_the_version_found() {
        let mut connection = Connection::open_in_memory().unwrap();
        run(&mut connection, &[ONE]).unwrap();
        run(&mut connection, &[ONE, TWO]).unwrap();
        run(&mut connection, &[ONE, TWO]).unwrap();
        assert_eq!(version(&connection).unwrap(), 2);
        let row = connection.query_row("SELECT x, y FROM a", [], |row| Ok((row.get(0)?, row.get(1)?)));
        assert_eq!(row.unwrap(), (1, 2));
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        run(&mut connection, &[ONE, TWO, BROKEN]).unwrap_err();
        assert_eq!(version(&connection).unwrap(), 2);
        let rows: i64 = connection.query_row("SELECT count(*) FROM a", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1);
    }

    #[test]
    fn a_newer_version_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        run(&mut connection, &[ONE, TWO]).unwrap();
        assert!(matches!(run(&mut connection, &[ONE]), Err(Refusal::Newer(2))));
    }

    #[test]
    fn a_database_of_another_program_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE theirs(x)").unwrap();
        assert!(matches!(run(&mut connection, &[ONE]), Err(Refusal::Foreign)));
    }
}
