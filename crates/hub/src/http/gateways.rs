//! Gateways: what is connected, making and removing those that hold uplinks, and the WebSocket of uplinks.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize, Serializer};

use super::Site;
use super::body::Body;
use super::credential::{Allowed, ToAdmin, ToView};
use super::error::Failure;
use super::socket::{peer_address, upgrade};
use crate::Presence;
use crate::auth::{Grant, Scope};
use crate::uplink::{GatewayError, GatewayState};

/// A gateway in this process, as whoever runs it knows it.
#[derive(Debug, Clone, Serialize)]
pub struct GatewayInfo {
    /// Its id.
    pub id: String,
    /// Whether it is connected.
    #[serde(serialize_with = "word")]
    pub presence: Presence,
    /// Since when, milliseconds since 1970.
    pub since: i64,
    /// How many device connections end in it.
    pub devices: usize,
}

fn word<S: Serializer>(presence: &Presence, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(presence.as_str())
}

/// One of the list.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Listed {
    /// In this process: it has no uplink.
    Local(GatewayInfo),
    /// One with an uplink of its own.
    Remote(GatewayState),
}

/// `GET /api/gateways`: the one in this process first.
pub(super) async fn list(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToView>,
) -> Json<Vec<Listed>> {
    let local = site.local_gateways(&grant).into_iter().map(Listed::Local);
    Json(local.chain(site.hub.gateways(&grant).into_iter().map(Listed::Remote)).collect())
}

impl Site {
    /// Those in this process. How many devices are connected to it is told to whoever may see all of them; to others, how many of
    /// theirs.
    pub(super) fn local_gateways(&self, grant: &Grant) -> Vec<GatewayInfo> {
        let all = (self.gateways)();
        if grant.may_all_devices(Scope::View) {
            return all;
        }
        let devices = self.hub.online_here(grant);
        all.into_iter().map(|gateway| GatewayInfo { devices, ..gateway }).collect()
    }
}

/// The body of `POST /api/gateways`.
#[derive(Deserialize)]
struct Made {
    id: String,
}

/// What it is answered with: the token is shown this once.
#[derive(Serialize)]
struct Created<'a> {
    id: &'a str,
    token: &'a str,
}

/// `POST /api/gateways`.
pub(super) async fn create(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
    body: Body,
) -> Result<Response, Failure> {
    let Made { id } = body.json()?;
    let token = site.hub.create_gateway(&grant, &id).await.map_err(|error| refused(error, &id))?;
    let created = Json(Created { id: &id, token: token.text() });
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], created).into_response())
}

/// `DELETE /api/gateways/{id}`: its uplink ends; what it brought stays.
pub(super) async fn remove(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    site.hub.remove_gateway(&grant, &id).map_err(|error| refused(error, &id))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/gateways/{id}/token`: a new one, shown this once. The one before it counts until the gateway has shown the new one.
pub(super) async fn renew_token(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let token = site.hub.renew_gateway_token(&grant, &id).await.map_err(|error| refused(error, &id))?;
    let created = Json(Created { id: &id, token: token.text() });
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], created).into_response())
}

/// `DELETE /api/gateways/{id}/token`: none of its tokens counts any more, and its uplink ends.
pub(super) async fn revoke_token(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    site.hub.revoke_gateway_token(&grant, &id).await.map_err(|error| refused(error, &id))?;
    Ok(StatusCode::NO_CONTENT)
}

fn refused(error: GatewayError, id: &str) -> Failure {
    match error {
        GatewayError::Denied => Failure::forbidden("You may not make or remove gateways."),
        GatewayError::BadId => {
            Failure::malformed("bad_id", "A gateway id is 1 to 64 letters, digits, _ or -.")
        }
        GatewayError::Exists => Failure::exists(format!("There is a gateway “{id}” already.")),
        GatewayError::Unknown => Failure::not_found(format!("There is no gateway “{id}”.")),
        GatewayError::Full => Failure::unavailable("There are as many gateways as this hub keeps."),
        GatewayError::Storage => Failure::storage_failed("The hub's storage has failed."),
    }
}

/// `GET /uplink`. The gateway identifies in its first frame.
pub(super) async fn uplink(State(site): State<Arc<Site>>, mut parts: Parts) -> Result<Response, Failure> {
    let (hub, address) = (site.hub.clone(), peer_address(&parts));
    upgrade(&mut parts, move |raw| {
        let loops = hub.loops().clone();
        raw.adopt(&loops, move |remote| hub.uplink(address, remote));
    })
}
