//! Frames that we say: whole, and not masked, as a server's are. But for [`again`].

use crate::outgoing::Outgoing;

/// Bytes of reason in a close frame, beside the code. What is longer is cut.
const REASON_BYTES_MAX: usize = 123;

const WHOLE: u8 = 0x80;

/// What stands before the payload of one of our frames.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    bytes: [u8; 10],
    length: u8,
}

impl AsRef<[u8]> for Header {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// The header of a whole message of text, of `payload` bytes.
pub fn header(payload: usize) -> Header {
    header_of(1, payload)
}

fn header_of(opcode: u8, payload: usize) -> Header {
    let mut bytes = [0; 10];
    bytes[0] = WHOLE | opcode;
    let length = match (u8::try_from(payload), u16::try_from(payload)) {
        (Ok(short @ ..126), _) => {
            bytes[1] = short;
            2
        }
        (_, Ok(length)) => {
            bytes[1] = 126;
            bytes[2..4].copy_from_slice(&length.to_be_bytes());
            4
        }
        _ => {
            bytes[1] = 127;
            bytes[2..].copy_from_slice(&(payload as u64).to_be_bytes());
            10
        }
    };
    Header { bytes, length }
}

fn say(out: &mut Outgoing, opcode: u8, payload: &[u8]) {
    out.push(header_of(opcode, payload.len()).as_ref());
    out.push(payload);
}

/// Says `text`, which is UTF-8, as one message.
pub fn text(out: &mut Outgoing, text: &[u8]) {
    say(out, 1, text);
}

/// Answers a ping, with its `payload`. Of more than 125 bytes the first 125 are said.
pub fn pong(out: &mut Outgoing, payload: &[u8]) {
    say(out, 10, &payload[..payload.len().min(125)]);
}

/// Says that we say no more, and why: a `code` of RFC 6455 or of 4000 to 4999, and a `reason` of at most 123 bytes (what is
/// longer is cut). Nothing may be said behind it.
pub fn close(out: &mut Outgoing, code: u16, reason: &str) {
    let reason = &reason.as_bytes()[..reason.floor_char_boundary(REASON_BYTES_MAX)];
    out.push(header_of(8, 2 + reason.len()).as_ref());
    out.push(&code.to_be_bytes());
    out.push(reason);
}

/// `text` as the message of a client, masked with zeros: for an endpoint that shall hear what another has read.
pub fn again(text: &str) -> Vec<u8> {
    let header = header(text.len());
    let mut bytes = Vec::with_capacity(header.as_ref().len() + 4 + text.len());
    bytes.extend_from_slice(header.as_ref());
    bytes[1] |= 0x80;
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(text.as_bytes());
    bytes
}
