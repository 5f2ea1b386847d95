//! As much of an HTTP client as the tests need.

use super::DEADLINE;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;

/// Status and body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// One request without a body.
pub(crate) fn request(address: &str, method: &str, path: &str, token: Option<&str>) -> Answer {
    request_as(address, address, method, path, token)
}

/// The same by another `Host`. HTTP/1.0, so that the answer ends with its connection.
pub(crate) fn request_as(address: &str, host: &str, method: &str, path: &str, token: Option<&str>) -> Answer {
    let mut stream = TcpStream::connect(address).expect("the HTTP port listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
    let bearer = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let head = format!("{method} {path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: 0\r\n{bearer}\r\n");
    stream.write_all(head.as_bytes()).expect("the connection holds");
    answer_on(stream)
}

/// One request with these headers and this body.
pub(crate) fn ask(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).expect("the HTTP port listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
    let mut head =
        format!("{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| *name == "Content-Type") {
        head += "Content-Type: application/json\r\n";
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n" + body).as_bytes()).expect("the connection holds");
    answer_on(stream)
}

fn answer_on(mut stream: TcpStream) -> Answer {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers in time");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}
