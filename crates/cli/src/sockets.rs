//! The WebSockets that devices come in by: `/device`, and `/socket` for those who do not say which they are.
//!
//! The hub serves HTTP and knows no gateway, the gateway drives devices and knows no HTTP: here the two are joined
//! (spec/http.md, WebSockets).

mod either;

use axum::Router;
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::get;
use either::Either;
use gateway::Gateway;
use hub::http::limits::UNDECIDED_MAX;
use hub::http::socket::{Side, panel_peer, peer_address, side_before_first_frame, upgrade};
use hub::http::{Failure, Site};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The routes, to be added to the hub's. What is opened by them lives in `loops`.
pub(crate) fn routes(site: Arc<Site>, gateway: Gateway, loops: sockets::Handle) -> Router {
    let (for_devices, their_loops) = (gateway.clone(), loops.clone());
    let device = move |parts: Parts| async move { device(for_devices, their_loops, parts) };
    let places = Arc::new(Semaphore::new(UNDECIDED_MAX));
    let either = move |parts: Parts| async move { either(&site, gateway, loops, &places, parts) };
    Router::new().route("/device", get(device)).route("/socket", get(either))
}

fn device(gateway: Gateway, loops: sockets::Handle, mut parts: Parts) -> Result<Response, Failure> {
    let address = peer_address(&parts);
    upgrade(&mut parts, move |raw| {
        raw.adopt(&loops, move |remote| gateway::listen::websocket(&gateway, address, remote));
    })
}

fn either(
    site: &Site,
    gateway: Gateway,
    loops: sockets::Handle,
    places: &Arc<Semaphore>,
    mut parts: Parts,
) -> Result<Response, Failure> {
    let peer = panel_peer(site, &parts)?;
    let before = side_before_first_frame(&parts.headers);
    let address = peer_address(&parts);
    let hub = site.hub().clone();
    // Who brought a token with the upgrade is a panel, and leaves the first frame out.
    if peer.grant.is_some() {
        return upgrade(&mut parts, move |raw| {
            raw.adopt(&loops, move |remote| hub.panel(peer, remote));
        });
    }
    let Ok(place) = places.clone().try_acquire_owned() else {
        return Err(Failure::too_many("Too many sockets have not said yet what they are."));
    };
    upgrade(&mut parts, move |raw| {
        raw.adopt(&loops, move |remote| {
            let choose = move |side| match side {
                Side::Panel => hub.panel(peer, remote),
                Side::Device => gateway::listen::websocket(&gateway, address, remote),
            };
            Box::new(Either::new(before, Box::new(choose), place))
        });
    })
}
