//! Pages about one's own account: what one may, a new password, logins and tokens to end; and, on a hub where there is nobody
//! yet, the first account.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};

use super::Site;
use super::body::Body;
use super::error::Failure;
use super::form::Fields;
use super::login::{go_on, there};
use super::pages::{self, Visitor};
use super::people::refused;
use super::socket::peer_address;
use crate::AccountError;
use crate::audit::{Entry, What};
use crate::auth::limits::LOGIN_LIFE_MS;
use crate::auth::{LoginError, Scope};
use crate::view::{AccountPage, FirstPage, Told};

/// `GET /account`.
pub(super) async fn page(visitor: Visitor, State(site): State<Arc<Site>>, uri: Uri) -> Response {
    shown(&site, &visitor, &uri, StatusCode::OK, Told::of_query(&uri)).await
}

async fn shown(site: &Arc<Site>, visitor: &Visitor, uri: &Uri, status: StatusCode, told: Told) -> Response {
    let auth = site.hub.auth();
    let grant = &visitor.0.grant;
    let person = grant.person().and_then(|name| auth.person(name));
    let groups = auth.groups().into_iter();
    let of_person = |group: &(String, crate::auth::Group)| {
        person.as_ref().is_some_and(|person| person.groups.iter().any(|name| **name == *group.0))
    };
    let of_groups = groups.filter(of_person).flat_map(|(_, group)| group.rules);
    let account = AccountPage {
        name: grant.user().to_string(),
        is_person: person.is_some(),
        is_admin: grant.may(Scope::Admin),
        has_administrator: auth.has_administrator(),
        rules: of_groups.chain(person.iter().flat_map(|person| person.rules.clone())).collect(),
        tokens: auth
            .tokens(grant, site.hub.now().wall)
            .into_iter()
            .filter(|token| *token.user == **grant.user())
            .collect(),
        told,
    };
    match visitor.0.page(site, uri, move |views, scene| views.account_page(&account, scene)).await {
        Ok(page) => pages::respond(status, page),
        Err(failure) => failure.into_response(),
    }
}

/// `POST /account/password`: the form with the old and the new one.
pub(super) async fn password(
    visitor: Visitor,
    State(site): State<Arc<Site>>,
    parts: Parts,
    body: Body,
) -> Result<Response, Failure> {
    let (fields, grant) = (Fields::read(&body)?, &visitor.0.grant);
    let (old, new) = (fields.one("password"), fields.one("new"));
    let changed = match new == fields.one("again") {
        false => Err(Told::wrong(&site, "people.two-passwords")),
        true => {
            let changed =
                site.hub.change_password(grant, peer_address(&parts).ip(), old, new.to_owned()).await;
            changed.map_err(|error| match error {
                AccountError::Login(LoginError::Wrong) => Told::wrong(&site, "account.old-wrong"),
                other => Told::failed(&refused(other)),
            })
        }
    };
    Ok(match changed {
        Ok(()) => there("/account?done=password"),
        Err(told) => shown(&site, &visitor, &parts.uri, StatusCode::BAD_REQUEST, told).await,
    })
}

/// `POST /account/tokens/{token}`: ends a login or token of one's own.
pub(super) async fn end(
    visitor: Visitor,
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Response {
    match site.hub.end_token(&visitor.0.grant, &id).await {
        // Somebody was faster: it has ended all the same.
        Ok(()) | Err(AccountError::Unknown) => there("/account?done=ended"),
        Err(error) => {
            shown(&site, &visitor, &uri, StatusCode::SERVICE_UNAVAILABLE, Told::failed(&refused(error))).await
        }
    }
}

/// `GET /account/first`: where there is no administrator yet, whoever owns the machine makes one.
pub(super) async fn first(visitor: Visitor, State(site): State<Arc<Site>>) -> Response {
    let refused = no_first(&site, &visitor);
    refused.unwrap_or_else(|| first_shown(&site, &visitor, StatusCode::OK, "", Told::default()))
}

fn first_shown(site: &Site, visitor: &Visitor, status: StatusCode, name: &str, told: Told) -> Response {
    let first = FirstPage { name: name.to_owned(), told };
    pages::respond(status, site.hub.views().first_page(&first, visitor.0.look))
}

/// What somebody is told who does not make the first account.
fn no_first(site: &Site, visitor: &Visitor) -> Option<Response> {
    match (site.hub.auth().has_administrator(), visitor.0.grant.is_owner()) {
        (true, _) => Some(there("/people")),
        (false, true) => None,
        (false, false) => Some(Failure::forbidden("This is for whoever owns the machine.").into_response()),
    }
}

/// `POST /account/first`: makes it, and logs in as that person.
pub(super) async fn make_first(
    visitor: Visitor,
    State(site): State<Arc<Site>>,
    parts: Parts,
    body: Body,
) -> Result<Response, Failure> {
    if let Some(response) = no_first(&site, &visitor) {
        return Ok(response);
    }
    let fields = Fields::read(&body)?;
    let name = crate::auth::names::typed(fields.one("name"));
    let password = fields.one("new").to_owned();
    let again = |told: Told| Ok(first_shown(&site, &visitor, StatusCode::BAD_REQUEST, &name, told));
    if password != fields.one("again") {
        return again(Told::wrong(&site, "people.two-passwords"));
    }
    match site.hub.make_first(&visitor.0.grant, &name, password).await {
        Ok(()) => {}
        Err(AccountError::HasAdministrator) => return Ok(there("/people")),
        Err(error) => return again(Told::failed(&refused(error))),
    }
    let auth = site.hub.auth();
    let Some(grant) = auth.of_person(&name) else { return Ok(there("/login")) };
    // From now on it is this person who does things here, and not whoever has the machine.
    site.end_logins(&parts.uri, &parts.headers);
    let (login, grant) = auth.login(grant, site.hub.now().wall);
    site.hub.audit(Entry::by(What::Login, &grant).say("by", "password").from(peer_address(&parts).ip()));
    Ok(go_on("/account?done=first", &site.cookie(&parts.uri, &login, LOGIN_LIFE_MS / 1000)))
}
