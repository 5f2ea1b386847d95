//! Copying a store while it runs, and putting a copy in its place.
//!
//! A backup is one file: a database of one moment, without a write-ahead log, found whole before it gets its name. It is
//! taken through a connection that reads, so that any process can take one of a folder that a hub holds.
//!
//! Restoring goes back in time, and what depended on the time between must notice:
//!
//! - The log gets a new name, so that no panel goes on at a cursor that now means something else.
//! - Each unfinished command becomes `unknown`: it may have run since.
//! - Tokens of people and programs, join tokens, and what devices had before their present token go: one that was revoked
//!   since would count again.
//! - The audit goes on behind what the copy has of it, with a row that says so: what was written since is not in it.
//! - Positions of devices stay as they were: a device that resumes a session is told the older one, and what it no
//!   longer holds is declared as a gap. The next start makes a new issuer's tag, as each does, so that no session
//!   that is issued from then on bears the name of one issued since.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::connection;
use crate::error::{Fault, OpenError};
use crate::folder::{self, Folder};
use crate::migration::{self, Refusal};
use crate::writer::gone_back;

/// What a copy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its length.
    pub bytes: u64,
    /// Devices in it.
    pub devices: u64,
    /// Commands that became `unknown`; 0 for a backup.
    pub unknown_commands: u64,
}

/// Why there is no copy. What was there is as it was; only a store that was too damaged to be read may have lost its
/// write-ahead log, where its replacement failed at the last step.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// There is nothing to copy.
    #[error("there is no state in {}", dir.display())]
    Nothing {
        /// The folder.
        dir: PathBuf,
    },
    /// There is something already where the copy would go.
    #[error("{} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The copy would go into the state folder itself, perhaps in the place of the database.
    #[error("{} is in the state folder {}: a copy goes elsewhere", path.display(), dir.display())]
    Inside {
        /// Where the copy would go.
        path: PathBuf,
        /// The folder.
        dir: PathBuf,
    },
    /// It is the file of a running or crashed store, whose newest part is in its write-ahead log.
    #[error(
        "{} has a write-ahead log beside it, without which it is not whole: use a file that `glassline backup` wrote",
        path.display()
    )]
    NotAlone {
        /// The file.
        path: PathBuf,
    },
    /// It is no store, or one that is damaged.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found first.
        what: String,
    },
    /// It is the database of another program.
    #[error("{} is a database of another program", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It was written by a newer program.
    #[error("{} has version {found}, and this program knows versions up to {known}: use a newer glassline", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version that it has.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// A file cannot be read or written.
    #[error("{} cannot be used: {cause}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// SQLite failed.
    #[error("{} cannot be copied: {cause}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        cause: Fault,
    },
    /// The folder to restore into is in use or cannot be used.
    #[error(transparent)]
    Folder(#[from] OpenError),
}

/// Copies the store in `dir` to the file `to`, whether a process holds the folder or not, and does not hold that one up. What
/// was committed when this began is in it. `replace`: `to` may exist, and is replaced in one step at the end. It is nowhere
/// in `dir`: there it could take the place of what is being copied.
///
/// # Errors
/// As [`CopyError`] says; `to` is then as it was.
pub fn backup(dir: &Path, to: &Path, replace: bool) -> Result<Copied, CopyError> {
    let database = folder::database(dir);
    // An empty file is what a start that failed leaves behind.
    if !fs::metadata(&database).is_ok_and(|file| file.len() > 0) {
        return Err(CopyError::Nothing { dir: dir.to_owned() });
    }
    if really(parent(to))?.starts_with(really(dir)?) {
        return Err(CopyError::Inside { path: to.to_owned(), dir: dir.to_owned() });
    }
    if !replace && to.exists() {
        return Err(CopyError::Exists { path: to.to_owned() });
    }
    let part = Part::beside(to)?;
    let failed = fault(&database);
    let connection = connection::open(&database).map_err(&failed)?;
    known(&connection, &database)?;
    connection.execute("VACUUM INTO ?1", [part.text()?]).map_err(&failed)?;
    drop(connection);
    let copy = connection::open(&part.0).map_err(fault(&part.0))?;
    whole(&copy, &part.0)?;
    let devices = devices(&copy).map_err(fault(&part.0))?;
    drop(copy);
    let bytes = part.becomes(to)?;
    Ok(Copied { bytes, devices, unknown_commands: 0 })
}

/// Puts the copy `from` in the place of the store in the folder `dir`, which is made if need be and which no process may
/// hold. `replace`: there may be a store in it, which is lost. `now`, ms since 1970, is when the commands became
/// unknown.
///
/// # Errors
/// As [`CopyError`] says; the store in `dir` is then as it was, as far as that says.
pub fn restore(from: &Path, dir: &Path, now: i64, replace: bool) -> Result<Copied, CopyError> {
    let unreadable = |cause| CopyError::File { path: from.to_owned(), cause };
    let mut source = File::open(from).map_err(unreadable)?;
    if fs::metadata(beside(from, "-wal")).is_ok_and(|log| log.len() > 0) {
        return Err(CopyError::NotAlone { path: from.to_owned() });
    }
    let folder = Folder::open(dir, folder::STORE)?;
    let database = folder.database();
    let there = fs::metadata(&database).is_ok_and(|file| file.len() > 0);
    if there && !replace {
        return Err(CopyError::Exists { path: database });
    }
    let part = Part::beside(&database)?;
    let mut target = folder::private_file().open(&part.0).map_err(part.failed())?;
    std::io::copy(&mut source, &mut target).map_err(unreadable)?;
    drop(target);
    let (devices, unknown_commands) = go_back(&part.0, from, now)?;
    put_away(&database)?;
    let bytes = part.becomes(&database)?;
    Ok(Copied { bytes, devices, unknown_commands })
}

/// Makes of a copy a store that knows of having gone back: its devices, and the commands that became unknown.
fn go_back(copy: &Path, from: &Path, now: i64) -> Result<(u64, u64), CopyError> {
    let failed = fault(from);
    let mut connection = connection::open(copy).map_err(&failed)?;
    known(&connection, from)?;
    whole(&connection, from)?;
    let changed = (|| {
        let transaction = connection.transaction()?;
        // The next start names the log anew when it has no name.
        transaction.execute("DELETE FROM meta WHERE name IN ('log', 'open_weakly')", [])?;
        transaction.execute("DELETE FROM token", [])?;
        if transaction.table_exists(None, "access")? {
            transaction.execute("DELETE FROM access WHERE kind = 'join'", [])?;
            transaction.execute("UPDATE device SET previous_token = NULL", [])?;
        }
        let reason = "the hub was restored from a backup";
        let unknown = gone_back::doubt_commands(&transaction, reason, Some(now))?;
        gone_back::note_restored(&transaction, now, unknown)?;
        // Up to version 1 they stood with the devices.
        let logs = if transaction.table_exists(None, "log")? { "log" } else { "device" };
        gone_back::skip_commands(&transaction, logs)?;
        let devices = devices(&transaction)?;
        transaction.commit()?;
        Ok((devices, unknown as u64))
    })();
    changed.map_err(failed)
}

/// Removes what is left of the old database's write-ahead log: beside another database it would be taken for that one's.
fn put_away(database: &Path) -> Result<(), CopyError> {
    // Closing the only connection moves the log into the database. If it is too damaged for that, it goes all the same:
    // whoever restores wants the other one.
    match connection::open(database)
        .and_then(|old| old.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())))
    {
        Ok(()) => {}
        Err(error) => tracing::warn!(%error, "the replaced database was damaged"),
    }
    for suffix in ["-wal", "-shm", "-journal"] {
        let path = beside(database, suffix);
        match fs::remove_file(&path) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                return Err(CopyError::File { path, cause });
            }
            _ => {}
        }
    }
    sync_folder_of(database)
}

/// Is it ours, and of a version that this program knows?
fn known(connection: &Connection, path: &Path) -> Result<(), CopyError> {
    let path = path.to_owned();
    match migration::STORE.check(connection) {
        Ok(()) => Ok(()),
        Err(Refusal::Newer(found)) => Err(CopyError::Newer { path, found, known: migration::STORE.newest() }),
        Err(Refusal::Foreign) => Err(CopyError::Foreign { path }),
        Err(Refusal::Failed(error)) => Err(fault(&path)(error)),
    }
}

/// Reads all of it, and says what is wrong first.
fn whole(connection: &Connection, path: &Path) -> Result<(), CopyError> {
    let answer = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
    match answer.map_err(fault(path))? {
        ok if ok == "ok" => Ok(()),
        what => Err(CopyError::Damaged { path: path.to_owned(), what }),
    }
}

fn devices(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .query_row("SELECT count(*) FROM device", [], |row| row.get::<_, i64>(0))
        .map(i64::cast_unsigned)
}

/// A file that is being written beside the one that it will be, so that a half of it never bears the name. Goes if it
/// does not become it.
struct Part(PathBuf);

impl Part {
    fn beside(file: &Path) -> Result<Part, CopyError> {
        let part = Part(beside(file, &format!(".{}.part", std::process::id())));
        // What a process of the same number left behind; readable for its owner only from the beginning.
        drop(fs::remove_file(&part.0));
        folder::private_file().open(&part.0).map_err(part.failed())?;
        Ok(part)
    }

    fn text(&self) -> Result<&str, CopyError> {
        let cause = || std::io::Error::new(std::io::ErrorKind::InvalidInput, "the name is not UTF-8");
        self.0.to_str().ok_or_else(|| self.failed()(cause()))
    }

    fn failed(&self) -> impl Fn(std::io::Error) -> CopyError {
        let path = self.0.clone();
        move |cause| CopyError::File { path: path.clone(), cause }
    }

    /// Takes the name `file` in one step, when all of it is on disk. Gives back its length.
    fn becomes(self, file: &Path) -> Result<u64, CopyError> {
        let opened = folder::private_file().open(&self.0).map_err(self.failed())?;
        opened.sync_all().map_err(self.failed())?;
        let bytes = opened.metadata().map_err(self.failed())?.len();
        fs::rename(&self.0, file).map_err(|cause| CopyError::File { path: file.to_owned(), cause })?;
        sync_folder_of(file)?;
        Ok(bytes)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After it took its name there is nothing to remove.
        for suffix in ["", "-journal", "-wal", "-shm"] {
            drop(fs::remove_file(beside(&self.0, suffix)));
        }
    }
}

/// The folder that a file is named in.
fn parent(file: &Path) -> &Path {
    file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Where a folder is, whatever links lead to it.
fn really(dir: &Path) -> Result<PathBuf, CopyError> {
    fs::canonicalize(dir).map_err(|cause| CopyError::File { path: dir.to_owned(), cause })
}

fn sync_folder_of(file: &Path) -> Result<(), CopyError> {
    let dir = parent(file);
    folder::sync_names(dir).map_err(|cause| CopyError::File { path: dir.to_owned(), cause })
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    PathBuf::from(name)
}

fn fault(path: &Path) -> impl Fn(rusqlite::Error) -> CopyError {
    let path = path.to_owned();
    move |error| {
        // What is no database at all is told with the words for it.
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
                CopyError::Damaged { path: path.clone(), what: error.to_string() }
            }
            _ => CopyError::Database { path: path.clone(), cause: Fault::from(error) },
        }
    }
}
