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
use super::error::Failure;
use super::limits::{COMMANDS, COMMANDS_MAX};
use super::query::Asked as Query;
use super::seen::{Driven, Seen};
use crate::auth::Sight;
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

/// Reads a command. One that is misshapen is told which member is wrong.
fn read(body: &Body) -> Result<Asked, Failure> {
    body.json().map_err(|failure| match misshapen(&body.0) {
        Some(what) => Failure::malformed("bad_message", what),
        None => failure,
    })
}

/// The first member of a command that is missing or of another kind.
fn misshapen(body: &[u8]) -> Option<String> {
    let given: serde_json::Value = serde_json::from_slice(body).ok()?;
    let Some(members) = given.as_object() else { return Some("A command is a JSON object.".to_owned()) };
    let told = |name: &str, kind: &str| {
        Some(match members.contains_key(name) {
            true => format!("“{name}” is not {kind}."),
            false => format!("“{name}” is missing: it is {kind}."),
        })
    };
    let lacks = |name: &&str| !members.get(*name).is_some_and(serde_json::Value::is_string);
    if let Some(name) = ["command", "channel"].into_iter().find(lacks) {
        return told(name, "a text");
    }
    if !members.contains_key("value") {
        return told("value", "what the device is told");
    }
    let is_other = |name: &str, fits: fn(&serde_json::Value) -> bool| {
        members.get(name).is_some_and(|given| !given.is_null() && !fits(given))
    };
    if is_other("intent", serde_json::Value::is_string) {
        return told("intent", "a text");
    }
    is_other("ttl", serde_json::Value::is_u64)
        .then(|| told("ttl", "a whole number of milliseconds"))
        .flatten()
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
    Driven(drive): Driven,
    body: Body,
) -> Result<Response, Failure> {
    let Asked { command, channel, value, intent, ttl } = read(&body)?;
    let device = drive.id().to_owned();
    if !site.hub.has_device(&drive).await {
        return Err(Failure::no_device(&device));
    }
    let request = CommandRequest { id: command, device, channel, value, intent, ttl };
    let receipt = site.hub.command(drive.grant(), request).await.map_err(undecided)?;
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
    Seen(sight): Seen,
    Path((_, command)): Path<(String, String)>,
) -> Result<Response, Failure> {
    site.standing(&sight, command).await
}

/// `DELETE /api/devices/{id}/commands/{command}`: takes one's own command back, if its bytes have not left; answered with
/// how it stands now, one way or the other. That is asked of those who may see the device, too.
pub(super) async fn cancel(
    State(site): State<Arc<Site>>,
    Driven(drive): Driven,
    Path((_, command)): Path<(String, String)>,
) -> Result<Response, Failure> {
    site.hub.cancel(&drive, &command);
    site.hub.command_ended(&drive, &command).await;
    match drive.grant().sight(drive.id()) {
        Some(sight) => site.standing(&sight, command).await,
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

impl Site {
    /// How a command of this person stands now.
    async fn standing(&self, sight: &Sight, command: String) -> Result<Response, Failure> {
        self.still(sight)?;
        if let Some(receipt) = self.hub.receipt(sight, &command) {
            return Ok(Standing::of_receipt(&receipt).answer(StatusCode::OK));
        }
        let (by, id) = (sight.grant().user().clone(), command.clone());
        let row = self.read_of(sight, move |reader, key| reader.command(key, Some(&by), &id)).await?;
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
    Seen(sight): Seen,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let limit = wanted.limit.unwrap_or(COMMANDS);
    if !(1..=COMMANDS_MAX).contains(&limit) {
        return Err(Failure::bad_request(format!("“limit” must be from 1 to {COMMANDS_MAX}.")));
    }
    let stored = site.read_of(&sight, move |reader, key| reader.commands(key, limit)).await?;
    let rows = site.hub.newest_commands(&sight, stored, limit);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misshapen_command_is_told_which_member_is_wrong() {
        for (body, expected) in [
            (r#"[]"#, "A command is a JSON object."),
            (r#"{}"#, "“command” is missing: it is a text."),
            (r#"{"command":"c","channel":7,"value":1}"#, "“channel” is not a text."),
            (r#"{"command":"c","channel":"on"}"#, "“value” is missing: it is what the device is told."),
            (r#"{"command":"c","channel":"on","value":1,"intent":{}}"#, "“intent” is not a text."),
            (
                r#"{"command":"c","channel":"on","value":1,"ttl":"5"}"#,
                "“ttl” is not a whole number of milliseconds.",
            ),
        ] {
            let failure = read(&Body(body.as_bytes().to_vec().into())).map(drop).expect_err(body);
            assert_eq!(failure.reason(), expected, "{body}");
        }
        let good = br#"{"command":"c","channel":"on","value":null,"intent":null,"ttl":5}"#;
        assert!(read(&Body(good.to_vec().into())).is_ok());
    }
}
