//! The client commands against a running hub and a raw device.

use crate::rig::{Hub, Program};

#[test]
fn tail_shows_the_latest_then_each_sample_and_presence() {
    let hub = Hub::serve();
    let mut device = hub.plain("boiler-7");
    device.says(r#"{"temperature":21.50,"ts":1763846847123}"#);
    hub.shows("boiler-7", "temperature", "21.50");

    let mut tail = hub.start(&["tail", "boiler-7"]);
    assert!(tail.line(|_| true).starts_with("# online since "));
    assert_eq!(tail.line(|_| true), "2025-11-22T21:27:27.123Z  temperature  21.50");
    device.says(r#"{"channel":"note","value":"a b"}"#);
    assert!(tail.line(|_| true).ends_with("Z  note  \"a b\""));
    drop(device);
    assert!(tail.line(|_| true).starts_with("# offline since "));
}

#[test]
fn tail_as_json_is_what_the_hub_says() {
    let hub = Hub::serve();
    let mut device = hub.plain("boiler-7");
    device.says(r#"{"temperature":1e400}"#);
    hub.shows("boiler-7", "temperature", "1e400");
    let mut tail = hub.start(&["tail", "boiler-7", "--json"]);
    let snapshot: serde_json::Value =
        serde_json::from_str(&tail.line(|_| true).replace("1e400", "1")).expect("JSON");
    assert_eq!(snapshot["snapshot"], "boiler-7");
    device.says(r#"{"temperature":22}"#);
    let patch: serde_json::Value = serde_json::from_str(&tail.line(|_| true)).expect("JSON");
    assert_eq!((&patch["channel"], &patch["value"]), (&"temperature".into(), &22.into()));
}

#[test]
fn tail_ends_quietly_when_nobody_reads_it() {
    let hub = Hub::serve();
    let mut device = hub.plain("boiler-7");
    let mut tail = hub.start(&["tail", "boiler-7"]);
    tail.line(|line| line.starts_with("# online"));
    tail.close_output();
    // The reader goes with the line that it cannot hand on; the program learns of it with one of those after.
    for n in 0.. {
        device.says(&format!(r#"{{"n":{n}}}"#));
        hub.shows("boiler-7", "n", &n.to_string());
        if let Some(code) = tail.exit_code() {
            assert_eq!(code, 0);
            return;
        }
    }
}

#[test]
fn a_command_that_is_done() {
    let hub = Hub::serve();
    let mut device = hub.plain("pump-1");
    device.says(r#"{"describe":{"speed":{"input":"slider"}}}"#);
    device.says(r#"{"n":1}"#);
    hub.shows("pump-1", "n", "1");
    let send = hub.start(&["send", "pump-1", "speed", "0.750"]);
    let command = device.hears("command");
    assert_eq!((&command["channel"], &command["value"]), (&"speed".into(), &0.75.into()));
    device.says(&format!(r#"{{"result":{},"ok":true,"value":0.7}}"#, command["command"]));
    let ended = send.ended();
    assert_eq!((ended.code, ended.said.as_str()), (Some(0), "accepted\nsent\ndone 0.7\n"), "{ended:?}");
}

#[test]
fn a_command_that_is_refused_by_the_device() {
    let hub = Hub::serve();
    let mut device = hub.plain("pump-1");
    device.says(r#"{"describe":{"speed":{"input":"slider"}}}"#);
    device.says(r#"{"n":1}"#);
    hub.shows("pump-1", "n", "1");
    let send = hub.start(&["send", "pump-1", "speed", "fast", "--ttl", "9000"]);
    let command = device.hears("command");
    assert_eq!(command["value"], "fast", "what is no JSON is text");
    device.says(&format!(r#"{{"result":{},"ok":false,"reason":"valve stuck"}}"#, command["command"]));
    let ended = send.ended();
    assert_eq!(
        (ended.code, ended.said.as_str()),
        (Some(1), "accepted\nsent\nfailed: valve stuck\n"),
        "{ended:?}"
    );
    assert!(ended.complained.contains("pump-1 could not do it: valve stuck"), "{ended:?}");
}

#[test]
fn a_value_on_several_lines_reaches_the_device_on_one() {
    let hub = Hub::serve();
    let mut device = hub.plain("pump-1");
    device.says(r#"{"describe":{"plan":{"input":"button"}}}"#);
    device.says(r#"{"n":1}"#);
    hub.shows("pump-1", "n", "1");
    let send = hub.start(&["send", "pump-1", "plan", "{\n  \"steps\": [1,\n 2]\n}"]);
    let command = device.hears("command");
    assert_eq!(command["value"]["steps"], serde_json::json!([1, 2]));
    device.says(&format!(r#"{{"result":{},"ok":true}}"#, command["command"]));
    assert_eq!(send.ended().code, Some(0));
}

#[test]
fn a_command_to_a_device_that_is_gone_is_refused_at_once() {
    let hub = Hub::serve();
    let mut device = hub.plain("pump-1");
    device.says(r#"{"n":1}"#);
    hub.shows("pump-1", "n", "1");
    let mut tail = hub.start(&["tail", "pump-1"]);
    drop(device);
    tail.line(|line| line.starts_with("# offline"));
    let ended = hub.command(&["send", "pump-1", "speed", "1"]);
    assert_eq!((ended.code, ended.said.as_str()), (Some(1), "refused: offline\n"), "{ended:?}");
    let ended = hub.command(&["send", "nobody", "speed", "1"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.complained.contains("there is no device “nobody”"), "{ended:?}");
}

#[test]
fn a_hub_can_be_named_with_a_token() {
    let hub = Hub::serve();
    hub.plain("boiler-7").says(r#"{"n":1}"#);
    hub.shows("boiler-7", "n", "1");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let url = hub.of_ready("http");
    let named = ["devices", "--hub", url, "--token", hub.of_ready("token")];
    assert!(Program::run(elsewhere.path(), &named).said.contains("boiler-7"));
    let wrong = Program::run(elsewhere.path(), &["devices", "--hub", url, "--token", "guessed"]);
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.complained.contains("does not know this token"), "{wrong:?}");
    let without = Program::run(elsewhere.path(), &["devices", "--hub", url]);
    assert!(without.complained.contains("--token"), "{without:?}");
    let nobody = Program::run(elsewhere.path(), &["devices"]);
    assert!(nobody.complained.contains("no hub runs here"), "{nobody:?}");
}

#[test]
fn a_device_with_simulated_weather_is_one_like_others() {
    let hub = Hub::serve();
    let mut stations = hub.start(&["simulate", "weather", "--devices", "3"]);
    stations.line(|line| line.contains("weather-1 to weather-3"));
    let mut tail = hub.start(&["tail", "weather-3"]);
    tail.line(|line| line.contains("  temperature  "));
    // The join token is good for those that it made.
    let mut more = hub.start(&["simulate", "weather", "--to", hub.of_ready("lines"), "--token", "guessed"]);
    more.line(|line| line.starts_with("weather-1 → "));
    let refused = more.ended();
    assert_eq!(refused.code, Some(1));
    assert!(refused.complained.contains("weather-1 is refused: The token does not count"), "{refused:?}");
    stations.signal("INT");
    assert_eq!(stations.ended().code, Some(0));
    tail.line(|line| line.starts_with("# offline"));
}
