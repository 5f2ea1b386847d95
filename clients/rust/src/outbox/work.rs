//! What takes the disk some time, apart from the outbox itself: it is carried out while messages go on being put in.

use super::place::{self, Place};
use super::record::{self, Stamped};
use super::segment;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::sync::Arc;

/// Replaces the head, and then gives back files that it makes superfluous.
#[derive(Debug)]
pub struct Keep {
    place: Arc<Place>,
    stamped: Stamped,
    given_back: Vec<u64>,
}

impl Keep {
    pub(super) fn new(place: Arc<Place>, stamped: Stamped, given_back: Vec<u64>) -> Self {
        Self { place, stamped, given_back }
    }

    /// Does it; once this returns `Ok`, a power cut does not take the head back. Tell [`super::Outbox::done`] what comes
    /// of it.
    ///
    /// # Errors
    /// The system's; the head before is still there.
    pub fn run(self) -> io::Result<Done> {
        let folder = &self.place.folder;
        let mut head = self.place.head();
        head.write(folder, &self.stamped)?;
        let remove = |first: &u64| match fs::remove_file(segment::path(folder, *first)) {
            Ok(()) => true,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        Ok(Done::Kept(self.given_back.into_iter().filter(remove).collect()))
    }
}

/// Makes durable what is in the log.
#[derive(Debug)]
pub struct Sync {
    place: Arc<Place>,
    /// The first position of each file, its bytes, and whether the system failed to sync it before.
    files: Vec<(u64, u64, bool)>,
}

/// What came of a [`Keep`] or a [`Sync`].
#[derive(Debug)]
#[must_use = "the outbox is to be told"]
pub enum Done {
    /// The head is on disk, and these files are gone.
    Kept(Vec<u64>),
    /// So many bytes of these files are durable.
    Synced(Vec<(u64, u64)>),
    /// The system failed to make these files durable.
    Failed(Vec<u64>),
}

impl Sync {
    pub(super) fn new(place: Arc<Place>, files: Vec<(u64, u64, bool)>) -> Self {
        Self { place, files }
    }

    /// Does it. Tell [`super::Outbox::done`] what comes of it; with [`Done::Synced`] a power cut loses nothing that was
    /// in the outbox when this began.
    pub fn run(self) -> (Done, io::Result<()>) {
        let all: Vec<u64> = self.files.iter().map(|(first, ..)| *first).collect();
        let synced = self.files.iter().try_for_each(|(first, bytes, suspect)| {
            if *suspect { self.copy(*first, *bytes) } else { self.sync_file(*first) }
        });
        match synced.and_then(|()| place::sync(&self.place.folder)) {
            Ok(()) => {
                (Done::Synced(self.files.iter().map(|(first, bytes, _)| (*first, *bytes)).collect()), Ok(()))
            }
            Err(error) => (Done::Failed(all), Err(error)),
        }
    }

    fn sync_file(&self, first: u64) -> io::Result<()> {
        match File::open(segment::path(&self.place.folder, first)) {
            Ok(file) => file.sync_data(),
            // Given back meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// After a failed sync the system may count as written what it could not write. So the file is written again, from
    /// what can be read of it, if that is still whole.
    fn copy(&self, first: u64, bytes: u64) -> io::Result<()> {
        // Another sync may want the same, and a file that is given back must not come again.
        let _alone = self.place.head();
        let path = segment::path(&self.place.folder, first);
        let content = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            content => content?,
        };
        let whole = content.len() as u64 >= bytes
            && content.split_inclusive(|byte| *byte == b'\n').all(|line| {
                line.strip_suffix(b"\n").is_some_and(|line| line.is_empty() || record::read(line).is_some())
            });
        if !whole {
            return Err(io::Error::other("what the system failed to write can no longer be read"));
        }
        let copy = path.with_extension("copy");
        let mut file = File::create(&copy)?;
        file.write_all(&content)?;
        file.sync_all()?;
        fs::rename(copy, path)
    }
}
