//! People and groups: who has an account, and what they may.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::Site;
use super::body::Body;
use super::credential::{Allowed, Shown, ToAdmin};
use super::error::Failure;
use super::socket::peer_address;
use super::tokens::not_let_in;
use crate::audit::{Entry, What};
use crate::auth::Group;
use crate::{AccountError, GroupState, PersonChange, PersonState};

/// `GET /api/people`: all of them, by name.
pub(super) async fn list(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
) -> Result<Json<Vec<PersonState>>, Failure> {
    site.hub.people(&grant).map(Json).map_err(refused)
}

/// `GET /api/people/{name}`.
pub(super) async fn one(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
    Path(name): Path<String>,
) -> Result<Json<PersonState>, Failure> {
    site.hub.person(&grant, &name).map(Json).map_err(refused)
}

/// `PUT /api/people/{name}`: makes one, or changes what is given. Answered when it is stored.
pub(super) async fn put(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Response, Failure> {
    let is_new =
        site.hub.put_person(&grant, &name, body.json::<PersonChange>()?, false).await.map_err(refused)?;
    let person = site.hub.person(&grant, &name).map_err(refused)?;
    Ok((status(is_new), Json(person)).into_response())
}

/// `DELETE /api/people/{name}`.
pub(super) async fn remove(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
    Path(name): Path<String>,
) -> Result<StatusCode, Failure> {
    site.hub.remove_person(&grant, &name).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/groups`: all of them, by name.
pub(super) async fn list_groups(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
) -> Result<Json<Vec<GroupState>>, Failure> {
    site.hub.groups(&grant).map(Json).map_err(refused)
}

/// `PUT /api/groups/{name}`: makes one, or gives it other rules. Answered when it is stored.
pub(super) async fn put_group(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Response, Failure> {
    let is_new = site.hub.put_group(&grant, &name, body.json::<Group>()?, false).await.map_err(refused)?;
    let groups = site.hub.groups(&grant).map_err(refused)?;
    let group = groups.into_iter().find(|group| *group.name == *name);
    // Somebody may have removed it in this moment.
    let group = group.ok_or(AccountError::Unknown).map_err(refused)?;
    Ok((status(is_new), Json(group)).into_response())
}

/// `DELETE /api/groups/{name}`.
pub(super) async fn remove_group(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToAdmin>,
    Path(name): Path<String>,
) -> Result<StatusCode, Failure> {
    site.hub.remove_group(&grant, &name).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The body of `POST /api/password`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    password: String,
    new: String,
}

/// `POST /api/password`: one's own. Ends all other logins and tokens of the same person.
pub(super) async fn password(
    State(site): State<Arc<Site>>,
    Shown(grant): Shown,
    parts: Parts,
    body: Body,
) -> Result<StatusCode, Failure> {
    let NewPassword { password, new } = body.json()?;
    let address = peer_address(&parts).ip();
    let changed = site.hub.change_password(&grant, address, &password, new).await;
    changed.map_err(|error| match error {
        AccountError::Unknown => Failure::forbidden("This credential is of no person: there is no password."),
        // Not 401: whoever asks is logged in all the same.
        AccountError::Login(crate::auth::LoginError::Wrong) => Failure::forbidden("The password is wrong."),
        other => refused(other),
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// What `POST /api/login-link` is answered with: the link is shown this once.
#[derive(Serialize)]
struct Link {
    link: String,
    expires: i64,
}

/// `POST /api/login-link`: for whoever owns the machine, who may everything already.
pub(super) async fn login_link(
    State(site): State<Arc<Site>>,
    Shown(grant): Shown,
) -> Result<impl IntoResponse, Failure> {
    // What can be withdrawn is to take all with it that came of it: the login of a link would stay, and make the next link for ever.
    if !grant.is_of_run() {
        return Err(Failure::forbidden("This needs the administrator's token of this run (run.json)."));
    }
    let now = site.hub.now().wall;
    let link = format!("/login/{}", site.hub.auth().login_link(now));
    site.hub.audit(Entry::by(What::LinkMade, &grant));
    let link = Link { link, expires: now + crate::auth::limits::LINK_LIFE_MS };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(link)))
}

fn status(is_new: bool) -> StatusCode {
    if is_new { StatusCode::CREATED } else { StatusCode::OK }
}

/// What a change that was not made is answered with.
pub(super) fn refused(error: AccountError) -> Failure {
    match error {
        AccountError::Denied => Failure::forbidden("This needs the scope “admin”."),
        AccountError::Unknown => Failure::not_found("There is nobody of this name."),
        AccountError::Exists => Failure::exists("There is one of this name already."),
        AccountError::Name(bad) => Failure::malformed("bad_name", sentence(&bad)),
        AccountError::Weak(weak) => Failure::malformed("weak_password", sentence(&weak)),
        AccountError::NoPassword => Failure::malformed("bad_message", "A new person needs a password."),
        AccountError::NoGroup(group) => {
            Failure::malformed("no_group", format!("There is no group “{group}”: make it first."))
        }
        AccountError::Rule(what) => Failure::malformed("bad_rule", what),
        AccountError::Login(error) => not_let_in(error),
        AccountError::Full(count) => {
            Failure::unavailable(format!("There are {count} already: no more are kept."))
        }
        AccountError::HasAdministrator => Failure::exists("There is an administrator already."),
        AccountError::LastAdministrator => Failure::conflict(
            "last_administrator",
            "This is the last administrator: nobody could change anything afterwards. Make another one first.",
        ),
        AccountError::Storage => {
            Failure::storage_failed("The hub's storage has failed: the change may not be stored.")
        }
    }
}

/// With a capital letter and a full stop.
pub(super) fn sentence(said: &impl std::fmt::Display) -> String {
    let text = said.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(letters).chain(std::iter::once('.')).collect()
}
