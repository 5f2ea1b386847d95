//! D2, D3 and D4 at the seam to a storage: what it is told to keep, and when. What a device with a stored outbox says
//! is in `spec/vectors/stored_*.txt`.

use protocol::id::{DeviceId, SessionId};
use protocol::message::{FromDevice, Identify, Sample, Samples, decode_from_device};
use protocol::session::device_side::{DeviceSide, Head, Kept, KeptSession, OutboxBounds, Output, Settings};
use protocol::time::Time;
use serde_json::value::RawValue;

const NOW: Time = Time { wall: 0, mono: 0 };

fn settings() -> Settings {
    Settings::new(DeviceId::parse("pump-1").expect("an id"), None, 0)
}

fn session(name: &str) -> SessionId {
    SessionId::parse(name).expect("a session")
}

fn message(value: u64) -> Samples {
    let value = RawValue::from_string(value.to_string()).expect("a number");
    Samples { seq: None, ts: None, samples: vec![Sample { channel: "n".into(), value }], outbox: None }
}

/// A session of an earlier run, of positions 1 to 3.
fn kept() -> Kept {
    let session = KeptSession { session: session("k7-1"), begin: 1, end: None };
    Kept {
        session: Some(session),
        head: 1,
        first: 1,
        messages: (1..=3).map(|value| Some(message(value))).collect(),
    }
}

fn outputs(device: &mut DeviceSide) -> Vec<Output> {
    std::iter::from_fn(|| device.poll_output()).collect()
}

/// The heads among the outputs.
fn heads(outputs: &[Output]) -> Vec<&Head> {
    outputs
        .iter()
        .filter_map(|output| if let Output::Keep(head) = output { Some(head) } else { None })
        .collect()
}

/// The numbered lines among the outputs, as number and value.
fn numbered(outputs: &[Output]) -> Vec<(u64, String)> {
    let lines =
        outputs.iter().filter_map(|output| if let Output::Send(line) = output { Some(line) } else { None });
    lines
        .filter_map(|line| match decode_from_device(line.trim_ascii_end()) {
            Ok(FromDevice::Samples(samples)) => {
                Some((samples.seq?, samples.samples[0].value.get().to_owned()))
            }
            _ => None,
        })
        .collect()
}

fn identify(outputs: &[Output]) -> Identify {
    let said = outputs.iter().rev().find_map(|output| match output {
        Output::Send(line) => match decode_from_device(line.trim_ascii_end()) {
            Ok(FromDevice::Identify(identify)) => Some(identify),
            _ => None,
        },
        _ => None,
    });
    said.expect("it identifies")
}

fn hears(device: &mut DeviceSide, line: &str) -> Vec<Output> {
    device.line(NOW, line.as_bytes());
    outputs(device)
}

fn welcome(nonce: u64, session: &str, ack: u64) -> String {
    format!(
        "{{\"welcome\":\"pump-1\",\"nonce\":{nonce},\"session\":\"{session}\",\"ack\":{ack},\"window\":64,\
         \"heartbeat\":15,\"line_max\":65536,\"time\":0}}"
    )
}

#[test]
fn d2_before_anything_new_it_is_written_where_the_session_of_the_run_before_ends() {
    let mut device = DeviceSide::restored(settings(), kept());
    let outputs = outputs(&mut device);
    let end = heads(&outputs)[0].session.as_ref().and_then(|session| session.end);
    assert_eq!((outputs.len(), end), (1, Some(4)));
    assert_eq!(device.publish(NOW, message(4)), 4, "what is new stands behind the end");
}

#[test]
fn d2_an_end_that_was_written_stays() {
    let mut kept = kept();
    kept.session.as_mut().expect("it has one").end = Some(3);
    let mut device = DeviceSide::restored(settings(), kept);
    let head = device.head();
    assert_eq!(heads(&outputs(&mut device)), [&head]);
    assert_eq!(head.session.and_then(|session| session.end), Some(3));
}

#[test]
fn d2_a_tail_that_was_lost_ends_the_session_before_its_end() {
    let mut kept = kept();
    kept.session.as_mut().expect("it has one").end = Some(4);
    kept.messages.truncate(1);
    let mut device = DeviceSide::restored(settings(), kept);
    outputs(&mut device);
    assert_eq!(device.head().session.and_then(|session| session.end), Some(2));
    assert_eq!(device.publish(NOW, message(9)), 2);
}

#[test]
fn d4_a_session_is_kept_before_its_first_line_and_forgotten_before_the_next_identify() {
    let mut device = DeviceSide::restored(settings(), Kept::default());
    device.publish(NOW, message(1));
    device.connected(NOW);
    assert!(heads(&outputs(&mut device)).is_empty(), "there is nothing to keep yet");
    let said = hears(&mut device, &welcome(1, "k7-1", 0));
    let opened = KeptSession { session: session("k7-1"), begin: 1, end: None };
    assert!(matches!(&said[0], Output::Keep(Head { session: Some(kept), head: 1 }) if *kept == opened));
    assert_eq!(numbered(&said), [(1, "1".to_owned())]);

    let mut device = DeviceSide::restored(settings(), kept());
    device.connected(NOW);
    outputs(&mut device);
    hears(&mut device, &welcome(1, "k7-1", 0));
    let said = hears(&mut device, "{\"ack\":3}");
    assert!(
        matches!(&said[..], [Output::Keep(Head { session: None, head: 4 }), Output::Send(_)]),
        "{said:?}"
    );
    assert_eq!(identify(&said).session, None);
}

#[test]
fn d4_what_is_to_be_kept_outlives_the_connection() {
    let mut device = DeviceSide::restored(settings(), kept());
    device.connected(NOW);
    outputs(&mut device);
    device.line(NOW, welcome(1, "m3-1", 0).as_bytes());
    device.disconnected();
    let left = outputs(&mut device);
    assert_eq!(heads(&left), [&device.head()]);
    assert_eq!(left.len(), 1, "and nothing else does: {left:?}");
}

#[test]
fn d4_an_ack_asks_for_no_write() {
    let mut device = DeviceSide::restored(settings(), Kept::default());
    device.publish(NOW, message(1));
    device.publish(NOW, message(2));
    device.connected(NOW);
    outputs(&mut device);
    hears(&mut device, &welcome(1, "k7-1", 0));
    assert!(heads(&hears(&mut device, "{\"ack\":1}")).is_empty());
    assert_eq!((device.held_from(), device.head().head, device.is_drained()), (2, 2, false));
    hears(&mut device, "{\"ack\":2}");
    assert!(device.is_drained());
}

#[test]
fn an_outbox_in_memory_asks_for_no_write() {
    let mut device = DeviceSide::new(settings());
    device.publish(NOW, message(1));
    device.connected(NOW);
    let mut said = outputs(&mut device);
    said.extend(hears(&mut device, &welcome(1, "k7-1", 0)));
    said.extend(hears(&mut device, "{\"bye\":\"closed\",\"again\":\"now\"}"));
    assert!(heads(&said).is_empty());
}

#[test]
fn d3_a_session_of_which_all_is_taken_over_is_not_asked_for() {
    let mut device = DeviceSide::restored(settings(), Kept { head: 4, ..kept() });
    assert!(matches!(&outputs(&mut device)[..], [Output::Keep(Head { session: None, head: 4 })]));
    device.connected(NOW);
    let identify = identify(&outputs(&mut device));
    assert_eq!((identify.session, identify.boot, identify.outbox), (None, true, None));
}

#[test]
fn what_is_below_the_head_is_not_said_again() {
    let mut device = DeviceSide::restored(settings(), Kept { head: 3, ..kept() });
    device.connected(NOW);
    let identify = identify(&outputs(&mut device));
    assert_eq!((identify.oldest, identify.outbox), (Some(3), Some(1)));
    assert_eq!(numbered(&hears(&mut device, &welcome(1, "k7-1", 2))), [(3, "3".to_owned())]);
}

#[test]
fn what_was_dropped_before_a_restart_and_not_declared_is_declared_after_it() {
    let mut device = DeviceSide::restored(
        settings(),
        Kept { first: 3, messages: vec![Some(message(3))], session: None, ..kept() },
    );
    device.connected(NOW);
    outputs(&mut device);
    let said = hears(&mut device, &welcome(1, "k7-1", 0));
    let skip = said.iter().any(
        |output| matches!(output, Output::Send(line) if line == b"{\"skip\":2,\"reason\":\"overflow\"}\n"),
    );
    assert!(skip, "{said:?}");
    assert_eq!(numbered(&said), [(3, "3".to_owned())]);
}

/// What is said behind it waits, so that the skip takes nothing along that the hub side lacks and the device has.
#[test]
fn what_can_no_longer_be_read_is_declared_when_all_before_it_is_acked() {
    let mut kept = kept();
    kept.messages[1] = None;
    let mut device = DeviceSide::restored(settings(), kept);
    device.connected(NOW);
    assert_eq!(identify(&outputs(&mut device)).oldest, Some(1));
    let said = hears(&mut device, &welcome(1, "k7-1", 0));
    assert_eq!(numbered(&said), [(1, "1".to_owned())]);
    let said = hears(&mut device, "{\"ack\":1}");
    assert!(
        matches!(&said[0], Output::Send(line) if line == b"{\"skip\":2,\"reason\":\"lost\"}\n"),
        "{said:?}"
    );
    assert_eq!(numbered(&said), [(3, "3".to_owned())]);
}

#[test]
fn what_can_no_longer_be_read_and_stands_first_is_no_longer_held() {
    let mut kept = kept();
    kept.messages[0] = None;
    let mut device = DeviceSide::restored(settings(), kept);
    device.connected(NOW);
    assert_eq!(identify(&outputs(&mut device)).oldest, Some(2));
    assert_eq!(device.held_from(), 2);
}

/// A power cut can take messages that were taken over, though the head that says so was written.
#[test]
fn positions_below_the_head_are_not_used_again() {
    let mut device = DeviceSide::restored(settings(), Kept { head: 7, ..kept() });
    outputs(&mut device);
    assert_eq!((device.unacked(), device.held_from()), (0, 7));
    assert_eq!(device.publish(NOW, message(9)), 7);
}

#[test]
fn a_smaller_outbox_than_before_drops_the_oldest() {
    let outbox = OutboxBounds { messages_max: 2, bytes_max: 1 << 20 };
    let device = DeviceSide::restored(Settings { outbox, ..settings() }, kept());
    assert_eq!((device.unacked(), device.held_from(), device.dropped()), (2, 2, 1));
}

#[test]
fn a_head_that_cannot_be_is_that_of_no_session() {
    for begin in [0, 9] {
        let strange = KeptSession { session: session("k7-1"), begin, end: None };
        let mut device = DeviceSide::restored(settings(), Kept { session: Some(strange), ..kept() });
        device.connected(NOW);
        assert_eq!(identify(&outputs(&mut device)).session, None);
        assert_eq!(device.unacked(), 3, "what is held is held");
    }
}

#[test]
fn how_much_is_held_is_left_out_where_the_line_has_no_room_for_it() {
    let outbox = OutboxBounds { messages_max: 100, bytes_max: 1 << 20 };
    let mut device = DeviceSide::new(Settings { outbox, ..settings() });
    let bytes = format!("{{\"seq\":1,\"channel\":\"n\",\"value\":{}}}", "1".repeat(40)).len();
    for long in [40, 10] {
        let value = RawValue::from_string("1".repeat(long)).expect("a number");
        let samples = vec![Sample { channel: "n".into(), value }];
        device.publish(NOW, Samples { seq: None, ts: None, samples, outbox: None });
    }
    device.connected(NOW);
    outputs(&mut device);
    let welcome =
        welcome(1, "k7-1", 0).replace("65536", &bytes.to_string()).replace("\"window\":64", "\"window\":1");
    let first = hears(&mut device, &welcome);
    let said = |outputs: &[Output]| {
        let Some(Output::Send(line)) = outputs.last() else { panic!("{outputs:?}") };
        String::from_utf8(line.clone()).expect("UTF-8")
    };
    assert!(!said(&first).contains("outbox") && said(&first).len() == bytes + 1, "{first:?}");
}

/// D5: what is pushed out takes along what could no longer be read behind it.
#[test]
fn d5_what_overflow_pushes_out_with_it_is_counted_and_declared_as_overflow() {
    let bounds = OutboxBounds { messages_max: 4, bytes_max: 1 << 20 };
    let messages = vec![Some(message(1)), None, None, Some(message(4))];
    let kept = Kept { messages, ..Kept::default() };
    let mut device = DeviceSide::restored(Settings { outbox: bounds, ..settings() }, kept);
    device.publish(NOW, message(5));
    device.publish(NOW, message(6));
    assert_eq!((device.unacked(), device.dropped()), (3, 3), "of 4 restored and 2 published");
    device.connected(NOW);
    let said = hears(
        &mut device,
        r#"{"welcome":"pump-1","nonce":1,"session":"k7-1","ack":0,"window":64,"heartbeat":15,"line_max":65536,"time":0}"#,
    );
    let skip = said.iter().find_map(|output| match output {
        Output::Send(line) if line.starts_with(b"{\"skip") => Some(String::from_utf8_lossy(line)),
        _ => None,
    });
    assert_eq!(skip.as_deref(), Some("{\"skip\":3,\"reason\":\"overflow\"}\n"));
}
