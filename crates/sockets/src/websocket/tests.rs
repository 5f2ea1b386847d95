//! Every rule of RFC 6455 that a server keeps, however the bytes are cut into pieces.

use super::*;
use crate::outgoing::Outgoing;
use std::time::{SystemTime, UNIX_EPOCH};

const MAX: usize = 1_000;

/// A frame of a client, masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = vec![first];
    match payload.len() {
        short @ ..126 => bytes.push(0x80 | short as u8),
        length @ ..65_536 => {
            bytes.push(0x80 | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.into_iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

type Heard = Vec<Result<Frame<'static>, Violation>>;

fn owned(frame: Frame<'_>) -> Frame<'static> {
    match frame {
        Frame::Text(text) => Frame::Text(text.into_owned().into()),
        Frame::Binary(bytes) => Frame::Binary(bytes.into_owned().into()),
        Frame::Ping(payload) => Frame::Ping(payload.into_owned().into()),
        Frame::Pong => Frame::Pong,
        Frame::Close(code) => Frame::Close(code),
    }
}

fn take(frames: &mut Frames, bytes: &[u8], heard: &mut Heard) {
    let mut bytes = bytes.to_vec();
    let mut input = &mut bytes[..];
    while let Some(next) = frames.next(&mut input) {
        heard.push(next.map(owned));
    }
    assert!(input.is_empty(), "used up");
}

fn hear(max: usize, bytes: &[u8]) -> Heard {
    let mut heard = Vec::new();
    take(&mut Frames::new(max), bytes, &mut heard);
    heard
}

fn text(text: &str) -> Result<Frame<'static>, Violation> {
    Ok(Frame::Text(text.to_owned().into()))
}

fn violates(what: &str, violation: Violation, bytes: &[u8]) {
    let good = frame(0x81, b"behind it");
    assert_eq!(hear(MAX, &[bytes, &good[..]].concat()), [Err(violation)], "{what}");
}

#[test]
fn the_examples_of_the_rfc_are_read() {
    let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(hear(MAX, &hello), [text("Hello")]);
    let ping = [0x89, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(hear(MAX, &ping), [Ok(Frame::Ping(b"Hello"[..].into()))]);
}

#[test]
fn what_came_whole_is_not_copied_and_an_empty_message_is_one() {
    let mut bytes = [frame(0x81, "grün".as_bytes()), frame(0x81, b""), frame(0x82, b"\xff")].concat();
    let (mut input, mut frames) = (&mut bytes[..], Frames::new(MAX));
    assert!(matches!(frames.next(&mut input), Some(Ok(Frame::Text(Cow::Borrowed("grün"))))));
    assert!(matches!(frames.next(&mut input), Some(Ok(Frame::Text(Cow::Borrowed(""))))));
    assert!(matches!(frames.next(&mut input), Some(Ok(Frame::Binary(Cow::Borrowed(b"\xff"))))));
    assert!(frames.next(&mut input).is_none());
}

#[test]
fn each_form_of_a_length_is_read() {
    for length in [0, 1, 7, 8, 9, 125, 126, 127, 65_535, 65_536, 70_001] {
        let sent: String = (0..length).map(|n| char::from(b'a' + (n % 26) as u8)).collect();
        assert_eq!(hear(100_000, &frame(0x81, sent.as_bytes())), [text(&sent)], "{length}");
    }
}

#[test]
fn a_message_in_fragments_is_one_and_control_frames_come_between_them() {
    let bytes = [
        frame(0x01, b"one "),
        frame(0x89, b"there?"),
        frame(0x00, b""),
        frame(0x8a, b"yes"),
        frame(0x80, b"message"),
        frame(0x81, b"another"),
    ]
    .concat();
    let ping = Ok(Frame::Ping(b"there?"[..].into()));
    assert_eq!(hear(MAX, &bytes), [ping, Ok(Frame::Pong), text("one message"), text("another")]);
}

#[test]
fn a_character_may_be_cut_by_fragments_but_must_be_whole_in_the_end() {
    let [whole, half] = ["ü".as_bytes(), &"ü".as_bytes()[..1]];
    let bytes = [frame(0x01, half), frame(0x80, &whole[1..])].concat();
    assert_eq!(hear(MAX, &bytes), [text("ü")]);
    violates("half a character", Violation::NotUtf8, &[frame(0x01, b"a"), frame(0x80, half)].concat());
    violates("half a character at once", Violation::NotUtf8, &frame(0x81, half));
    assert!(hear(MAX, &frame(0x82, half))[0].is_ok(), "bytes may be anything");
}

#[test]
fn what_the_protocol_forbids_is_a_violation_and_nothing_behind_it_is_heard() {
    for reserved in [0x40, 0x20, 0x10] {
        violates("a reserved bit", Violation::Protocol, &frame(0x81 | reserved, b"x"));
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        violates("an unknown opcode", Violation::Protocol, &frame(0x80 | opcode, b"x"));
    }
    violates("a frame that is not masked", Violation::Protocol, &[0x81, 0x01, b'x']);
    violates("a control frame in fragments", Violation::Protocol, &frame(0x09, b"x"));
    violates("a long control frame", Violation::Protocol, &frame(0x89, &[0; 126]));
    violates("a rest without a beginning", Violation::Protocol, &frame(0x80, b"x"));
    let twice = [frame(0x01, b"x"), frame(0x81, b"y")].concat();
    violates("a message within another", Violation::Protocol, &twice);
    violates("a negative length", Violation::Protocol, &[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
}

#[test]
fn a_message_may_be_as_long_as_the_limit_and_what_is_longer_is_refused_by_its_header() {
    assert_eq!(hear(MAX, &frame(0x82, &[1; MAX])).len(), 1);
    violates("one byte too long", Violation::TooLong, &frame(0x82, &[1; MAX + 1])[..8]);
    violates("very long", Violation::TooLong, &[0x82, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let together = [frame(0x02, &[1; MAX - 1]), frame(0x00, &[1]), frame(0x80, &[1])].concat();
    violates("too long together", Violation::TooLong, &together[..together.len() - 1]);
}

#[test]
fn a_close_frame_says_why_and_nothing_behind_it_is_heard() {
    let closing = |payload: &[u8]| hear(MAX, &[frame(0x88, payload), frame(0x81, b"more")].concat());
    assert_eq!(closing(b""), [Ok(Frame::Close(None))]);
    for code in [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4401, 4999_u16] {
        let payload = [&code.to_be_bytes()[..], b"because"].concat();
        assert_eq!(closing(&payload), [Ok(Frame::Close(Some(code)))], "{code}");
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535_u16] {
        assert_eq!(closing(&code.to_be_bytes()), [Err(Violation::Protocol)], "{code}");
    }
    assert_eq!(closing(&[3]), [Err(Violation::Protocol)], "half a code");
    assert_eq!(closing(b"\x03\xe8\xff"), [Err(Violation::NotUtf8)]);
}

/// Numbers that only look random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// Some good conversation, that may end badly.
fn conversation(dice: &mut Dice) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut in_message = false;
    for _ in 0..dice.below(40) {
        let length = [0, 3, 125, 126, 300][dice.below(5)];
        let payload = "ä€🦀xyz".repeat(1 + length / 12);
        let (first, payload) = match dice.below(8) {
            0 => (0x89, &payload.as_bytes()[..length.min(125)]),
            1 => (0x8a, &payload.as_bytes()[..length.min(125)]),
            choice => {
                let last = choice > 4;
                let opcode = if in_message { 0 } else { 1 + dice.below(2) as u8 };
                in_message = !last;
                (u8::from(last) << 7 | opcode, payload.as_bytes())
            }
        };
        bytes.extend(frame(first, payload));
    }
    match dice.below(4) {
        0 => bytes.extend(frame(0x88, b"\x03\xe8bye")),
        1 if !bytes.is_empty() => {
            let at = dice.below(bytes.len());
            bytes[at] ^= 1 << dice.below(8);
        }
        _ => {}
    }
    bytes
}

#[test]
fn however_the_bytes_are_cut_the_same_comes_out() {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").subsec_nanos();
    eprintln!("seed {seed}");
    let mut dice = Dice(u64::from(seed));
    for _ in 0..500 {
        let bytes = conversation(&mut dice);
        let whole = hear(MAX, &bytes);
        let (mut frames, mut heard, mut rest) = (Frames::new(MAX), Vec::new(), &bytes[..]);
        let longest = [1, 3, 20, 400][dice.below(4)];
        while !rest.is_empty() {
            let piece;
            (piece, rest) = rest.split_at((1 + dice.below(longest)).min(rest.len()));
            take(&mut frames, piece, &mut heard);
        }
        assert!(heard == whole, "pieces of at most {longest} bytes of {bytes:?}");
    }
}

#[test]
fn nothing_is_held_once_all_is_whole() {
    let mut frames = Frames::new(MAX);
    let mut heard = Vec::new();
    for byte in [frame(0x01, b"a"), frame(0x89, b"b"), frame(0x80, b"c")].concat() {
        take(&mut frames, &[byte], &mut heard);
    }
    assert_eq!(heard.len(), 2);
    assert!(!frames.holds_memory());
    take(&mut frames, &[0x81], &mut heard);
    assert!(frames.holds_memory());
}

fn said(say: impl FnOnce(&mut Outgoing)) -> Vec<u8> {
    let (mut out, mut bytes) = (Outgoing::default(), Vec::new());
    say(&mut out);
    assert!(out.write_to(&mut bytes).expect("memory takes all").is_none());
    bytes
}

#[test]
fn what_we_say_is_whole_and_not_masked() {
    assert_eq!(said(|out| super::text(out, b"Hello")), b"\x81\x05Hello");
    assert_eq!(said(|out| pong(out, b"Hello")), b"\x8a\x05Hello");
    assert_eq!(said(|out| close(out, 4401, "no")), b"\x88\x04\x11\x31no");
    let long = said(|out| close(out, 1000, &"ü".repeat(100)));
    assert_eq!((long.len(), std::str::from_utf8(&long[4..]).is_ok()), (2 + 2 + 122, true));
    assert_eq!(header(125).as_ref(), [0x81, 125]);
    assert_eq!(header(126).as_ref(), [0x81, 126, 0, 126]);
    assert_eq!(header(65_535).as_ref(), [0x81, 126, 255, 255]);
    assert_eq!(header(65_536).as_ref(), [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
}

#[test]
fn what_was_heard_can_be_heard_again() {
    for length in [0, 10, 200, 70_000] {
        let heard = "x".repeat(length);
        assert_eq!(hear(100_000, &again(&heard)), [text(&heard)]);
    }
}
