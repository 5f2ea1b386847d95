//! Lines over WebSocket: one per frame, without its `\n`.

use super::{Came, Framing, end};
use crate::clock;
use crate::limits::{BUFFER_BYTES_KEPT, FRAME_BYTES_MAX, STRANGER_FRAME_BYTES_MAX};
use crate::place::{Address, Transport};
use crate::register::Gateway;
use memchr::memchr_iter;
use sockets::websocket::{Frame, Frames, Violation, close, pong, text};
use sockets::{Endpoint, Outgoing, Remote};
use std::cell::RefCell;
use std::net::SocketAddr;

thread_local! {
    /// What frames hold goes through here, as lines: no connection has a buffer for it of its own.
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The code for an end that nobody is to blame for.
const NORMAL: u16 = 1000;

/// Our end of a WebSocket of a device at `address`, which `remote` reaches, once its handshake is done. Where there is no
/// room it says `bye`, and is over.
pub fn websocket(gateway: &Gateway, address: SocketAddr, remote: Remote) -> Box<dyn Endpoint> {
    let address = Address::new(Transport::WebSocket, address);
    end(gateway, address, clock::now(), remote, WebSocket::new())
}

pub(super) struct WebSocket {
    frames: Frames,
    /// What the last ping held, which is not answered yet.
    ping: Option<Box<Ping>>,
    /// With what to close: the code, or what was wrong.
    close: Result<u16, Violation>,
    /// It is said.
    closed: bool,
}

struct Ping {
    payload: Vec<u8>,
}

impl WebSocket {
    fn new() -> Self {
        Self { frames: Frames::new(STRANGER_FRAME_BYTES_MAX), ping: None, close: Ok(NORMAL), closed: false }
    }

    /// Adds what the frames in `bytes` hold to `lines`.
    fn unwrap(&mut self, mut bytes: &mut [u8], lines: &mut Vec<u8>) -> Came {
        while let Some(frame) = self.frames.next(&mut bytes) {
            match frame {
                Ok(Frame::Text(text)) => add(lines, text.as_bytes()),
                Ok(Frame::Binary(bytes)) => add(lines, &bytes),
                Ok(Frame::Ping(payload)) => {
                    self.ping = Some(Box::new(Ping { payload: payload.into_owned() }))
                }
                Ok(Frame::Pong) => {}
                Ok(Frame::Close(code)) => {
                    self.close = Ok(code.unwrap_or(NORMAL));
                    return Came::Last;
                }
                Err(violation) => {
                    self.close = Err(violation);
                    return Came::Nonsense;
                }
            }
        }
        Came::More
    }
}

/// A frame is a line. What holds several is read as several.
fn add(lines: &mut Vec<u8>, frame: &[u8]) {
    lines.extend_from_slice(frame);
    if !frame.ends_with(b"\n") {
        lines.push(b'\n');
    }
}

impl Framing for WebSocket {
    fn read(&mut self, bytes: &mut [u8], lines: impl FnOnce(&[u8])) -> Came {
        LINES.with_borrow_mut(|gathered| {
            gathered.clear();
            let came = self.unwrap(bytes, gathered);
            lines(gathered);
            gathered.shrink_to(BUFFER_BYTES_KEPT);
            came
        })
    }

    fn welcomed(&mut self) {
        self.frames.widen(FRAME_BYTES_MAX);
    }

    fn write(&mut self, lines: &[u8], last: bool, out: &mut Outgoing) {
        if self.closed {
            return;
        }
        if let Some(ping) = self.ping.take() {
            pong(out, &ping.payload);
        }
        let mut begin = 0;
        for end in memchr_iter(b'\n', lines) {
            text(out, &lines[begin..end]);
            begin = end + 1;
        }
        if last {
            self.closed = true;
            match self.close {
                Ok(code) => close(out, code, ""),
                Err(violation) => close(out, violation.code(), violation.reason()),
            }
        }
    }
}
