//! Tokens and tickets.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;

use super::Site;
use super::credential::{Allowed, ToView, basic, bearer_text};
use super::error::Failure;
use crate::auth::{ADMINISTRATOR, Full, Grant};

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

/// `POST /api/token` with HTTP Basic: `admin` and the administrator's token of this run, or a device's id and its token.
pub(super) async fn issue(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Failure> {
    let (name, password) = basic(&headers).ok_or_else(|| {
        Failure::unauthorized("Send a name and a token with HTTP Basic (curl -u NAME:TOKEN).")
    })?;
    let grant =
        site.known(&name, &password).ok_or_else(|| Failure::unauthorized("Name or token is wrong."))?;
    let issued = site.hub.auth().issue_token(&grant, site.hub.now().wall).map_err(|Full| {
        Failure::too_many("There are as many tokens as there may be; revoke one, or wait until one expires.")
    })?;
    let scopes = issued.scopes.words();
    let body = Json(Issued { token: issued.token.text(), expires: issued.expires, scopes }).into_response();
    Ok((UNKEPT, body))
}

/// `DELETE /api/token`: ends the token that it is called with. Not while the storage has failed: after a crash the token would
/// count again.
pub(super) async fn revoke(State(site): State<Arc<Site>>, headers: HeaderMap) -> Result<StatusCode, Failure> {
    let token =
        bearer_text(&headers)?.ok_or_else(|| Failure::unauthorized("Send the token that is to end."))?;
    if !site.hub.storage_is_up() {
        return Err(Failure::storage_failed("The hub's storage has failed: the token still counts."));
    }
    match site.hub.auth().revoke(token) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Failure::unauthorized("This is no token that could be revoked.")),
    }
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
    /// Whose name and token these are.
    fn known(&self, name: &str, token: &str) -> Option<Grant> {
        let auth = self.hub.auth();
        let administrator = (name == ADMINISTRATOR).then(|| auth.administrator(token)).flatten();
        administrator.or_else(|| auth.device(name, &self.hub.device_token(name)?, token))
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
        let token = hub.auth().issue_token(&admin, hub.now().wall).expect("there is room").token;
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
