//! A running gateway in a folder of its own, between devices and hubs.

use crate::rig::{Ended, Hub, Program, request};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use tempfile::TempDir;

/// `glassline gateway` on free ports, ready.
pub(crate) struct Gateway {
    pub(crate) program: Program,
    /// The ready file.
    pub(crate) ready: Value,
    home: TempDir,
    arguments: Vec<String>,
}

impl Gateway {
    /// On new state, with these flags.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let owned = arguments.iter().map(|&word| word.to_owned()).collect();
        Self::start_in(tempfile::tempdir().expect("a folder"), owned)
    }

    /// On the state in `home`.
    pub(crate) fn start_in(home: TempDir, arguments: Vec<String>) -> Self {
        let ready = home.path().join("ready.json");
        let has_lines = arguments.iter().any(|word| word == "--lines");
        let mut all: Vec<&str> =
            vec!["gateway", "--state", "state", "--http", "127.0.0.1:0", "--ready", "ready.json"];
        if !has_lines {
            all.extend(["--lines", "127.0.0.1:0"]);
        }
        all.extend(arguments.iter().map(String::as_str));
        let mut program = Program::start(home.path(), &all);
        // It is written before the first line is said.
        program.line(|_| true);
        let ready = std::fs::read_to_string(ready).expect("the ready file is there");
        Self { program, ready: serde_json::from_str(&ready).expect("it is JSON"), home, arguments }
    }

    /// A gateway in front of `hub`, which is reached at `address`.
    pub(crate) fn before(hub: &Hub, address: &str) -> Self {
        let token = token(hub, "barn");
        Self::start(&["--id", "barn", "--hub", &format!("ws://{address}/uplink"), "--token", &token])
    }

    /// A text of the ready file.
    pub(crate) fn of_ready(&self, key: &str) -> &str {
        self.ready[key].as_str().unwrap_or_else(|| panic!("no {key} in {}", self.ready))
    }

    /// Where devices connect.
    pub(crate) fn lines(&self) -> &str {
        self.of_ready("lines")
    }

    /// Ends it as a power cut would; begun anew it listens for devices where it did.
    pub(crate) fn killed(self) -> Killed {
        let lines = self.lines().to_owned();
        self.program.kill();
        Killed { home: self.home, arguments: self.arguments, lines }
    }

    /// Asks it to end.
    pub(crate) fn stop(self) -> Ended {
        self.program.signal("TERM");
        self.program.ended()
    }

    /// A command about this gateway, run to its end.
    pub(crate) fn command(&self, arguments: &[&str]) -> Ended {
        let all = [&["gateway", "hubs"], arguments, &["--state", "state"]].concat();
        Program::run(self.home.path(), &all)
    }

    /// The hubs, as it lists them.
    pub(crate) fn hubs(&self) -> Vec<Value> {
        let address = self.of_ready("http").strip_prefix("http://").expect("a URL");
        let answer = request(address, "GET", "/api/hubs", Some(self.of_ready("token")));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json().as_array().expect("a list").clone()
    }
}

/// A gateway that was killed.
pub(crate) struct Killed {
    pub(crate) home: TempDir,
    pub(crate) arguments: Vec<String>,
    lines: String,
}

impl Killed {
    /// Begins it anew.
    pub(crate) fn start(mut self) -> Gateway {
        if !self.arguments.iter().any(|word| word == "--lines") {
            self.arguments.extend(["--lines".to_owned(), self.lines]);
        }
        Gateway::start_in(self.home, self.arguments)
    }
}

/// A token with which `hub` knows a gateway of this id.
pub(crate) fn token(hub: &Hub, id: &str) -> String {
    let answer = post(hub.address(), "/api/gateways", hub.of_ready("token"), &json!({ "id": id }));
    answer["token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
}

/// What a JSON request is answered with.
pub(crate) fn post(address: &str, path: &str, token: &str, body: &Value) -> Value {
    let mut stream = TcpStream::connect(address).expect("the HTTP port listens");
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.0\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).expect("the connection holds");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers in time");
    let (_, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    serde_json::from_str(body).unwrap_or(Value::Null)
}
