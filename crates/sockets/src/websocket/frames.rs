//! Cuts what a client sends into messages.

use super::header::{FrameHeader, HEADER_BYTES_MAX, Opcode, read, unmask};
use super::{Frame, Violation, close};
use std::borrow::Cow;

/// Cuts what one client sends into whole messages, with control frames in between. It holds memory only for what is
/// unfinished: for a message at most as much as it may be long, and no more than came of it (times two, as it grows).
///
/// However the bytes are cut into pieces, the same comes out.
pub struct Frames {
    unfinished: Option<Box<Unfinished>>,
    message_bytes_max: u32,
    /// The client has closed, or what it sent is none of ours.
    over: bool,
}

// There is one for each idle connection.
const _: () = assert!(size_of::<Frames>() <= 40);

/// What has come of a frame or a message whose rest is still to come.
#[derive(Default)]
struct Unfinished {
    /// The beginning of a header.
    header: [u8; HEADER_BYTES_MAX],
    header_bytes: usize,
    /// The frame of which payload is to come, and how much of it came.
    frame: Option<(FrameHeader, usize)>,
    /// What the fragments are that came of a message.
    message: Option<Kind>,
    gathered: Vec<u8>,
    /// What came of a control frame.
    control: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Binary,
}

impl Unfinished {
    fn is_empty(&self) -> bool {
        self.header_bytes == 0 && self.frame.is_none() && self.message.is_none()
    }
}

impl Frames {
    /// Messages may be as long as `message_bytes_max`, at most 4 GiB.
    pub fn new(message_bytes_max: usize) -> Self {
        let message_bytes_max = u32::try_from(message_bytes_max).unwrap_or(u32::MAX);
        Self { unfinished: None, message_bytes_max, over: false }
    }

    /// From here on messages may be as long as `message_bytes_max`, where that is more than before.
    pub fn widen(&mut self, message_bytes_max: usize) {
        let message_bytes_max = u32::try_from(message_bytes_max).unwrap_or(u32::MAX);
        self.message_bytes_max = self.message_bytes_max.max(message_bytes_max);
    }

    /// Takes the next message or control frame out of `input`, which is what has come next, and moves `input` behind it.
    /// Nothing: `input` is used up, and more is to come. The mask is taken off in place.
    pub fn next<'a>(&mut self, input: &mut &'a mut [u8]) -> Option<Result<Frame<'a>, Violation>> {
        if self.over {
            *input = &mut [];
            return None;
        }
        let next = self.advance(input).transpose()?;
        if matches!(next, Err(_) | Ok(Frame::Close(_))) {
            self.over = true;
            self.unfinished = None;
        } else if self.unfinished.as_ref().is_some_and(|unfinished| unfinished.is_empty()) {
            self.unfinished = None;
        }
        Some(next)
    }

    #[cfg(test)]
    pub(super) fn holds_memory(&self) -> bool {
        self.unfinished.is_some()
    }

    /// Goes from frame to frame, until something is whole or the input is used up.
    fn advance<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<Frame<'a>>, Violation> {
        loop {
            let under_way = self.unfinished.as_mut().and_then(|unfinished| unfinished.frame.take());
            let (header, came) = match under_way {
                Some(frame) => frame,
                None => match self.header(input)? {
                    Some(header) => (header, 0),
                    None => return Ok(None),
                },
            };
            let missing = header.payload - came as u64;
            if input.is_empty() && missing > 0 {
                self.unfinished.get_or_insert_default().frame = Some((header, came));
                return Ok(None);
            }
            let length = usize::try_from(missing).map_or(input.len(), |missing| missing.min(input.len()));
            let (piece, rest) = std::mem::take(input).split_at_mut(length);
            *input = rest;
            unmask(piece, header.mask, came);
            let whole = length as u64 == missing;
            match self.piece(header, piece, came == 0 && whole, whole)? {
                Some(frame) => return Ok(Some(frame)),
                None if whole => {}
                None => {
                    self.unfinished.get_or_insert_default().frame = Some((header, came + length));
                    return Ok(None);
                }
            }
        }
    }

    /// The next frame's header, if all of it has come.
    fn header(&mut self, input: &mut &mut [u8]) -> Result<Option<FrameHeader>, Violation> {
        let known = self.unfinished.as_ref().map_or(0, |unfinished| unfinished.header_bytes);
        if known == 0 {
            if let Some((header, length)) = read(input)? {
                *input = &mut std::mem::take(input)[length..];
                return self.check(header).map(Some);
            }
            if input.is_empty() {
                return Ok(None);
            }
        }
        // It comes in pieces: there is room for the longest.
        let unfinished = self.unfinished.get_or_insert_default();
        let more = input.len().min(HEADER_BYTES_MAX - known);
        unfinished.header[known..known + more].copy_from_slice(&input[..more]);
        let Some((header, length)) = read(&unfinished.header[..known + more])? else {
            unfinished.header_bytes = known + more;
            *input = &mut [];
            return Ok(None);
        };
        unfinished.header_bytes = 0;
        *input = &mut std::mem::take(input)[length - known..];
        self.check(header).map(Some)
    }

    /// Whether a frame may come behind those before it, and is not too long.
    fn check(&self, header: FrameHeader) -> Result<FrameHeader, Violation> {
        if header.opcode.is_control() {
            return Ok(header);
        }
        let unfinished = self.unfinished.as_ref().filter(|unfinished| unfinished.message.is_some());
        if unfinished.is_some() != (header.opcode == Opcode::Continuation) {
            return Err(Violation::Protocol);
        }
        let gathered = unfinished.map_or(0, |unfinished| unfinished.gathered.len()) as u64;
        match header.payload > u64::from(self.message_bytes_max) - gathered {
            true => Err(Violation::TooLong),
            false => Ok(header),
        }
    }

    /// Takes a piece of a frame's payload. `alone`: it is all of it; `ends`: no more of this frame is to come.
    fn piece<'a>(
        &mut self,
        header: FrameHeader,
        piece: &'a [u8],
        alone: bool,
        ends: bool,
    ) -> Result<Option<Frame<'a>>, Violation> {
        if header.opcode.is_control() {
            return self.control(header.opcode, piece, alone, ends);
        }
        let kind = match header.opcode {
            Opcode::Text => Kind::Text,
            _ => Kind::Binary,
        };
        let first = header.opcode != Opcode::Continuation;
        if first && alone && header.last {
            return message(kind, Cow::Borrowed(piece)).map(Some);
        }
        let unfinished = self.unfinished.get_or_insert_default();
        let kind = *unfinished.message.get_or_insert(kind);
        unfinished.gathered.extend_from_slice(piece);
        if !(ends && header.last) {
            return Ok(None);
        }
        unfinished.message = None;
        message(kind, Cow::Owned(std::mem::take(&mut unfinished.gathered))).map(Some)
    }

    fn control<'a>(
        &mut self,
        opcode: Opcode,
        piece: &'a [u8],
        alone: bool,
        ends: bool,
    ) -> Result<Option<Frame<'a>>, Violation> {
        let payload = if alone {
            Cow::Borrowed(piece)
        } else {
            let unfinished = self.unfinished.get_or_insert_default();
            unfinished.control.extend_from_slice(piece);
            if !ends {
                return Ok(None);
            }
            Cow::Owned(std::mem::take(&mut unfinished.control))
        };
        Ok(Some(match opcode {
            Opcode::Ping => Frame::Ping(payload),
            Opcode::Pong => Frame::Pong,
            _ => Frame::Close(close::code(&payload)?),
        }))
    }
}

fn message(kind: Kind, payload: Cow<'_, [u8]>) -> Result<Frame<'_>, Violation> {
    let text = match (kind, payload) {
        (Kind::Binary, payload) => return Ok(Frame::Binary(payload)),
        (Kind::Text, Cow::Borrowed(bytes)) => std::str::from_utf8(bytes).map(Cow::Borrowed).ok(),
        (Kind::Text, Cow::Owned(bytes)) => String::from_utf8(bytes).map(Cow::Owned).ok(),
    };
    text.map(Frame::Text).ok_or(Violation::NotUtf8)
}
