//! Connections: their limits and their end.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::rig::{Answer, Rig};

/// Longer than any of this takes; only a test that hangs meets it.
const FOR_EVER: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_connection_is_used_for_several_requests() {
    let rig = Rig::start().await;
    let mut stream = rig.connect().await;
    let request = |close: &str| format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n{close}\r\n", rig.address);
    stream.write_all(request("").as_bytes()).await.expect("it takes a request");
    let mut first = [0; 15];
    stream.read_exact(&mut first).await.expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    stream.write_all(request("Connection: close\r\n").as_bytes()).await.expect("it takes another");
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.expect("an answer and the end");
    assert_eq!(rest.matches("HTTP/1.1 200 OK").count(), 1);
}

#[tokio::test]
async fn headers_that_never_end_close_the_connection() {
    let rig = Rig::start().await;
    let mut stream = rig.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localh").await.expect("it listens");
    let mut bytes = Vec::new();
    let closed = timeout(FOR_EVER, stream.read_to_end(&mut bytes)).await;
    assert!(closed.is_ok(), "it was closed");
    assert!(!bytes.starts_with(b"HTTP/1.1 200"));
    // What is stored behind it is: so is it.
    rig.make("boiler-7").await;
    let audit = rig.ask_as_admin("GET", "/api/audit?what=limit").send().await.json();
    let rows = audit["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 1, "{audit}");
    assert_eq!(rows[0]["details"]["limit"], "a stranger's time", "{audit}");
    assert_eq!(rows[0]["details"]["network"], "127.0.0.0/24", "{audit}");
}

#[tokio::test]
async fn a_connection_that_a_browser_opens_ahead_and_says_nothing_on_is_no_limit_that_was_hit() {
    let rig = Rig::start().await;
    let mut stream = rig.connect().await;
    timeout(FOR_EVER, stream.read_to_end(&mut Vec::new())).await.expect("it is closed").expect("well");
    rig.make("boiler-7").await;
    let audit = rig.ask_as_admin("GET", "/api/audit?what=limit").send().await.json();
    assert_eq!(audit["rows"], serde_json::json!([]));
}

#[tokio::test]
async fn too_many_headers_or_bytes_of_them_are_refused() {
    let rig = Rig::start().await;
    let many = (0..80).fold(rig.ask("GET", "/healthz"), |ask, n| ask.header(&format!("x-{n}"), "1"));
    assert_eq!(many.send().await.status, 431);
    let long = rig.ask("GET", "/healthz").header("x-long", &"x".repeat(20_000)).send().await;
    assert_eq!(long.status, 431);
}

#[tokio::test]
async fn stopping_finishes_what_is_under_way_and_accepts_nothing_more() {
    let mut rig = Rig::start().await;
    let mut busy = rig.connect().await;
    let token = rig.hub.auth().admin_token().to_owned();
    let body = "{\"id\":\"boiler-7\"}";
    let head = format!(
        "POST /api/devices HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        rig.address,
        body.len()
    );
    busy.write_all(head.as_bytes()).await.expect("it takes the head");
    // The hub asks for the body: the request is under way.
    let mut asked = [0; 25];
    busy.read_exact(&mut asked).await.expect("it goes on");
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    let mut idle = rig.connect().await;
    // Once it was answered it was accepted, and waits for its next request.
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", rig.address);
    idle.write_all(request.as_bytes()).await.expect("it takes a request");
    let mut answer = String::new();
    while !answer.contains("alive") {
        answer.push(char::from(idle.read_u8().await.expect("an answer")));
    }

    let address = rig.address;
    let serving = rig.shut_down();
    let mut rest = String::new();
    idle.read_to_string(&mut rest).await.expect("an idle connection is closed");
    assert_eq!(rest.trim_end_matches(['"', '}']), "");
    busy.write_all(body.as_bytes()).await.expect("it takes the body");
    let answer = Answer::read(&mut busy).await;
    assert_eq!(answer.status, 201);
    timeout(FOR_EVER, serving).await.expect("in time").expect("serving ended well");
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody listens any longer");
}
