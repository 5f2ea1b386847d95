//! `backup` while the hub works, and `restore`: what is there afterwards is what was there then.

use crate::rig::{DEADLINE, Device, Hub, Program};
use futures_util::StreamExt;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tempfile::TempDir;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Messages that are in flight while a backup is taken.
const WINDOW: u64 = 32;

fn values(hub: &Hub) -> Vec<u64> {
    let answer = hub.get("/api/devices/boiler-7/channels/n/samples");
    let sample = |line| serde_json::from_str::<Value>(line).expect("a sample")["value"].as_u64();
    answer.body.lines().map(|line| sample(line).expect("a number")).collect()
}

/// The name of the log, as a panel is told it.
async fn log(hub: &Hub) -> String {
    let url = format!("ws://{}/panel", hub.address());
    let mut request = url.into_client_request().expect("a URL");
    let bearer = format!("Bearer {}", hub.of_ready("token"));
    request.headers_mut().insert("authorization", bearer.parse().expect("a header"));
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.expect("an upgrade");
    let frame = timeout(DEADLINE, socket.next()).await.expect("it speaks first").expect("a frame");
    let welcome: Value =
        serde_json::from_str(frame.expect("a frame").to_text().expect("text")).expect("JSON");
    welcome["log"].as_str().unwrap_or_else(|| panic!("{welcome}")).to_owned()
}

/// Asks the hub to give the device a command that is good for a minute.
fn order(hub: &Hub, id: &str) {
    let body = format!(r#"{{"command":"{id}","channel":"fan","value":true,"ttl":60000}}"#);
    let mut stream = TcpStream::connect(hub.address()).expect("the HTTP port listens");
    let head = format!(
        "POST /api/devices/boiler-7/commands HTTP/1.0\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        hub.address(),
        hub.of_ready("token"),
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).expect("the connection holds");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.0 202"), "{answer}");
}

fn back_up(home: &Path, file: &str) {
    let ended = Program::run(home, &["backup", "--state", "state", "--to", file]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.said.contains("1 device") && ended.said.contains("found whole"), "{ended:?}");
}

/// A new home with what `file` held.
fn restored(file: &Path) -> TempDir {
    let home = tempfile::tempdir().expect("a folder");
    let file = file.to_str().expect("a path");
    let ended = Program::run(home.path(), &["restore", "--state", "state", "--from", file]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    home
}

/// Sends numbers from 1 on, never more than [`WINDOW`] unacked, until `enough`; `acked` says how far it is. Gives back the last one
/// acked.
fn send(device: &mut Device, acked: &AtomicU64, enough: &AtomicBool) -> u64 {
    let mut seq = 0;
    while !enough.load(Ordering::SeqCst) {
        while seq < acked.load(Ordering::SeqCst) + WINDOW {
            seq += 1;
            device.says(&format!(r#"{{"seq":{seq},"channel":"n","value":{seq}}}"#));
        }
        acked.store(device.hears("ack")["ack"].as_u64().expect("a number"), Ordering::SeqCst);
    }
    if acked.load(Ordering::SeqCst) < seq {
        device.acked(seq);
    }
    seq
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_the_hub_of_one_moment() {
    let hub = Hub::serve();
    let (mut device, _) = hub.numbered("boiler-7");
    let (acked, enough) = (AtomicU64::new(0), AtomicBool::new(false));
    let (at_least, at_most, sent) = std::thread::scope(|scope| {
        let sending = scope.spawn(|| send(&mut device, &acked, &enough));
        while acked.load(Ordering::SeqCst) < 1000 {
            assert!(!sending.is_finished(), "it sends no more");
            std::thread::yield_now();
        }
        let at_least = acked.load(Ordering::SeqCst);
        back_up(hub.home(), "copy.db");
        let at_most = acked.load(Ordering::SeqCst) + WINDOW;
        enough.store(true, Ordering::SeqCst);
        (at_least, at_most, sending.join().expect("it sends"))
    });
    assert_eq!(values(&hub), (1..=sent).collect::<Vec<_>>(), "the hub itself goes on");

    let other = Hub::serve_in(restored(&hub.home().join("copy.db")));
    let values = values(&other);
    let count = values.len() as u64;
    assert!((at_least..=at_most).contains(&count), "{count} of {at_least} to {at_most}");
    assert_eq!(values, (1..=count).collect::<Vec<_>>(), "a beginning of what was sent");
    assert_ne!(log(&hub).await, log(&other).await);
}

#[test]
fn h3_what_a_device_no_longer_holds_for_a_restored_hub_is_a_gap() {
    let hub = Hub::serve();
    let (mut device, welcome) = hub.numbered("boiler-7");
    for seq in 1..=20 {
        device.says(&format!(r#"{{"seq":{seq},"channel":"n","value":{seq}}}"#));
    }
    device.acked(20);
    back_up(hub.home(), "copy.db");
    for seq in 21..=30 {
        device.says(&format!(r#"{{"seq":{seq},"channel":"n","value":{seq}}}"#));
    }
    device.acked(30);
    let (_, home) = hub.stop("TERM");

    let back = ["restore", "--state", "state", "--from", "copy.db"];
    let refused = Program::run(home.path(), &back);
    assert_eq!(refused.code, Some(1));
    assert!(refused.complained.contains("exists already; --replace"), "{refused:?}");
    let ended = Program::run(home.path(), &[&back[..], &["--replace"]].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let hub = Hub::serve_in(home);
    let mut device = hub.connect();
    let (token, session) = (&welcome["token"], &welcome["session"]);
    device.says(&format!(
        r#"{{"identify":"boiler-7","token":{token},"nonce":2,"session":{session},"oldest":31}}"#
    ));
    let again = device.hears("welcome");
    assert_eq!((&again["session"], &again["ack"]), (session, &30.into()), "it goes on where it is");
    device.says(r#"{"seq":31,"channel":"n","value":31}"#);
    device.acked(31);
    let expected: Vec<u64> = (1..=20).chain([31]).collect();
    assert_eq!(values(&hub), expected);
    let history = hub.get("/api/devices/boiler-7/channels/n/history?from=0&to=9999999999999").json();
    assert_eq!(history["gaps"].as_array().map(Vec::len), Some(1), "{history}");
}

#[test]
fn a_command_that_was_under_way_is_unknown_to_a_restored_hub() {
    let hub = Hub::serve();
    let (mut device, _) = hub.numbered("boiler-7");
    order(&hub, "c1");
    device.hears("command");
    back_up(hub.home(), "copy.db");

    let other = Hub::serve_in(restored(&hub.home().join("copy.db")));
    let command = other.get("/api/devices/boiler-7/commands/c1").json();
    assert_eq!(command["state"], "unknown", "{command}");
    let command = hub.get("/api/devices/boiler-7/commands/c1").json();
    assert_eq!(command["state"], "sent", "{command}");
}

#[test]
fn a_hub_that_runs_is_not_restored_under_its_feet() {
    let hub = Hub::serve();
    let (mut device, _) = hub.numbered("boiler-7");
    device.says(r#"{"seq":1,"channel":"n","value":1}"#);
    device.acked(1);
    back_up(hub.home(), "copy.db");
    let refused = hub.command(&["restore", "--from", "copy.db", "--replace"]);
    assert_eq!(refused.code, Some(1));
    for part in [&format!("pid {}", hub.program.pid()), "stop it first"] {
        assert!(refused.complained.contains(part), "{refused:?}");
    }
    device.says(r#"{"seq":2,"channel":"n","value":2}"#);
    device.acked(2);
}

#[test]
fn a_backup_of_nothing_says_so() {
    let home = tempfile::tempdir().expect("a folder");
    let ended = Program::run(home.path(), &["backup", "--state", "state", "--to", "copy.db"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.complained.contains("there is no state in state"), "{ended:?}");
    assert!(!home.path().join("copy.db").exists() && !home.path().join("state").exists());
}
