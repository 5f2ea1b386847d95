//! A raw device: a TCP connection on which lines are said and heard.

use super::DEADLINE;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

pub(crate) struct Device {
    stream: BufReader<TcpStream>,
}

impl Device {
    pub(crate) fn connect(lines: &str) -> Self {
        let stream = TcpStream::connect(lines).expect("the device port listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        Self { stream: BufReader::new(stream) }
    }

    /// Says a line.
    pub(crate) fn says(&mut self, line: &str) {
        self.says_bytes(line.as_bytes());
    }

    /// Says a line; whether the connection held for that.
    pub(crate) fn says_if_heard(&mut self, line: &str) -> bool {
        self.stream.get_mut().write_all(format!("{line}\n").as_bytes()).is_ok()
    }

    /// Says a line that may be no text.
    pub(crate) fn says_bytes(&mut self, line: &[u8]) {
        // In one write: the end of a line by itself would wait for the system's ack of the rest.
        self.stream.get_mut().write_all(&[line, b"\n"].concat()).expect("the connection holds");
    }

    /// Says what is read from `source`, for so many lines.
    pub(crate) fn copies(&mut self, source: impl Read, lines: usize) {
        for line in BufReader::new(source).lines().take(lines) {
            self.says(&line.expect("the source goes on"));
        }
    }

    /// The next line that has the member `kind`; heartbeats and others are passed over.
    pub(crate) fn hears(&mut self, kind: &str) -> Value {
        loop {
            let Some(line) = self.line() else { panic!("the connection ended instead of {kind}") };
            if line.get(kind).is_some() {
                return line;
            }
        }
    }

    /// Hears until `ack` covers `seq`.
    pub(crate) fn acked(&mut self, seq: u64) {
        while self.hears("ack")["ack"].as_u64() < Some(seq) {}
    }

    /// Everything up to the end of the connection.
    pub(crate) fn rest(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.line()).collect()
    }

    /// The next line; nothing where the connection ended, in whatever way.
    pub(crate) fn line_if_any(&mut self) -> Option<Value> {
        let mut line = String::new();
        while self.stream.read_line(&mut line).ok()? > 0 {
            if !line.trim().is_empty() {
                return serde_json::from_str(&line).ok();
            }
            line.clear();
        }
        None
    }

    /// The next line; nothing where the connection ended.
    pub(crate) fn line(&mut self) -> Option<Value> {
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).expect("something is said in time") == 0 {
                return None;
            }
            if !line.trim().is_empty() {
                return Some(serde_json::from_str(&line).expect("lines are JSON"));
            }
        }
    }
}
