//! For those who run a hub: whether it lives, whether it can serve, its counters, and the API in words for programs.
//! These need no credential: what they say names nobody.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use serde_json::json;

use super::Site;
use super::error::Failure;
use super::front::Arrival;
use super::metrics;
use crate::Storage;
use crate::auth::Scope;

/// The description of the API, OpenAPI 3.1.
pub(super) const OPENAPI: &str = include_str!("openapi.json");

/// Where its paths begin, as the description says it.
const ROOT_SERVER: &str = "\"servers\": [{\"url\": \"/\"}]";

/// `GET /healthz`: the process lives.
pub(super) async fn healthz() -> impl IntoResponse {
    Json(json!({ "status": "alive" }))
}

/// `GET /readyz`: it can serve.
pub(super) async fn readyz(State(site): State<Arc<Site>>) -> Result<impl IntoResponse, Failure> {
    let stopping = *site.hub.stopping().borrow();
    let storage = site.hub.storage().borrow().clone();
    match (stopping, storage) {
        (true, _) => Err(Failure::unavailable("The hub is stopping.")),
        // What exactly failed names a path: that is for those who run the hub.
        (false, Storage::Failed { .. }) => Err(Failure::storage_failed(
            "The hub's storage has failed: nothing is taken over until it is back.",
        )),
        (false, Storage::Up) => {
            Ok(Json(json!({ "status": "ready", "durability": site.hub.durability().name() })))
        }
    }
}

/// `GET /metrics`, for Prometheus. Other machines need an administrator's token: how many devices and panels there are is not
/// for everybody.
pub(super) async fn metrics(
    State(site): State<Arc<Site>>,
    parts: Parts,
) -> Result<impl IntoResponse, Failure> {
    if !parts.extensions.get::<Arrival>().is_some_and(|arrival| arrival.is_local) {
        let grant = site.grant(&parts.method, &parts.uri, &parts.headers)?;
        if !grant.may(Scope::Admin) {
            return Err(Failure::forbidden("From another machine this needs the scope “admin”."));
        }
    }
    let mut text = metrics::exposition(&site.hub.totals(), &site.counters, (site.files)());
    metrics::doors(&mut text, &(site.doors)(), site.hub.panels.throttled());
    if let Some(lines) = (site.serial)() {
        metrics::serial(&mut text, lines);
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text))
}

/// `GET /openapi.json`. It says where its paths begin.
pub(super) async fn openapi(State(site): State<Arc<Site>>) -> impl IntoResponse {
    let text = match site.front.base.as_str() {
        "" => OPENAPI.to_owned(),
        base => OPENAPI.replacen(ROOT_SERVER, &format!("\"servers\": [{{\"url\": \"{base}\"}}]"), 1),
    };
    ([(header::CONTENT_TYPE, "application/json")], text)
}

#[cfg(test)]
mod tests {
    use axum::response::Response;
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::{Hub, Settings};

    async fn ready(site: &Arc<Site>) -> (u16, serde_json::Value) {
        let answer: Response = readyz(State(site.clone())).await.into_response();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.expect("it is made at once").to_bytes();
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    #[tokio::test]
    async fn h9_a_hub_whose_storage_has_failed_is_not_ready_until_it_is_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let hub = Hub::open(folder.path(), Settings::default()).expect("the folder is ours");
        let site = Arc::new(Site::new(hub.clone(), ([127, 0, 0, 1], 8080).into()));
        hub.storage_failed("/state/glassline.db: no space left");
        let (status, body) = ready(&site).await;
        assert_eq!((status, &body["error"]["code"]), (503, &"storage".into()));
        assert!(!body.to_string().contains("/state"), "paths are nobody's business here: {body}");
        hub.storage_recovered();
        assert_eq!(ready(&site).await.0, 200);
        tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
    }
}
