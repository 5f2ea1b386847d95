//! Messages of the uplink are read back as they were written, and what is wrong is named.

use proptest::prelude::*;
use protocol::id::{DeviceId, SessionId};
use protocol::message::Sample;
use protocol::uplink::frame::{Frame, entries};
use protocol::uplink::message::{Connected, Content, Entry, FromGateway, FromHub, OfDevice};
use protocol::uplink::{read_from_gateway, read_from_hub, read_of_device};
use serde_json::value::RawValue;

/// One line of each kind and form, as `spec/uplink.md` has them.
const FROM_GATEWAY: &[&str] = &[
    r#"{"identify":"barn","token":"s3cret","nonce":1,"tag":"g7","heartbeat":15}"#,
    r#"{"tag":"g7"}"#,
    r#"{"tag":"g7","follows":"g6","end":120}"#,
    r#"{"skip":1,"to":40,"reason":"start"}"#,
    r#"{"skip":41,"to":90,"reason":"quota","lost":[{"device":"pump-1","session":"g6-3","from":7,"to":52},{"device":"door","from":1,"to":4}]}"#,
    r#"{"open":1,"device":"pump-1","connected":120,"address":"tcp 10.0.0.7:52144","heartbeat":15,"line_max":256}"#,
    r#"{"open":2,"device":"door","connected":0,"address":"serial /dev/ttyUSB0","plain":true,"heartbeat":15}"#,
    r#"{"open":3,"device":"fan"}"#,
    r#"{"close":3}"#,
    r#"{"restored":true}"#,
    r#"{"admit":4,"device":"pump-2","token":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}"#,
    r#"{"admit":5,"token":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}"#,
    r#"{"outcome":"c-1","device":"pump-1","by":"ada","state":"done","value":21.50}"#,
    r#"{"outcome":"c-2","device":"pump-1","by":"ada","state":"failed","reason":"valve stuck"}"#,
    r#"{"behind":12,"bytes":4096,"oldest":1763846847123}"#,
];

const OF_DEVICE: &[&str] = &[
    r#"{"entry":17,"at":1763846847123,"session":"g7-3","seq":92,"channel":"temperature","value":21.50,"ts":1763846847000}"#,
    r#"{"entry":18,"at":1763846847123,"values":{"a":1e400,"ü":"\u0041"}}"#,
    r#"{"entry":19,"at":1763846847123,"gap":"g7-3","from":93,"to":95,"reason":"overflow","moves":true}"#,
    r#"{"entry":20,"at":1763846847123,"gap":"g6-2","from":1,"to":1,"reason":"lost"}"#,
    r#"{"entry":21,"at":1763846847123,"describe":{"temperature":{"unit":"°C"}}}"#,
    r#"{"connected":0,"address":"tcp 10.0.0.7:52150","heartbeat":15}"#,
    r#"{"disconnected":0}"#,
];

const FROM_HUB: &[&str] = &[
    r#"{"welcome":"barn","nonce":1,"heartbeat":15,"window":4096,"time":1763846847123}"#,
    r#"{"welcome":"barn","nonce":1,"tag":"g6","number":120,"heartbeat":15,"window":4096,"time":1763846847123}"#,
    r#"{"ack":17,"tag":"g7"}"#,
    r#"{"part":1,"connection":2,"bye":"replaced"}"#,
    r#"{"hand":"c-1","device":"pump-1","by":"ada","channel":"set","value":{"to": 21.50},"deadline":1763846852123}"#,
    r#"{"cancel":"c-1","device":"pump-1","by":"ada"}"#,
    r#"{"settled":"c-1","device":"pump-1","by":"ada"}"#,
    r#"{"admitted":4,"device":"pump-2","token":"new","hash":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}"#,
    r#"{"denied":5,"bye":"auth"}"#,
    r#"{"forget":"pump-2"}"#,
    r#"{"bye":"bad","again":"later","wait":3000,"reason":"the number 9 follows 7 of g7"}"#,
];

fn again<T>(line: &str, read: Result<T, protocol::message::Fail>, write: impl Fn(&T, &mut String)) {
    let said = read.unwrap_or_else(|fail| panic!("{line}: {}", fail.reason));
    let mut written = String::new();
    write(&said, &mut written);
    assert_eq!(written, line);
}

#[test]
fn each_message_is_written_as_it_was_read() {
    for line in FROM_GATEWAY {
        again(line, read_from_gateway(line), FromGateway::write);
    }
    for line in OF_DEVICE {
        again(line, read_of_device(line), OfDevice::write);
    }
    for line in FROM_HUB {
        again(line, read_from_hub(line), FromHub::write);
    }
}

#[test]
fn an_empty_line_is_a_heartbeat_and_a_kind_from_the_future_is_ignored() {
    assert!(matches!(read_from_gateway(""), Ok(FromGateway::Heartbeat)));
    assert!(matches!(read_from_hub(""), Ok(FromHub::Heartbeat)));
    assert!(matches!(read_from_gateway(r#"{"$new":1}"#), Ok(FromGateway::Unknown)));
    assert!(matches!(read_of_device(r#"{"$new":1}"#), Ok(OfDevice::Unknown)));
    assert!(matches!(read_from_hub(r#"{"$new":1}"#), Ok(FromHub::Unknown)));
}

#[test]
fn what_is_wrong_is_named() {
    for (line, named) in [
        (r#"{"tag":"G7"}"#, "small letters"),
        (r#"{"tag":"g7","follows":"g6"}"#, "\"end\" is missing"),
        (r#"{"skip":9,"to":8,"reason":"quota"}"#, "ends before it begins"),
        (r#"{"skip":9,"to":9,"reason":"mood"}"#, "mood"),
        (r#"{"open":0,"device":"a"}"#, "\"open\""),
        (r#"{"open":1,"device":"a b"}"#, "device id"),
        (r#"{"admit":1,"token":"short"}"#, "64 hexadecimal"),
        (r#"{"what":1}"#, "no kind"),
    ] {
        let fail = read_from_gateway(line).expect_err(line);
        assert!(fail.reason.contains(named), "{line}: {}", fail.reason);
    }
    let fail = read_of_device(r#"{"entry":1,"at":0,"session":"g7-1","channel":"a","value":1}"#);
    assert!(fail.expect_err("no seq").reason.contains("\"seq\" is missing"));
}

#[test]
fn a_frame_is_cut_into_its_entries() {
    fn cut(frame: &str) -> Vec<Result<(u64, &str), String>> {
        entries(frame).map(|entry| entry.map_err(|fail| fail.reason)).collect()
    }
    let two = vec![Ok((0, "")), Ok((12, "{}"))];
    assert_eq!(cut("0 \n12 {}\n"), two);
    for (frame, named) in [
        ("0 {}", "ends with its line"),
        ("0{}\n", "begins with its stream"),
        ("-1 {}\n", "decimal digits"),
        ("01 {}\n", "decimal digits"),
        ("x {}\n", "decimal digits"),
    ] {
        let wrong = cut(frame).pop().expect("one").expect_err("wrong");
        assert!(wrong.contains(named), "{frame:?}: {wrong}");
    }
}

#[test]
fn a_message_as_deep_as_a_device_may_send_fits() {
    let deep = format!("{}1{}", "[".repeat(15), "]".repeat(15));
    let sample = |name: &str| Sample {
        channel: name.into(),
        value: RawValue::from_string(deep.clone()).expect("JSON"),
    };
    let content = Content::Samples { position: None, ts: None, samples: vec![sample("a"), sample("b")] };
    let mut line = String::new();
    OfDevice::Entry(Entry { number: 1, received: 0, content }).write(&mut line);
    assert!(read_of_device(&line).is_ok());
}

proptest! {
    #[test]
    fn frames_are_read_back_whatever_devices_are_called_and_say(
        said in prop::collection::vec((1u64..9, "[A-Za-z0-9_-]{1,64}", "\\PC{0,40}", 1u64..1_000_000), 0..20),
    ) {
        let mut frame = Frame::default();
        for (stream, device, text, seq) in &said {
            let device = DeviceId::parse(device).expect("an id");
            let address = text.chars().filter(|c| c.len_utf8() == 1).collect::<String>().into();
            let connected = Some(Connected { address, ..Connected::default() });
            frame.gateway(&FromGateway::Open { stream: *stream, device, connected });
            let value = RawValue::from_string(serde_json::Value::from(text.as_str()).to_string()).expect("JSON");
            let samples = vec![Sample { channel: "text".into(), value }];
            let position = SessionId::new("g7", 3).map(|session| (session, *seq));
            let content = Content::Samples { position, ts: None, samples };
            frame.device(*stream, &OfDevice::Entry(Entry { number: *seq, received: 0, content }));
        }
        let text = frame.take();
        let read: Vec<(u64, &str)> = entries(&text).collect::<Result<_, _>>().expect("a frame");
        prop_assert_eq!(read.len(), said.len() * 2);
        for (pair, (stream, device, text, seq)) in read.chunks(2).zip(&said) {
            let Ok(FromGateway::Open { device: read, .. }) = read_from_gateway(pair[0].1) else { panic!() };
            prop_assert_eq!(read.as_str(), device);
            prop_assert_eq!(pair[1].0, *stream);
            let Ok(OfDevice::Entry(entry)) = read_of_device(pair[1].1) else { panic!() };
            let Content::Samples { samples, position, .. } = entry.content else { panic!() };
            prop_assert_eq!(position.map(|(_, seq)| seq), Some(*seq));
            prop_assert_eq!(serde_json::from_str::<String>(samples[0].value.get()).ok(), Some(text.clone()));
        }
    }
}
