//! One question over HTTP: what a terminal asks of the hub's API.

use super::Target;
use super::dial::dial;
use crate::output;
use anyhow::{Context as _, Result, anyhow, bail};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
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
    let hub = &target.hub;
    let late = || format!("the hub at {hub} does not answer");
    let answer = timeout(ANSWER_MAX, ask(target, method, path, body)).await.with_context(late)??;
    let (status, head, body) = read(&answer).ok_or_else(|| anyhow!("what answers at {hub} is no hub"))?;
    match status {
        200..=299 => Ok(body.to_owned()),
        300..=399 if let Some(there) = location(head) => {
            bail!("{hub} leads on to {}: name the hub by its own address", output::printable(there))
        }
        401 => bail!("the hub at {hub} does not know this token"),
        403 => bail!("the hub at {hub} does not permit this"),
        status => match reason(body.as_bytes()) {
            Some(reason) => bail!("{}", output::printable(&reason)),
            None => bail!("the hub at {hub} cannot say: it answers {status}"),
        },
    }
}

/// Where whoever answers leads to.
fn location(head: &str) -> Option<&str> {
    let mut headers = head.lines().filter_map(|line| line.split_once(':'));
    let (_, there) = headers.find(|(name, _)| name.eq_ignore_ascii_case("location"))?;
    Some(there.trim())
}

/// The sentence for people in an answer that is an error.
pub(super) fn reason(body: &[u8]) -> Option<String> {
    let error: serde_json::Value = serde_json::from_slice(body).ok()?;
    error["error"]["reason"].as_str().map(str::to_owned)
}

/// In HTTP/1.0 an answer ends with its connection: nothing of it need be put together.
async fn ask(target: &Target, method: &str, path: &str, body: &str) -> Result<String> {
    let Target { hub, token, .. } = target;
    // A token goes into a header: nothing in it may begin another.
    if token.chars().any(|letter| letter.is_control()) {
        bail!("this is no token");
    }
    let mut wire = dial(target).await?;
    let request = format!(
        "{method} {} HTTP/1.0\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nUser-Agent: {}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        hub.path(path),
        hub.authority(),
        super::panel::USER_AGENT,
        body.len()
    );
    let said = async {
        wire.write_all(request.as_bytes()).await?;
        wire.flush().await
    };
    said.await.with_context(|| format!("no hub answers at {hub}"))?;
    let mut answer = Vec::new();
    wire.read_to_end(&mut answer).await.with_context(|| format!("the answer of {hub} was broken off"))?;
    String::from_utf8(answer).with_context(|| format!("what answers at {hub} is no hub"))
}

/// Status, head and body of an answer.
fn read(answer: &str) -> Option<(u16, &str, &str)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some((status, head, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        assert_eq!(
            read("HTTP/1.0 200 OK\r\na: b\r\n\r\n[1,\r\n\r\n2]"),
            Some((200, "HTTP/1.0 200 OK\r\na: b", "[1,\r\n\r\n2]"))
        );
        assert_eq!(read("HTTP/1.1 401 Unauthorized\r\n\r\n"), Some((401, "HTTP/1.1 401 Unauthorized", "")));
        for other in ["", "SSH-2.0-x\r\n\r\n", "HTTP/1.0 200 OK\r\n"] {
            assert_eq!(read(other), None, "{other:?}");
        }
    }

    #[test]
    fn an_error_says_why() {
        let body = r#"{"error":{"code":"exists","reason":"There is a view already."}}"#;
        assert_eq!(reason(body.as_bytes()).as_deref(), Some("There is a view already."));
        assert_eq!(reason(b"<html>"), None);
    }

    #[test]
    fn whoever_leads_on_says_where_to() {
        let head = "HTTP/1.1 301 Moved Permanently\r\nServer: x\r\nlocation: https://hub.example/";
        assert_eq!(location(head), Some("https://hub.example/"));
        assert_eq!(location("HTTP/1.1 304 Not Modified"), None);
    }
}
