//! An outbox in a folder: what was accepted and not yet taken over survives the end of the program, however it comes.
//!
//! ```text
//! boiler-7.outbox/
//!   00000000000000000001.log    messages, one a line, and heads; named for the position of its first message
//!   00000000000000004711.log
//!   head                        what is taken over, and the session that the rest is numbered in: the last two
//!   lock                        held by the program that uses the folder
//! ```
//!
//! | when | what survives |
//! |---|---|
//! | [`Outbox::append`] returned | `kill -9` of the program |
//! | a [`Sync`] done after it succeeded | a power cut |
//! | a [`Keep`] succeeded | a power cut: a session is on disk before anything is said in it (rule D4) |
//!
//! Files whose messages are all taken over or dropped are removed, so the folder holds little more than the messages in
//! it: at most two files more ([`Bounds::file_bytes`]).
//!
//! What is damaged is told from what is whole by checksums, and never keeps a program from starting: see [`Report`].

mod head;
mod place;
mod record;
mod recovery;
mod report;
mod segment;
mod work;

pub use report::{Damage, Report};
pub use work::{Done, Keep, Sync};

pub(crate) use place::{make as make_folder, sync as sync_folder};

use crate::limits::HEAD_EVERY_MESSAGES;
use place::Place;
use protocol::message::Samples;
use protocol::session::device_side::{Head, Kept};
use record::Stamped;
use recovery::End;
use segment::{Segment, State};
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How the log is cut into files.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes after which another file is begun.
    pub file_bytes: u64,
}

/// Why an outbox cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another program uses it, or this one twice.
    #[error("the outbox {} is in use by another program", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The system refuses the folder itself.
    #[error("the outbox {} cannot be opened: {error}", folder.display())]
    Refused {
        /// The folder.
        folder: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// An outbox in a folder, open.
#[derive(Debug)]
pub struct Outbox {
    place: Arc<Place>,
    bounds: Bounds,
    segments: VecDeque<Segment>,
    /// The last segment's file; nothing where the next message begins another one.
    file: Option<File>,
    /// The last write failed: what it left of a line is cut off before the next.
    torn: bool,
    /// The position of the next message.
    next: u64,
    generation: u64,
    /// The newest head that was written, be it to the log or to its file, and its generation.
    noted: (u64, Head),
    /// Whether the head has its room on the disk. Before, the log takes none: it may take all there is, and what is in
    /// it could not be said without a head.
    has_head: bool,
}

impl Outbox {
    /// Opens the outbox in `folder`, which is made if need be. Answers what a device goes on with and what was lost.
    ///
    /// # Errors
    /// Another program uses it, or the folder cannot be made or listed. Damaged contents are no error.
    pub fn open(folder: &Path, bounds: Bounds) -> Result<(Self, Kept, Report), OpenError> {
        let refused = |error| OpenError::Refused { folder: folder.to_owned(), error };
        place::make(folder).map_err(refused)?;
        let lock = place::lock(folder)?;
        let recovered = recovery::recover(folder).map_err(refused)?;
        let mut outbox = Self {
            has_head: recovered.head.is_made(),
            place: Arc::new(Place::new(folder, lock, recovered.head)),
            bounds,
            file: None,
            torn: false,
            next: recovered.next,
            generation: recovered.stamped.generation,
            noted: (recovered.stamped.generation, recovered.stamped.head),
            segments: recovered.segments,
        };
        outbox.go_on(!recovered.report.is_whole(), recovered.end);
        Ok((outbox, recovered.kept, recovered.report))
    }

    /// Writes behind the whole lines of the last file if that can be done, and begins another one if it cannot.
    fn go_on(&mut self, damaged: bool, end: End) {
        // What is known of the missing must not be forgotten with what told it: no position is to be used again.
        if damaged {
            self.generation += 1;
            self.noted.0 = self.generation;
            // Both slots: one may be what is damaged.
            if self.write_head_file().and_then(|()| self.write_head_file()).is_err() {
                return;
            }
        } else if !self.has_head {
            // On a full disk that is tried again before the log takes anything.
            let _ = self.write_head_file();
        }
        let Some(last) = self.segments.back_mut().filter(|_| end != End::Unreadable) else { return };
        let Ok(mut file) = OpenOptions::new().append(true).open(last.path(&self.place.folder)) else {
            return;
        };
        let mended = match end {
            End::Torn(cut) => file.set_len(cut).map(|()| last.bytes = cut),
            End::Unended => file.write_all(b"\n").map(|()| last.bytes += 1),
            End::Whole | End::Unreadable => Ok(()),
        };
        self.file = mended.is_ok().then_some(file);
        if damaged {
            // So that what follows is known to follow that. It is in the head's file in any case.
            let _ = self.write(&record::of_head(&self.last_noted()));
        }
    }

    fn write_head_file(&mut self) -> io::Result<()> {
        self.place.head().write(&self.place.folder, &self.last_noted())?;
        self.has_head = true;
        Ok(())
    }

    /// The position that the next message gets.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Puts `message` behind all others. Once this returns, `kill -9` does not lose it.
    ///
    /// # Errors
    /// The system's: the disk is full, say. Then the message is not in the outbox, and the next one may be tried.
    pub fn append(&mut self, message: &Samples) -> io::Result<()> {
        self.write(&record::of_message(self.next, message))?;
        self.next += 1;
        Ok(())
    }

    /// Notes `head` in the log, where enough was taken over since the last time: so that after the end of the program
    /// little is sent that was taken over before. Nothing is synced.
    pub fn note(&mut self, head: &Head, held: usize) {
        let taken_over = head.head.saturating_sub(self.noted.1.head);
        if taken_over >= HEAD_EVERY_MESSAGES || (taken_over > 0 && held == 0) {
            // It is told again with the next one.
            let _ = self.write_head(head);
        }
    }

    /// Begins to replace the head by `head` and to give back what lies below `held_from`: [`Keep::run`] does it, which
    /// may take some time, and [`Outbox::done`] is told.
    pub fn keep(&mut self, head: &Head, held_from: u64) -> Keep {
        // The log has it too, for the case that its file is damaged; what counts is its file.
        let _ = self.write_head(head);
        let files = self.segments.iter().zip(self.segments.iter().skip(1));
        let given_back = files.take_while(|(_, next)| next.first <= held_from).map(|(file, _)| file.first);
        Keep::new(self.place.clone(), self.stamped(head), given_back.collect())
    }

    /// Whether a [`Outbox::keep`] would give back a file.
    pub fn has_room_to_give(&self, held_from: u64) -> bool {
        self.segments.get(1).is_some_and(|second| second.first <= held_from)
    }

    /// Removes the files below `held_from` at once. Nothing is synced, so it takes no longer than a message does: without a
    /// head that says so, what is missing below the first file counts as dropped, and so it was.
    pub fn give_back(&mut self, held_from: u64) {
        // One that a sync is to write again stays: it would come again.
        while self.has_room_to_give(held_from)
            && let Some(first) = self.segments.pop_front_if(|first| first.state != State::Suspect)
        {
            // One that stays is found by the next run of the program.
            let _ = fs::remove_file(first.path(&self.place.folder));
        }
    }

    /// Begins to make durable all that was put in so far.
    ///
    /// # Errors
    /// The system's.
    pub fn sync(&mut self) -> io::Result<Sync> {
        if self.segments.back().is_some_and(|last| last.state == State::Suspect) {
            // The work copies it, and nothing is to be added meanwhile.
            self.file = None;
        }
        // One without a message is begun anew instead, with the next message.
        let superfluous = |segment: &&Segment| segment.state == State::Suspect && segment.first == self.next;
        let unsynced = self.segments.iter().filter(|segment| segment.state != State::Synced);
        let unsynced = unsynced
            .filter(|segment| !superfluous(segment))
            .map(|segment| (segment.first, segment.bytes, segment.state == State::Suspect));
        Ok(Sync::new(self.place.clone(), unsynced.collect()))
    }

    /// What a [`Keep`] or a [`Sync`] came to.
    pub fn done(&mut self, done: Done) {
        match done {
            Done::Kept(files) => {
                self.has_head = true;
                self.segments.retain(|segment| !files.contains(&segment.first));
            }
            Done::Synced(files) => {
                for (first, bytes) in files {
                    self.mark(first, |segment| segment.bytes == bytes, State::Synced);
                }
            }
            Done::Failed(files) => {
                for first in files {
                    self.mark(first, |_| true, State::Suspect);
                }
            }
        }
    }

    fn mark(&mut self, first: u64, only: impl Fn(&Segment) -> bool, state: State) {
        let named = self.segments.iter_mut().find(|segment| segment.first == first);
        if let Some(segment) = named.filter(|segment| only(segment)) {
            segment.state = state;
        }
    }

    /// Bytes of all files of the log.
    pub fn log_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    fn stamped(&self, head: &Head) -> Stamped {
        Stamped { generation: self.generation, next: self.next, head: head.clone() }
    }

    fn last_noted(&self) -> Stamped {
        let (generation, head) = self.noted.clone();
        Stamped { generation, next: self.next, head }
    }

    fn write_head(&mut self, head: &Head) -> io::Result<()> {
        self.generation += 1;
        let written = self.write(&record::of_head(&self.stamped(head)));
        self.noted = (self.generation, head.clone());
        written
    }

    /// Adds whole lines to the log, in another file where the last one is full.
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let bytes = self.segments.back().map_or(0, |last| last.bytes);
        if bytes + lines.len() as u64 > self.bounds.file_bytes && bytes > 0 {
            self.file = None;
        }
        if self.torn {
            self.mend();
        }
        if self.file.is_none() {
            self.begin_file()?;
        }
        let (Some(file), Some(last)) = (&mut self.file, self.segments.back_mut()) else {
            return Err(io::Error::other("the log has no file"));
        };
        self.torn = true;
        file.write_all(lines)?;
        self.torn = false;
        last.bytes += lines.len() as u64;
        if last.state == State::Synced {
            last.state = State::Unsynced;
        }
        Ok(())
    }

    /// Cuts off what a failed write left, and begins another file: on a full disk this one is in nobody's way then, and
    /// can be given back, with the room it takes.
    fn mend(&mut self) {
        self.torn = false;
        if let (Some(file), Some(last)) = (self.file.take(), self.segments.back()) {
            // What is left there is found to be damaged, and no loss: it was not accepted.
            let _ = file.set_len(last.bytes);
        }
    }

    /// Begins the file that the next message is the first of. One of that name holds no message yet: it is replaced.
    fn begin_file(&mut self) -> io::Result<()> {
        if !self.has_head {
            self.write_head_file()?;
        }
        let path = segment::path(&self.place.folder, self.next);
        let is_last = self.segments.back().is_some_and(|last| last.first == self.next);
        fs::remove_file(&path).or_else(unless_gone)?;
        if is_last {
            self.segments.pop_back();
        }
        let mut file = OpenOptions::new().append(true).create_new(true).open(&path)?;
        self.segments.push_back(Segment { first: self.next, bytes: 0, state: State::Unsynced });
        // So that each file tells where the log stood when it was begun: what came before may be gone.
        let head = record::of_head(&self.last_noted());
        let written = file.write_all(&head);
        self.file = Some(file);
        self.torn = written.is_err();
        written?;
        if let Some(last) = self.segments.back_mut() {
            last.bytes = head.len() as u64;
        }
        Ok(())
    }
}

fn unless_gone(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
