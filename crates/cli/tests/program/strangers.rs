//! Who has not shown who it is, and who says too much: each limit, from outside.

use crate::rig::{DEADLINE, Device, Hub, request};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// Connections from one address that may be strangers at a time.
const EACH_MAX: usize = 64;

/// A number of `/metrics`, once `enough` of it.
fn metric(hub: &Hub, name: &str, enough: impl Fn(u64) -> bool) -> u64 {
    let until = Instant::now() + DEADLINE;
    loop {
        let metrics = hub.get("/metrics").body;
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        let value = line.and_then(|value| value.trim().parse().ok()).unwrap_or(0);
        if enough(value) {
            return value;
        }
        assert!(Instant::now() < until, "{name} is {value}");
    }
}

fn identify(hub: &Hub, id: &str) -> String {
    format!(r#"{{"identify":"{id}","token":"{}"}}"#, hub.of_ready("join"))
}

#[test]
fn a_first_line_has_a_kilobyte_and_later_ones_as_much_as_ever() {
    let hub = Hub::serve();
    let mut device = hub.connect();
    device.says(&format!(r#"{{"identify":"pump-1","note":"{}"}}"#, "x".repeat(1_024)));
    let error = device.hears("error")["error"].clone();
    assert_eq!((&error["code"], &error["at"]), (&"too_long".into(), &1_024.into()), "{error}");
    device.says(&identify(&hub, "pump-1"));
    assert_eq!(device.hears("welcome")["welcome"], "pump-1");
    device.says(&format!(r#"{{"long":"{}","after":1}}"#, "x".repeat(60_000)));
    hub.shows("pump-1", "after", "1");
}

#[test]
fn what_follows_an_identify_at_once_may_be_long() {
    let hub = Hub::serve();
    let mut device = hub.connect();
    let lines = format!("{}\n{{\"long\":\"{}\",\"after\":1}}", identify(&hub, "pump-1"), "x".repeat(5_000));
    device.says(&lines);
    hub.shows("pump-1", "after", "1");
}

#[test]
fn an_address_waits_for_its_own_strangers_and_gets_the_next_place() {
    let hub = Hub::serve();
    let mut silent: Vec<Device> = (0..EACH_MAX).map(|_| hub.connect()).collect();
    metric(&hub, "glassline_strangers{listeners=\"lines\",state=\"inside\"}", |inside| inside == 64);
    let mut device = hub.connect();
    device.says(&identify(&hub, "pump-1"));
    metric(&hub, "glassline_strangers{listeners=\"lines\",state=\"waiting\"}", |waiting| waiting == 1);
    drop(silent.pop());
    assert_eq!(device.hears("welcome")["welcome"], "pump-1");
    // The others had their time.
    for mut stranger in silent {
        assert_eq!(stranger.hears("bye")["bye"], "unidentified");
    }
}

#[test]
fn who_waits_for_too_long_is_closed() {
    let hub = Hub::serve();
    let silent: Vec<Device> = (0..EACH_MAX + 1).map(|_| hub.connect()).collect();
    for mut stranger in silent {
        // Those that were let in are told why.
        stranger.rest();
    }
    metric(&hub, "glassline_strangers{listeners=\"lines\",state=\"inside\"}", |inside| inside == 0);
}

#[test]
fn a_request_that_does_not_go_on_is_closed_and_so_is_one_whose_body_does_not() {
    let hub = Hub::serve();
    let host = hub.address();
    let requests = [
        String::new(),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\n"),
        format!("POST /login HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\r\ntoken="),
        format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n"),
    ];
    let open = |request: &String| {
        let mut stream = TcpStream::connect(host).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        stream.write_all(request.as_bytes()).expect("it is open");
        stream
    };
    let streams: Vec<TcpStream> = requests.iter().map(open).collect();
    for mut stream in streams {
        let mut said = Vec::new();
        stream.read_to_end(&mut said).expect("it is closed in time");
    }
}

#[test]
fn a_device_that_says_too_much_is_read_later_and_loses_nothing() {
    let hub = Hub::serve();
    let mut device = hub.plain("chatty");
    // They count as much as longer lines and are little work: also a slow machine has them faster than it may.
    let heartbeats = "\n".repeat(160_000);
    let (until, mut number) = (Instant::now() + DEADLINE, 0);
    while metric(&hub, "glassline_throttled_total{of=\"device\"}", |_| true) == 0 {
        assert!(Instant::now() < until, "this machine is too slow to be too fast");
        let numbers: String = (number + 1..=number + 200).map(|n| format!("{{\"number\":{n}}}\n")).collect();
        device.says_bytes((heartbeats.clone() + &numbers).as_bytes());
        number += 200;
        hub.shows("chatty", "number", &number.to_string());
    }
    let state = hub.get("/api/devices/chatty").json();
    assert_eq!(state["received"], number, "{state}");
}

#[tokio::test]
async fn a_panel_that_says_too_much_is_heard_later_and_answered_all_the_same() {
    let hub = Hub::serve();
    let mut request = format!("ws://{}/panel", hub.address()).into_client_request().expect("a URL");
    let bearer = format!("Bearer {}", hub.of_ready("token")).parse().expect("a header");
    request.headers_mut().insert("authorization", bearer);
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.expect("an upgrade");
    // All in one piece: one by one a slow machine might say no more than it may.
    for _ in 0..1_200 {
        socket.feed(Message::text("")).await.expect("it holds");
    }
    socket.send(Message::text(r#"{"watch":["nobody"]}"#)).await.expect("it holds");
    loop {
        let frame = tokio::time::timeout(DEADLINE, socket.next()).await.expect("in time");
        let Message::Text(text) = frame.expect("it is open").expect("it holds") else { continue };
        let frame: Value = serde_json::from_str(&text).unwrap_or_default();
        if frame["snapshot"] == "nobody" {
            break;
        }
    }
    metric(&hub, "glassline_throttled_total{of=\"panel\"}", |times| times > 0);
}

#[test]
fn more_than_64_headers_are_refused() {
    let hub = Hub::serve();
    let mut stream = TcpStream::connect(hub.address()).expect("it listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
    let headers: String = (0..64).map(|number| format!("X-{number}: 1\r\n")).collect();
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: {}\r\n{headers}\r\n", hub.address()).expect("it is open");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is closed");
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert_eq!(request(hub.address(), "GET", "/healthz", None).status, 200);
}
