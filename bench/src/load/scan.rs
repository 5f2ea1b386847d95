//! Finding marks in a stream of bytes, wherever a reading ends, and the number behind each.

use memchr::memmem::Finder;

/// Bytes of a stream that are looked at again with what comes next, at most: a mark and most of its number.
pub(super) const CARRY_BYTES: usize = 32;
/// Digits of a number that are read.
const DIGITS_MAX: usize = 16;

/// What stands before a number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A message that was published; see [`super::Voice`].
    Sample,
    /// Glassline's ack to a device.
    Ack,
    /// Glassline's command to a device.
    Command,
    /// Glassline's last receipt of a command; it has no number here.
    Done,
    /// JetStream's answer to who published: the message is stored.
    Stored,
}

/// How each mark is found.
pub(super) struct Marks {
    sample: Finder<'static>,
    ack: Finder<'static>,
    command: Finder<'static>,
    done: Finder<'static>,
    stored: Finder<'static>,
}

impl Marks {
    pub(super) fn new() -> Marks {
        Marks {
            sample: Finder::new(b"\"value\":1"),
            ack: Finder::new(b"{\"ack\":"),
            command: Finder::new(b"{\"command\":"),
            done: Finder::new(b"\"state\":\"done\""),
            stored: Finder::new(b"\"seq\":"),
        }
    }

    pub(super) fn finder(&self, mark: Mark) -> &Finder<'static> {
        match mark {
            Mark::Sample => &self.sample,
            Mark::Ack => &self.ack,
            Mark::Command => &self.command,
            Mark::Done => &self.done,
            Mark::Stored => &self.stored,
        }
    }
}

/// The end of what was read so far, where a mark may have begun.
#[derive(Default)]
pub(super) struct Carry {
    bytes: [u8; CARRY_BYTES],
    length: usize,
}

impl Carry {
    /// Looks through `buffer`, whose first [`CARRY_BYTES`] are room for what was carried over, and tells each number.
    pub(super) fn scan(&mut self, buffer: &mut [u8], mark: &Finder<'_>, hear: &mut impl FnMut(u64)) {
        let begin = CARRY_BYTES - self.length;
        buffer[begin..CARRY_BYTES].copy_from_slice(&self.bytes[..self.length]);
        let rest = rest_of(&buffer[begin..], mark, hear);
        self.length = rest.len();
        self.bytes[..rest.len()].copy_from_slice(rest);
    }
}

/// Tells the number behind each mark, and returns the end that has to be seen again.
fn rest_of<'a>(bytes: &'a [u8], mark: &Finder<'_>, hear: &mut impl FnMut(u64)) -> &'a [u8] {
    let mark_bytes = mark.needle().len();
    let mut from = 0;
    while let Some(at) = mark.find(&bytes[from..]) {
        let begin = from + at;
        let behind = &bytes[begin + mark_bytes..];
        let length = behind.iter().take(DIGITS_MAX).take_while(|byte| byte.is_ascii_digit()).count();
        // A number is whole when something stands behind it.
        if length == behind.len() {
            return &bytes[begin..];
        }
        hear(behind[..length].iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')));
        from = begin + mark_bytes + length;
    }
    let seen = (mark_bytes - 1).min(bytes.len() - from);
    &bytes[bytes.len() - seen..]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is heard in `stream` when it comes in pieces of so many bytes.
    fn heard(stream: &[u8], piece: usize) -> Vec<u64> {
        let (marks, mut carry, mut numbers) = (Marks::new(), Carry::default(), Vec::new());
        for part in stream.chunks(piece) {
            let mut buffer = [&[0; CARRY_BYTES], part].concat();
            carry.scan(&mut buffer, marks.finder(Mark::Sample), &mut |number| numbers.push(number));
        }
        numbers
    }

    #[test]
    fn each_message_is_heard_once_wherever_a_reading_ends() {
        let stream = br#"{"value":1000000007,"ts":1}..{"value":1000000008}{"value":21}{"value":1000000123,"#;
        for piece in 1..=stream.len() {
            assert_eq!(heard(stream, piece), [7, 8, 123], "in pieces of {piece}");
        }
    }
}
