//! The head file: what is taken over and in which session the rest is numbered, as one record that is replaced whole
//! (rule D4).
//!
//! It holds the same record twice, with an empty line between, so that no single damaged place loses it: not even the
//! end of a line, which would join two.

use super::record::{self, Record, Stamped};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

const NAME: &str = "head";
const NEW: &str = "head.new";

/// Replaces the head file in `folder`; once this returns `Ok`, a power cut leaves the new one, before that the old or
/// the new one, whole.
///
/// # Errors
/// The operating system's. The old head is still there.
pub(super) fn write(folder: &Path, stamped: &Stamped) -> io::Result<()> {
    let line = record::of_head(stamped);
    let new = folder.join(NEW);
    let mut file = File::create(&new)?;
    file.write_all(&[&line[..], b"\n", &line].concat())?;
    file.sync_all()?;
    fs::rename(&new, folder.join(NAME))?;
    sync_folder(folder)
}

/// What a head file says.
pub(super) struct Read {
    /// The head; nothing where there is none, or none that can be read.
    pub(super) stamped: Option<Stamped>,
    /// Bytes of it that are damaged.
    pub(super) damaged: u64,
}

/// Reads the head file in `folder`.
pub(super) fn read(folder: &Path) -> Read {
    let bytes = match fs::read(folder.join(NAME)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Read { stamped: None, damaged: 0 },
        Err(_unreadable) => return Read { stamped: None, damaged: 1 },
    };
    read_bytes(&bytes)
}

fn read_bytes(bytes: &[u8]) -> Read {
    let mut read = Read { stamped: None, damaged: 0 };
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match record::read(line) {
            Some(Record::Head(stamped)) => read.stamped = Some(stamped),
            _ => read.damaged += line.len() as u64,
        }
    }
    if read.stamped.is_none() {
        // An empty file is no head either.
        read.damaged = read.damaged.max(1);
    }
    read
}

/// Makes names in `folder` durable: those that were made, renamed or removed.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened, and need not be.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::id::SessionId;
    use protocol::session::device_side::{Head, KeptSession};

    #[test]
    fn no_flipped_bit_loses_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let session =
            KeptSession { session: SessionId::parse("k7-3").expect("one"), begin: 9, end: Some(12) };
        let stamped = Stamped { generation: 4, next: 18, head: Head { session: Some(session), head: 15 } };
        write(folder.path(), &stamped).expect("a file");
        let whole = fs::read(folder.path().join(NAME)).expect("the file");
        assert!(whole.len() > 100);
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read_bytes(&flipped).stamped.as_ref(), Some(&stamped), "bit {bit}");
        }
    }
}
