//! A hub side that does not read what is said takes no memory of a device.

use protocol::id::DeviceId;
use protocol::limits::{LINE_BYTES_MAX, UNSENT_BYTES_MAX};
use protocol::message::{Sample, Samples};
use protocol::session::device_side::{DeviceSide, Output, Settings};
use protocol::time::Time;
use serde_json::value::RawValue;

fn at(mono: u64) -> Time {
    Time { wall: 0, mono }
}

fn message(bytes: usize) -> Samples {
    let value = RawValue::from_string(format!("\"{}\"", "x".repeat(bytes))).expect("a text");
    Samples { seq: None, ts: None, samples: vec![Sample { channel: "n".into(), value }], outbox: None }
}

/// A device that is welcome, with this window, and has said what it had to say.
fn welcome(window: u32) -> DeviceSide {
    let mut device = DeviceSide::new(Settings::new(DeviceId::parse("pump-1").expect("an id"), None, 0));
    device.connected(at(0));
    let welcome = format!(
        "{{\"welcome\":\"pump-1\",\"nonce\":1,\"session\":\"k7-1\",\"ack\":0,\"window\":{window},\
         \"heartbeat\":15,\"line_max\":65536,\"time\":0}}"
    );
    device.line(at(0), welcome.as_bytes());
    said(&mut device);
    device
}

/// The bytes of the lines that it says.
fn said(device: &mut DeviceSide) -> usize {
    let outputs = std::iter::from_fn(|| device.poll_output());
    outputs.map(|output| if let Output::Send(line) = output { line.len() } else { 0 }).sum()
}

#[test]
fn an_unnumbered_message_is_not_said_while_too_much_is_unsent() {
    let mut device = welcome(64);
    let messages = (0..100).take_while(|_| device.publish_unnumbered(at(0), message(10_000))).count();
    let bytes = said(&mut device);
    assert!((1..100).contains(&messages));
    assert!((UNSENT_BYTES_MAX..UNSENT_BYTES_MAX + LINE_BYTES_MAX).contains(&bytes), "{bytes}");
    device.unsent(bytes);
    assert!(!device.publish_unnumbered(at(0), message(1)), "the transport has it all");
    device.unsent(UNSENT_BYTES_MAX - 1);
    assert!(device.publish_unnumbered(at(0), message(1)), "it took some");
    device.unsent(bytes);
    device.disconnected();
    device.connected(at(0));
    assert!(!device.publish_unnumbered(at(0), message(1)), "not before the welcome");
}

#[test]
fn d6_d7_neither_a_probe_nor_a_heartbeat_is_said_while_too_much_is_unsent() {
    let mut device = welcome(0);
    device.publish(at(0), message(1));
    for (unsent, says) in [(UNSENT_BYTES_MAX, false), (0, true), (UNSENT_BYTES_MAX, false), (0, true)] {
        device.unsent(unsent);
        // Nothing is said because of what is heard; it only keeps the connection.
        let now = device.poll_timeout().expect("it waits for something");
        device.line(at(now), b"");
        device.timeout(at(now));
        assert_eq!(said(&mut device) > 0, says, "at {now}");
        assert!(device.poll_timeout().is_some_and(|next| next > now), "another time");
    }
}
