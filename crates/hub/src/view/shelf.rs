//! Keeps a library that is as new as the files of the user's folder.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::assets::Asset;
use super::component::Component;
use super::files::listing;
use super::library::Library;
use super::limits::LOOK_AGAIN_MS;

/// A library, loaded again when a file of the user's folder has changed.
pub struct Shelf {
    folder: Option<PathBuf>,
    registered: Vec<Arc<dyn Component>>,
    kept: Mutex<Kept>,
}

struct Kept {
    library: Arc<Library>,
    /// The one before: a page that was sent a moment ago may still ask for its files.
    previous: Option<Arc<Library>>,
    seen: Vec<Seen>,
    looked_ms: u64,
}

/// What tells that a file is another: its path, when it was changed, its size.
type Seen = (String, Option<SystemTime>, u64);

impl Shelf {
    /// Loads the built-in components and views, overlaid by those in `folder`, as [`Library::load`] does.
    pub fn open(folder: Option<PathBuf>, registered: Vec<Arc<dyn Component>>) -> Self {
        // Looked at before it is read: what changes in between is seen as a change the next time.
        let seen = folder.as_deref().map(look).unwrap_or_default();
        let library = Arc::new(Library::load(folder.as_deref(), &registered));
        let kept = Mutex::new(Kept { library, previous: None, seen, looked_ms: 0 });
        Self { folder, registered, kept }
    }

    /// The library. `now_ms` (of a monotonic clock) decides whether the folder is looked at, which reads its listing, and its files
    /// when one has changed: some milliseconds, at most once in [`LOOK_AGAIN_MS`].
    pub fn library(&self, now_ms: u64) -> Arc<Library> {
        let mut kept = self.lock();
        if let Some(folder) = &self.folder
            && now_ms.abs_diff(kept.looked_ms) >= LOOK_AGAIN_MS
        {
            kept.looked_ms = now_ms;
            let seen = look(folder);
            if seen != kept.seen {
                let library = Arc::new(Library::load(Some(folder), &self.registered));
                kept.previous = Some(std::mem::replace(&mut kept.library, library));
                kept.seen = seen;
            }
        }
        kept.library.clone()
    }

    /// The asset of a file name below `/assets/`, also if it has been replaced since the page that asks for it was sent.
    pub fn asset(&self, file: &str) -> Option<Asset> {
        let kept = self.lock();
        let previous = || kept.previous.as_ref().and_then(|library| library.asset(file));
        kept.library.asset(file).or_else(previous).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Nothing in it is ever half done: a panic while it was held leaves the library that was there.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn look(folder: &Path) -> Vec<Seen> {
    let files = listing(folder).into_iter();
    files
        .map(|(path, on_disk)| match on_disk.metadata() {
            Ok(metadata) => (path, metadata.modified().ok(), metadata.len()),
            Err(_) => (path, None, 0),
        })
        .collect()
}
