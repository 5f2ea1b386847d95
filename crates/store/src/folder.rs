//! The state folder: made for its owner only, and held by one process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::error::OpenError;

/// The store's file in a state folder.
pub(crate) const STORE: &str = "glassline.db";
/// The spool's file in a state folder.
pub(crate) const SPOOL: &str = "spool.db";
/// The file whose lock says that the folder is in use; it holds the pid of the process that has the lock.
const LOCK: &str = "glassline.lock";

/// A state folder that is ours until this is dropped.
pub(crate) struct Folder {
    dir: PathBuf,
    /// The name of the database's file.
    database: &'static str,
    /// The system ends the lock when the process does, however it does.
    lock: File,
}

impl Folder {
    /// Makes the folder if need be, and takes it, whatever is in it, for what is in the file `database`.
    pub(crate) fn open(dir: &Path, database: &'static str) -> Result<Folder, OpenError> {
        let unusable = |cause| OpenError::Folder { dir: dir.to_owned(), cause };
        make(dir).map_err(unusable)?;
        let mut lock = private_file().open(dir.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::InUse { dir: dir.to_owned(), pid: read_pid(&mut lock) });
            }
            Err(TryLockError::Error(cause)) => return Err(unusable(cause)),
        }
        write_pid(&mut lock).map_err(unusable)?;
        // SQLite would make the file readable for everybody; its other files take over what this one has.
        private_file().open(dir.join(database)).map_err(unusable)?;
        sync_names(dir).map_err(unusable)?;
        Ok(Folder { dir: dir.to_owned(), database, lock })
    }

    /// The folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The database's file.
    pub(crate) fn database(&self) -> PathBuf {
        self.dir.join(self.database)
    }
}

impl Drop for Folder {
    /// Closing the file would do, were it not for a program that is being started just now: until it runs, it has a
    /// copy of each open file.
    fn drop(&mut self) {
        if let Err(error) = self.lock.unlock() {
            tracing::debug!(%error, "the state folder was not unlocked");
        }
    }
}

/// The store's file in a folder.
pub fn database(dir: &Path) -> PathBuf {
    dir.join(STORE)
}

fn make(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let there = dir.ancestors().position(|above| above.is_dir());
    builder.create(dir)?;
    // The name of each folder that was made stands in the one above it.
    for made in dir.ancestors().take(there.unwrap_or(usize::MAX)) {
        let above = made.parent().filter(|above| !above.as_os_str().is_empty());
        sync_names(above.unwrap_or(Path::new(".")))?;
    }
    Ok(())
}

/// Opens for reading and writing, made if need be, never truncated.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn read_pid(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn write_pid(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

/// A new file is only safe once the folder that names it is.
pub(crate) fn sync_names(dir: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}
