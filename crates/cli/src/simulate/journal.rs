//! A journal of what was accepted, for a checker outside: one line a message, appended before the producer goes on.
//!
//! ```text
//! fleet-0001 17 1763846847123     device, the value of its channel `count`, its time in ms since 1970
//! ```
//!
//! Where the program is killed between a message's acceptance and its line, the message is there without a line. So a
//! run that goes on with a journal leaves out one value: none is ever used for two messages.

use anyhow::{Context as _, Result};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// An open journal.
pub(crate) struct Journal {
    file: Mutex<File>,
    /// The highest value of each device that earlier runs left in it.
    last: HashMap<String, u64>,
}

impl Journal {
    /// Opens the journal at `path`, to go on with what is in it.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path);
        let mut file = file.with_context(|| format!("the journal {} cannot be opened", path.display()))?;
        let mut last = HashMap::new();
        let mut whole = true;
        for line in BufReader::new(&file).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            let mut words = line.split(' ');
            let value =
                words.next().zip(words.next()).and_then(|(id, value)| Some((id, value.parse::<u64>().ok()?)));
            whole = value.is_some() && words.next().is_some_and(|ts| ts.len() > 1);
            if let Some((id, value)) = value {
                let last = last.entry(id.to_owned()).or_default();
                *last = value.max(*last);
            }
        }
        if !whole {
            // A full disk may have torn the last line.
            file.write_all(b"\n")?;
        }
        Ok(Self { file: Mutex::new(file), last })
    }

    /// The value with which the device `id` goes on.
    pub(crate) fn first_value(&self, id: &str) -> u64 {
        self.last.get(id).map_or(1, |last| last + 2)
    }

    /// Appends that `id` was given `value`, taken at `ts`.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn accepted(&self, id: &str, value: u64, ts: i64) -> std::io::Result<()> {
        let line = format!("{id} {value} {ts}\n");
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_run_never_repeats_a_value() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let journal = Journal::open(&path).expect("a journal");
        assert_eq!(journal.first_value("fleet-0001"), 1);
        journal.accepted("fleet-0001", 1, 5).expect("a line");
        journal.accepted("fleet-0001", 2, 6).expect("a line");
        drop(journal);
        assert_eq!(std::fs::read_to_string(&path).expect("text"), "fleet-0001 1 5\nfleet-0001 2 6\n");
        let journal = Journal::open(&path).expect("a journal");
        assert_eq!((journal.first_value("fleet-0001"), journal.first_value("fleet-0002")), (4, 1));
    }
}
