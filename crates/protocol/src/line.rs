//! Where a line begins and ends: bytes as they arrive are cut into numbered lines within a bound.
//!
//! A line ends with `\n`; one `\r` before it is no part of it. A line that arrives whole is lent out of the bytes that
//! were read, without a copy; only a line that arrives in pieces is gathered. However the bytes are cut into pieces,
//! the same lines come out.

pub mod checksum;

use memchr::memchr;

/// Bytes kept from the beginning of a line that is too long: enough to read its `seq`.
pub const BEGINNING_BYTES: usize = 64;

/// One line of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Which line of its connection it is, from 1. Empty and too long ones count.
    pub number: u64,
    /// What it holds.
    pub content: Content<'a>,
}

/// What a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'a> {
    /// The whole line without its end.
    Whole(&'a [u8]),
    /// It is longer than allowed. It is told once, when that is clear, and skipped up to its end.
    TooLong {
        /// Its first [`BEGINNING_BYTES`].
        beginning: &'a [u8],
    },
}

/// Cuts the bytes of one connection into lines. Holds at most one unfinished line; when no line is unfinished it holds
/// no memory beside itself.
#[derive(Debug)]
pub struct Lines {
    /// The line that is being read.
    number: u64,
    /// What came of an unfinished line.
    partial: Option<Box<Partial>>,
    /// Bytes a line may have without its end.
    bytes_max: u32,
    progress: Progress,
}

// Tens of thousands of connections are idle at a time.
const _: () = assert!(size_of::<Lines>() <= 24);

#[derive(Debug, Default)]
struct Partial {
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// In the line `number`, of which `partial` came so far.
    Within,
    /// The line in `partial` was lent out; it goes before the next one is read.
    Lent,
    /// In a line that was told to be too long.
    Skipping,
}

impl Lines {
    /// For a connection that begins now, with lines of at most `bytes_max` bytes (and of 4 GiB).
    pub fn new(bytes_max: usize) -> Self {
        let bytes_max = u32::try_from(bytes_max).unwrap_or(u32::MAX);
        Self { number: 1, partial: None, bytes_max, progress: Progress::Within }
    }

    /// From here on lines may have `bytes_max` bytes, where that is more than before.
    pub fn widen(&mut self, bytes_max: usize) {
        self.bytes_max = self.bytes_max.max(u32::try_from(bytes_max).unwrap_or(u32::MAX));
    }

    /// Takes the next line out of `input`, which is what came after the bytes taken before, and moves `input` behind
    /// what it took. Nothing means that `input` is used up and more is needed.
    pub fn next<'line, 'input: 'line>(&'line mut self, input: &mut &'input [u8]) -> Option<Line<'line>> {
        match self.progress {
            Progress::Within => {}
            Progress::Lent => self.begin_next(),
            Progress::Skipping => {
                let Some(end) = memchr(b'\n', input) else {
                    *input = &[];
                    return None;
                };
                *input = &input[end + 1..];
                self.begin_next();
            }
        }
        match memchr(b'\n', input) {
            Some(end) => Some(self.finish(input, end)),
            None => self.gather(input),
        }
    }

    /// Bytes held of an unfinished line.
    pub fn held_bytes(&self) -> usize {
        self.partial.as_ref().map_or(0, |partial| partial.bytes.len())
    }

    fn begin_next(&mut self) {
        self.number += 1;
        self.progress = Progress::Within;
        self.partial = None;
    }

    /// The line whose `\n` stands at `end`.
    fn finish<'line, 'input: 'line>(&'line mut self, input: &mut &'input [u8], end: usize) -> Line<'line> {
        let bytes: &'input [u8] = input;
        let (rest, after) = (&bytes[..end], &bytes[end + 1..]);
        *input = after;
        let number = self.number;
        let bytes_max = self.bytes_max as usize;
        let Some(Partial { bytes }) = self.partial.as_deref_mut() else {
            self.number += 1;
            return Line { number, content: judge(rest, bytes_max) };
        };
        // What can only be too long is not gathered first.
        let room = (bytes_max + 1).saturating_sub(bytes.len());
        bytes.extend_from_slice(&rest[..rest.len().min(room + 1)]);
        self.progress = Progress::Lent;
        Line { number, content: judge(bytes, bytes_max) }
    }

    /// Keeps `input`, which has no end of line, for later, unless the line is too long already.
    fn gather(&mut self, input: &mut &[u8]) -> Option<Line<'_>> {
        if input.is_empty() {
            return None;
        }
        let bytes_max = self.bytes_max as usize;
        let Partial { bytes } = &mut **self.partial.get_or_insert_default();
        // One more than allowed may be the `\r` of the line's end.
        let room = (bytes_max + 1).saturating_sub(bytes.len());
        bytes.extend_from_slice(&input[..input.len().min(room)]);
        let over = input.len() > room || bytes.len() > bytes_max && bytes.last() != Some(&b'\r');
        *input = &[];
        if !over {
            return None;
        }
        self.progress = Progress::Skipping;
        bytes.truncate(BEGINNING_BYTES.min(bytes_max));
        bytes.shrink_to_fit();
        Some(Line { number: self.number, content: Content::TooLong { beginning: bytes } })
    }
}

fn judge(line: &[u8], bytes_max: usize) -> Content<'_> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() <= bytes_max {
        return Content::Whole(line);
    }
    Content::TooLong { beginning: &line[..BEGINNING_BYTES.min(bytes_max)] }
}
