//! WebSockets: the one of panels, and what others need to tell a panel from a device on one path.
//!
//! `/socket` is for those who do not say which they are. Whoever serves it upgrades with [`bounded`], asks
//! [`first_frame`], and hands the socket to [`crate::Hub::panel`] or to the gateway, with the frame that was read.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::Site;
use super::error::Failure;
use super::limits::{FIRST_FRAME_WAIT_DEVICE, FIRST_FRAME_WAIT_PANEL, SOCKET_READ_BYTES};
use crate::auth::Scope;
use crate::limits::PANEL_FRAME_BYTES_MAX;
use crate::panel::PanelPeer;

// A device's line is one frame: the socket that may become either must take both.
const _: () = assert!(PANEL_FRAME_BYTES_MAX >= protocol::limits::LINE_BYTES_MAX);

/// `GET /panel`.
pub(super) async fn panel(
    State(site): State<Arc<Site>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    parts: Parts,
) -> Result<Response, Failure> {
    let peer = panel_peer(&site, &parts)?;
    let upgrade = upgrade.map_err(|error| Failure::bad_request(error.body_text()))?;
    let hub = site.hub.clone();
    Ok(bounded(upgrade).on_upgrade(move |socket| hub.panel(socket, peer, None)))
}

/// The upgrade with our limits: 4 KiB read at once, frames and messages of at most [`PANEL_FRAME_BYTES_MAX`].
pub fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(SOCKET_READ_BYTES)
        .max_message_size(PANEL_FRAME_BYTES_MAX)
        .max_frame_size(PANEL_FRAME_BYTES_MAX)
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

/// Where a request comes from: the peer's address and port, empty if the connection is none of [`super::serve`]'s.
pub fn peer_address(parts: &Parts) -> String {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map(|ConnectInfo(address)| address.to_string()).unwrap_or_default()
}

/// Who is at the other end of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A page or a program that looks.
    Panel,
    /// A device.
    Device,
}

/// What a request on `/socket` counts as before its first frame: browsers, and programs that speak HTTP, say what they
/// are called (`User-Agent`); devices do not.
pub fn side_before_first_frame(headers: &HeaderMap) -> Side {
    if headers.contains_key(header::USER_AGENT) { Side::Panel } else { Side::Device }
}

/// Reads the first frame that says something, which decides: `authenticate` is said by panels, `identify` by devices.
/// Any other leaves it at `before`. Heartbeats are skipped. Nothing where no text came in the time that a `before` has,
/// or the socket is closed.
pub async fn first_frame(socket: &mut WebSocket, before: Side) -> Option<(Side, String)> {
    let wait = match before {
        Side::Panel => FIRST_FRAME_WAIT_PANEL,
        Side::Device => FIRST_FRAME_WAIT_DEVICE,
    };
    let text = timeout(wait, async {
        loop {
            match socket.recv().await?.ok()? {
                Message::Text(text) if text.is_empty() => {}
                Message::Text(text) => return Some(text.to_string()),
                Message::Close(_) => return None,
                // Answered by the library, or no frame of ours.
                Message::Ping(_) | Message::Pong(_) | Message::Binary(_) => {}
            }
        }
    });
    let text = text.await.ok()??;
    Some((side_of(&text).unwrap_or(before), text))
}

fn side_of(frame: &str) -> Option<Side> {
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
