//! TLS in front of HTTP: agreed upon before the first request, and whoever speaks plain HTTP there is told.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::uri::{Authority, PathAndQuery};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use rustls::ServerConfig;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::error::Failure;
use super::held::Held;

/// Gives what a connection that begins now is shown: a certificate may become another one.
pub type Shown = Arc<dyn Fn() -> Arc<ServerConfig> + Send + Sync>;

/// How TLS begins: a record of a handshake.
const HANDSHAKE: u8 = 22;

/// What came of a connection to a port for TLS.
pub(super) enum Secured {
    /// TLS is agreed upon.
    Over(Box<TlsStream<Held>>),
    /// It is not TLS that is spoken.
    Plain(Held),
}

/// Agrees upon TLS, until `deadline` at the latest.
///
/// # Errors
/// It took too long, or came to nothing.
pub(super) async fn secure(held: Held, shown: &Shown, deadline: Instant) -> io::Result<Secured> {
    let agreed = async {
        let mut first = [0];
        // At its end there is nothing to read: that is no TLS either.
        if held.stream.peek(&mut first).await? == 1 && first[0] != HANDSHAKE {
            return Ok(Secured::Plain(held));
        }
        let stream = TlsAcceptor::from(shown()).accept(held).await?;
        Ok(Secured::Over(Box::new(stream)))
    };
    timeout_at(deadline, agreed).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// What plain HTTP is answered with at a port for TLS. Whoever shows a credential is not led on: it has been read on its way, and
/// whoever sent it is to know.
pub(super) async fn answer_plainly(request: Request<Incoming>) -> Result<Response, Infallible> {
    let shows = [header::AUTHORIZATION, header::COOKIE, header::UPGRADE];
    let is_led = matches!(*request.method(), Method::GET | Method::HEAD)
        && !shows.iter().any(|name| request.headers().contains_key(name));
    let mut response = match there(&request).filter(|_| is_led) {
        Some(there) => (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, there)]).into_response(),
        None => Failure::bad_request("This port speaks TLS: ask at https://, or wss:// for a socket.")
            .into_response(),
    };
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    Ok(response)
}

/// The same address over TLS.
fn there(request: &Request<Incoming>) -> Option<HeaderValue> {
    let host: Authority = request.headers().get(header::HOST)?.to_str().ok()?.parse().ok()?;
    let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    HeaderValue::try_from(format!("https://{host}{path}")).ok()
}
