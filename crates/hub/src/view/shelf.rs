//! Keeps a library that is as new as the files of the user's folder, and the one before it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::assets::Asset;
use super::component::Component;
use super::files::{Files, listing};
use super::good::Versions;
use super::library::Library;
use super::limits::{LOOK_AGAIN_MS, SETTLING_LOOKS_MAX};
use super::volume::{Changed, volume_of};

/// A library, loaded again when a file of the user's folder has changed.
pub struct Shelf {
    folder: Option<PathBuf>,
    registered: Vec<Arc<dyn Component>>,
    built_in: Files,
    /// What was seen in the folder. Held while it is looked at and loaded.
    looks: Mutex<Looks>,
    /// Never held for long.
    kept: Mutex<Kept>,
}

struct Looks {
    /// What the library was loaded from.
    seen: Vec<Seen>,
    /// What is different, and may still be being written; how many looks in a row saw something new.
    settling: Option<(Vec<Seen>, usize)>,
    looked_ms: u64,
}

struct Kept {
    library: Arc<Library>,
    /// The user's files that it was loaded from.
    own: Files,
    /// The one before: a page that was sent a moment ago may still ask for its files.
    previous: Option<Arc<Library>>,
    versions: Versions,
    /// The one that somebody asked for last in which volumes stand in an earlier version.
    restored: Option<(BTreeSet<String>, Arc<Library>)>,
    /// What changed and nobody was told of yet.
    untold: Option<Changed>,
}

/// What tells that a file is another: its path and what the system says of it. One that an editor wrote elsewhere and renamed
/// has another number.
type Seen = (String, Option<SystemTime>, u64, u64);

/// What a look at the folder found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing new.
    Same,
    /// Something that is not yet the same for two looks: look again soon.
    Settling,
    /// Something new, which is loaded.
    Loaded,
}

/// A change of a library that whoever shows it is to be told of.
#[derive(Clone, Debug)]
pub(crate) struct Swap {
    /// What tells the new library from others.
    pub(crate) library: String,
    /// What is different in it.
    pub(crate) changed: Changed,
}

impl Shelf {
    /// Loads the built-in components and views, overlaid by those in `folder`, as [`Library::load`] does.
    pub fn open(folder: Option<PathBuf>, registered: Vec<Arc<dyn Component>>) -> Self {
        // Looked at before it is read: what changes in between is seen as a change the next time.
        let seen = folder.as_deref().map(look).unwrap_or_default();
        let (built_in, own) = (Files::built_in(), folder.as_deref().map(Files::on_disk).unwrap_or_default());
        let library = Library::of(&built_in, folder.as_ref().map(|_| &own), &registered);
        let mut versions = Versions::default();
        let volumes = own.all().filter_map(|(path, _)| volume_of(path)).map(str::to_owned).collect();
        versions.take_in(&own, library.judge(volumes));
        let library = Arc::new(library);
        let kept = Kept { library, own, previous: None, versions, restored: None, untold: None };
        let looks = Mutex::new(Looks { seen, settling: None, looked_ms: 0 });
        Self { folder, registered, built_in, looks, kept: Mutex::new(kept) }
    }

    /// The library. `now_ms` (of a monotonic clock) decides whether the folder is looked at, which reads its listing, and its files
    /// when one has changed: some milliseconds, at most once in [`LOOK_AGAIN_MS`].
    pub fn library(&self, now_ms: u64) -> Arc<Library> {
        // Somebody who looks already will have everybody told of what is new.
        if let (Some(folder), Ok(mut looks)) = (&self.folder, self.looks.try_lock())
            && now_ms.abs_diff(looks.looked_ms) >= LOOK_AGAIN_MS
        {
            looks.looked_ms = now_ms;
            let seen = look(folder);
            if seen != looks.seen {
                self.load(folder, &mut looks, seen);
            }
        }
        self.present()
    }

    /// The user's folder, if there is one.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Looks at the folder and loads what is new, for whoever has just written there.
    pub(crate) fn look_now(&self) {
        let Some(folder) = &self.folder else { return };
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = look(folder);
        if seen != looks.seen {
            self.load(folder, &mut looks, seen);
        }
    }

    /// The library as it was loaded last.
    pub fn present(&self) -> Arc<Library> {
        self.kept().library.clone()
    }

    /// Looks at the folder, and loads what is new as soon as two looks in a row see the same: what an editor is writing is not
    /// loaded half. A file that changes all the time is loaded with each [`SETTLING_LOOKS_MAX`]th look.
    pub(crate) fn follow(&self, now_ms: u64) -> Found {
        let Some(folder) = &self.folder else { return Found::Same };
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        looks.looked_ms = now_ms;
        let (seen, settling) = (look(folder), looks.settling.take());
        if seen == looks.seen {
            return Found::Same;
        }
        let (before, count) = settling.unwrap_or_default();
        if seen != before && count < SETTLING_LOOKS_MAX {
            looks.settling = Some((seen, count + 1));
            return Found::Settling;
        }
        self.load(folder, &mut looks, seen);
        Found::Loaded
    }

    /// What changed since the last time that this was asked.
    pub(crate) fn take_swap(&self) -> Option<Swap> {
        let mut kept = self.kept();
        let changed = kept.untold.take()?;
        Some(Swap { library: kept.library.print.clone(), changed })
    }

    /// The library with these volumes (`components/dial`, `views/weather`) in their last good version; the present one where
    /// none of them has one.
    pub fn with_earlier(&self, volumes: &BTreeSet<String>) -> Arc<Library> {
        let (own, restored, present) = {
            let kept = self.kept();
            let (own, restored) = kept.versions.restore(&kept.own, volumes);
            match &kept.restored {
                _ if restored.is_empty() => return kept.library.clone(),
                Some((same, library)) if *same == restored => return library.clone(),
                _ => (own, restored, kept.library.clone()),
            }
        };
        let mut library = Library::of(&self.built_in, Some(&own), &self.registered);
        // For whoever shows it, it is the present one in other clothes.
        library.print.clone_from(&present.print);
        library.earlier.clone_from(&present.earlier);
        library.restored.clone_from(&restored);
        let library = Arc::new(library);
        let mut kept = self.kept();
        if Arc::ptr_eq(&kept.library, &present) {
            kept.restored = Some((restored, library.clone()));
        }
        library
    }

    /// A browser could not run what it was given of this component: the version of the library `print`. It is not what
    /// anybody goes back to.
    pub(crate) fn is_broken(&self, kind: &str, print: &str) {
        let mut kept = self.kept();
        if kept.library.print == print {
            kept.versions.is_broken(&format!("components/{kind}"));
        }
    }

    /// The asset of a file name below `/assets/`, also if it has been replaced since the page that asks for it was sent.
    pub fn asset(&self, file: &str) -> Option<Asset> {
        let kept = self.kept();
        let others = kept.previous.iter().chain(kept.restored.iter().map(|(_, library)| library));
        std::iter::once(&kept.library).chain(others).find_map(|library| library.asset(file)).cloned()
    }

    fn load(&self, folder: &Path, looks: &mut Looks, seen: Vec<Seen>) {
        looks.seen = seen;
        let own = Files::on_disk(folder);
        let mut library = Library::of(&self.built_in, Some(&own), &self.registered);
        let changed = library.volumes.changed_since(&self.present().volumes);
        let judged = library.judge(changed.volumes());
        let mut kept = self.kept();
        kept.versions.take_in(&own, judged);
        library.earlier = kept.versions.earlier();
        kept.untold.get_or_insert_default().add(changed);
        kept.previous = Some(std::mem::replace(&mut kept.library, Arc::new(library)));
        (kept.own, kept.restored) = (own, None);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing in it is ever half done: a panic while it was held leaves the library that was there.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn look(folder: &Path) -> Vec<Seen> {
    let files = listing(folder).into_iter();
    files
        .map(|(path, on_disk)| match on_disk.metadata() {
            Ok(metadata) => (path, metadata.modified().ok(), metadata.len(), number(&metadata)),
            Err(_) => (path, None, 0, 0),
        })
        .collect()
}

/// The number that the system knows the file by, where it says.
#[cfg(unix)]
fn number(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn number(_: &std::fs::Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests;
