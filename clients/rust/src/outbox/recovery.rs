//! Reads an outbox as the last run of the program left it: whatever became of it, what can be read is found, and what is
//! missing is said.
//!
//! A log is read line by line: the end of a line is where reading takes up again behind a damage, and a checksum tells
//! a whole line from a damaged one.

use super::head::{self, HeadFile};
use super::record::{self, MESSAGE_BYTES_MIN, Record, Stamped};
use super::report::{Damage, Report};
use super::segment::{self, Segment};
use crate::limits::MISSING_MESSAGES_MAX;
use protocol::message::Samples;
use protocol::session::device_side::{Head, Kept};
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io;
use std::path::Path;

/// What was found.
pub(super) struct Recovered {
    /// What the device goes on with.
    pub(super) kept: Kept,
    /// The files of the log, oldest first.
    pub(super) segments: VecDeque<Segment>,
    /// The position of the next message: above every one that was ever used, as far as anything tells.
    pub(super) next: u64,
    /// The newest head, also where none was found: then that of an empty outbox.
    pub(super) stamped: Stamped,
    pub(super) report: Report,
    /// That of the last file.
    pub(super) end: End,
    /// Where the next head goes.
    pub(super) head: HeadFile,
}

/// How a file of the log ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum End {
    /// With a whole line.
    #[default]
    Whole,
    /// With a whole line that lacks its end.
    Unended,
    /// With something damaged; whole lines end there.
    Torn(u64),
    /// Nobody knows: the system failed to read the file. Another time it may not.
    Unreadable,
}

/// Reads the outbox in `folder`. A file that cannot be read counts as damaged from its beginning to its end.
///
/// # Errors
/// The folder itself cannot be listed.
pub(super) fn recover(folder: &Path) -> io::Result<Recovered> {
    let head = head::read(folder);
    let report = Report { head_damaged: head.damaged, ..Report::default() };
    // What the head's file says of the next position counts behind the log, not within it.
    let written = head.stamped.as_ref().map_or(1, |stamped| stamped.next);
    let mut log = Reading { stamped: head.stamped, head: head.file, report, ..Reading::default() };
    let mut segments = segment::list(folder)?;
    log.leave_out_strange(folder, &mut segments);
    for segment in &segments {
        log.read_segment(folder, segment);
    }
    log.next = log.next.max(written);
    Ok(log.finish(segments))
}

/// The log as far as it was read.
#[derive(Default)]
struct Reading {
    messages: BTreeMap<u64, Samples>,
    stamped: Option<Stamped>,
    head: HeadFile,
    /// Above every position that is in the log or was damaged in it.
    next: u64,
    report: Report,
    end: End,
}

impl Reading {
    /// A file so far behind the one before it is none that an outbox ever makes: it counts as damaged, whole.
    fn leave_out_strange(&mut self, folder: &Path, segments: &mut VecDeque<Segment>) {
        let mut before = segments.front().map_or(0, |segment| segment.first);
        segments.retain(|segment| {
            let near = segment.first - before <= MISSING_MESSAGES_MAX;
            if near {
                before = segment.first;
            } else {
                let file = segment.path(folder);
                self.report.damages.push(Damage { file, offset: 0, bytes: segment.bytes });
            }
            near
        });
    }

    fn read_segment(&mut self, folder: &Path, segment: &Segment) {
        self.end = End::Whole;
        let path = segment.path(folder);
        self.next = self.next.max(segment.first).max(1);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(_unreadable) => {
                self.report.damages.push(Damage { file: path, offset: 0, bytes: segment.bytes });
                self.end = End::Unreadable;
                return;
            }
        };
        let mut damages = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let end = bytes[at..].iter().position(|byte| *byte == b'\n').map(|length| at + length);
            let behind = end.map_or(bytes.len(), |end| end + 1);
            let line = &bytes[at..end.unwrap_or(bytes.len())];
            if end.is_none() {
                self.end = End::Unended;
            }
            match record::read(line) {
                // A file is named for its first message: what lies below it was never written there.
                Some(Record::Message(position, _)) if position < segment.first => {
                    damage(&mut damages, at, behind);
                }
                Some(record) => self.take(record),
                // What a failed write was ended with.
                None if line.is_empty() => {}
                None => damage(&mut damages, at, behind),
            }
            at = behind;
        }
        let torn = damages.last().filter(|(_, end)| *end == bytes.len()).copied();
        if let Some((begin, _)) = torn {
            self.tear(&bytes[begin..]);
            self.end = End::Torn(begin as u64);
        }
        self.report.damages.extend(damages.into_iter().map(|(begin, end)| Damage {
            file: path.clone(),
            offset: begin as u64,
            bytes: (end - begin) as u64,
        }));
    }

    fn take(&mut self, record: Record) {
        match record {
            Record::Message(position, message) => {
                self.next = self.next.max(position + 1);
                self.messages.entry(position).or_insert(message);
            }
            Record::Head(stamped) => {
                self.next = self.next.max(stamped.next);
                let newest = self.stamped.as_ref().map_or(0, |newest| newest.generation);
                if stamped.generation >= newest {
                    self.stamped = Some(stamped);
                }
            }
        }
    }

    /// At least one message was in these bytes, unless they are those of a head. Their positions may have been said, so
    /// they are not used again.
    fn tear(&mut self, torn: &[u8]) {
        let last = record::last_claimed(torn, self.next);
        if last.is_some() || !record::is_rest_of_head(torn) {
            self.next = last.unwrap_or(self.next) + 1;
        }
    }

    fn finish(mut self, segments: VecDeque<Segment>) -> Recovered {
        if let Some(last) = segments.back().filter(|_| self.end == End::Unreadable) {
            // As many as it may hold were used.
            let messages = (last.bytes / MESSAGE_BYTES_MIN as u64).clamp(1, MISSING_MESSAGES_MAX);
            self.next = self.next.max(last.first + messages);
        }
        let stamped = self.stamped.take();
        self.report.head_lost = stamped.is_none() && (self.report.head_damaged > 0 || !segments.is_empty());
        let empty = Stamped { generation: 0, next: 1, head: Head { session: None, head: 1 } };
        let stamped = stamped.unwrap_or(empty);
        let next = self.next.max(stamped.next).max(stamped.head.head);
        let kept = self.kept(&stamped.head, &segments, next);
        let Self { report, end, head, .. } = self;
        Recovered { kept, segments, next, stamped, report, end, head }
    }

    /// What the device holds: from the first position that is neither taken over nor given back with its file, to the
    /// next one. What is not there is missing.
    fn kept(&mut self, head: &Head, segments: &VecDeque<Segment>, next: u64) -> Kept {
        let given_back = segments.front().map_or(next, |segment| segment.first);
        let lowest = self.messages.keys().next().copied().unwrap_or(next);
        let first = head.head.max(given_back.min(lowest));
        let messages: Vec<Option<Samples>> =
            (first..next).map(|position| self.messages.remove(&position)).collect();
        self.report.restored = messages.iter().flatten().count();
        for position in (first..).zip(&messages).filter(|(_, message)| message.is_none()).map(|(at, _)| at) {
            match self.report.missing.last_mut() {
                Some(run) if run.end() + 1 == position => *run = *run.start()..=position,
                _ => self.report.missing.push(position..=position),
            }
        }
        Kept { session: head.session.clone(), head: head.head, first, messages }
    }
}

/// Adds the bytes from `begin` to `end` to those that are damaged.
fn damage(damages: &mut Vec<(usize, usize)>, begin: usize, end: usize) {
    match damages.last_mut() {
        Some((_, last)) if *last == begin => *last = end,
        _ => damages.push((begin, end)),
    }
}
