//! Frames of an uplink: entries `STREAM SPACE LINE \n`, one after the other.

use super::message::{FromGateway, FromHub, OfDevice};
use crate::code::Fault;
use crate::digits::Digits;
use crate::limits::{SEQ_MAX, UPLINK_FRAME_BYTES, UPLINK_FRAME_BYTES_MAX, UPLINK_LINE_BYTES_MAX};
use crate::message::Fail;

/// Cuts a frame into its entries: the stream and the line of each.
///
/// An entry that is none, or too long, is an error and the last of what comes; its place is one in the frame.
pub fn entries(frame: &str) -> Entries<'_> {
    Entries { frame, at: 0 }
}

/// The entries of a frame.
#[derive(Debug, Clone)]
pub struct Entries<'a> {
    frame: &'a str,
    /// How much of it is read; all of it behind an error.
    at: usize,
}

impl<'a> Entries<'a> {
    fn wrong(&mut self, fault: Fault, reason: &str) -> Option<Result<(u64, &'a str), Fail>> {
        let at = std::mem::replace(&mut self.at, self.frame.len());
        Some(Err(Fail::new(fault, at, reason)))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<(u64, &'a str), Fail>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at == 0 && self.frame.len() > UPLINK_FRAME_BYTES_MAX {
            let reason = format!("a frame has at most {UPLINK_FRAME_BYTES_MAX} bytes");
            return self.wrong(Fault::TooLong, &reason);
        }
        let rest = &self.frame[self.at..];
        if rest.is_empty() {
            return None;
        }
        let Some((entry, _)) = rest.split_once('\n') else {
            return self.wrong(Fault::BadMessage, "an entry ends with its line");
        };
        let Some((stream, line)) = entry.split_once(' ') else {
            return self.wrong(Fault::BadMessage, "an entry begins with its stream and a space");
        };
        if line.len() > UPLINK_LINE_BYTES_MAX {
            let reason = format!("a line has at most {UPLINK_LINE_BYTES_MAX} bytes");
            return self.wrong(Fault::TooLong, &reason);
        }
        match number(stream) {
            Some(stream) => {
                self.at += entry.len() + 1;
                Some(Ok((stream, line)))
            }
            None => self.wrong(Fault::BadMessage, "a stream is a number in decimal digits"),
        }
    }
}

/// Digits and nothing else, without leading zeros.
fn number(digits: &str) -> Option<u64> {
    let plain =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|number| plain && *number <= SEQ_MAX)
}

/// A frame that is being made.
#[derive(Debug, Default)]
pub struct Frame {
    text: String,
}

impl Frame {
    /// Adds what a gateway says.
    pub fn gateway(&mut self, said: &FromGateway) {
        self.entry(0, |out| said.write(out));
    }

    /// Adds what a gateway says of a device.
    pub fn device(&mut self, stream: u64, said: &OfDevice) {
        self.entry(stream, |out| said.write(out));
    }

    /// Adds what a hub says.
    pub fn hub(&mut self, said: &FromHub) {
        self.entry(0, |out| said.write(out));
    }

    fn entry(&mut self, stream: u64, write: impl FnOnce(&mut String)) {
        self.text.push_str(std::str::from_utf8(Digits::of_count(stream).as_bytes()).expect("digits"));
        self.text.push(' ');
        write(&mut self.text);
        self.text.push('\n');
    }

    /// Whether it takes no more.
    pub fn is_full(&self) -> bool {
        self.text.len() >= UPLINK_FRAME_BYTES
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// How many bytes it has.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Its text; the next one begins.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }
}
