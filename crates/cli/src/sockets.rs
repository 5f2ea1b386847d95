//! The WebSockets that devices come in by: `/device`, and `/socket` for those who do not say which they are.
//!
//! The hub serves HTTP and knows no gateway, the gateway drives devices and knows no HTTP: here the two are joined
//! (spec/http.md, WebSockets).

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::get;
use gateway::Gateway;
use hub::http::socket::{Side, bounded, first_frame, panel_peer, side_before_first_frame};
use hub::http::{Failure, Site};
use hub::panel::PanelPeer;
use protocol::limits::LINE_BYTES_MAX;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Bytes of a device's frame that are read at most. One that is longer than a line may be, but not longer than this,
/// is answered with `too_long`; beyond, the connection ends.
const DEVICE_FRAME_BYTES_MAX: usize = 2 * LINE_BYTES_MAX;

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// The routes, to be added to the hub's.
pub(crate) fn routes(site: Arc<Site>, gateway: Gateway) -> Router {
    let for_devices = gateway.clone();
    let device = move |upgrade: Upgrade, parts: Parts| async move { device(for_devices, upgrade, &parts) };
    let either = move |upgrade: Upgrade, parts: Parts| async move { either(site, gateway, upgrade, &parts) };
    Router::new().route("/device", get(device)).route("/socket", get(either))
}

fn device(gateway: Gateway, upgrade: Upgrade, parts: &Parts) -> Result<Response, Failure> {
    let address = address(parts);
    let upgrade = for_lines(upgrade)?;
    Ok(upgrade.on_upgrade(move |socket| gateway::listen::websocket(gateway, socket, None, address)))
}

fn either(site: Arc<Site>, gateway: Gateway, upgrade: Upgrade, parts: &Parts) -> Result<Response, Failure> {
    let peer = panel_peer(&site, parts)?;
    let before = side_before_first_frame(&parts.headers);
    let address = address(parts);
    let upgrade = for_lines(upgrade)?;
    Ok(upgrade.on_upgrade(move |socket| decide(site, gateway, socket, peer, before, address)))
}

/// Reads the first frame and hands the socket on to whom it is for.
async fn decide(
    site: Arc<Site>,
    gateway: Gateway,
    mut socket: WebSocket,
    peer: PanelPeer,
    before: Side,
    address: SocketAddr,
) {
    // Who brought a token with the upgrade is a panel, and leaves the first frame out.
    if peer.grant.is_some() {
        return site.hub().clone().panel(socket, peer, None).await;
    }
    match first_frame(&mut socket, before).await {
        Some((Side::Device, line)) => {
            gateway::listen::websocket(gateway, socket, Some(line.into()), address).await;
        }
        Some((Side::Panel, frame)) => site.hub().clone().panel(socket, peer, Some(frame)).await,
        None => {}
    }
}

fn for_lines(upgrade: Upgrade) -> Result<WebSocketUpgrade, Failure> {
    let upgrade = upgrade.map_err(|error| Failure::bad_request(error.body_text()))?;
    Ok(bounded(upgrade).max_frame_size(DEVICE_FRAME_BYTES_MAX).max_message_size(DEVICE_FRAME_BYTES_MAX))
}

/// Where the connection comes from. Each of our listener's has an address.
fn address(parts: &Parts) -> SocketAddr {
    let known = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| *address);
    known.unwrap_or_else(|| SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0))
}
