//! The short way to read a line as nearly all of them are: JSON without an escape and without a mistake. It takes less than
//! `json` does and never anything else: what it does not know is left to that, which also says what is wrong.

use crate::json::{Member, repeated};
use crate::limits::LINE_DEPTH_MAX;
use std::borrow::Cow;

/// The members of `text`, one object, where all of it is plain: at most [`LINE_DEPTH_MAX`] deep, no key twice on any level.
pub(crate) fn object(text: &str) -> Option<Vec<Member<'_>>> {
    let mut scan = Scan { text, at: 0 };
    scan.space();
    let members = scan.object(LINE_DEPTH_MAX)?;
    scan.space();
    (scan.at == text.len()).then_some(members)
}

/// What `value`, a JSON text, says, where it is a string without escapes.
pub(crate) fn string(value: &str) -> Option<&str> {
    let inside = value.strip_prefix('"')?.strip_suffix('"')?;
    (!inside.as_bytes().contains(&b'\\')).then_some(inside)
}

/// The number that `value`, a JSON text, is, where it has up to 16 digits and nothing else.
pub(crate) fn whole(value: &str) -> Option<u64> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    if !(1..=16).contains(&value.len()) {
        return None;
    }
    value.bytes().try_fold(0, |number, byte| Some(number * 10 + digit(byte)?))
}

struct Scan<'a> {
    text: &'a str,
    /// How many bytes are read.
    at: usize,
}

impl<'a> Scan<'a> {
    fn object(&mut self, depth: usize) -> Option<Vec<Member<'a>>> {
        let depth = depth.checked_sub(1)?;
        self.take(b'{')?;
        self.space();
        let mut members = Vec::with_capacity(4);
        loop {
            let key = self.string()?;
            self.space();
            self.take(b':')?;
            self.space();
            let begin = self.at;
            self.value(depth)?;
            members.push((Cow::Borrowed(key), &self.text[begin..self.at]));
            if self.is_last(b'}')? {
                return repeated(&members).is_none().then_some(members);
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        self.take(b'[')?;
        self.space();
        loop {
            self.value(depth)?;
            if self.is_last(b']')? {
                return Some(());
            }
        }
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        match self.byte()? {
            b'"' => self.string().map(drop),
            b'{' => self.object(depth).map(drop),
            b'[' => self.array(depth),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number(),
        }
    }

    /// Behind a member or an item: whether `end` comes, and not another one.
    fn is_last(&mut self, end: u8) -> Option<bool> {
        self.space();
        if self.take(end).is_some() {
            return Some(true);
        }
        self.take(b',')?;
        self.space();
        Some(false)
    }

    fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let rest = &self.text.as_bytes()[self.at..];
        let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20))?;
        let inside = &self.text[self.at..self.at + length];
        self.at += length;
        self.take(b'"')?;
        Some(inside)
    }

    fn number(&mut self) -> Option<()> {
        // One that is not there is no mistake in any of these but the digits.
        let _ = self.take(b'-');
        match self.take(b'0') {
            Some(()) => {}
            None => self.digits()?,
        }
        if self.take(b'.').is_some() {
            self.digits()?;
        }
        if self.take(b'e').or_else(|| self.take(b'E')).is_some() {
            let _ = self.take(b'+').or_else(|| self.take(b'-'));
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let begin = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > begin).then_some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text.as_bytes()[self.at..].starts_with(word.as_bytes()).then(|| self.at += word.len())
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.byte() {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.byte() == Some(byte)).then(|| self.at += 1)
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}
