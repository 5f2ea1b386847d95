//! The folder of an outbox: one program's at a time, and as long as anything of it still works there.

use super::OpenError;
use super::head::HeadFile;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

const LOCK: &str = "lock";

/// A folder that is locked for this outbox and for its works that are still under way: one that outlives the outbox
/// must not change what is the next program's.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) folder: PathBuf,
    head: Mutex<HeadFile>,
    _lock: File,
}

impl Place {
    pub(super) fn new(folder: &Path, lock: File, head: HeadFile) -> Self {
        Self { folder: folder.to_owned(), head: Mutex::new(head), _lock: lock }
    }

    /// Who writes the head, removes files or replaces one holds it: such works are done one after another.
    pub(super) fn head(&self) -> MutexGuard<'_, HeadFile> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes `folder` where it is not there, so that a power cut leaves it there.
pub(crate) fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    make(parent)?;
    match fs::create_dir(folder) {
        // Another program made it meanwhile.
        Err(_) if folder.is_dir() => {}
        made => made?,
    }
    sync(parent)
}

/// Makes names in `folder` durable: those that were made, renamed or removed.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened, and need not be.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// The lock goes with the process that holds it, so nothing has to be cleared away after a crash.
pub(super) fn lock(folder: &Path) -> Result<File, OpenError> {
    let refused = |error| OpenError::Refused { folder: folder.to_owned(), error };
    let path = folder.join(LOCK);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(refused)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(error)) => Err(refused(error)),
    }
}
