//! Who is looking at what, and what is connected.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Serialize, Serializer};

use super::Site;
use super::credential::{Allowed, ToView};
use crate::Presence;
use crate::panel::PanelInfo;

/// A gateway, as whoever runs it knows it.
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

/// `GET /api/panels`.
pub(super) async fn panels(State(site): State<Arc<Site>>, _: Allowed<ToView>) -> Json<Vec<PanelInfo>> {
    Json(site.hub.panels())
}

/// `GET /api/gateways`.
pub(super) async fn gateways(State(site): State<Arc<Site>>, _: Allowed<ToView>) -> Json<Vec<GatewayInfo>> {
    Json((site.gateways)())
}
