//! Asks the hub over HTTP, on one connection that has shown who it is, as an administrator's program does.

use anyhow::{Context as _, bail};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take. Nothing takes as long unless it is broken.
const ANSWER_MAX: Duration = Duration::from_secs(15);

pub(super) struct Client {
    address: String,
    token: String,
    stream: Option<BufReader<TcpStream>>,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Client {
    /// For the hub at `address`, with its token.
    pub(super) fn new(address: &str, token: &str) -> Self {
        Self { address: address.to_owned(), token: token.to_owned(), stream: None }
    }

    pub(super) fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.ask("GET", path, None)
    }

    /// Asks on the connection that stands, or on a new one.
    pub(super) fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Answer> {
        let stood = self.stream.is_some();
        let answer = self.ask_once(method, path, body);
        if answer.is_err() {
            self.stream = None;
            if stood {
                return self.ask_once(method, path, body);
            }
        }
        answer
    }

    fn ask_once(&mut self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Answer> {
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(&self.address)?;
                stream.set_read_timeout(Some(ANSWER_MAX))?;
                stream.set_write_timeout(Some(ANSWER_MAX))?;
                BufReader::new(stream)
            }
        };
        let stream = self.stream.insert(stream);
        let body = body.map(Value::to_string).unwrap_or_default();
        let (address, token, length) = (&self.address, &self.token, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.get_mut().write_all(request.as_bytes())?;
        answer(stream)
    }
}

fn answer(stream: &mut BufReader<TcpStream>) -> anyhow::Result<Answer> {
    let begin = line(stream)?;
    let status = begin.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.with_context(|| format!("no answer of HTTP: “{begin}”"))?;
    let (mut length, mut is_chunked) = (0, false);
    while let Some((name, value)) = line(stream)?.split_once(": ") {
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse()?,
            "transfer-encoding" => is_chunked = true,
            _ => {}
        }
    }
    let mut body = Vec::new();
    if is_chunked {
        loop {
            let length = usize::from_str_radix(&line(stream)?, 16).context("a chunk has no length")?;
            read(stream, length, &mut body)?;
            line(stream)?;
            if length == 0 {
                break;
            }
        }
    } else {
        read(stream, length, &mut body)?;
    }
    Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned() })
}

/// A line without its end.
fn line(stream: &mut BufReader<TcpStream>) -> anyhow::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        bail!("the answer breaks off");
    }
    line.truncate(line.trim_end().len());
    Ok(line)
}

/// So many bytes more, behind those that `body` has.
fn read(stream: &mut BufReader<TcpStream>, length: usize, body: &mut Vec<u8>) -> anyhow::Result<()> {
    let had = body.len();
    body.resize(had + length, 0);
    Ok(stream.read_exact(&mut body[had..])?)
}

/// The value of `name`, with its labels, in a text of Prometheus' format.
pub(super) fn metric(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_found_by_its_whole_name() {
        let text = "# TYPE a gauge\na{b=\"c\"} 1\na{b=\"cd\"} 2\nab 3\n";
        assert_eq!(metric(text, "a{b=\"cd\"}"), Some(2));
        assert_eq!(metric(text, "a"), None);
        assert_eq!(metric(text, "ab"), Some(3));
    }
}
