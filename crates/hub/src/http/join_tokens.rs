//! Join tokens: making, listing and revoking them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::Site;
use super::body::Body;
use super::credential::{Allowed, ToAdmin};
use super::error::Failure;
use crate::auth::{JoinTerms, JoinToken};
use crate::enrolling::JoinError;

/// The body of `POST /api/join-tokens`. What is not given is one device within an hour.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    label: String,
    #[serde(default = "one")]
    devices: usize,
    #[serde(default = "hour")]
    minutes: u32,
}

fn one() -> usize {
    1
}

fn hour() -> u32 {
    60
}

/// What it is answered with: the token is shown this once.
#[derive(Serialize)]
struct Made<'a> {
    token: &'a str,
    #[serde(flatten)]
    join: JoinToken,
}

/// `GET /api/join-tokens`, the newest first.
pub(super) async fn list(State(site): State<Arc<Site>>, _: Allowed<ToAdmin>) -> Json<Vec<JoinToken>> {
    Json(site.hub.auth().join_tokens())
}

/// `POST /api/join-tokens`. Answered once that is stored.
pub(super) async fn create(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
    body: Body,
) -> Result<Response, Failure> {
    let Asked { label, devices, minutes } = body.json()?;
    let terms = JoinTerms { label, devices, life_ms: i64::from(minutes) * 60_000 };
    let (token, join) = site.hub.make_join_token(&grant, &terms).await.map_err(refused)?;
    let headers = [
        (header::LOCATION, format!("/api/join-tokens/{}", join.id)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((StatusCode::CREATED, headers, Json(Made { token: token.text(), join })).into_response())
}

/// `DELETE /api/join-tokens/{id}`. The devices that it made stay.
pub(super) async fn revoke(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    site.hub.revoke_join_token(&grant, &id).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

fn refused(error: JoinError) -> Failure {
    match error {
        JoinError::Denied => Failure::forbidden("You may not make or revoke join tokens."),
        JoinError::Closed => Failure::conflict(
            "closed",
            "This hub is closed: `enrolment` in its configuration lets no join token make a device.",
        ),
        JoinError::Bad(what) => Failure::bad_request(what),
        JoinError::Full => Failure::too_many(
            "There are as many join tokens as there may be; revoke one, or wait until one expires.",
        ),
        JoinError::Unknown => Failure::not_found("There is no join token of this id."),
        JoinError::Storage => Failure::storage_failed("The hub's storage has failed."),
    }
}
