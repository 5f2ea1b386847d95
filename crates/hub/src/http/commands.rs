//! Commands: sent, taken back, looked up and listed.

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
use super::limits::{COMMANDS, COMMANDS_MAX};
use super::query::Asked as Query;
use crate::auth::Grant;
use crate::{CommandRequest, Receipt, Undecided};

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
    let receipt = site.hub.command(&grant, request).await.map_err(undecided)?;
    Ok(Standing::of_receipt(&receipt).answer(StatusCode::ACCEPTED))
}

fn undecided(why: Undecided) -> Failure {
    let reason = format!("Nothing was asked of the device: {why}.");
    match why {
        Undecided::Storage => Failure::storage_failed(reason),
        Undecided::Unreadable => Failure::unavailable(reason),
        Undecided::TooMany => Failure::too_many(reason),
    }
}

/// `GET /api/devices/{id}/commands/{command}`: one's own command, as it stands now.
pub(super) async fn one(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToView>,
    Path((device, command)): Path<(String, String)>,
) -> Result<Response, Failure> {
    site.standing(&grant, &device, command).await
}

/// `DELETE /api/devices/{id}/commands/{command}`: takes one's own command back, if its bytes have not left; answered with
/// how it stands now, one way or the other.
pub(super) async fn cancel(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToCommand>,
    Path((device, command)): Path<(String, String)>,
) -> Result<Response, Failure> {
    site.hub.cancel(&grant, &device, &command);
    site.hub.command_ended(&grant, &device, &command).await;
    site.standing(&grant, &device, command).await
}

impl Site {
    /// How a command of this person stands now.
    async fn standing(&self, grant: &Grant, device: &str, command: String) -> Result<Response, Failure> {
        if let Some(receipt) = self.hub.receipt(grant, device, &command) {
            return Ok(Standing::of_receipt(&receipt).answer(StatusCode::OK));
        }
        let key = self.device_key(device)?;
        let (by, id) = (grant.user().clone(), command.clone());
        let row = self.reads.run(&self.hub, move |reader| reader.command(key, Some(&by), &id)).await?;
        let row =
            row.ok_or_else(|| Failure::not_found(format!("There is no command “{command}” of yours.")))?;
        Ok(Standing::of_row(&row).answer(StatusCode::OK))
    }
}

/// How many are asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    limit: Option<usize>,
}

/// A command in a list: who asked for what, when, and what became of it.
#[derive(Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    standing: Standing<'a>,
    asked: Option<&'a RawValue>,
    intent: &'a str,
    ttl: u64,
    created: i64,
    updated: i64,
}

/// `GET /api/devices/{id}/commands`: the newest commands to a device, of whoever, the newest first.
pub(super) async fn newest(
    State(site): State<Arc<Site>>,
    _: Allowed<ToView>,
    Path(device): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let limit = wanted.limit.unwrap_or(COMMANDS);
    if !(1..=COMMANDS_MAX).contains(&limit) {
        return Err(Failure::bad_request(format!("“limit” must be from 1 to {COMMANDS_MAX}.")));
    }
    let key = site.device_key(&device)?;
    let stored = site.reads.run(&site.hub, move |reader| reader.commands(key, limit)).await?;
    let rows = site.hub.newest_commands(&device, stored, limit);
    let listed = |row| Listed {
        standing: Standing::of_row(row),
        asked: raw(&row.value),
        intent: &row.intent,
        ttl: row.ttl,
        created: row.created,
        updated: row.updated,
    };
    let rows: Vec<Listed<'_>> = rows.iter().map(listed).collect();
    Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(rows)).into_response())
}
