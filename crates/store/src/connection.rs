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

/// Makes of an opened connection the one that writes: what it commits is on disk, until [`set_durability`] asks for less.
pub(crate) fn set_up_writing(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    set_durability(connection, Durability::Disk)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_FILE_BYTES_MAX)?;
    set_cache(connection, WRITER_CACHE_KIB)
}

/// What commits of a connection survive from now on.
pub(crate) fn set_durability(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    let synchronous = match durability {
        Durability::Disk => "full",
        Durability::Lazy => "normal",
        Durability::Memory => "off",
    };
    connection.pragma_update(None, "synchronous", synchronous)
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::{open, set_durability, set_up_writing};
    use crate::store::Durability;

    #[test]
    fn what_is_written_before_the_durability_is_asked_for_is_on_disk() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let connection = open(file.path()).unwrap();
        let synchronous =
            || connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0)).unwrap();
        set_up_writing(&connection).unwrap();
        assert_eq!(synchronous(), 2);
        for (durability, level) in [(Durability::Lazy, 1), (Durability::Memory, 0), (Durability::Disk, 2)] {
            set_durability(&connection, durability).unwrap();
            assert_eq!(synchronous(), level, "{durability:?}");
        }
    }
}
