//! WebSockets: their handshake, the one of panels, and what others need to tell a panel from a device on one path.
//!
//! HTTP only opens them: [`upgrade`] answers the handshake and hands the socket over, and an event loop has it from then
//! on. `/socket` is for those who do not say which they are: [`side_of`] their first frame.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use base64::{Engine as _, alphabet};
use hyper::upgrade::OnUpgrade;
use rustls::ServerConnection;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha1::{Digest as _, Sha1};
use sockets::{Endpoint, Handle, Remote, Stay, Stream};

use super::Site;
use super::accept;
use super::error::Failure;
use super::limits::{FIRST_FRAME_WAIT_DEVICE, FIRST_FRAME_WAIT_PANEL};
use crate::auth::Scope;
use crate::panel::PanelPeer;

/// What RFC 6455 appends to a client's key.
const KEY_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Bytes of a client's key, once it is decoded.
const KEY_BYTES: usize = 16;

/// Reads keys. That their last bits are zero is of no use to anybody.
const KEYS: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// A connection that has become a WebSocket, without anybody who drives it.
pub struct Raw {
    /// It does not block.
    pub stream: TcpStream,
    /// What was read of it behind the handshake, deciphered.
    pub read: Vec<u8>,
    /// The state of TLS, where it goes over that.
    pub tls: Option<Box<ServerConnection>>,
    /// Its place among strangers, where it has shown nothing yet.
    pub stay: Option<Stay>,
}

impl Raw {
    /// Gives it to `loops`, with the endpoint that `make` makes there.
    pub fn adopt(self, loops: &Handle, make: impl FnOnce(Remote) -> Box<dyn Endpoint> + Send + 'static) {
        let stream = Stream::from(self.stream).of_stranger(self.stay);
        match self.tls {
            Some(tls) => loops.adopt_tls(stream, tls, self.read, make),
            None => loops.adopt(stream, self.read, make),
        }
    }
}

/// `GET /panel`.
pub(super) async fn panel(State(site): State<Arc<Site>>, mut parts: Parts) -> Result<Response, Failure> {
    let peer = panel_peer(&site, &parts)?;
    let hub = site.hub.clone();
    upgrade(&mut parts, move |raw| {
        let loops = hub.loops().clone();
        raw.adopt(&loops, move |remote| hub.panel(peer, remote));
    })
}

/// Answers the handshake of a WebSocket. `then` is called with the socket when the answer is written; not at all where the
/// connection broke before. It must not block.
///
/// # Errors
/// 400, or 405, for a request that is none; 426 for one of another version than 13.
pub fn upgrade(parts: &mut Parts, then: impl FnOnce(Raw) + Send + 'static) -> Result<Response, Failure> {
    let accepted = accept_key(&parts.method, &parts.headers)?;
    // Without it the request is none of HTTP/1.1.
    let upgraded = parts.extensions.remove::<OnUpgrade>();
    let upgraded =
        upgraded.ok_or_else(|| Failure::bad_request("This connection cannot become a WebSocket."))?;
    // It ends with the connection at the latest.
    tokio::spawn(async move {
        match upgraded.await.map(accept::let_go) {
            Ok(Some(Ok(raw))) => then(raw),
            Ok(Some(Err(error))) => tracing::error!(%error, "a socket cannot be handed over"),
            Ok(None) => tracing::error!("a connection that was not accepted here wants to be a socket"),
            Err(error) => tracing::debug!(%error, "a connection broke in its handshake"),
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().extend([
        (header::CONNECTION, HeaderValue::from_static("upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_ACCEPT, accepted),
    ]);
    Ok(response)
}

/// What the handshake is answered with (RFC 6455, 4.2).
fn accept_key(method: &Method, headers: &HeaderMap) -> Result<HeaderValue, Failure> {
    if method != Method::GET {
        return Err(Failure::bad_method());
    }
    if !names(headers, header::CONNECTION, "upgrade") {
        return Err(Failure::bad_request(
            "This opens a WebSocket: the Connection header must say “upgrade”.",
        ));
    }
    if !names(headers, header::UPGRADE, "websocket") {
        return Err(Failure::bad_request("This opens a WebSocket: the Upgrade header must say “websocket”."));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Failure::other_version());
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
    if KEYS.decode(key).map_or(0, |key| key.len()) != KEY_BYTES {
        return Err(Failure::bad_request("The Sec-WebSocket-Key header must be 16 bytes in Base64."));
    }
    let accepted = STANDARD.encode(Sha1::new().chain_update(key).chain_update(KEY_SUFFIX).finalize());
    HeaderValue::try_from(accepted)
        .map_err(|_| Failure::bad_request("The Sec-WebSocket-Key header is unusable."))
}

/// Whether one of the words of a header is `word`, in whatever case.
fn names(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(word))
}

/// Who opens a panel's socket: a bearer token in the upgrade stands for the ticket.
///
/// # Errors
/// 401 for a token that is not valid, 403 for one that does not permit to look.
pub fn panel_peer(site: &Site, parts: &Parts) -> Result<PanelPeer, Failure> {
    let grant = match parts.headers.contains_key(header::AUTHORIZATION) {
        // The login cookie counts for nothing here: a page takes a ticket.
        true => Some(site.grant(&parts.method, &parts.uri, &parts.headers)?),
        false => None,
    };
    if grant.as_ref().is_some_and(|grant| !grant.may(Scope::View)) {
        return Err(Failure::forbidden("This needs the scope “view”."));
    }
    Ok(PanelPeer { address: peer_address(parts), grant })
}

/// Where a request comes from. Each connection of [`super::serve`]'s has an address; without one it is all zeros.
pub fn peer_address(parts: &Parts) -> SocketAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| *address);
    peer.unwrap_or_else(|| SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0))
}

/// Who is at the other end of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A page or a program that looks.
    Panel,
    /// A device.
    Device,
}

impl Side {
    /// How long the first frame that says something may take where this side is expected.
    pub fn first_frame_wait(self) -> Duration {
        match self {
            Side::Panel => FIRST_FRAME_WAIT_PANEL,
            Side::Device => FIRST_FRAME_WAIT_DEVICE,
        }
    }
}

/// What a request on `/socket` counts as before its first frame: browsers, and programs that speak HTTP, say what they
/// are called (`User-Agent`); devices do not.
pub fn side_before_first_frame(headers: &HeaderMap) -> Side {
    if headers.contains_key(header::USER_AGENT) { Side::Panel } else { Side::Device }
}

/// What the first frame that says something tells: `authenticate` is said by panels, `identify` by devices. Nothing for any
/// other.
pub fn side_of(frame: &str) -> Option<Side> {
    /// The two members that tell.
    #[derive(Deserialize)]
    struct First<'a> {
        #[serde(borrow)]
        authenticate: Option<&'a RawValue>,
        #[serde(borrow)]
        identify: Option<&'a RawValue>,
    }
    let First { authenticate, identify } = serde_json::from_str(frame).ok()?;
    match (authenticate, identify) {
        (_, Some(_)) => Some(Side::Device),
        (Some(_), None) => Some(Side::Panel),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_frame_tells_a_panel_from_a_device() {
        assert_eq!(side_of(r#"{"authenticate":"gl_ticket_x","page":"/"}"#), Some(Side::Panel));
        assert_eq!(side_of(r#"{"identify":"boiler-7","token":"x"}"#), Some(Side::Device));
        for neither in ["", "{}", r#"{"temperature":21.5}"#, "[]", "identify"] {
            assert_eq!(side_of(neither), None, "{neither:?}");
        }
    }

    #[test]
    fn before_it_a_user_agent_tells() {
        let mut headers = HeaderMap::new();
        assert_eq!(side_before_first_frame(&headers), Side::Device);
        headers.insert(header::USER_AGENT, "curl/8".parse().expect("a value"));
        assert_eq!(side_before_first_frame(&headers), Side::Panel);
    }
}
