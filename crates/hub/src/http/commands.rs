//! Commands: sent, and looked up.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::CommandRow;

use super::Site;
use super::body::Body;
use super::credential::{Allowed, ToCommand, ToView};
use super::error::Failure;
use crate::{CommandRequest, Receipt};

/// A panel's command without the device, which stands in the path.
#[derive(Deserialize)]
struct Asked {
    command: String,
    channel: String,
    value: Box<RawValue>,
    intent: Option<String>,
    ttl: Option<u64>,
}

/// Where a command stands.
#[derive(Serialize)]
struct Standing<'a> {
    command: &'a str,
    channel: &'a str,
    state: &'a str,
    by: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a RawValue>,
}

impl<'a> Standing<'a> {
    fn of_receipt(receipt: &'a Receipt) -> Self {
        Self {
            command: &receipt.id,
            channel: &receipt.channel,
            state: receipt.state.as_str(),
            by: &receipt.by,
            reason: receipt.reason.as_deref(),
            value: receipt.value.as_deref().and_then(raw),
        }
    }

    fn of_row(row: &'a CommandRow) -> Self {
        Self {
            command: &row.id,
            channel: &row.channel,
            state: &row.state,
            by: &row.by,
            reason: row.reason.as_deref(),
            value: row.result.as_deref().and_then(raw),
        }
    }

    fn answer(&self, status: StatusCode) -> Response {
        (status, [(header::CACHE_CONTROL, "no-store")], axum::Json(self)).into_response()
    }
}

/// JSON that was checked when it came, as it came.
fn raw(json: &str) -> Option<&RawValue> {
    serde_json::from_str(json).ok()
}

/// `POST /api/devices/{id}/commands`. A command that was refused is an answer too: its state says so.
pub(super) async fn send(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToCommand>,
    Path(device): Path<String>,
    body: Body,
) -> Result<Response, Failure> {
    let Asked { command, channel, value, intent, ttl } = body.json()?;
    if site.hub.device_key(&device).is_none() {
        return Err(Failure::no_device(&device));
    }
    let request = CommandRequest { id: command, device, channel, value, intent, ttl };
    let receipt = site.hub.command(&grant, request);
    Ok(Standing::of_receipt(&receipt).answer(StatusCode::ACCEPTED))
}

/// `GET /api/devices/{id}/commands/{command}`: one's own command, as it stands now.
pub(super) async fn one(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToView>,
    Path((device, command)): Path<(String, String)>,
) -> Result<Response, Failure> {
    if let Some(receipt) = site.hub.receipt(&grant, &device, &command) {
        return Ok(Standing::of_receipt(&receipt).answer(StatusCode::OK));
    }
    let key = site.device_key(&device)?;
    let (by, id) = (grant.user().clone(), command.clone());
    let row = site.reads.run(&site.hub, move |reader| reader.command(key, Some(&by), &id)).await?;
    let row = row.ok_or_else(|| Failure::not_found(format!("There is no command “{command}” of yours.")))?;
    Ok(Standing::of_row(&row).answer(StatusCode::OK))
}
