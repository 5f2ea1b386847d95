//! A line of a device through its session: taken, committed, acked.

use std::hint::black_box;
use std::sync::Arc;

use protocol::intake::{Lane, Post, Said};
use protocol::limits::LINE_BYTES_MAX;
use protocol::line::Lines;
use protocol::message::Welcome;
use protocol::session::hub_side::{HubSide, Output};
use protocol::time::Time;

use super::Work;
use super::reading::BEGIN;

/// The number before the first line's. From here on all have as many digits.
const BEFORE: u64 = 1_000_000_000;

/// A numbered line, from its bytes to the message that is handed over and on to the ack of its commit.
pub(super) fn line() -> Work {
    let now = Time { wall: BEGIN, mono: 1 };
    let mut side = welcomed(now);
    let mut lines = Lines::new(LINE_BYTES_MAX);
    let mut text = format!("{{\"seq\":{BEFORE},\"channel\":\"temperature\",\"value\":21.50}}\n").into_bytes();
    let digits = text.iter().position(u8::is_ascii_digit).expect("it is numbered");
    let digits = digits..digits + BEFORE.to_string().len();
    let mut seq = BEFORE;
    Box::new(move || {
        seq += 1;
        count_up(&mut text[digits.clone()]);
        let mut input = black_box(&text[..]);
        while let Some(line) = lines.next(&mut input) {
            side.line(now, line);
        }
        let taken = side.poll_output();
        assert!(matches!(black_box(taken), Some(Output::Take { .. })), "the line {seq} was not taken");
        side.post(now, Post::Committed { seq: Some(seq), messages: 1 });
        assert!(matches!(black_box(side.poll_output()), Some(Output::Send(_))), "{seq} was not acked");
    })
}

/// A conversation in which a device was welcomed.
fn welcomed(now: Time) -> HubSide {
    let mut side = HubSide::new(now);
    let identify =
        format!("{{\"identify\":\"pump-1\",\"nonce\":1,\"session\":\"k7-1\",\"oldest\":{BEFORE}}}\n");
    let mut lines = Lines::new(LINE_BYTES_MAX);
    let mut input = identify.as_bytes();
    side.line(now, lines.next(&mut input).expect("a whole line"));
    let welcome = Welcome {
        device: "pump-1".into(),
        session: Some("k7-1".to_owned()),
        ack: Some(BEFORE),
        heartbeat: 30,
        line_max: LINE_BYTES_MAX,
        ..Welcome::default()
    };
    side.post(now, Post::Welcome { welcome, lane: Arc::new(Nowhere) });
    while side.poll_output().is_some() {}
    side
}

/// The next number, in decimal digits.
fn count_up(digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
}

/// Where the messages would go.
struct Nowhere;

impl Lane for Nowhere {
    fn take(&self, _: u64, _: Said) {}

    fn ended(&self) {}
}
