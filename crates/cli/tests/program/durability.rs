//! What was acked is there, whatever happened.

use crate::rig::{Hub, Program};
use std::io::{Seek, SeekFrom, Write};

fn samples(hub: &Hub, device: &str, channel: &str) -> Vec<serde_json::Value> {
    let answer = hub.get(&format!("/api/devices/{device}/channels/{channel}/samples"));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body.lines().map(|line| serde_json::from_str(line).expect("a sample")).collect()
}

#[test]
fn a_line_is_committed_and_visible() {
    let hub = Hub::serve();
    let (mut device, _) = hub.numbered("boiler-7");
    device.says(r#"{"seq":1,"channel":"temperature","value":21.50,"ts":1763846847123}"#);
    device.acked(1);

    let state = hub.get("/api/devices/boiler-7");
    assert_eq!((state.status, &state.json()["presence"]), (200, &"online".into()));
    assert!(state.body.contains(r#""value":21.50"#), "digit for digit: {}", state.body);
    let stored = hub.get("/api/devices/boiler-7/channels/temperature/samples").body;
    assert!(stored.contains(r#""value":21.50"#) && stored.contains(r#""seq":1"#), "{stored}");
    let listed = hub.command(&["devices"]);
    assert!(
        listed.said.lines().any(|row| row.starts_with("boiler-7") && row.contains("online")),
        "{listed:?}"
    );
}

#[test]
fn samples_and_sessions_survive_a_restart() {
    let hub = Hub::serve();
    let (mut device, welcome) = hub.numbered("boiler-7");
    device.says(r#"{"seq":1,"channel":"temperature","value":21.5}"#);
    device.acked(1);
    let (ended, home) = hub.stop("TERM");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(device.rest().last().expect("a bye")["bye"], "stopping");

    let hub = Hub::serve_in(home);
    assert_eq!(samples(&hub, "boiler-7", "temperature").len(), 1);
    let listed = hub.command(&["devices"]).said;
    assert!(listed.lines().any(|row| row.starts_with("boiler-7") && row.contains("offline")), "{listed}");
    let mut device = hub.connect();
    let (token, session) = (&welcome["token"], &welcome["session"]);
    device.says(&format!(
        r#"{{"identify":"boiler-7","token":{token},"nonce":2,"session":{session},"oldest":2}}"#
    ));
    let again = device.hears("welcome");
    assert_eq!((&again["session"], &again["ack"]), (session, &1.into()), "it goes on where it was");
}

#[test]
fn what_was_acked_survives_a_kill() {
    let hub = Hub::serve();
    let (mut device, welcome) = hub.numbered("boiler-7");
    let count = 200_u64;
    let mut acked = 0;
    for seq in 1..=count {
        device.says(&format!(r#"{{"seq":{seq},"channel":"n","value":{seq}}}"#));
        if seq - acked >= 32 {
            acked = device.hears("ack")["ack"].as_u64().expect("a number");
        }
    }
    assert!(acked > 0);

    let hub = Hub::serve_in(hub.kill());
    let values: Vec<u64> = samples(&hub, "boiler-7", "n")
        .iter()
        .map(|sample| sample["value"].as_u64().expect("a number"))
        .collect();
    let stored = values.len() as u64;
    assert!(stored >= acked, "{acked} were acked, {stored} are there");
    assert_eq!(values, (1..=stored).collect::<Vec<_>>(), "in order, none missing, none twice");
    let mut device = hub.connect();
    let (token, session) = (&welcome["token"], &welcome["session"]);
    let oldest = acked + 1;
    device.says(&format!(
        r#"{{"identify":"boiler-7","token":{token},"nonce":2,"session":{session},"oldest":{oldest}}}"#
    ));
    assert_eq!(device.hears("welcome")["ack"], stored);
}

#[test]
fn what_a_kill_took_of_what_memory_acked_is_declared_and_nothing_is_there_twice() {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("glassline.toml"), "durability = \"memory\"\n").expect("it is written");
    let serve = ["serve", "--config", "glassline.toml"];
    let hub = Hub::begin(home, &serve);
    let (mut device, welcome) = hub.numbered("boiler-7");
    let count = 2_000_u64;
    let mut acked = 0;
    for seq in 1..=count {
        device.says(&format!(r#"{{"seq":{seq},"channel":"n","value":{seq}}}"#));
        while seq - acked >= 32 || (seq == count && acked < count) {
            acked = device.hears("ack")["ack"].as_u64().expect("a number");
        }
    }

    let hub = Hub::begin(hub.kill(), &serve);
    let mut device = hub.connect();
    let (token, session) = (&welcome["token"], &welcome["session"]);
    let oldest = count + 1;
    device.says(&format!(
        r#"{{"identify":"boiler-7","token":{token},"nonce":2,"session":{session},"oldest":{oldest}}}"#
    ));
    let again = device.hears("welcome");
    // Where nothing of it was stored, the session itself is one that this store never gave.
    let resumed = again["session"] == *session;
    assert_eq!(again["ack"], if resumed { count } else { 0 });
    let next = if resumed { oldest } else { 1 };
    device.says(&format!(r#"{{"seq":{next},"channel":"n","value":{oldest}}}"#));
    device.acked(next);
    let values: Vec<u64> = samples(&hub, "boiler-7", "n")
        .iter()
        .map(|sample| sample["value"].as_u64().expect("a number"))
        .collect();
    let stored = values.len() as u64 - 1;
    let expected: Vec<u64> = (1..=stored).chain([oldest]).collect();
    assert_eq!(values, expected, "in order, none twice, and the newest one");
    let state = hub.get("/api/devices/boiler-7").json();
    assert_eq!(state["ledger"]["skipped"], count - stored, "what is missing is declared: {state}");
}

#[test]
fn a_second_hub_on_the_same_state_is_refused_by_name() {
    let hub = Hub::serve();
    let own = ["serve", "--state", "state", "--http", "127.0.0.1:0", "--lines", "127.0.0.1:0"];
    let second = Program::run(hub.home(), &own);
    assert_eq!(second.code, Some(1));
    for part in ["state folder state is in use", &format!("pid {}", hub.program.pid()), hub.of_ready("http")]
    {
        assert!(second.complained.contains(part), "{part} is missing: {}", second.complained);
    }
    assert_eq!(hub.get("/healthz").status, 200, "the first one goes on");
}

#[test]
fn state_of_a_newer_version_is_refused() {
    let (_, home) = Hub::serve().stop("TERM");
    // The version stands in the database file's header: SQLite's user_version, at byte 60.
    let database = home.path().join("state/glassline.db");
    let mut file = std::fs::File::options().write(true).open(database).expect("the database is there");
    file.seek(SeekFrom::Start(60)).and_then(|_| file.write_all(&9_999_u32.to_be_bytes())).expect("written");
    drop(file);
    let newer = Program::run(home.path(), &["serve", "--state", "state"]);
    assert_eq!(newer.code, Some(1));
    assert!(newer.complained.contains("version 9999") && newer.complained.contains("newer"), "{newer:?}");
}

#[test]
fn a_clean_end_leaves_no_run_file_and_a_kill_leaves_one_that_does_not_mislead() {
    let (ended, home) = Hub::serve().stop("INT");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!home.path().join("state/run.json").exists());
    let nobody = Program::run(home.path(), &["devices", "--state", "state"]);
    assert!(nobody.complained.contains("no hub runs on state"), "{nobody:?}");

    let home = Hub::serve_in(home).kill();
    assert!(home.path().join("state/run.json").exists());
    let nobody = Program::run(home.path(), &["devices", "--state", "state"]);
    assert_eq!(nobody.code, Some(1));
    assert!(nobody.complained.contains("no hub answers at http://127.0.0.1:"), "{nobody:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_stop_that_loses_what_memory_acked_says_so_and_fails() {
    use std::process::Command;
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("glassline.toml"), "durability = \"memory\"\n").expect("it is written");
    // A file that reaches its limit is an error to it, and not its end.
    let under = ["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""];
    let hub = Hub::begin_under(&under, home, &["serve", "--config", "glassline.toml"]);
    let (mut device, _) = hub.numbered("boiler-7");
    let pid = hub.program.pid().to_string();
    let limited = Command::new("prlimit").args(["--fsize=1:unlimited", "--pid", &pid]).status();
    assert!(limited.expect("util-linux is here").success());
    device.says(r#"{"seq":1,"channel":"temperature","value":21.5}"#);
    device.acked(1);
    let (ended, _) = hub.stop("TERM");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.complained.contains("the disk failed while stopping: 1 of the writes"), "{ended:?}");
}
