//! `glassline pipe`: what a program prints is a device.

use crate::rig::{Ended, Hub, Program};

/// Pipes `input` and answers how that ended.
fn piped(hub: &Hub, input: &str, arguments: &[&str]) -> Ended {
    let file = hub.home().join("input");
    std::fs::write(&file, input).expect("written");
    Program::run_reading(
        hub.home(),
        &file,
        &[&["pipe", "--state", "state", "--flush", "50"], arguments].concat(),
    )
}

/// What the hub keeps of a channel, oldest first.
fn values(hub: &Hub, device: &str, channel: &str) -> Vec<String> {
    let path = format!("/api/devices/{device}/channels/{channel}/samples?format=ndjson");
    let text = hub.get(&path).body;
    let value =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["value"].to_string();
    text.lines().filter(|line| !line.is_empty()).map(value).collect()
}

#[test]
fn every_line_arrives_before_it_ends_and_the_next_run_needs_no_other_token() {
    let hub = Hub::serve();
    let many: String = (1..=9_000).map(|n| format!("n={n}\n")).collect();
    let ended = piped(&hub, &many, &["--device", "counter-1"]);
    assert_eq!((ended.code, &*ended.complained), (Some(0), ""));
    let found = values(&hub, "counter-1", "n");
    assert_eq!((found.len(), found.first().map(String::as_str)), (9_000, Some("1")));
    assert!(found.iter().zip(1..).all(|(value, n)| *value == n.to_string()));

    // It has its own token now, in the user's state folder.
    let ended = piped(&hub, "{\"n\":9001}", &["--device", "counter-1"]);
    assert_eq!(ended.code, Some(0), "{}", ended.complained);
    assert_eq!(values(&hub, "counter-1", "n").last().map(String::as_str), Some("9001"));
}

#[test]
fn what_is_not_understood_is_skipped_and_said() {
    let hub = Hub::serve();
    let ended =
        piped(&hub, "12.50\nready\n13\n", &["--device", "scale-1", "--channel", "weight", "--unit", "kg"]);
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.complained, "glassline: line 2 is skipped: a part of it is no number: ready\n");
    assert_eq!(values(&hub, "scale-1", "weight"), ["12.5", "13"]);
    let device: serde_json::Value =
        serde_json::from_str(&hub.get("/api/devices/scale-1").body).expect("JSON");
    assert_eq!(device["describe"]["weight"]["unit"], "kg");
}

#[test]
fn without_a_hub_what_is_held_is_lost_and_said_or_kept_in_a_folder() {
    let home = tempfile::tempdir().expect("a folder");
    let input = home.path().join("input");
    std::fs::write(&input, "n=1\nn=2\n").expect("written");
    let nowhere = ["pipe", "--device", "a", "--to", "tcp://127.0.0.1:1", "--token", "t", "--flush", "0"];
    let ended = Program::run_reading(home.path(), &input, &nowhere);
    assert_eq!(ended.code, Some(1));
    // Why is said before, if it was tried by then.
    assert!(
        ended.complained.ends_with("glassline: 2 messages did not arrive and are lost\n"),
        "{}",
        ended.complained
    );

    let stored = [&nowhere[..], &["--outbox", "held"]].concat();
    let ended = Program::run_reading(home.path(), &input, &stored);
    assert_eq!(ended.code, Some(0));
    let kept = "glassline: 2 messages are kept in held for the next time\n";
    assert!(ended.complained.ends_with(kept), "{}", ended.complained);
}

#[test]
fn commands_are_printed_and_done() {
    let hub = Hub::serve();
    let mut pipe = Program::start_fed(
        hub.home(),
        &[
            "pipe",
            "--state",
            "state",
            "--device",
            "lamp-1",
            "--commands",
            "--describe",
            r#"{"lamp":{"input":"switch"}}"#,
        ],
    );
    pipe.feed("n=1\n");
    hub.shows("lamp-1", "n", "1");
    let send = hub.start(&["send", "lamp-1", "lamp", "true"]);
    assert_eq!(pipe.line(|_| true), r#"{"channel":"lamp","value":true}"#);
    let sent = send.ended();
    assert_eq!(sent.code, Some(0), "{}", sent.said);
    pipe.feed("n=2\n");
    pipe.end_input();
    assert_eq!(pipe.ended().code, Some(0));
    assert_eq!(values(&hub, "lamp-1", "n"), ["1", "2"]);
}

#[test]
fn a_device_that_the_hub_does_not_want_is_an_error() {
    let hub = Hub::serve();
    let ended = piped(&hub, "n=1\n", &["--device", "stranger-1", "--token", "wrong"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.complained.contains("stranger-1 is refused: The token does not count"),
        "{}",
        ended.complained
    );
}
