//! Tokens of devices and gateways, and join tokens, as a person handles them from a terminal: what counts, until when, and what ends
//! with it.

use crate::gateway::{Gateway, Relay};
use crate::rig::{DEADLINE, Device, Hub, ask};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Barrier;
use std::thread;
use tokio_tungstenite::tungstenite::Message;

/// What the hub answers to a request of the administrator.
fn api(hub: &Hub, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let bearer = format!("Bearer {}", hub.of_ready("token"));
    let answer = ask(hub.address(), method, path, &[("Authorization", &bearer)], &body.to_string());
    (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null))
}

/// A device with a token of its own.
fn made(hub: &Hub, id: &str) -> String {
    let (status, made) = api(hub, "POST", "/api/devices", &json!({ "id": id }));
    assert_eq!(status, 201, "{made}");
    made["token"].as_str().expect("a token").to_owned()
}

fn identify(id: &str, token: &str) -> String {
    json!({ "identify": id, "token": token }).to_string()
}

/// What the terminal prints, without the end of the line.
fn printed(hub: &Hub, arguments: &[&str]) -> String {
    let ended = hub.command(arguments);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.said.trim_end().to_owned()
}

/// Whether somebody with this token is welcome.
fn is_welcome(hub: &Hub, id: &str, token: &str) -> bool {
    let mut device = hub.connect();
    device.says(&identify(id, token));
    let answer = first(&mut device);
    answer.get("welcome").is_some()
}

/// The first welcome or bye.
fn first(device: &mut Device) -> Value {
    loop {
        let line = device.line().expect("it is answered");
        if line.get("welcome").is_some() || line.get("bye").is_some() {
            return line;
        }
    }
}

#[test]
fn a_renewed_token_takes_over_when_it_is_first_used_and_a_revoked_one_opens_nothing() {
    let hub = Hub::serve();
    let old = made(&hub, "pump-1");
    let new = printed(&hub, &["token", "renew", "pump-1"]);
    assert!(new.starts_with("gl_device_") && new != old);
    assert!(is_welcome(&hub, "pump-1", &old) && is_welcome(&hub, "pump-1", &new));
    assert!(!is_welcome(&hub, "pump-1", &old));
    let mut device = hub.connect();
    device.says(&identify("pump-1", &new));
    device.hears("welcome");
    assert_eq!(printed(&hub, &["token", "revoke", "pump-1"]), "no token of “pump-1” counts any more");
    let bye = device.hears("bye");
    assert_eq!((&bye["bye"], &bye["again"]), (&"auth".into(), &"never".into()));
    let home = hub.kill();
    let hub = Hub::serve_in(home);
    for token in [&old, &new] {
        assert!(!is_welcome(&hub, "pump-1", token), "the answer came once that was durable");
    }
    assert_eq!(hub.command(&["token", "renew", "pump-9"]).code, Some(1));
    assert_eq!(hub.command(&["token", "renew", "a b"]).code, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_taken_back_ends_its_connection_whatever_carries_it() {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("glassline.toml"), "unix = \"lines.sock\"\n").expect("a file");
    let hub = Hub::begin(home, &["serve", "--config", "glassline.toml"]);

    let stream = UnixStream::connect(hub.home().join("lines.sock")).expect("it listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
    let mut unix = BufReader::new(stream);
    writeln!(unix.get_mut(), "{}", identify("by-unix", &made(&hub, "by-unix"))).expect("it holds");
    let mut line = String::new();
    unix.read_line(&mut line).expect("a welcome");
    assert!(line.contains("welcome"), "{line}");
    printed(&hub, &["token", "revoke", "by-unix"]);
    while !line.contains("\"bye\":\"auth\"") {
        line.clear();
        assert!(unix.read_line(&mut line).expect("it is told") > 0, "the connection ended without a word");
    }

    let url = format!("ws://{}/device", hub.address());
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.expect("an upgrade");
    let token = made(&hub, "by-socket");
    socket.send(Message::text(identify("by-socket", &token))).await.expect("it holds");
    let mut heard = String::new();
    while !heard.contains("welcome") {
        heard = text(&mut socket).await;
    }
    printed(&hub, &["token", "revoke", "by-socket"]);
    while !heard.contains("\"bye\":\"auth\"") {
        heard = text(&mut socket).await;
    }
}

async fn text<S>(socket: &mut S) -> String
where
    S: futures_util::Stream<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin,
{
    let next = tokio::time::timeout(DEADLINE, socket.next()).await.expect("something is said in time");
    next.expect("it ends with a bye").expect("it holds").into_text().expect("text").to_string()
}

#[test]
fn behind_a_gateway_too_a_token_that_is_taken_back_ends_the_connection_also_when_the_uplink_was_cut_then() {
    let hub = Hub::serve();
    let relay = Relay::to(hub.address());
    let gateway = Gateway::before(&hub, relay.address());
    let connect = |id: &str| {
        let token = made(&hub, id);
        let mut device = Device::connect(gateway.lines());
        device.says(&identify(id, &token));
        device.hears("welcome");
        device.says(r#"{"n":1}"#);
        hub.shows(id, "n", "1");
        (device, token)
    };
    let (mut told, token) = connect("pump-1");
    printed(&hub, &["token", "revoke", "pump-1"]);
    assert_eq!(told.hears("bye")["bye"], "auth");
    let mut again = Device::connect(gateway.lines());
    again.says(&identify("pump-1", &token));
    assert_eq!(again.hears("bye")["bye"], "auth");

    // While the uplink is cut nobody can tell the gateway; it learns of it with the next.
    let (mut away, token) = connect("pump-2");
    relay.lead_to(None);
    printed(&hub, &["token", "revoke", "pump-2"]);
    let new = printed(&hub, &["token", "renew", "pump-2"]);
    relay.lead_to(Some(hub.address()));
    assert_eq!(away.hears("bye")["again"], "later", "it comes back, and is judged by what it shows");
    let mut again = Device::connect(gateway.lines());
    again.says(&identify("pump-2", &token));
    assert_eq!(first(&mut again)["bye"], "auth");
    let mut again = Device::connect(gateway.lines());
    again.says(&identify("pump-2", &new));
    again.hears("welcome");
}

#[test]
fn a_gateways_token_is_renewed_while_it_runs_and_taken_back_its_uplink_ends() {
    let hub = Hub::serve();
    let gateway = Gateway::before(&hub, hub.address());
    let state = |wanted: &str| {
        let is = |hubs: &[Value]| hubs.first().is_some_and(|hub| hub["state"] == wanted);
        let deadline = std::time::Instant::now() + DEADLINE;
        while !is(&gateway.hubs()) {
            assert!(std::time::Instant::now() < deadline, "{:?}", gateway.hubs());
        }
    };
    state("connected");
    let new = printed(&hub, &["token", "renew", "--gateway", "barn"]);
    assert!(new.starts_with("gl_gateway_"));
    printed(&hub, &["token", "revoke", "--gateway", "barn"]);
    let listed = || api(&hub, "GET", "/api/gateways", &Value::Null).1;
    let is_offline = |list: &Value| {
        let barn = list.as_array().into_iter().flatten().find(|gateway| gateway["id"] == "barn");
        barn.is_some_and(|barn| barn["presence"] == "offline")
    };
    let deadline = std::time::Instant::now() + DEADLINE;
    while !is_offline(&listed()) {
        assert!(std::time::Instant::now() < deadline, "{}", listed());
    }
}

#[test]
fn a_join_token_makes_so_many_devices_and_is_listed_and_revoked() {
    let hub = Hub::serve();
    let join = printed(&hub, &["join-token", "make", "--devices", "2", "--for", "2h", "--label", "barn"]);
    assert!(join.starts_with("gl_join_"));
    assert!(is_welcome(&hub, "pump-1", &join) && is_welcome(&hub, "pump-1", &join), "the same one again");
    assert!(is_welcome(&hub, "pump-2", &join) && !is_welcome(&hub, "pump-3", &join));
    let list = printed(&hub, &["join-token", "list"]);
    assert!(list.contains("2 of 2") && list.contains("barn") && !list.contains(&join), "{list}");
    let (_, listed) = api(&hub, "GET", "/api/join-tokens", &Value::Null);
    let id = listed[0]["id"].as_str().expect("an id").to_owned();
    printed(&hub, &["join-token", "revoke", &id]);
    assert!(!is_welcome(&hub, "pump-1", &join), "it has not used its own, and this one is gone");
    assert_eq!(printed(&hub, &["join-token", "list"]), "");
    for wrong in
        [json!({"devices": 0}), json!({"minutes": 0}), json!({"devices": 1_000_000}), json!({"uses": 1})]
    {
        let (status, answer) = api(&hub, "POST", "/api/join-tokens", &wrong);
        assert_eq!(status, 400, "{wrong}: {answer}");
    }
}

/// Numbers that depend on the seed alone.
fn next(seed: &mut u64, below: u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed % below
}

#[test]
fn neither_joins_at_the_same_moment_nor_a_power_cut_give_a_use_back() {
    const DEVICES: usize = 12;
    let given = std::env::var("GLASSLINE_SEED").ok().and_then(|seed| seed.parse().ok());
    let mut seed: u64 = given.unwrap_or_else(|| u64::from(std::process::id()) * 2_654_435_761 + 1);
    eprintln!("GLASSLINE_SEED={seed}");
    let mut hub = Hub::serve();
    let join = printed(&hub, &["join-token", "make", "--devices", &DEVICES.to_string()]);
    let mut welcome = BTreeSet::new();
    for round in 0..4 {
        // Up to seven come at once, and the hub is killed when some of them were answered.
        let (count, answered) = (2 + next(&mut seed, 6) as usize, next(&mut seed, 3) as usize);
        let begin = Barrier::new(count);
        let devices: Vec<Device> = (0..count).map(|_| hub.connect()).collect();
        let (told, heard) = std::sync::mpsc::channel();
        thread::scope(|scope| {
            for (n, mut device) in devices.into_iter().enumerate() {
                let (begin, join, told) = (&begin, &join, told.clone());
                scope.spawn(move || {
                    let id = format!("d-{round}-{n}");
                    begin.wait();
                    // A hub that is killed before it has accepted it resets it.
                    if !device.says_if_heard(&identify(&id, join)) {
                        return;
                    }
                    while let Some(line) = device.line_if_any() {
                        if let Some(token) = line["token"].as_str().filter(|_| line.get("welcome").is_some())
                        {
                            told.send((id, token.to_owned())).expect("somebody listens");
                            return;
                        }
                    }
                });
            }
            drop(told);
            welcome.extend(heard.iter().take(answered));
            hub.program.signal("KILL");
            welcome.extend(heard.iter());
        });
        hub = Hub::serve_in(hub.kill());
    }
    for n in 0..DEVICES {
        let (mut device, id) = (hub.connect(), format!("last-{n}"));
        device.says(&identify(&id, &join));
        if let Some(token) = first(&mut device)["token"].as_str() {
            welcome.insert((id, token.to_owned()));
        }
    }
    let (_, listed) = api(&hub, "GET", "/api/join-tokens", &Value::Null);
    assert_eq!(listed[0]["used"], DEVICES, "all are used by now");
    assert!(welcome.len() <= DEVICES, "{} were welcome", welcome.len());
    for (id, token) in &welcome {
        assert!(is_welcome(&hub, id, token), "{id} was welcome, so it is stored with its token");
    }
}

#[test]
fn who_may_join_stands_in_the_configuration() {
    let configured = |text: &str| {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::write(home.path().join("glassline.toml"), text).expect("a file");
        Hub::begin(home, &["serve", "--config", "glassline.toml"])
    };
    let closed = configured("enrolment = \"closed\"\n");
    let join = closed.of_ready("join").to_owned();
    assert!(!is_welcome(&closed, "pump-1", &join) && !is_welcome(&closed, "pump-1", ""));
    let refused = closed.command(&["join-token", "make"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.complained.contains("closed"), "{refused:?}");
    let own = made(&closed, "pump-1");
    assert!(is_welcome(&closed, "pump-1", &own));

    let open = configured("enrolment = \"open\"\n");
    let mut device = open.connect();
    device.says(r#"{"identify":"pump-1"}"#);
    let welcome = device.hears("welcome");
    let own = welcome["token"].as_str().expect("a token of its own").to_owned();
    assert!(is_welcome(&open, "pump-1", &own) && !is_welcome(&open, "pump-1", ""));
    assert!(!is_welcome(&open, "pump-2", "wrong"));

    let usual = configured("");
    assert!(!is_welcome(&usual, "pump-1", ""));
}
