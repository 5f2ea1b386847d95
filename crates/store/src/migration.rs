//! The schema's versions: an empty database and each older one is brought to the newest, step by step.
//!
//! A version that has been published is never edited: what changes is a step more.

use rusqlite::{Connection, TransactionBehavior};

use crate::conversion;

/// Says in the file's header that the database is ours: `Glas`.
const APPLICATION: i32 = i32::from_be_bytes(*b"Glas");

/// Step `n` leads from version `n` to `n + 1`.
const STEPS: &[Step] = &[
    Step { sql: include_str!("migrations/1_rows.sql"), then: nothing_more },
    Step { sql: include_str!("migrations/2_chunks.sql"), then: conversion::count_losses },
    Step { sql: include_str!("migrations/3_rhythm.sql"), then: nothing_more },
    Step { sql: include_str!("migrations/4_labels.sql"), then: nothing_more },
];

/// The version that this program writes.
pub(crate) const NEWEST: u32 = STEPS.len() as u32;

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

/// Brings the database to [`NEWEST`]. Each step is one transaction with its version, and what takes long after that is
/// many: what was interrupted goes on where it stood.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), Refusal> {
    run(connection, STEPS)?;
    conversion::convert(connection)?;
    Ok(())
}

/// Whether the database is ours and of the newest version.
pub(crate) fn is_newest(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(version(connection)? == NEWEST && is_ours(connection)?)
}

/// Whether the database is ours and of a version that can be brought to [`NEWEST`]. Changes nothing.
pub(crate) fn check(connection: &Connection) -> Result<(), Refusal> {
    let found = version(connection)?;
    if found > NEWEST {
        return Err(Refusal::Newer(found));
    }
    if found == 0 || !is_ours(connection)? {
        return Err(Refusal::Foreign);
    }
    Ok(())
}

fn run(connection: &mut Connection, steps: &[Step]) -> Result<(), Refusal> {
    let found = version(connection)?;
    if found as usize > steps.len() {
        return Err(Refusal::Newer(found));
    }
    if !is_ours(connection)? {
        return Err(Refusal::Foreign);
    }
    for (next, step) in (1..).zip(steps).skip(found as usize) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        transaction.execute_batch(step.sql)?;
        (step.then)(&transaction)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", next)?;
        transaction.commit()?;
        tracing::debug!(version = next, "the store was brought to a new version");
    }
    Ok(())
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Ours, or empty and about to be.
fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let things: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(application == APPLICATION || (application == 0 && things == 0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::{Refusal, Step, nothing_more, run, version};
    use rusqlite::Connection;

    const fn plain(sql: &'static str) -> Step {
        Step { sql, then: nothing_more }
    }

    const ONE: Step = plain("CREATE TABLE a(x); INSERT INTO a VALUES (1);");
    const TWO: Step = plain("ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1;");
    const BROKEN: Step = plain("INSERT INTO a VALUES (9, 9); SELECT no_such_function();");

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
