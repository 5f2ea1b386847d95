//! Tokens and tickets: getting them, seeing and ending those that are.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;

use super::Site;
use super::credential::{Allowed, Shown, ToView, basic, bearer_text};
use super::error::Failure;
use super::people::refused;
use super::socket::peer_address;
use crate::audit::{Entry, What};
use crate::auth::{ADMINISTRATOR, Grant, KeptToken, LoginError};

/// A token that was issued.
#[derive(Serialize)]
struct Issued<'a> {
    token: &'a str,
    expires: i64,
    scopes: Vec<&'static str>,
}

/// A ticket for one panel socket.
#[derive(Serialize)]
struct Ticket {
    ticket: String,
}

/// Nobody else is to keep what is in these answers.
const UNKEPT: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

/// `POST /api/token` with HTTP Basic: a person's name and password, `admin` and the administrator's token of this run, or a
/// device's id and its token.
pub(super) async fn issue(State(site): State<Arc<Site>>, parts: Parts) -> Result<impl IntoResponse, Failure> {
    let (name, password) = basic(&parts.headers).ok_or_else(|| {
        Failure::unauthorized("Send a name and a password with HTTP Basic (curl -u NAME:PASSWORD).")
    })?;
    let address = peer_address(&parts).ip();
    let grant = match site.known(&name, &password) {
        Some(grant) => grant,
        None => site.sign_in(&name, &password, address).await.map_err(not_let_in)?,
    };
    let issued = site.hub.auth().issue_token(&grant, site.hub.now().wall);
    // Taken back just now, it would leave this one behind.
    if grant.device().is_some() && site.known(&name, &password).is_none() {
        site.hub.auth().revoke(issued.token.text());
        return Err(Failure::unauthorized("Name or password is wrong."));
    }
    let scopes = issued.scopes.words();
    site.hub.audit(Entry::by(What::TokenIssued, &grant).say("scopes", scopes.join(" ")).from(address));
    let body = Json(Issued { token: issued.token.text(), expires: issued.expires, scopes }).into_response();
    Ok((UNKEPT, body))
}

/// What somebody is told who is not let in.
pub(super) fn not_let_in(error: LoginError) -> Failure {
    match error {
        LoginError::Wrong => Failure::unauthorized("Name or password is wrong."),
        LoginError::Wait { seconds } => {
            Failure::too_early(format!("Too many wrong passwords: try again in {seconds} s."), seconds)
        }
        LoginError::Busy => Failure::too_many("Too many passwords are being checked: try again in a moment."),
    }
}

/// `DELETE /api/token`: ends the token that it is called with. Not while the storage has failed: after a crash the token would
/// count again.
pub(super) async fn revoke(State(site): State<Arc<Site>>, headers: HeaderMap) -> Result<StatusCode, Failure> {
    let token =
        bearer_text(&headers)?.ok_or_else(|| Failure::unauthorized("Send the token that is to end."))?;
    if !site.hub.storage_is_up() {
        return Err(Failure::storage_failed("The hub's storage has failed: the token still counts."));
    }
    let Some(grant) = site.hub.auth().bearer(token, site.hub.now().wall) else {
        return Err(Failure::unauthorized("This is no token that could be revoked."));
    };
    if !site.hub.auth().revoke(token) {
        return Err(Failure::unauthorized("This is no token that could be revoked."));
    }
    site.hub.audit(Entry::by(What::TokenRevoked, &grant));
    site.hub.until_stored().await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/tokens`: one's own logins and tokens; all, for an administrator.
pub(super) async fn list(State(site): State<Arc<Site>>, Shown(grant): Shown) -> Json<Vec<KeptToken>> {
    Json(site.hub.auth().tokens(&grant, site.hub.now().wall))
}

/// `DELETE /api/tokens/{id}`: ends one of them.
pub(super) async fn end(
    State(site): State<Arc<Site>>,
    Shown(grant): Shown,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    site.hub.end_token(&grant, &id).await.map_err(|error| match error {
        crate::AccountError::Unknown => Failure::not_found("There is no login or token of this id."),
        other => refused(other),
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/ticket`.
pub(super) async fn ticket(
    State(site): State<Arc<Site>>,
    Allowed(grant, ..): Allowed<ToView>,
) -> impl IntoResponse {
    let ticket = site.hub.auth().ticket(&grant, site.hub.now().wall);
    (UNKEPT, Json(Ticket { ticket }))
}

impl Site {
    /// The person whose name and password these are.
    pub(super) async fn sign_in(
        &self,
        name: &str,
        password: &str,
        address: IpAddr,
    ) -> Result<Grant, LoginError> {
        let signed_in = self.hub.auth().sign_in(name, password, address, self.hub.now().mono).await;
        if signed_in.is_err() {
            self.hub.audit(Entry::new(What::LoginFailed).named(name).say("by", "password").from(address));
        }
        signed_in
    }

    /// Whose name and token these are.
    fn known(&self, name: &str, token: &str) -> Option<Grant> {
        let auth = self.hub.auth();
        let administrator = (name == ADMINISTRATOR).then(|| auth.administrator(token)).flatten();
        administrator.or_else(|| self.hub.device_shows(name, token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hub, Settings};

    #[tokio::test]
    async fn a_token_is_not_said_to_be_revoked_while_the_storage_has_failed() {
        let folder = tempfile::tempdir().expect("a folder");
        let hub = Hub::open(folder.path(), Settings::default()).expect("the folder is ours");
        let admin = hub.auth().administrator(hub.auth().admin_token()).expect("the administrator");
        let token = hub.auth().issue_token(&admin, hub.now().wall).token;
        let mut headers = HeaderMap::new();
        let bearer = format!("Bearer {}", token.text()).parse().expect("a header's value");
        headers.insert(header::AUTHORIZATION, bearer);
        let site = Arc::new(Site::new(hub.clone(), "127.0.0.1:80".parse().expect("an address")));
        hub.storage_failed("no space left");
        let refused = revoke(State(site.clone()), headers.clone()).await.expect_err("it has failed");
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(hub.auth().bearer(token.text(), hub.now().wall).is_some());
        hub.storage_recovered();
        assert_eq!(revoke(State(site.clone()), headers).await, Ok(StatusCode::NO_CONTENT));
        drop(site);
        tokio::task::spawn_blocking(move || hub.stop()).await.expect("stops");
    }
}
