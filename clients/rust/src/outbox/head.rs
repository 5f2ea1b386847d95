//! The head file: what is taken over and in which session the rest is numbered (rule D4).
//!
//! It has two slots, and the older one is overwritten in place: so there is a head that is whole whenever the power goes,
//! and a head needs no room, which on a full disk there is only once one was written and files are given back. (A file
//! system that never overwrites in place needs some all the same.)
//!
//! A slot holds its record twice and is empty lines otherwise, so that no single damaged place loses it: not even the end
//! of a line, which would join two.

use super::place;
use super::record::{self, HEAD_BYTES_MAX, Record, Stamped};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;

const NAME: &str = "head";
const NEW: &str = "head.new";

/// What a disk writes at once, so that writing one slot does nothing to the other.
const SLOT_BYTES: usize = 4096;
const FILE_BYTES: usize = 2 * SLOT_BYTES;

const _: () = assert!(HEAD_BYTES_MAX < SLOT_BYTES / 2);

/// Where in the head file the next head goes.
#[derive(Debug, Default)]
pub(super) struct HeadFile {
    /// The slot that does not have the newest head, 0 or 1.
    older: usize,
    /// That of the newest head that was written: never is an older one written over a newer.
    generation: u64,
    /// Whether it has its two slots, and so needs no room.
    made: bool,
}

impl HeadFile {
    /// Whether the next head needs no room on the disk.
    pub(super) fn is_made(&self) -> bool {
        self.made
    }

    /// Writes the head into `folder`; once this returns `Ok`, a power cut leaves it, before that it or the one before.
    ///
    /// # Errors
    /// The operating system's. The head before is still there, and the same slot is written again the next time.
    pub(super) fn write(&mut self, folder: &Path, stamped: &Stamped) -> io::Result<()> {
        if stamped.generation < self.generation {
            return Ok(());
        }
        match OpenOptions::new().write(true).open(folder.join(NAME)) {
            Ok(file) if file.metadata()?.len() == FILE_BYTES as u64 => self.overwrite(file, stamped)?,
            Ok(_strange) => make(folder, stamped)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(folder, stamped)?,
            Err(error) => return Err(error),
        }
        *self = Self { older: 1 - self.older, generation: stamped.generation, made: true };
        Ok(())
    }

    fn overwrite(&self, mut file: File, stamped: &Stamped) -> io::Result<()> {
        file.seek(SeekFrom::Start((self.older * SLOT_BYTES) as u64))?;
        file.write_all(&slot(stamped))?;
        file.sync_data()
    }
}

/// A file with the same head in both slots, in the place of whatever is there.
fn make(folder: &Path, stamped: &Stamped) -> io::Result<()> {
    let new = folder.join(NEW);
    let mut file = File::create(&new)?;
    file.write_all(&slot(stamped).repeat(2))?;
    file.sync_all()?;
    fs::rename(&new, folder.join(NAME))?;
    place::sync(folder)
}

fn slot(stamped: &Stamped) -> Vec<u8> {
    let line = record::of_head(stamped);
    let mut slot = vec![b'\n'; SLOT_BYTES];
    for half in slot.chunks_mut(SLOT_BYTES / 2) {
        half[..line.len()].copy_from_slice(&line);
    }
    slot
}

/// What a head file says.
#[derive(Default)]
pub(super) struct Read {
    /// The newest head; nothing where there is none, or none that can be read.
    pub(super) stamped: Option<Stamped>,
    /// Bytes of it that are damaged.
    pub(super) damaged: u64,
    /// For the next one.
    pub(super) file: HeadFile,
}

/// Reads the head file in `folder`.
pub(super) fn read(folder: &Path) -> Read {
    let path = folder.join(NAME);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Read::default(),
        Err(_unreadable) => return Read { damaged: 1, ..Read::default() },
    };
    // What an earlier run wrote and did not live to sync must be there before the other slot is overwritten.
    let _ = OpenOptions::new().write(true).open(path).and_then(|file| file.sync_data());
    read_bytes(&bytes)
}

fn read_bytes(bytes: &[u8]) -> Read {
    let mut read = Read::default();
    read.file.made = bytes.len() == FILE_BYTES;
    for (at, slot) in bytes.chunks(SLOT_BYTES).enumerate() {
        for line in slot.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let newest = read.stamped.as_ref().map_or(0, |newest| newest.generation);
            match record::read(line) {
                Some(Record::Head(stamped)) if stamped.generation >= newest => {
                    (read.stamped, read.file.older) = (Some(stamped), usize::from(at == 0));
                }
                Some(Record::Head(_)) => {}
                _ => read.damaged += line.len() as u64,
            }
        }
    }
    if read.stamped.is_none() {
        // An empty file is no head either.
        read.damaged = read.damaged.max(1);
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::id::SessionId;
    use protocol::session::device_side::{Head, KeptSession};

    fn head(generation: u64) -> Stamped {
        let session =
            KeptSession { session: SessionId::parse("k7-3").expect("one"), begin: 9, end: Some(12) };
        Stamped { generation, next: 18, head: Head { session: Some(session), head: 15 } }
    }

    /// The file after so many heads, and what goes on with it.
    fn written(heads: u64) -> (tempfile::TempDir, HeadFile, Vec<u8>) {
        let (folder, mut file) = (tempfile::tempdir().expect("a folder"), HeadFile::default());
        for generation in 1..=heads {
            file.write(folder.path(), &head(generation)).expect("there is room");
        }
        let bytes = fs::read(folder.path().join(NAME)).expect("the file");
        (folder, file, bytes)
    }

    #[test]
    fn no_flipped_bit_loses_it() {
        for heads in 1..=3 {
            let (_folder, _, whole) = written(heads);
            for bit in 0..whole.len() * 8 {
                let mut flipped = whole.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(read_bytes(&flipped).stamped, Some(head(heads)), "bit {bit}");
            }
        }
    }

    #[test]
    fn a_torn_write_leaves_the_head_before_it() {
        for heads in 1..=3 {
            let (_folder, _, before) = written(heads);
            let (_folder, _, after) = written(heads + 1);
            let mut slots = (0..2).map(|slot| slot * SLOT_BYTES..(slot + 1) * SLOT_BYTES);
            let slot = slots.find(|slot| before[slot.clone()] != after[slot.clone()]).expect("one of them");
            for at in slot.clone() {
                // Its beginning is there and its end is not; the other way round; or there are zeroes.
                let mut zeroes = after.clone();
                zeroes[at..slot.end].fill(0);
                for torn in
                    [[&after[..at], &before[at..]].concat(), [&before[..at], &after[at..]].concat(), zeroes]
                {
                    let read = read_bytes(&torn).stamped;
                    assert!(read == Some(head(heads)) || read == Some(head(heads + 1)), "{at}: {read:?}");
                }
            }
        }
    }

    #[test]
    fn another_run_goes_on_with_the_older_slot() {
        for heads in 1..=3 {
            let (folder, _, before) = written(heads);
            let mut file = read(folder.path()).file;
            file.write(folder.path(), &head(9)).expect("there is room");
            let after = fs::read(folder.path().join(NAME)).expect("the file");
            let kept = (0..2).map(|slot| slot * SLOT_BYTES..(slot + 1) * SLOT_BYTES);
            let kept = kept.filter(|slot| before[slot.clone()] == after[slot.clone()]);
            let kept: Vec<_> = kept.map(|slot| read_bytes(&before[slot]).stamped).collect();
            assert_eq!(kept, [Some(head(heads))]);
        }
    }
}
