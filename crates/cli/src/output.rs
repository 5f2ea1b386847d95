//! Standard output, for people and pipes: what is asked for goes there, all else to standard error.

use anyhow::Result;
use std::fmt;
use std::io::{ErrorKind, Write as _};

/// Whoever read our output has seen enough, as `head` does. The program ends quietly.
#[derive(Debug)]
pub(crate) struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("nobody reads the output any more")
    }
}

impl std::error::Error for Closed {}

/// Writes `text` and a line end, at once.
///
/// # Errors
/// [`Closed`] when nobody reads it, or what the operating system says.
pub(crate) fn line(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Closed.into()),
        written => Ok(written?),
    }
}

/// As [`line`], for those who go on whether or not somebody reads it.
pub(crate) fn announce(text: &str) {
    if let Err(error) = line(text) {
        tracing::warn!("nothing can be said on standard output: {error}");
    }
}

/// Text of a device for a terminal, which control characters could steer. Those of ASCII become blanks: in JSON they
/// stand between its parts only. The others are escaped as JSON does it. So JSON stays the same JSON, on one line.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\0'..=' ' => printable.push(' '),
            _ if character.is_control() => printable.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => printable.push(character),
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(printable("{\n\"a\": 1\t}"), "{ \"a\": 1 }");
        assert_eq!(printable("\"a\u{9b}2J\u{7f}°\""), "\"a\\u009b2J\\u007f°\"");
    }
}
