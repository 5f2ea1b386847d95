//! The files of a log: each is named for the position of its first message, so that a file that is gone is noticed.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const SUFFIX: &str = ".log";

/// One file of the log.
#[derive(Debug)]
pub(super) struct Segment {
    /// The position of its first message, be it there or yet to come.
    pub(super) first: u64,
    /// Bytes of whole lines in it.
    pub(super) bytes: u64,
    pub(super) state: State,
}

/// How much of it a power cut leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// All.
    Synced,
    /// Perhaps not its end.
    Unsynced,
    /// Nobody knows: the system failed to sync it, and may since have forgotten what it did not write.
    Suspect,
}

impl Segment {
    pub(super) fn path(&self, folder: &Path) -> PathBuf {
        path(folder, self.first)
    }
}

/// The file that begins with the message at `first`.
pub(super) fn path(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:020}{SUFFIX}"))
}

/// All files of the log in `folder`, oldest first.
pub(super) fn list(folder: &Path) -> io::Result<VecDeque<Segment>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let first =
            name.to_str().and_then(|name| name.strip_suffix(SUFFIX)).and_then(|first| first.parse().ok());
        if let Some(first) = first {
            let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
            segments.push(Segment { first, bytes, state: State::Unsynced });
        }
    }
    segments.sort_by_key(|segment| segment.first);
    Ok(segments.into())
}
