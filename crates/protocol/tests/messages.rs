//! What a line says: every kind, every fault with its place, and values kept as they came.

use protocol::code::{Again, Fault};
use protocol::limits::{
    CHANNEL_BYTES_MAX, HANDLED_MAX, LINE_BYTES_MAX, LINE_DEPTH_MAX, MESSAGE_CHANNELS_MAX, SEQ_MAX,
};
use protocol::message::{
    Command, Complaint, Fail, Farewell, FromDevice, Samples, ToDevice, Welcome, decode_from_device,
    decode_to_device, leading_seq,
};
use serde_json::value::RawValue;

fn samples(line: &str) -> Samples {
    match decode_from_device(line.as_bytes()) {
        Ok(FromDevice::Samples(samples)) => samples,
        other => panic!("{line}: {other:?}"),
    }
}

/// Channels and values as text.
fn pairs(samples: &Samples) -> Vec<(String, String)> {
    samples.samples.iter().map(|sample| (sample.channel.to_string(), sample.value.get().to_owned())).collect()
}

fn pair(channel: &str, value: &str) -> (String, String) {
    (channel.to_owned(), value.to_owned())
}

fn fail(line: &[u8]) -> Fail {
    match decode_from_device(line) {
        Err(fail) => fail,
        Ok(said) => panic!("{}: {said:?}", String::from_utf8_lossy(line)),
    }
}

#[track_caller]
fn assert_fault(line: &str, fault: Fault, at: usize) {
    let fail = fail(line.as_bytes());
    assert_eq!((fail.fault, fail.at), (fault, at), "{line}: {}", fail.reason);
}

mod values {
    use super::*;

    #[test]
    fn are_kept_digit_for_digit() {
        let kept =
            ["21.50", "9007199254740993", "-0", "1e400", "1E+2", "0.1000", "null", "true", r#""\u00e9\n""#];
        for value in kept {
            for line in [
                format!(r#"{{"x":{value}}}"#),
                format!(r#"{{"channel":"x","value":{value}}}"#),
                format!(r#"{{"seq":1,"values":{{"x":{value}}}}}"#),
            ] {
                let samples = samples(&line);
                assert_eq!(pairs(&samples), [pair("x", value)]);
                let again = self::samples(std::str::from_utf8(&samples.encode()).expect("UTF-8").trim_end());
                assert_eq!(pairs(&again), [pair("x", value)]);
            }
        }
    }

    #[test]
    fn may_be_any_json_with_its_own_spaces() {
        let samples = samples(r#" { "a" : [1, {"b" : 2.0}] , "c":{} } "#);
        assert_eq!(pairs(&samples), [pair("a", r#"[1, {"b" : 2.0}]"#), pair("c", "{}")]);
    }

    #[test]
    fn of_an_escaped_channel_are_read() {
        assert_eq!(pairs(&samples(r#"{"\u0074emp":1}"#)), [pair("temp", "1")]);
    }
}

mod kinds {
    use super::*;

    #[test]
    fn an_empty_line_is_a_heartbeat() {
        assert!(matches!(decode_from_device(b""), Ok(FromDevice::Heartbeat)));
        assert!(matches!(decode_to_device(b""), Ok(ToDevice::Heartbeat)));
    }

    #[test]
    fn a_line_without_a_kind_key_is_shorthand_and_only_ts_is_special() {
        let samples = samples(r#"{"temperature":21.5,"ts":1763846847123,"humidity":40}"#);
        assert_eq!((samples.seq, samples.ts), (None, Some(1_763_846_847_123)));
        assert_eq!(pairs(&samples), [pair("temperature", "21.5"), pair("humidity", "40")]);
        assert_fault(r#"{"ts":5}"#, Fault::BadMessage, 0);
        assert_fault("{}", Fault::BadMessage, 0);
    }

    #[test]
    fn a_channel_that_bears_the_name_of_a_kind_is_sent_in_values() {
        let samples = samples(r#"{"values":{"window":"open","ts":5,"seq":1},"ts":-7}"#);
        assert_eq!((samples.seq, samples.ts), (None, Some(-7)));
        assert_eq!(pairs(&samples), [pair("window", "\"open\""), pair("ts", "5"), pair("seq", "1")]);
    }

    #[test]
    fn the_first_kind_key_in_the_order_of_kinds_counts_wherever_it_stands() {
        let line = br#"{"result":1,"value":2,"skip":3,"describe":{},"values":{"a":1},"channel":"x","seq":4}"#;
        assert!(matches!(decode_from_device(line), Ok(FromDevice::Samples(Samples { seq: Some(4), .. }))));
        let line = br#"{"result":1,"value":2,"skip":3,"describe":{},"values":{"a":1},"channel":"x"}"#;
        assert!(matches!(decode_from_device(line), Ok(FromDevice::Samples(Samples { seq: None, .. }))));
        let line = br#"{"result":1,"ok":true,"skip":3,"describe":{}}"#;
        assert!(matches!(decode_from_device(line), Ok(FromDevice::Describe(_))));
        let line = br#"{"result":1,"ok":true,"skip":3}"#;
        assert!(matches!(decode_from_device(line), Ok(FromDevice::Skip { to: 3, .. })));
        let line = br#"{"seq":1,"channel":"x","value":1,"identify":"pump-1"}"#;
        assert!(matches!(decode_from_device(line), Ok(FromDevice::Identify(_))));
    }

    /// A device could not answer it: results begin at 1.
    #[test]
    fn a_command_is_numbered_from_1() {
        let command = br#"{"command":0,"channel":"fan","value":true,"ttl":5000}"#;
        assert_eq!(decode_to_device(command).expect_err("no number").fault, Fault::BadMessage);
    }

    #[test]
    fn a_command_has_a_channel_and_a_welcome_an_ack_and_a_window() {
        let command = br#"{"command":13,"channel":"fan","value":true,"ttl":5000}"#;
        assert!(matches!(decode_to_device(command), Ok(ToDevice::Command(command)) if command.number == 13));
        let welcome = br#"{"ack":1,"window":2,"welcome":"p","heartbeat":15,"line_max":65536,"time":1}"#;
        assert!(matches!(decode_to_device(welcome), Ok(ToDevice::Welcome(_))));
    }

    #[test]
    fn of_the_other_direction_are_errors() {
        for line in
            [r#"{"welcome":"p"}"#, r#"{"x":1,"ack":3}"#, r#"{"window":"open"}"#, r#"{"bye":1,"$new":2}"#]
        {
            assert_eq!(fail(line.as_bytes()).fault, Fault::BadMessage, "{line}");
        }
        // With a kind key of its own it is only a member without a name.
        assert_eq!(pairs(&samples(r#"{"channel":"x","value":1,"window":"open"}"#)), [pair("x", "1")]);
    }

    #[test]
    fn from_the_future_are_ignored() {
        assert!(matches!(decode_from_device(br#"{"$zoom":{"a":1},"x":2}"#), Ok(FromDevice::Unknown)));
        assert!(matches!(decode_to_device(br#"{"$zoom":1}"#), Ok(ToDevice::Unknown)));
        assert_eq!(pairs(&samples(r#"{"channel":"x","value":1,"$zoom":2}"#)), [pair("x", "1")]);
    }
}

mod faults {
    use super::*;

    #[test]
    fn of_json_are_told_with_their_place() {
        assert_fault("21.5", Fault::BadJson, 0);
        assert_fault("[1]", Fault::BadJson, 0);
        assert_fault("hello", Fault::BadJson, 0);
        assert_fault(r#"{"x":}"#, Fault::BadJson, 5);
        assert_fault(r#"{"x":nan}"#, Fault::BadJson, 6);
        assert_fault(r#"{"x":1,}"#, Fault::BadJson, 7);
        assert_fault(r#"{"x":1"#, Fault::BadJson, 6);
        assert_fault(r#"{"x":1}x"#, Fault::BadJson, 7);
        assert_fault(r#"{"x":01}"#, Fault::BadJson, 6);
        assert_fault("{\"x\":\"a\tb\"}", Fault::BadJson, 7);
        assert_fault("{'x':1}", Fault::BadJson, 1);
    }

    #[test]
    fn of_utf8_are_told_with_their_place() {
        let fail = fail(b"{\"x\":\"\xff\"}");
        assert_eq!((fail.fault, fail.at), (Fault::BadUtf8, 6));
    }

    #[test]
    fn sixteen_levels_are_read_and_seventeen_are_not() {
        // The line's own object is the first level.
        let line = |levels: usize| format!("{{\"x\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        assert_eq!(samples(&line(LINE_DEPTH_MAX)).samples.len(), 1);
        assert_fault(&line(LINE_DEPTH_MAX + 1), Fault::TooDeep, 5 + LINE_DEPTH_MAX - 1);
        let objects = format!("{}1{}", r#"{"x":"#.repeat(LINE_DEPTH_MAX + 1), "}".repeat(LINE_DEPTH_MAX + 1));
        assert_fault(&objects, Fault::TooDeep, 5 * LINE_DEPTH_MAX);
        // Brackets in text are none.
        assert_eq!(samples(&format!(r#"{{"x":"{}"}}"#, r#"[{\"["#.repeat(30))).samples.len(), 1);
        // However deep: nothing recurs before the depth is known.
        assert_fault(&"[".repeat(60_000), Fault::TooDeep, LINE_DEPTH_MAX);
    }

    #[test]
    fn a_key_that_stands_twice_is_one_on_every_level() {
        assert_fault(r#"{"x":1,"x":2}"#, Fault::DuplicateKey, 7);
        assert_fault(r#"{"x":{"a":1,"a":2}}"#, Fault::DuplicateKey, 12);
        assert_fault(r#"{"x":[{"a":1},[{"b":1,"b":2}]]}"#, Fault::DuplicateKey, 22);
        assert_fault(r#"{"values":{"a":1,"a":2}}"#, Fault::DuplicateKey, 17);
        // Written in another way it is the same key.
        assert_fault(r#"{"a":1,"\u0061":22}"#, Fault::DuplicateKey, 16);
        let many: String = (0..20).map(|n| format!("\"k{n}\":{n},")).collect();
        assert_fault(&format!("{{{many}\"k7\":1}}"), Fault::DuplicateKey, 1 + many.len());
        assert_eq!(samples(r#"{"x":[{"a":1},{"a":1}],"y":{"x":1}}"#).samples.len(), 2);
    }

    #[test]
    fn of_members_are_told_at_the_member() {
        assert_fault(r#"{"identify":7}"#, Fault::BadMessage, 12);
        assert_fault(r#"{"identify":"a b"}"#, Fault::BadId, 12);
        assert_fault(r#"{"identify":"p","nonce":-1}"#, Fault::BadMessage, 24);
        assert_fault(r#"{"identify":"p","nonce":1,"session":"k7-1"}"#, Fault::BadMessage, 0);
        assert_fault(r#"{"identify":"p","session":"k7-1","oldest":1}"#, Fault::BadMessage, 0);
        assert_fault(r#"{"identify":"p","nonce":1,"session":"k7-1","oldest":0}"#, Fault::BadMessage, 52);
        assert_fault(r#"{"identify":"p","line_max":100}"#, Fault::BadMessage, 27);
        assert_fault(r#"{"seq":0,"channel":"x","value":1}"#, Fault::BadMessage, 7);
        assert_fault(r#"{"seq":1.5,"channel":"x","value":1}"#, Fault::BadMessage, 7);
        assert_fault(r#"{"seq":9007199254740992,"channel":"x","value":1}"#, Fault::BadMessage, 7);
        assert_fault(r#"{"skip":0}"#, Fault::BadMessage, 8);
        assert_fault(r#"{"skip":"all"}"#, Fault::BadMessage, 8);
        assert_fault(r#"{"channel":"x"}"#, Fault::BadMessage, 0);
        assert_fault(r#"{"channel":"","value":1}"#, Fault::BadMessage, 22);
        assert_fault(r#"{"values":[1]}"#, Fault::BadMessage, 10);
        assert_fault(r#"{"x":1,"ts":"noon"}"#, Fault::BadMessage, 12);
        assert_fault(r#"{"x":1,"ts":1.5}"#, Fault::BadMessage, 12);
        let nanoseconds = samples(r#"{"x":1,"ts":1763846847123456789}"#);
        assert_eq!(nanoseconds.ts, Some(1_763_846_847_123_456_789), "kept, and not believed");
        assert_fault(r#"{"describe":[]}"#, Fault::BadMessage, 12);
        assert_fault(r#"{"describe":{"fan":1}}"#, Fault::BadMessage, 19);
        assert_fault(r#"{"result":13}"#, Fault::BadMessage, 0);
        assert_fault(r#"{"result":13,"ok":"yes"}"#, Fault::BadMessage, 18);
    }

    #[test]
    fn of_numbers_beyond_what_every_reader_holds_are_told() {
        let beyond = SEQ_MAX + 1;
        for (line, at) in [
            (format!(r#"{{"identify":"p","handled":{}}}"#, HANDLED_MAX + 1), 26),
            (format!(r#"{{"identify":"p","handled":{}}}"#, u64::MAX), 26),
            (format!(r#"{{"identify":"p","heartbeat":{beyond}}}"#), 28),
            (format!(r#"{{"identify":"p","line_max":{beyond}}}"#), 27),
            (format!(r#"{{"identify":"p","nonce":1,"session":"k7-1","oldest":{beyond}}}"#), 52),
            (format!(r#"{{"skip":{beyond}}}"#), 8),
            (r#"{"result":0,"ok":true}"#.to_owned(), 10),
            (format!(r#"{{"result":{beyond},"ok":true}}"#), 10),
        ] {
            assert_fault(&line, Fault::BadMessage, at);
        }
        let line = format!(
            r#"{{"identify":"p","handled":{HANDLED_MAX},"heartbeat":{SEQ_MAX},"line_max":{SEQ_MAX}}}"#
        );
        let Ok(FromDevice::Identify(identify)) = decode_from_device(line.as_bytes()) else {
            panic!("{line} is an identify")
        };
        assert_eq!(identify.handled, Some(HANDLED_MAX));
        assert_eq!((identify.heartbeat, identify.line_max), (Some(u32::MAX), Some(LINE_BYTES_MAX)));
    }

    #[test]
    fn of_descriptions_are_told_at_the_member() {
        for (channel, at) in [
            (r#"{"unit":1}"#, 27),
            (r#"{"input":true}"#, 28),
            (r#"{"min":"0"}"#, 26),
            (r#"{"min":0,"max":null}"#, 34),
            (r#"{"step":[1]}"#, 27),
            (r#"{"every":0}"#, 28),
            (r#"{"every":1.5}"#, 28),
            (r#"{"every":"1 s"}"#, 28),
        ] {
            assert_fault(&format!(r#"{{"describe":{{"fan":{channel}}}}}"#), Fault::BadMessage, at);
        }
        let whole = r#"{"describe":{"fan":{"unit":"%","min":-0.5,"max":1e400,"step":1,"every":1,"input":"dial","x":[null]}}}"#;
        let said = decode_from_device(whole.as_bytes()).expect("a description");
        assert_eq!(String::from_utf8_lossy(&said.encode()).trim_end(), whole);
    }

    #[test]
    fn of_bounds_are_told() {
        let long = "c".repeat(CHANNEL_BYTES_MAX + 1);
        assert_fault(&format!(r#"{{"{long}":1}}"#), Fault::BadMessage, long.len() + 4);
        assert_eq!(samples(&format!(r#"{{"{}":1}}"#, &long[1..])).samples.len(), 1);
        let many = |count: usize| {
            let members: Vec<String> = (0..count).map(|n| format!("\"k{n}\":{n}")).collect();
            format!("{{\"values\":{{{}}}}}", members.join(","))
        };
        assert_eq!(samples(&many(MESSAGE_CHANNELS_MAX)).samples.len(), MESSAGE_CHANNELS_MAX);
        assert_fault(&many(MESSAGE_CHANNELS_MAX + 1), Fault::BadMessage, 10);
    }

    #[test]
    fn carry_the_number_where_it_could_be_read() {
        assert_eq!(fail(br#"{"seq":92,"channel":"x"}"#).seq, Some(92));
        assert_eq!(fail(br#"{"channel":"","value":1,"seq":92}"#).seq, Some(92));
        assert_eq!(fail(br#"{"seq":92,"channel":"x","value":nan}"#).seq, Some(92));
        assert_eq!(fail(b"{\"seq\":92,\"channel\":\"x\",\"value\":\"\xff\"}").seq, Some(92));
        assert_eq!(fail(br#"{"seq":92,"seq":93}"#).seq, Some(92));
        assert_eq!(fail(br#"{"channel":"x"}"#).seq, None);
        assert_eq!(fail(br#"{"seq":"x","channel":"x","value":1}"#).seq, None);
    }

    #[test]
    fn a_number_at_the_beginning_is_read_only_if_it_is_whole() {
        assert_eq!(leading_seq(br#"{"seq":7,"#), Some(7));
        assert_eq!(leading_seq(br#" { "seq" : 7 , "#), Some(7));
        assert_eq!(leading_seq(br#"{"seq":7}"#), Some(7));
        for cut in [
            &br#"{"seq":7"#[..],
            br#"{"seq":"#,
            br#"{"seq":7.5,"#,
            br#"{"seq":-7,"#,
            br#"{"seq":0,"#,
            b"{\"se",
        ] {
            assert_eq!(leading_seq(cut), None, "{}", String::from_utf8_lossy(cut));
        }
        assert_eq!(leading_seq(br#"{"seq":99999999999999999999,"#), None);
    }

    #[test]
    fn reasons_are_cut_at_a_character() {
        let key = "ü".repeat(500);
        let fail = fail(format!(r#"{{"{key}":1,"{key}":2}}"#).as_bytes());
        assert_eq!(fail.fault, Fault::DuplicateKey);
        assert!(fail.reason.len() <= 256);
    }
}

mod both_ways {
    use super::*;

    /// Read, written and read again it is the same.
    fn assert_kept(line: &str) {
        let said = decode_from_device(line.as_bytes()).expect(line);
        assert_eq!(String::from_utf8(said.encode()).expect("UTF-8"), format!("{line}\n"));
    }

    /// It serves people only, and who wrote an older program may use the name for something else.
    #[test]
    fn how_much_a_device_holds_is_read_where_it_is_a_count_and_never_an_error() {
        let identify = |line: &str| match decode_from_device(line.as_bytes()) {
            Ok(FromDevice::Identify(identify)) => identify.outbox,
            other => panic!("{other:?}"),
        };
        assert_eq!(identify(r#"{"identify":"pump-1","nonce":1,"outbox":7}"#), Some(7));
        assert_eq!(samples(r#"{"seq":1,"channel":"n","value":1,"outbox":7}"#).outbox, Some(7));
        for odd in ["-1", "1.5", "\"7\"", "{}", "null", "9007199254740993"] {
            assert_eq!(
                identify(&format!(r#"{{"identify":"pump-1","nonce":1,"outbox":{odd}}}"#)),
                None,
                "{odd}"
            );
            let line = format!(r#"{{"seq":1,"channel":"n","value":1,"outbox":{odd}}}"#);
            assert_eq!(samples(&line).outbox, None, "{odd}");
        }
        let shorthand = samples(r#"{"outbox":7}"#);
        assert_eq!((shorthand.outbox, &*shorthand.samples[0].channel), (None, "outbox"));
    }

    #[test]
    fn what_devices_say_is_written_as_it_is_read() {
        assert_kept(r#"{"identify":"boiler-7","token":"a\"b"}"#);
        assert_kept(
            r#"{"identify":"boiler-7","token":"t","nonce":7,"session":"k7-3","oldest":91,"boot":true,"handled":12,"heartbeat":15,"line_max":256}"#,
        );
        assert_kept(r#"{"identify":""}"#);
        assert_kept(r#"{"seq":92,"channel":"temperature","value":21.5,"ts":1763846847123}"#);
        assert_kept(r#"{"seq":93,"values":{"temperature":21.5,"humidity":40}}"#);
        assert_kept(r#"{"channel":"temperature","value":{"a":[1,2]}}"#);
        assert_kept(
            r#"{"describe":{"temperature":{"unit":"°C","min":-20,"max":50,"every":1000},"fan":{"input":"switch"}}}"#,
        );
        assert_kept(r#"{"skip":95,"reason":"overflow"}"#);
        assert_kept(r#"{"result":13,"ok":true,"value":42}"#);
        assert_kept(r#"{"result":13,"ok":false,"reason":"valve stuck"}"#);
        assert_kept("");
    }

    #[test]
    fn what_the_hub_side_says_is_written_as_it_is_read() {
        for line in [
            r#"{"welcome":"boiler-7","nonce":7,"session":"k7-3","ack":91,"window":64,"heartbeat":15,"line_max":65536,"time":1763846847123}"#,
            r#"{"welcome":"new-1","heartbeat":15,"line_max":65536,"time":-1,"token":"t"}"#,
            r#"{"ack":95}"#,
            r#"{"nak":93}"#,
            r#"{"command":13,"channel":"fan","value":1e400,"ttl":5000}"#,
            r#"{"window":0}"#,
            r#"{"need":"identify"}"#,
            r#"{"error":{"line":12,"at":40,"seq":92,"code":"bad_json","reason":"…"}}"#,
            r#"{"bye":"replaced","again":"later","wait":3000}"#,
            r#"{"bye":"auth","again":"never"}"#,
            "",
        ] {
            let said = decode_to_device(line.as_bytes()).expect(line);
            assert_eq!(String::from_utf8(said.encode(65_536)).expect("UTF-8"), format!("{line}\n"));
        }
    }

    #[test]
    fn a_reason_is_cut_so_that_the_line_fits() {
        for reason in ["\"quoted\\\"".repeat(60), "ü".repeat(300), "\u{1}".repeat(200), "plain".repeat(100)]
        {
            let complaint = Complaint {
                line: u64::MAX,
                at: 65_536,
                seq: Some(1),
                code: "duplicate_key".to_owned(),
                reason,
            };
            for line_max in [256, 300, 512] {
                let line = ToDevice::Error(complaint.clone()).encode(line_max);
                assert!(line.len() <= line_max + 1, "{} bytes", line.len());
                let Ok(ToDevice::Error(read)) = decode_to_device(line.trim_ascii_end()) else {
                    panic!("an error")
                };
                assert!(complaint.reason.starts_with(&read.reason));
                assert!(line.len() + 6 > line_max, "there was room for more: {} of {line_max}", line.len());
            }
        }
    }

    #[test]
    fn a_compact_command_has_no_spaces_but_those_in_text() {
        for (value, compact) in [
            ("{ \"a b\" : [ 1 ,\t2.50 ],\r\n\"c\":null }", r#"{"a b":[1,2.50],"c":null}"#),
            (r#"[ " \" ] " , "\\" , "ü " ]"#, r#"[" \" ] ","\\","ü "]"#),
            ("1e400", "1e400"),
            (r#"" ""#, r#"" ""#),
        ] {
            let value = RawValue::from_string(value.to_owned()).expect("JSON");
            let command = Command { number: 13, channel: "a fan".to_owned(), value, ttl: 5000 }.compact();
            assert_eq!(command.value.get(), compact);
            let line = ToDevice::Command(command.clone()).encode(65_536);
            assert_eq!(command.encoded_bytes() + 1, line.len());
        }
    }

    #[test]
    fn the_longest_welcome_and_bye_fit_the_smallest_device() {
        let welcome = Welcome {
            device: "p".repeat(64).into(),
            nonce: Some(u64::MAX),
            session: Some("abcdefgh-999999999999999".to_owned()),
            ack: Some((1 << 53) - 1),
            window: Some(64),
            heartbeat: 3600,
            line_max: 65_536,
            time: 99_999_999_999_999,
            token: None,
        };
        assert!(ToDevice::Welcome(welcome).encode(256).len() <= 257);
        let bye = Farewell { code: "unidentified".to_owned(), again: Again::Later, wait: Some(u64::MAX) };
        assert!(ToDevice::Bye(bye).encode(256).len() <= 257);
    }

    #[test]
    fn a_bye_from_the_future_is_read_as_later() {
        let line = br#"{"bye":"tired","again":"tomorrow"}"#;
        assert!(matches!(decode_to_device(line), Ok(ToDevice::Bye(bye)) if bye.again == Again::Later));
    }
}
