//! How connections to the database are set up.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::limits::{BUSY_WAIT, CHECKPOINT_PAGES, LOG_FILE_BYTES_MAX, READER_CACHE_KIB, WRITER_CACHE_KIB};
use crate::store::Durability;

/// Prepared statements that a connection keeps: more than this crate has.
const STATEMENTS: usize = 64;

/// A connection that changes nothing yet: the version is looked at before anything is set.
pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Otherwise SQLite plans a statement anew each time its parameters change, to fit them better.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// Makes of an opened connection the one that writes.
pub(crate) fn set_up_writing(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    let synchronous = match durability {
        Durability::Disk => "full",
        Durability::Lazy => "normal",
        Durability::Memory => "off",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_FILE_BYTES_MAX)?;
    set_cache(connection, WRITER_CACHE_KIB)
}

/// A connection that can only read.
pub(crate) fn reading(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open(path)?;
    connection.pragma_update(None, "query_only", true)?;
    set_cache(&connection, READER_CACHE_KIB)?;
    Ok(connection)
}

/// A negative number means KiB to SQLite, a positive one pages.
fn set_cache(connection: &Connection, kib: u32) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -i64::from(kib))
}
