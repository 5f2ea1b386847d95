//! One question over HTTP: what a terminal asks of the hub's API.

use super::Target;
use crate::output;
use anyhow::{Context as _, Result, anyhow, bail};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a hub may take to answer, all of it.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// The body of what the hub answers to `GET path`.
///
/// # Errors
/// Nobody answers there, the token does not permit it, or the hub says why not.
pub(super) async fn get(target: &Target, path: &str) -> Result<String> {
    request(target, "GET", path, "").await
}

/// The body of what the hub answers to `POST path` with this JSON.
///
/// # Errors
/// As [`get`].
pub(super) async fn post(target: &Target, path: &str, body: &str) -> Result<String> {
    request(target, "POST", path, body).await
}

/// The same with `PUT path`.
///
/// # Errors
/// As [`get`].
pub(super) async fn put(target: &Target, path: &str, body: &str) -> Result<String> {
    request(target, "PUT", path, body).await
}

/// The same with `DELETE path`.
///
/// # Errors
/// As [`get`].
pub(super) async fn delete(target: &Target, path: &str) -> Result<String> {
    request(target, "DELETE", path, "").await
}

async fn request(target: &Target, method: &str, path: &str, body: &str) -> Result<String> {
    let late = || format!("the hub at {} does not answer", target.url);
    let answer = timeout(ANSWER_MAX, ask(target, method, path, body)).await.with_context(late)??;
    let (status, body) = read(&answer).ok_or_else(|| anyhow!("what answers at {} is no hub", target.url))?;
    let url = &target.url;
    match status {
        200..=299 => Ok(body.to_owned()),
        401 => bail!("the hub at {url} does not know this token"),
        403 => bail!("the hub at {url} does not permit this"),
        status => match reason(body) {
            Some(reason) => bail!("{}", output::printable(&reason)),
            None => bail!("the hub at {url} cannot say: it answers {status}"),
        },
    }
}

/// The sentence for people in an answer that is an error.
fn reason(body: &str) -> Option<String> {
    let error: serde_json::Value = serde_json::from_str(body).ok()?;
    error["error"]["reason"].as_str().map(str::to_owned)
}

/// In HTTP/1.0 an answer ends with its connection: nothing of it need be put together.
async fn ask(target: &Target, method: &str, path: &str, body: &str) -> Result<String> {
    let Target { url, token } = target;
    let host = url.strip_prefix("http://").unwrap_or(url);
    // A token goes into a header: nothing in it may begin another.
    if token.chars().any(|letter| letter.is_control()) {
        bail!("this is no token");
    }
    let unreached = || format!("no hub answers at {url}");
    let mut stream = TcpStream::connect(with_port(host)).await.with_context(unreached)?;
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nUser-Agent: {}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        super::panel::USER_AGENT,
        body.len()
    );
    stream.write_all(request.as_bytes()).await.with_context(unreached)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.with_context(|| format!("the answer of {url} was broken off"))?;
    String::from_utf8(answer).with_context(|| format!("what answers at {url} is no hub"))
}

/// The host with the port that HTTP has where none is named.
fn with_port(host: &str) -> String {
    let named = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    if named { host.to_owned() } else { format!("{host}:80") }
}

/// Status and body of an answer.
fn read(answer: &str) -> Option<(u16, &str)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some((status, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        assert_eq!(read("HTTP/1.0 200 OK\r\na: b\r\n\r\n[1,\r\n\r\n2]"), Some((200, "[1,\r\n\r\n2]")));
        assert_eq!(read("HTTP/1.1 401 Unauthorized\r\n\r\n"), Some((401, "")));
        for other in ["", "SSH-2.0-x\r\n\r\n", "HTTP/1.0 200 OK\r\n"] {
            assert_eq!(read(other), None, "{other:?}");
        }
    }

    #[test]
    fn an_error_says_why() {
        let body = r#"{"error":{"code":"exists","reason":"There is a view already."}}"#;
        assert_eq!(reason(body).as_deref(), Some("There is a view already."));
        assert_eq!(reason("<html>"), None);
    }

    #[test]
    fn a_host_without_port_has_that_of_http() {
        assert_eq!(with_port("hub"), "hub:80");
        assert_eq!(with_port("10.0.0.5:8080"), "10.0.0.5:8080");
        assert_eq!(with_port("[::1]"), "[::1]:80");
        assert_eq!(with_port("[::1]:81"), "[::1]:81");
    }
}
