//! However what a browser sends over a WebSocket is cut into pieces, the same messages come out, and none beyond its bound.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sockets::websocket::{Frame, Frames, Violation};

/// Bytes a message may have here: few, so that messages are too long often.
const MESSAGE_BYTES_MAX: usize = 200;
/// Bytes a control frame may have (RFC 6455, 5.5).
const CONTROL_BYTES_MAX: usize = 125;

/// What was said, to be compared.
#[derive(Debug, PartialEq)]
enum Seen {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
    Violation(Violation),
}

fn read(bytes: &[u8], step: usize) -> Vec<Seen> {
    let mut frames = Frames::new(MESSAGE_BYTES_MAX);
    let mut seen = Vec::new();
    for piece in bytes.to_vec().chunks_mut(step) {
        let mut rest = piece;
        while let Some(frame) = frames.next(&mut rest) {
            seen.push(match frame {
                Ok(Frame::Text(text)) => Seen::Text(text.into_owned()),
                Ok(Frame::Binary(bytes)) => Seen::Binary(bytes.into_owned()),
                Ok(Frame::Ping(payload)) => Seen::Ping(payload.into_owned()),
                Ok(Frame::Pong) => Seen::Pong,
                Ok(Frame::Close(code)) => Seen::Close(code),
                Err(violation) => Seen::Violation(violation),
            });
        }
        assert!(rest.is_empty(), "input was left though nothing came out of it");
    }
    seen
}

fuzz_target!(|data: &[u8]| {
    let Some((&step, bytes)) = data.split_first() else { return };
    let whole = read(bytes, bytes.len().max(1));
    assert_eq!(whole, read(bytes, usize::from(step).max(1)), "cut into pieces of {step}");
    for (place, seen) in whole.iter().enumerate() {
        match seen {
            Seen::Text(text) => assert!(text.len() <= MESSAGE_BYTES_MAX, "a message beyond the bound"),
            Seen::Binary(bytes) => assert!(bytes.len() <= MESSAGE_BYTES_MAX, "a message beyond the bound"),
            Seen::Ping(payload) => assert!(payload.len() <= CONTROL_BYTES_MAX, "a ping beyond the bound"),
            Seen::Pong => {}
            Seen::Close(_) | Seen::Violation(_) => {
                assert_eq!(place + 1, whole.len(), "something follows the end")
            }
        }
    }
});
