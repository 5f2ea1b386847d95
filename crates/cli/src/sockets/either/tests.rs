//! Whom a socket is for that does not say so: decided by its first frame, its time or its bound.

use super::*;
use gateway::limits::{FRAME_BYTES_MAX, STRANGER_FRAME_BYTES_MAX};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// What the endpoint was told that was chosen.
type Told = Arc<Mutex<Vec<String>>>;

/// Writes down what it hears.
struct Listener {
    frames: Frames,
    told: Told,
}

impl Endpoint for Listener {
    fn read(&mut self, bytes: &mut [u8]) {
        assert!(bytes.len() <= READ_BYTES);
        let mut input = bytes;
        while let Some(frame) = self.frames.next(&mut input) {
            self.tell(&format!("{:?}", frame.expect("good frames")));
        }
    }

    fn read_closed(&mut self) {
        self.tell("closed");
    }

    fn write(&mut self, _out: &mut Outgoing) {}

    fn is_over(&self) -> bool {
        false
    }
}

impl Listener {
    fn tell(&self, what: &str) {
        self.told.lock().expect("no panic").push(what.to_owned());
    }
}

struct Rig {
    either: Either,
    told: Told,
    places: Arc<Semaphore>,
}

impl Rig {
    fn new(before: Side) -> Self {
        let (told, places) = (Told::default(), Arc::new(Semaphore::new(1)));
        let place = places.clone().try_acquire_owned().expect("there is room");
        let listener = Listener { frames: Frames::new(FRAME_BYTES_MAX), told: told.clone() };
        let choose = move |side: Side| {
            listener.tell(&format!("a {side:?}"));
            Box::new(listener) as Box<dyn Endpoint>
        };
        Self { either: Either::new(before, Box::new(choose), place), told, places }
    }

    /// Lets it read in pieces of at most `longest` bytes.
    fn hears(&mut self, bytes: &[u8], longest: usize) {
        for piece in bytes.to_vec().chunks_mut(longest) {
            self.either.read(piece);
        }
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().expect("no panic"))
    }

    /// What it writes.
    fn says(&mut self) -> Vec<u8> {
        let mut out = Outgoing::default();
        self.either.write(&mut out);
        out.take().concat()
    }
}

fn frame(opcode: u8, payload: &str) -> Vec<u8> {
    let mut frame = websocket::again(payload);
    frame[0] = 0x80 | opcode;
    frame
}

fn text(text: &str) -> Vec<u8> {
    frame(1, text)
}

#[test]
fn the_first_frame_that_says_something_decides_and_is_heard_first() {
    let identify = r#"{"identify":"boiler-7"}"#;
    let authenticate = r#"{"authenticate":"x"}"#;
    let sample = r#"{"temperature":21.5}"#;
    for (before, first, side) in [
        (Side::Panel, identify, "a Device"),
        (Side::Device, authenticate, "a Panel"),
        (Side::Panel, sample, "a Panel"),
        (Side::Device, sample, "a Device"),
    ] {
        for longest in [1, 7, READ_BYTES] {
            let mut rig = Rig::new(before);
            let bytes = [text(""), frame(9, "ping"), frame(2, "x"), text(first), text("and more")].concat();
            rig.hears(&bytes, longest);
            let heard = [side.into(), format!("Text({first:?})"), "Text(\"and more\")".into()];
            assert_eq!(rig.told(), heard, "{before:?} {longest}");
            assert_eq!(rig.says(), b"\x8a\x04ping");
            rig.either.read_closed();
            assert_eq!(rig.told(), ["closed"]);
        }
    }
}

#[test]
fn a_long_first_frame_reaches_whoever_was_chosen() {
    let mut rig = Rig::new(Side::Device);
    let long = "x".repeat(STRANGER_FRAME_BYTES_MAX);
    rig.hears(&text(&long), READ_BYTES);
    assert_eq!(rig.told(), ["a Device".to_owned(), format!("Text({long:?})")]);
}

#[test]
fn its_place_is_free_once_it_is_decided() {
    let mut rig = Rig::new(Side::Device);
    rig.hears(&text(""), READ_BYTES);
    assert_eq!(rig.places.available_permits(), 0);
    rig.hears(&text("{}"), READ_BYTES);
    assert_eq!(rig.places.available_permits(), 1);
}

#[test]
fn who_says_nothing_in_time_is_told_what_its_side_would_be_told() {
    for before in [Side::Panel, Side::Device] {
        let early = Instant::now() + Duration::from_secs(5);
        let mut rig = Rig::new(before);
        assert!(rig.either.deadline().is_some_and(|deadline| deadline >= early));
        assert!(!rig.either.is_over() && rig.says().is_empty());
        rig.either.timeout();
        assert!(rig.either.is_over() && rig.either.deadline().is_none());
        let said = rig.says();
        let text = String::from_utf8_lossy(&said);
        match before {
            Side::Panel => assert_eq!(said[2..4], 4401_u16.to_be_bytes()),
            Side::Device => assert!(text.contains(r#"{"bye":"unidentified","#), "{text}"),
        }
        assert!(rig.says().is_empty(), "once");
        assert!(rig.told().is_empty());
    }
}

#[test]
fn an_end_before_it_is_decided_is_answered() {
    let long = vec![b'x'; FRAME_BYTES_MAX + 1];
    for (bytes, code) in [
        (frame(8, ""), 1000_u16),
        (text(std::str::from_utf8(&long).expect("text")), 1009),
        (vec![0x81, 0x01, b'x'], 1002),
    ] {
        let mut rig = Rig::new(Side::Device);
        rig.hears(&bytes, READ_BYTES);
        assert!(rig.either.is_over());
        let said = rig.says();
        assert_eq!((said[0], &said[2..4]), (0x88, &code.to_be_bytes()[..]));
    }
    let mut rig = Rig::new(Side::Panel);
    rig.either.read_closed();
    assert!(rig.either.is_over() && rig.says().is_empty());
}
