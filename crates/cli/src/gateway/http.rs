//! The HTTP port of a gateway: devices over WebSocket (`/device`), health, metrics, and the administration of its hubs. There are
//! no pages: whoever comes from one of another site is turned away.

use super::asking::{Shown, add, hubs};
use super::settings::Told;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get};
use axum::{Json, Router};
use gateway::Gateway;
use gateway::standalone::{AddError, LinkState, Standalone};
use hub::http::Failure;
use hub::http::socket::{peer_address, upgrade};
use std::fmt::Write as _;
use std::sync::Arc;

/// What the port answers with.
pub(super) struct Site {
    pub(super) standalone: Arc<Standalone>,
    /// The devices' connections.
    pub(super) connections: Gateway,
    pub(super) loops: sockets::Handle,
    /// Who may administer.
    pub(super) token: String,
}

/// All paths.
pub(super) fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/device", get(device))
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics))
        .route("/api/gateway", get(standing))
        .route("/api/hubs", get(list).post(add_hub))
        .route("/api/hubs/{name}", delete(remove))
        .layer(from_fn(guard))
        .with_state(site)
}

/// Browsers say which page they come from; none of this is for pages.
async fn guard(request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::ORIGIN) {
        return Failure::forbidden("A gateway has no pages: this is not for browsers.").into_response();
    }
    next.run(request).await
}

async fn device(State(site): State<Arc<Site>>, mut parts: Parts) -> Result<Response, Failure> {
    let address = peer_address(&parts);
    let (connections, loops) = (site.connections.clone(), site.loops.clone());
    upgrade(&mut parts, move |raw| {
        raw.adopt(&loops, move |remote| gateway::listen::websocket(&connections, address, remote));
    })
}

async fn healthz(State(site): State<Arc<Site>>) -> Response {
    match site.standalone.storage_is_up() {
        true => "ok\n".into_response(),
        false => (StatusCode::SERVICE_UNAVAILABLE, "the spool cannot be written\n").into_response(),
    }
}

async fn metrics(State(site): State<Arc<Site>>) -> String {
    let (known, connected) = site.standalone.devices();
    let mut text = String::new();
    gauge(&mut text, "glassline_gateway_devices", "Devices that are known.", &[("", known as u64)]);
    gauge(&mut text, "glassline_gateway_devices_connected", "Those connected.", &[("", connected as u64)]);
    let up = u64::from(site.standalone.storage_is_up());
    gauge(&mut text, "glassline_gateway_spool_up", "Whether the spool can be written.", &[("", up)]);
    let (bytes, bytes_max) = site.standalone.spool_bytes();
    gauge(&mut text, "glassline_gateway_spool_bytes", "What the spool holds.", &[("", bytes)]);
    gauge(&mut text, "glassline_gateway_spool_bytes_max", "What it may hold.", &[("", bytes_max)]);
    let serial = site.connections.serial_counts();
    let damaged = serial.damaged_lines();
    counter(&mut text, "glassline_serial_damaged_total", "Lines whose checksum was wrong.", &[("", damaged)]);
    let printed = [
        ("{result=\"sample\"}", serial.printed_samples()),
        ("{result=\"skipped\"}", serial.printed_skipped()),
    ];
    counter(&mut text, "glassline_serial_printed_total", "Lines of devices that only print.", &printed);
    let hubs = site.standalone.hubs();
    let names: Vec<String> = hubs.iter().map(|hub| format!("{{hub={:?}}}", &*hub.name)).collect();
    let mut of_hubs = |name: &str, help: &str, value: fn(&gateway::standalone::HubStanding) -> u64| {
        let rows: Vec<_> = names.iter().map(String::as_str).zip(hubs.iter().map(value)).collect();
        gauge(&mut text, name, help, &rows);
    };
    of_hubs("glassline_gateway_hub_up", "Whether the hub has welcomed us.", |hub| {
        u64::from(hub.state == LinkState::Connected)
    });
    of_hubs("glassline_gateway_hub_behind", "Entries that the hub does not have.", |hub| hub.behind.entries);
    of_hubs("glassline_gateway_hub_bytes", "Their bytes in the spool.", |hub| hub.behind.bytes);
    of_hubs("glassline_gateway_hub_dropped", "Entries dropped for it in this run.", |hub| hub.dropped);
    text
}

fn gauge(text: &mut String, name: &str, help: &str, rows: &[(&str, u64)]) {
    family(text, "gauge", name, help, rows);
}

fn counter(text: &mut String, name: &str, help: &str, rows: &[(&str, u64)]) {
    family(text, "counter", name, help, rows);
}

fn family(text: &mut String, kind: &str, name: &str, help: &str, rows: &[(&str, u64)]) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for (labels, value) in rows {
        let _ = writeln!(text, "{name}{labels} {value}");
    }
}

async fn standing(State(site): State<Arc<Site>>, headers: HeaderMap) -> Result<Response, Failure> {
    site.permit(&headers)?;
    let (known, connected) = site.standalone.devices();
    Ok(Json(serde_json::json!({
        "id": &**site.standalone.id(),
        "tag": site.standalone.tag(),
        "devices": known,
        "connected": connected,
        "storage": if site.standalone.storage_is_up() { "up" } else { "failed" },
    }))
    .into_response())
}

async fn list(State(site): State<Arc<Site>>, headers: HeaderMap) -> Result<Json<Vec<Shown>>, Failure> {
    site.permit(&headers)?;
    Ok(Json(site.with(|standalone| hubs(standalone)).await?))
}

async fn add_hub(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Failure> {
    site.permit(&headers)?;
    let told: Told = serde_json::from_slice(&body)
        .map_err(|error| Failure::bad_request(format!("This is no hub: {error}")))?;
    site.with(|standalone| add(standalone, told)).await?.map_err(failure)?;
    Ok(StatusCode::CREATED)
}

async fn remove(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    Path(name): Path<String>,
) -> Result<StatusCode, Failure> {
    site.permit(&headers)?;
    site.with(move |standalone| standalone.remove_hub(&name)).await?.map_err(failure)?;
    Ok(StatusCode::NO_CONTENT)
}

fn failure(error: AddError) -> Failure {
    let reason = error.to_string();
    match error {
        AddError::Wrong(_) | AddError::TooMany => Failure::bad_request(reason),
        AddError::Taken(_) | AddError::Configured(_) => Failure::exists(reason),
        AddError::Unknown(_) => Failure::not_found(reason),
        AddError::Failed => Failure::storage_failed(reason),
    }
}

impl Site {
    fn permit(&self, headers: &HeaderMap) -> Result<(), Failure> {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        match same(given.as_bytes(), self.token.as_bytes()) {
            true => Ok(()),
            false => Err(Failure::unauthorized("This needs the token of the gateway (gateway.json).")),
        }
    }

    /// Asks where it may block.
    async fn with<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Arc<Standalone>) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let standalone = self.standalone.clone();
        let asked = tokio::task::spawn_blocking(move || ask(&standalone)).await;
        asked.map_err(|_| Failure::unavailable("The gateway failed at this."))
    }
}

/// Takes the same time wherever they differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).fold(0, |differs, (one, other)| differs | (one ^ other)) == 0
}
