//! The hub side of a serial line: nobody is hurried, and a damaged line was not received.

use protocol::line::checksum::append;
use protocol::line::{Content, Line};
use protocol::session::hub_side::{HubSide, Output};
use protocol::time::Time;

const NOW: Time = Time { wall: 1_763_846_847_123, mono: 1_000 };

/// What the hub side says to a line, as text.
fn says(session: &mut HubSide, line: &[u8]) -> Vec<String> {
    session.line(NOW, Line { number: 1, content: Content::Whole(line) });
    let mut said = Vec::new();
    while let Some(output) = session.poll_output() {
        match output {
            Output::Send(line) => said.push(String::from_utf8(line).expect("text")),
            Output::Identify(_) => said.push("identifies".to_owned()),
            _ => said.push("something else".to_owned()),
        }
    }
    said
}

fn checked(object: &str) -> Vec<u8> {
    let mut line = object.as_bytes().to_vec();
    append(&mut line);
    line
}

#[test]
fn whoever_has_not_identified_is_told_so_and_never_cut_off() {
    let mut session = HubSide::serial(NOW);
    assert_eq!(session.poll_timeout(), None);
    assert_eq!(says(&mut session, b""), ["{\"need\":\"identify\"}\n"]);
    assert_eq!(session.poll_timeout(), None);
    assert!(HubSide::new(NOW).poll_timeout().is_some(), "elsewhere they are");
}

#[test]
fn a_checksum_is_checked_where_there_is_one() {
    let mut session = HubSide::serial(NOW);
    let said = says(&mut session, b"{\"identify\":\"pump-1\"} *00000000");
    assert!(said[0].contains("\"code\":\"bad_checksum\"") && !said[0].contains("seq"), "{said:?}");
    assert!(session.take_damaged() && !session.take_damaged());
    assert_eq!(says(&mut session, &checked("{\"identify\":\"pump-1\"}")), ["identifies"]);
}

#[test]
fn of_a_device_that_gives_checksums_what_makes_no_sense_without_one_is_damaged() {
    let code = |session: &mut HubSide, line: &[u8]| {
        let said = says(session, line).remove(0);
        if said.contains("bad_checksum") { "bad_checksum" } else { "bad_json" }
    };
    let mut session = HubSide::serial(NOW);
    assert_eq!(code(&mut session, b"{\"seq\":1,\"cha"), "bad_json");
    assert_eq!(says(&mut session, &checked("{\"x\":1}")), ["{\"need\":\"identify\"}\n"]);
    assert_eq!(code(&mut session, b"{\"seq\":1,\"cha"), "bad_checksum");
    // One that makes sense is taken all the same: a checksum is never required.
    assert_eq!(says(&mut session, b"{\"x\":1}"), ["{\"need\":\"identify\"}\n"]);
}

#[test]
fn elsewhere_there_are_no_checksums() {
    let mut session = HubSide::new(NOW);
    let said = says(&mut session, &checked("{\"identify\":\"pump-1\"}"));
    assert!(said[0].contains("bad_json"), "{said:?}");
}
