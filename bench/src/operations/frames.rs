//! WebSocket frames: a client's are read, ours are written.

use std::hint::black_box;

use sockets::Outgoing;
use sockets::websocket::{Frame, Frames, text};

use super::Work;

/// Bytes that a message may have.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// What a browser masks with.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A command of a panel, about 100 bytes: unmasked, and seen to be text.
pub(super) fn read() -> Work {
    let payload =
        br#"{"command":"c-4711-81239","device":"pump-1","channel":"valve","value":42.5,"ttl":30000}"#;
    let length = u8::try_from(payload.len()).expect("it is short");
    let mut masked = vec![0x81, 0x80 | length];
    masked.extend_from_slice(&MASK);
    masked.extend(payload.iter().zip(MASK.into_iter().cycle()).map(|(byte, mask)| byte ^ mask));
    let mut came = masked.clone();
    let mut frames = Frames::new(MESSAGE_BYTES_MAX);
    Box::new(move || {
        came.copy_from_slice(&masked);
        let mut input = black_box(&mut came[..]);
        let frame = frames.next(&mut input);
        assert!(matches!(black_box(frame), Some(Ok(Frame::Text(_)))), "a text came");
    })
}

/// A patch of about 100 bytes as a frame, into an empty buffer.
pub(super) fn write() -> Work {
    let patch =
        br#"[{"device":"pump-1","cursor":4711,"channel":"temperature","value":21.50,"ts":1763846847123}]"#;
    Box::new(move || {
        let mut out = Outgoing::default();
        text(&mut out, black_box(patch));
        assert!(!black_box(out).is_empty(), "a frame was written");
    })
}
