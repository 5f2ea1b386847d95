//! The server's side of WebSockets (RFC 6455) over bytes, without a socket: what a client sends becomes messages, what we
//! say becomes frames. The handshake is HTTP's and not here.
//!
//! | module | what it does |
//! |---|---|
//! | `frames` | cuts what comes into messages; holds memory only while one is unfinished |
//! | `header` | what stands before a frame's payload |
//! | `close` | the codes with which a client may close |
//! | `say` | writes frames |

mod close;
mod frames;
mod header;
mod say;
#[cfg(test)]
mod tests;

pub use frames::Frames;
pub use say::{Header, again, close, header, pong, text};

use std::borrow::Cow;

/// What a client said: a whole message, or a control frame, which may come between the fragments of one.
///
/// What came at once is borrowed from the bytes that were read; what came in pieces is owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A message of text.
    Text(Cow<'a, str>),
    /// A message of bytes.
    Binary(Cow<'a, [u8]>),
    /// It asks for a pong with the same payload, at most 125 bytes.
    Ping(Cow<'a, [u8]>),
    /// It answers a ping, or just says that it lives.
    Pong,
    /// It says no more, and why (1000 to 4999) where it tells. What comes behind it is not looked at. Whoever has not said
    /// [`close`] yet does it now.
    Close(Option<u16>),
}

/// Why what a client sent is no conversation in WebSocket. What comes behind it is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// A message is longer than may be.
    TooLong,
    /// A text is not UTF-8.
    NotUtf8,
    /// Frames are not as RFC 6455 wants them.
    Protocol,
}

impl Violation {
    /// The code to [`close`] with.
    pub fn code(self) -> u16 {
        match self {
            Violation::TooLong => 1009,
            Violation::NotUtf8 => 1007,
            Violation::Protocol => 1002,
        }
    }

    /// The reason to [`close`] with.
    pub fn reason(self) -> &'static str {
        match self {
            Violation::TooLong => "the message is too long",
            Violation::NotUtf8 => "the text is not UTF-8",
            Violation::Protocol => "not WebSocket",
        }
    }
}
