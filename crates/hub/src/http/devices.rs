//! Devices: what they are and show, making and removing them.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZero;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::ReadError;

use super::Site;
use super::body::Body;
use super::credential::{Allowed, ToAdmin, ToView};
use super::error::Failure;
use super::limits::LIST_PIECE_DEVICES;
use super::query::Asked;
use super::seen::Seen;
use crate::auth::Grant;
use crate::registry::Listing;
use crate::{CallError, ChangeError, CreateError, DeviceState, Hub};

/// A device. What stands below `contested` only a device by itself has.
#[derive(Serialize)]
struct Device<'a> {
    id: &'a str,
    name: &'a str,
    labels: &'a [Box<str>],
    presence: &'static str,
    since: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway: Option<&'a str>,
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
            gateway: state.gateway.as_deref(),
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

/// Which part of the list is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// Only devices whose ids come behind this one.
    after: Option<String>,
    /// At most so many.
    limit: Option<NonZero<usize>>,
}

/// `GET /api/devices`. The answer is made while it is sent, a few devices at a time: it takes as much memory for a million
/// devices as for a hundred.
pub(super) async fn list(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToView>,
    Asked(part): Asked<Part>,
) -> Response {
    let listing = Listing::behind(&site.hub.registry, &part.after.unwrap_or_default());
    let walk =
        Walk { grant, listing, left: part.limit.map_or(usize::MAX, NonZero::get), text: "[".to_owned() };
    let pieces = stream::unfold(Some((site, walk)), async |state| {
        let (site, walk) = state?;
        let (grant, version) = (walk.grant.clone(), walk.grant.version());
        let next = site.reads.run(&site.hub, {
            let hub = site.hub.clone();
            move |_: &store::Reader| walk.next(&hub)
        });
        let found = next.await;
        let stands = site.hub.auth().stands(&grant, site.hub.now().wall) && grant.version() == version;
        Some(match found {
            Ok(_) if !stands => (Err(io::Error::other("what is permitted has changed meanwhile")), None),
            Ok((text, walk)) => (Ok(text), walk.map(|walk| (site, walk))),
            // Broken off, so that nobody takes a part of it for the whole.
            Err(_) => (Err(io::Error::other("the devices could not be read to their end")), None),
        })
    });
    ([(header::CONTENT_TYPE, "application/json")], axum::body::Body::from_stream(pieces)).into_response()
}

/// How far a list was told.
struct Walk {
    /// Who is told. That is asked before each piece.
    grant: Grant,
    listing: Listing,
    /// How many more may be told.
    left: usize,
    /// What stands before the next device.
    text: String,
}

impl Walk {
    /// The next piece of the array, and how it goes on; nothing behind its end.
    fn next(mut self, hub: &Hub) -> Result<(String, Option<Self>), ReadError> {
        let at_most = self.left.min(LIST_PIECE_DEVICES);
        let states = hub.next_devices(&self.grant, &mut self.listing, at_most)?;
        let mut text = String::new();
        for state in &states {
            text += &std::mem::replace(&mut self.text, ",".to_owned());
            text += &Device::listed(state).json();
        }
        self.left -= states.len();
        if states.len() == at_most && self.left > 0 {
            return Ok((text, Some(self)));
        }
        let begins = if self.text == "[" { "[]" } else { "]" };
        Ok((text + begins, None))
    }
}

/// `GET /api/devices/{id}`.
pub(super) async fn one(
    State(site): State<Arc<Site>>,
    Seen(sight): Seen,
) -> Result<impl IntoResponse, Failure> {
    let state = site.hub.device(&sight).ok_or_else(|| Failure::no_device(sight.id()))?;
    site.still(&sight)?;
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

/// `PATCH /api/devices/{id}`: what people call the device. Answered once that is stored.
pub(super) async fn change(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
    Path(id): Path<String>,
    body: Body,
) -> Result<StatusCode, Failure> {
    let Change { name, labels } = body.json()?;
    match site.hub.call_device(&grant, &id, name.as_deref(), labels.as_deref()).await {
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

/// `POST /api/devices/{id}/token`: a new one, shown this once. The one before it counts until the device has shown the new one.
pub(super) async fn renew_token(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let token = site.hub.renew_token(&grant, &id).await.map_err(|why| unchanged(why, &id))?;
    let created = Json(Created { id: &id, token: token.text() });
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], created).into_response())
}

/// `DELETE /api/devices/{id}/token`: none of its tokens counts any more, and its connection ends.
pub(super) async fn revoke_token(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    site.hub.revoke_token(&grant, &id).await.map_err(|why| unchanged(why, &id))?;
    Ok(StatusCode::NO_CONTENT)
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
