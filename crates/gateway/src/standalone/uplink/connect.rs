//! A WebSocket to a hub.

use super::super::limits::{CONNECT_WAIT_MAX, REASON_BYTES_MAX};
use crate::trust::secure;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, http::StatusCode};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// What bytes go over.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A WebSocket, whatever it goes over.
pub(super) type Socket = WebSocketStream<Box<dyn Wire>>;

/// A connection that was made.
pub(super) struct Dialed {
    pub(super) socket: Socket,
    /// Where it leads.
    pub(super) address: SocketAddr,
}

/// Where an URL leads.
struct Place {
    is_secure: bool,
    host: String,
    port: u16,
}

/// Makes a connection to `url`. The error is a sentence.
pub(super) async fn dial(url: String, ca: Option<PathBuf>, frame_bytes_max: usize) -> Result<Dialed, String> {
    let made = timeout(CONNECT_WAIT_MAX, connect(&url, ca, frame_bytes_max)).await;
    made.unwrap_or_else(|_| Err(format!("the hub does not answer at {url}")))
}

/// What is wrong with an address, as a sentence.
pub(in crate::standalone) fn url_problem(url: &str) -> Option<String> {
    place_of(url).err()
}

fn place_of(url: &str) -> Result<Place, String> {
    let wrong = || format!("{url} is no address of a hub: one is ws://host:8080/uplink or wss://host/uplink");
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let is_secure = match uri.scheme_str() {
        Some("ws") => false,
        Some("wss") => true,
        _ => return Err(wrong()),
    };
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok(Place { is_secure, host, port: uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 }) })
}

async fn connect(url: &str, ca: Option<PathBuf>, frame_bytes_max: usize) -> Result<Dialed, String> {
    let place = place_of(url)?;
    let unreached = |error: &dyn std::fmt::Display| format!("the hub does not answer at {url}: {error}");
    let stream = TcpStream::connect((&*place.host, place.port)).await.map_err(|error| unreached(&error))?;
    let address = stream.peer_addr().map_err(|error| unreached(&error))?;
    stream.set_nodelay(true).map_err(|error| unreached(&error))?;
    let wire: Box<dyn Wire> = match place.is_secure {
        false => Box::new(stream),
        true => Box::new(secure(stream, &place.host, ca).await?),
    };
    let request = url.into_client_request().map_err(|error| unreached(&error))?;
    let limits = WebSocketConfig::default()
        .max_message_size(Some(frame_bytes_max))
        .max_frame_size(Some(frame_bytes_max));
    match client_async_with_config(request, wire, Some(limits)).await {
        Ok((socket, _)) => Ok(Dialed { socket, address }),
        Err(Error::Http(answer)) => Err(refused(url, answer.status(), answer.body().as_deref())),
        Err(error) if is_silence(&error) => Err(unreached(&error)),
        Err(error) => Err(format!("what answers at {url} is no hub: {error}")),
    }
}

/// Whether nothing answered, rather than something wrong.
fn is_silence(error: &Error) -> bool {
    matches!(
        error,
        Error::Io(_)
            | Error::ConnectionClosed
            | Error::Protocol(
                ProtocolError::HandshakeIncomplete | ProtocolError::ResetWithoutClosingHandshake
            )
    )
}

fn refused(url: &str, status: StatusCode, body: Option<&[u8]>) -> String {
    match (status, body.and_then(reason)) {
        (StatusCode::NOT_FOUND, _) => format!("what answers at {url} takes no gateways"),
        (_, Some(reason)) => format!("the hub at {url} refuses: {reason}"),
        (status, None) => format!("what answers at {url} is no hub: it says {status}"),
    }
}

/// An answer of a hub that refuses.
#[derive(serde::Deserialize)]
struct Answer {
    error: Refusal,
}

#[derive(serde::Deserialize)]
struct Refusal {
    reason: String,
}

/// The sentence for people in an answer of a hub. Whoever answers may say anything: what is no text of one line is left out.
fn reason(body: &[u8]) -> Option<String> {
    let Answer { error: Refusal { reason } } = serde_json::from_slice(body).ok()?;
    let reason = &reason[..reason.floor_char_boundary(REASON_BYTES_MAX)];
    Some(reason.replace(char::is_control, " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_and_a_host() {
        for good in ["ws://10.0.0.5:8080/uplink", "wss://hub.example/uplink", "ws://[::1]:80/uplink"] {
            assert_eq!(url_problem(good), None);
        }
        for wrong in ["", "hub:8080", "http://hub/uplink", "ws:///uplink", "ws://a b/"] {
            assert!(url_problem(wrong).is_some(), "{wrong:?}");
        }
    }

    #[test]
    fn a_hub_that_refuses_is_quoted_in_one_bounded_line() {
        let told = |body: &str| refused("ws://hub/uplink", StatusCode::FORBIDDEN, Some(body.as_bytes()));
        let hub = r#"{"error":{"code":"forbidden","reason":"Over TLS only:\nask at wss://."}}"#;
        assert_eq!(told(hub), "the hub at ws://hub/uplink refuses: Over TLS only: ask at wss://.");
        let long = format!(r#"{{"error":{{"reason":"{}"}}}}"#, "ä".repeat(REASON_BYTES_MAX));
        assert!(told(&long).len() < 2 * REASON_BYTES_MAX);
        for other in ["", "<html>", "{}", r#"{"error":"no"}"#] {
            assert_eq!(told(other), "what answers at ws://hub/uplink is no hub: it says 403 Forbidden");
        }
    }

    #[tokio::test]
    async fn nobody_who_answers_is_told_from_somebody_who_is_no_hub() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("ws://{}/uplink", listener.local_addr().expect("it is bound"));
        let answering = async {
            drop(listener.accept().await.expect("one comes"));
            let (mut stream, _) = listener.accept().await.expect("one comes");
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).await.expect("it asks") > 0);
            stream.write_all(b"220 mail.example ESMTP\r\n\r\n").await.expect("it reads");
        };
        let asking = async {
            let mut errors = Vec::new();
            for _ in 0..2 {
                errors.push(dial(url.clone(), None, 1024).await.err().expect("it is no hub"));
            }
            errors
        };
        let ((), errors) = tokio::join!(answering, asking);
        let silent = |url: &str| format!("the hub does not answer at {url}: ");
        assert!(errors[0].starts_with(&silent(&url)), "{errors:?}");
        let nowhere = "ws://127.0.0.1:1/uplink";
        let error = dial(nowhere.to_owned(), None, 1024).await.err().expect("nobody is there");
        assert!(error.starts_with(&silent(nowhere)), "{error}");
        assert!(errors[1].starts_with(&format!("what answers at {url} is no hub: ")), "{errors:?}");
    }
}
