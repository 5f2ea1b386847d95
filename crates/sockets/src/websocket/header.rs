//! What stands before the payload of a client's frame.

use super::Violation;

/// Bytes of the longest header: two, eight of length, four of mask.
pub(super) const HEADER_BYTES_MAX: usize = 14;

/// Bytes of payload in a control frame. One with more is a violation.
pub(super) const CONTROL_BYTES_MAX: u64 = 125;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    pub(super) fn is_control(self) -> bool {
        matches!(self, Opcode::Close | Opcode::Ping | Opcode::Pong)
    }
}

/// The header of a client's frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameHeader {
    /// The last frame of its message.
    pub(super) last: bool,
    pub(super) opcode: Opcode,
    pub(super) mask: [u8; 4],
    pub(super) payload: u64,
}

/// Reads the header that `bytes` begin with; gives it and its length. Nothing: it goes on behind them.
///
/// # Errors
/// It is none that a client may send. What it says together with the frames before is for the caller to judge.
pub(super) fn read(bytes: &[u8]) -> Result<Option<(FrameHeader, usize)>, Violation> {
    let Some(first) = bytes.first() else { return Ok(None) };
    let (last, opcode) = first_byte(*first)?;
    let Some(second) = bytes.get(1) else { return Ok(None) };
    let (masked, short) = (second & 0x80 != 0, u64::from(second & 0x7f));
    if !masked || (opcode.is_control() && short > CONTROL_BYTES_MAX) {
        return Err(Violation::Protocol);
    }
    // A length in more bytes than it needs does no harm: small programs are let be.
    let rest = &bytes[2..];
    let (payload, rest) = match short {
        126 => match rest.split_first_chunk() {
            Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest),
            None => return Ok(None),
        },
        127 => match rest.split_first_chunk() {
            Some((length, rest)) => (u64::from_be_bytes(*length), rest),
            None => return Ok(None),
        },
        short => (short, rest),
    };
    let Some((mask, rest)) = rest.split_first_chunk() else { return Ok(None) };
    // The highest bit of the longest form must be zero.
    if payload > i64::MAX as u64 {
        return Err(Violation::Protocol);
    }
    Ok(Some((FrameHeader { last, opcode, mask: *mask, payload }, bytes.len() - rest.len())))
}

fn first_byte(byte: u8) -> Result<(bool, Opcode), Violation> {
    let opcode = match byte & 0x0f {
        0 => Opcode::Continuation,
        1 => Opcode::Text,
        2 => Opcode::Binary,
        8 => Opcode::Close,
        9 => Opcode::Ping,
        10 => Opcode::Pong,
        _ => return Err(Violation::Protocol),
    };
    // The three reserved bits are for extensions, of which we offer none.
    let (last, reserved) = (byte & 0x80 != 0, byte & 0x70 != 0);
    if reserved || (opcode.is_control() && !last) {
        return Err(Violation::Protocol);
    }
    Ok((last, opcode))
}

/// Takes the mask off `bytes`, which stand `offset` bytes behind the beginning of their frame's payload.
pub(super) fn unmask(bytes: &mut [u8], mut mask: [u8; 4], offset: usize) {
    mask.rotate_left(offset % 4);
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = bytes.as_chunks_mut();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= mask;
    }
}
