//! Devices: what they are and show, making and removing them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Site;
use super::body::Body;
use super::credential::{Allowed, ToAdmin, ToView};
use super::error::Failure;
use super::limits::LIST_PIECE_DEVICES;
use crate::{CallError, ChangeError, CreateError, DeviceState};

/// A device. What stands below `contested` only a device by itself has.
#[derive(Serialize)]
struct Device<'a> {
    id: &'a str,
    name: &'a str,
    labels: &'a [Box<str>],
    presence: &'static str,
    since: i64,
    channels: BTreeMap<&'a str, Channel<'a>>,
    ledger: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contested: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    describe: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    received: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gaps: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_wrong: Option<bool>,
}

/// The newest sample of a channel.
#[derive(Serialize)]
struct Channel<'a> {
    value: &'a RawValue,
    ts: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    every: Option<u64>,
}

impl<'a> Device<'a> {
    fn listed(state: &'a DeviceState) -> Self {
        let channels = state.channels.iter().map(|channel| {
            let value = raw(&channel.value);
            (&*channel.channel, Channel { value, ts: channel.ts, every: channel.every })
        });
        Self {
            id: state.id.as_str(),
            name: &state.name,
            labels: &state.labels,
            presence: state.presence.as_str(),
            since: state.since,
            channels: channels.collect(),
            ledger: RawValue::from_string(state.ledger.json()).expect("the ledger is written as JSON"),
            contested: state.contested,
            describe: None,
            created: None,
            last_seen: None,
            received: None,
            gaps: None,
            clock_wrong: None,
        }
    }

    fn alone(state: &'a DeviceState) -> Self {
        Self {
            describe: Some(raw(&state.describe)),
            created: Some(state.created),
            last_seen: state.last_seen,
            received: Some(state.ledger.committed),
            gaps: Some(state.ledger.gap_count()),
            clock_wrong: Some(state.clock_wrong),
            ..Self::listed(state)
        }
    }

    fn json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers can be written as JSON")
    }
}

/// JSON that was checked when it came, as it came.
fn raw(json: &str) -> &RawValue {
    serde_json::from_str(json).unwrap_or(RawValue::NULL)
}

/// `GET /api/devices`. The answer is made while it is sent, a few devices at a time.
pub(super) async fn list(State(site): State<Arc<Site>>, _: Allowed<ToView>) -> Response {
    let ids: Vec<_> = site.hub.devices().into_iter().map(|device| device.id).collect();
    let pieces = ids.len().div_ceil(LIST_PIECE_DEVICES);
    let middle = (0..pieces).map(move |piece| {
        let first = piece * LIST_PIECE_DEVICES;
        let ids = &ids[first..ids.len().min(first + LIST_PIECE_DEVICES)];
        ids.iter()
            // One that was removed in the meantime is left out.
            .filter_map(|id| site.hub.device(id.as_str()))
            .map(|state| Device::listed(&state).json())
            .collect::<Vec<_>>()
            .join(",")
    });
    let body = stream::iter(array(middle).map(Ok::<_, Infallible>));
    ([(header::CONTENT_TYPE, "application/json")], axum::body::Body::from_stream(body)).into_response()
}

/// Pieces of a JSON array, each some entries or nothing, with what stands between and around them.
fn array(pieces: impl Iterator<Item = String>) -> impl Iterator<Item = String> {
    let filled = pieces.filter(|piece| !piece.is_empty());
    let separated = filled.enumerate().map(|(n, piece)| if n == 0 { piece } else { format!(",{piece}") });
    std::iter::once("[".to_owned()).chain(separated).chain(std::iter::once("]".to_owned()))
}

/// `GET /api/devices/{id}`.
pub(super) async fn one(
    State(site): State<Arc<Site>>,
    _: Allowed<ToView>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Failure> {
    let state = site.hub.device(&id).ok_or_else(|| Failure::no_device(&id))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], Device::alone(&state).json()))
}

/// The body of `POST /api/devices`.
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

/// `POST /api/devices`.
pub(super) async fn create(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
    body: Body,
) -> Result<Response, Failure> {
    let Made { id } = body.json()?;
    let token = site.hub.create_device(&grant, &id).await.map_err(|error| refused(error, &id))?;
    let headers =
        [(header::LOCATION, format!("/api/devices/{id}")), (header::CACHE_CONTROL, "no-store".to_owned())];
    Ok((StatusCode::CREATED, headers, Json(Created { id: &id, token: token.text() })).into_response())
}

fn refused(error: CreateError, id: &str) -> Failure {
    match error {
        CreateError::Denied => Failure::forbidden("You may not make devices."),
        CreateError::BadId => Failure::malformed("bad_id", "A device id is 1 to 64 letters, digits, _ or -."),
        CreateError::Exists => Failure::exists(format!("There is a device “{id}” already.")),
        CreateError::Full => Failure::unavailable("There are as many devices as this hub keeps."),
        CreateError::Storage => Failure::storage_failed("The hub's storage has failed."),
        CreateError::Failed => Failure::unavailable("The store could not keep the device."),
    }
}

/// The body of `PATCH /api/devices/{id}`: what is not given stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// An empty one takes the name away.
    name: Option<String>,
    labels: Option<Vec<String>>,
}

/// `PATCH /api/devices/{id}`: what people call the device.
pub(super) async fn change(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
    Path(id): Path<String>,
    body: Body,
) -> Result<StatusCode, Failure> {
    let Change { name, labels } = body.json()?;
    match site.hub.call_device(&grant, &id, name.as_deref(), labels.as_deref()) {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(CallError::Bad(what)) => Err(Failure::bad_request(what)),
        Err(CallError::Unchanged(why)) => Err(unchanged(why, &id)),
    }
}

fn unchanged(why: ChangeError, id: &str) -> Failure {
    match why {
        ChangeError::UnknownDevice => Failure::no_device(id),
        ChangeError::Storage => Failure::storage_failed("The hub's storage has failed."),
    }
}

/// `DELETE /api/devices/{id}`: the device, its samples and its tokens go.
pub(super) async fn remove(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    site.hub.remove_device(&grant, &id).map_err(|why| unchanged(why, &id))?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(pieces: &[&str]) -> String {
        array(pieces.iter().map(|piece| (*piece).to_owned())).collect()
    }

    #[test]
    fn an_array_in_pieces_is_an_array() {
        assert_eq!(joined(&[]), "[]");
        assert_eq!(joined(&["1,2", "3"]), "[1,2,3]");
        assert_eq!(joined(&["", "1", "", "2"]), "[1,2]");
    }
}
