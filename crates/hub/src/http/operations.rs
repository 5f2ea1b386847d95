//! For those who run a hub: whether it lives, whether it can serve, its counters, and the API in words for programs.
//! These need no credential: what they say names nobody.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde_json::json;

use super::Site;
use super::error::Failure;
use super::metrics;

/// The description of the API, OpenAPI 3.1.
pub(super) const OPENAPI: &str = include_str!("openapi.json");

/// `GET /healthz`: the process lives.
pub(super) async fn healthz() -> impl IntoResponse {
    Json(json!({ "status": "alive" }))
}

/// `GET /readyz`: it can serve.
pub(super) async fn readyz(State(site): State<Arc<Site>>) -> Result<impl IntoResponse, Failure> {
    match *site.hub.stopping().borrow() {
        true => Err(Failure::unavailable("The hub is stopping.")),
        false => Ok(Json(json!({ "status": "ready", "durability": site.hub.durability().name() }))),
    }
}

/// `GET /metrics`, for Prometheus.
pub(super) async fn metrics(State(site): State<Arc<Site>>) -> impl IntoResponse {
    let text = metrics::exposition(&site.hub.totals(), &site.counters);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

/// `GET /openapi.json`.
pub(super) async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}
