//! Lines that are wrong: each gets its error with line and offset, and hurts nobody else.

use crate::rig::Hub;
use serde_json::Value;

/// Says `line` as the third line of a plain device. It must be answered with `code` at the byte `at`, and neither this
/// device nor another one may notice anything else.
fn check(line: &[u8], code: &str, at: u64) {
    let hub = Hub::serve();
    let mut other = hub.plain("other");
    let mut device = hub.plain("careless");
    device.says(r#"{"before":1}"#);
    device.says_bytes(line);
    device.says(r#"{"after":2}"#);

    let error = &device.hears("error")["error"];
    let place = (&error["line"], &error["at"], &error["code"]);
    assert_eq!(place, (&3.into(), &at.into(), &code.into()), "{error}");
    assert!(error["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{error}");
    hub.shows("careless", "after", "2");
    other.says(r#"{"well":true}"#);
    hub.shows("other", "well", "true");
    let channels = channels(&hub, "careless");
    assert_eq!(channels, ["after", "before"], "nothing of the line was taken");
}

fn channels(hub: &Hub, device: &str) -> Vec<String> {
    let state = hub.get(&format!("/api/devices/{device}")).json();
    let mut names: Vec<String> = state["channels"].as_object().expect("channels").keys().cloned().collect();
    names.sort();
    names
}

#[test]
fn no_json() {
    check(br#"{"x":1,}"#, "bad_json", 7);
}

#[test]
fn json_that_is_no_object() {
    check(b"[1]", "bad_json", 0);
}

#[test]
fn too_long() {
    check(format!(r#"{{"x":"{}"}}"#, "x".repeat(70_000)).as_bytes(), "too_long", 65_536);
}

#[test]
fn too_deep() {
    let deep = format!(r#"{{"x":{}1{}}}"#, "[".repeat(20), "]".repeat(20));
    // The line's object is the first level, so the sixteenth bracket is one too many.
    check(deep.as_bytes(), "too_deep", 5 + 15);
}

#[test]
fn a_key_twice() {
    check(br#"{"x":1,"y":2,"x":3}"#, "duplicate_key", 13);
}

#[test]
fn broken_utf8() {
    check(b"{\"x\":\"\xff\"}", "bad_utf8", 6);
}

#[test]
fn a_number_from_a_plain_device() {
    check(br#"{"seq":1,"channel":"x","value":1}"#, "no_session", 0);
}

/// Says `identify` first. It must be answered with `code`, and nobody is let in.
fn check_identify(hub: &Hub, identify: &str, code: &str) -> Vec<Value> {
    let mut other = hub.plain("other");
    let mut device = hub.connect();
    device.says(identify);
    let error = &device.hears("error")["error"];
    assert_eq!((&error["line"], &error["code"]), (&1.into(), &code.into()), "{error}");
    other.says(r#"{"well":true}"#);
    hub.shows("other", "well", "true");
    let devices = hub.get("/api/devices").json();
    let ids: Vec<&str> =
        devices.as_array().expect("a list").iter().filter_map(|one| one["id"].as_str()).collect();
    assert_eq!(ids, ["other"]);
    match code {
        "auth" => device.rest(),
        _ => {
            // The connection goes on: the next identify counts.
            device.says(&format!(r#"{{"identify":"late","token":"{}"}}"#, hub.of_ready("join")));
            vec![device.hears("welcome")]
        }
    }
}

#[test]
fn an_unknown_token() {
    let hub = Hub::serve();
    let rest = check_identify(&hub, r#"{"identify":"stranger","token":"guessed"}"#, "auth");
    let bye = rest.last().expect("a bye");
    assert_eq!((&bye["bye"], &bye["again"]), (&"auth".into(), &"never".into()));
}

#[test]
fn no_token_at_all() {
    check_identify(&Hub::serve(), r#"{"identify":"stranger"}"#, "auth");
}

#[test]
fn the_token_of_another_device() {
    let hub = Hub::serve();
    let mut first = hub.connect();
    first.says(&format!(r#"{{"identify":"","token":"{}"}}"#, hub.of_ready("join")));
    let welcome = first.hears("welcome");
    let token = welcome["token"].as_str().expect("a token of its own");
    let mut thief = hub.connect();
    thief.says(&format!(r#"{{"identify":"other","token":"{token}"}}"#));
    assert_eq!(thief.hears("error")["error"]["code"], "auth");
}

#[test]
fn a_wrong_id() {
    let hub = Hub::serve();
    let identify = format!(r#"{{"identify":"boiler 7","token":"{}"}}"#, hub.of_ready("join"));
    let welcome = check_identify(&hub, &identify, "bad_id");
    assert_eq!(welcome[0]["welcome"], "late");
}

#[test]
fn lines_before_an_identify() {
    let hub = Hub::serve();
    let mut device = hub.connect();
    device.says(r#"{"temperature":21.5}"#);
    assert_eq!(device.hears("need")["need"], "identify");
}
