//! The WebSocket of panels, from its upgrade to its first message.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::rig::Rig;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(rig: &Rig, headers: &[(&'static str, &str)]) -> Result<Socket, Error> {
    let mut request = format!("ws://{}/panel", rig.address).into_client_request().expect("a URL");
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().expect("a value"));
    }
    connect_async(request).await.map(|(socket, _)| socket)
}

fn status(refused: Result<Socket, Error>) -> u16 {
    match refused {
        Err(Error::Http(answer)) => answer.status().as_u16(),
        Err(other) => panic!("{other}"),
        Ok(_) => 101,
    }
}

async fn hear(socket: &mut Socket) -> Value {
    let frame = socket.next().await.expect("a frame").expect("an intact one");
    serde_json::from_str(frame.to_text().expect("text")).expect("JSON")
}

#[tokio::test]
async fn a_ticket_in_the_first_frame_opens_a_panel_once() {
    let rig = Rig::start().await;
    let ticket = rig.ask_as_admin("POST", "/api/ticket").send().await.json()["ticket"].clone();
    let say = Message::text(serde_json::json!({ "authenticate": ticket, "page": "/status" }).to_string());
    let mut socket = open(&rig, &[("origin", &rig.origin())]).await.expect("it upgrades");
    socket.send(say.clone()).await.expect("it listens");
    let welcome = hear(&mut socket).await;
    assert_eq!((&welcome["user"], &welcome["scopes"][0]), (&"admin".into(), &"view".into()));
    let panels = rig.ask_as_admin("GET", "/api/panels").send().await.json();
    assert_eq!((&panels[0]["id"], &panels[0]["page"]), (&welcome["welcome"], &"/status".into()));
    assert!(panels[0]["address"].as_str().is_some_and(|address| address.starts_with("127.0.0.1:")));

    let mut second = open(&rig, &[]).await.expect("it upgrades");
    second.send(say).await.expect("it listens");
    let frame = second.next().await.expect("a frame").expect("an intact one");
    assert!(frame.is_close(), "the ticket is used up: {frame:?}");
}

#[tokio::test]
async fn a_bearer_token_in_the_upgrade_stands_for_the_ticket() {
    let rig = Rig::start().await;
    let bearer = |token: &str| format!("Bearer {token}");
    let mut socket =
        open(&rig, &[("authorization", &bearer(rig.hub.auth().admin_token()))]).await.expect("it upgrades");
    assert_eq!(hear(&mut socket).await["user"], "admin");
    assert_eq!(status(open(&rig, &[("authorization", &bearer("gl_token_wrong"))]).await), 401);
}

#[tokio::test]
async fn a_page_of_another_origin_opens_no_socket() {
    let rig = Rig::start().await;
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        assert_eq!(status(open(&rig, &[("origin", origin)]).await), 403, "{origin}");
    }
    assert_eq!(status(open(&rig, &[("host", "evil.example")]).await), 403);
}

/// The handshake of RFC 6455's example, line by line.
const HANDSHAKE: [&str; 5] = [
    "GET /panel HTTP/1.1",
    "Connection: keep-alive, Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

/// The same with what stands in line `changed` instead.
async fn shake_hands(rig: &Rig, changed: usize, line: &str) -> TcpStream {
    let mut lines = HANDSHAKE;
    lines[changed] = line;
    let request = format!("{}\r\nHost: {}\r\n\r\n", lines.join("\r\n"), rig.address);
    let mut stream = rig.connect().await;
    stream.write_all(request.as_bytes()).await.expect("it listens");
    stream
}

/// Reads the head of an answer, and nothing behind it.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push(char::from(stream.read_u8().await.expect("an answer")));
    }
    head.to_ascii_lowercase()
}

#[tokio::test]
async fn a_handshake_is_answered_as_the_rfc_wants() {
    let rig = Rig::start().await;
    for (changed, line) in [(0, HANDSHAKE[0]), (1, "connection: UPGRADE"), (2, "Upgrade: WebSocket")] {
        let head = head(&mut shake_hands(&rig, changed, line).await).await;
        assert!(head.starts_with("http/1.1 101 "), "{head}");
        assert!(head.contains("\r\nconnection: upgrade\r\n"), "{head}");
        assert!(head.contains("\r\nupgrade: websocket\r\n"), "{head}");
        let accept = "\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n".to_ascii_lowercase();
        assert!(head.contains(&accept), "{head}");
    }
}

#[tokio::test]
async fn what_is_no_upgrade_is_told_so() {
    let rig = Rig::start().await;
    let answer = rig.ask_as_admin("GET", "/panel").send().await;
    assert_eq!((answer.status, answer.error_code().as_str()), (400, "bad_request"));
    for (changed, line, status) in [
        (0, "HEAD /panel HTTP/1.1", 405),
        (0, "POST /panel HTTP/1.1", 405),
        (0, "GET /panel HTTP/1.0", 400),
        (1, "Connection: keep-alive", 400),
        (2, "Upgrade: h2c", 400),
        (2, "X-Upgrade: websocket", 400),
        (3, "Sec-WebSocket-Version: 8", 426),
        (3, "X-Version: 13", 426),
        (4, "X-Key: dGhlIHNhbXBsZSBub25jZQ==", 400),
        (4, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j", 400),
        (4, "Sec-WebSocket-Key: not base64 at all!!!", 400),
    ] {
        let head = head(&mut shake_hands(&rig, changed, line).await).await;
        assert_eq!(head.split(' ').nth(1), Some(status.to_string().as_str()), "{line}: {head}");
        assert_eq!(head.contains("\r\nsec-websocket-version: 13\r\n"), status == 426, "{line}: {head}");
    }
}

#[tokio::test]
async fn what_comes_together_with_the_handshake_is_heard() {
    let rig = Rig::start().await;
    let ticket = rig.ask_as_admin("POST", "/api/ticket").send().await.json()["ticket"].clone();
    let say = serde_json::json!({ "authenticate": ticket }).to_string();
    assert!(say.len() < 126, "the short form of a length");
    let request = format!("{}\r\nHost: {}\r\n\r\n", HANDSHAKE.join("\r\n"), rig.address);
    let mut bytes = request.into_bytes();
    // Masked with zeros.
    bytes.extend([0x81, 0x80 | say.len() as u8, 0, 0, 0, 0]);
    bytes.extend(say.as_bytes());
    let mut stream = rig.connect().await;
    stream.write_all(&bytes).await.expect("it listens");
    assert!(head(&mut stream).await.starts_with("http/1.1 101 "));
    let mut header = [0; 4];
    stream.read_exact(&mut header).await.expect("a frame");
    assert_eq!(header[..2], [0x81, 126], "whole, of text, not masked, and of more than 125 bytes");
    let mut payload = vec![0; u16::from_be_bytes([header[2], header[3]]).into()];
    stream.read_exact(&mut payload).await.expect("all of it");
    let welcome: Value = serde_json::from_slice(&payload).expect("JSON");
    assert_eq!(welcome["user"], "admin");
}

#[tokio::test]
async fn an_open_socket_outlives_serving() {
    let mut rig = Rig::start().await;
    let bearer = format!("Bearer {}", rig.hub.auth().admin_token());
    let mut socket = open(&rig, &[("authorization", &bearer)]).await.expect("it upgrades");
    assert_eq!(hear(&mut socket).await["user"], "admin");
    rig.shut_down().await.expect("serving ended well");
    socket.send(Message::Ping("still there?".into())).await.expect("it listens");
    loop {
        match socket.next().await.expect("a frame").expect("an intact one") {
            Message::Pong(payload) => break assert_eq!(payload, "still there?"),
            Message::Close(frame) => panic!("closed: {frame:?}"),
            _ => {}
        }
    }
}
