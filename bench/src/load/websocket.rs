//! The client's side of WebSockets, as far as the load needs it.

use std::net::SocketAddr;

use super::Step;

/// The mask of every frame: a server has to take it off again, whatever it is.
const MASK: [u8; 4] = [0x5a, 0x17, 0xc3, 0x8e];

/// Asks for a WebSocket at `path`, with further header lines, each ended.
pub(crate) fn upgrade(host: SocketAddr, path: &str, headers: &str, until: &'static [u8]) -> Step {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    );
    Step::new(request, until)
}

/// One whole text frame.
pub(crate) fn text(payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x81);
    match payload.len() {
        length @ 0..=125 => out.push(0x80 | length as u8),
        length => {
            out.push(0x80 | 126);
            out.extend_from_slice(
                &u16::try_from(length).expect("frames of the load are short").to_be_bytes(),
            );
        }
    }
    out.extend_from_slice(&MASK);
    out.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}
