//! Logging in: with a link that is good once, or in a form with a name and a password or the administrator's token. Either way the
//! browser gets a cookie, and goes on to where it wanted to.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::Site;
use super::body::Body;
use super::credential::cookies;
use super::error::Failure;
use super::limits::RETURN_PATH_BYTES_MAX;
use super::look;
use super::pages;
use super::query::Asked;
use super::socket::peer_address;
use crate::audit::{Entry, What};
use crate::auth::LoginError;
use crate::auth::limits::LOGIN_LIFE_MS;
use crate::view::{LoginPage, Look};

/// Where to go on to.
#[derive(Debug, Deserialize)]
pub(super) struct Return {
    to: Option<String>,
}

/// The form of the page.
#[derive(Debug, Deserialize)]
struct Form {
    token: Option<String>,
    name: Option<String>,
    password: Option<String>,
    to: Option<String>,
}

/// `GET /login`: the page with the form.
pub(super) async fn form(
    State(site): State<Arc<Site>>,
    Asked(back): Asked<Return>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    page(&site, StatusCode::OK, local(back.to.as_deref()), look::of(&headers, &uri), None)
}

/// `GET /login/{code}`: a login link. It is used up by being opened.
pub(super) async fn with_link(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    Asked(back): Asked<Return>,
    parts: Parts,
) -> Response {
    let Parts { method, uri, headers, .. } = &parts;
    let to = local(back.to.as_deref());
    // Whoever only looks whether there is something (HEAD) is not to use it up.
    let login =
        (*method == Method::GET).then(|| site.hub.auth().redeem_link(&code, site.hub.now().wall)).flatten();
    match login {
        Some((login, grant)) => {
            site.end_logins(uri, headers);
            site.hub.audit(Entry::by(What::Login, &grant).say("by", "link").from(peer_address(&parts).ip()));
            go_on(to, &site.cookie(uri, &login, LOGIN_LIFE_MS / 1000))
        }
        // Whoever opens the link once more, from the history or by a reload, is where it led to.
        None if is_logged_in(&site, uri, headers) => there(to),
        None => page(&site, StatusCode::UNAUTHORIZED, to, look::of(headers, uri), Some("login.used")),
    }
}

/// `POST /login`: the form of the page, with name and password or with the administrator's token.
pub(super) async fn with_form(
    State(site): State<Arc<Site>>,
    parts: Parts,
    body: Body,
) -> Result<Response, Failure> {
    let (uri, headers) = (&parts.uri, &parts.headers);
    only_from_own_page(&site, uri, headers)?;
    let form: Form = serde_urlencoded::from_bytes(&body.0)
        .map_err(|error| Failure::bad_request(format!("The form cannot be read: {error}.")))?;
    let (to, address) = (local(form.to.as_deref()), peer_address(&parts).ip());
    let name = form.name.unwrap_or_default();
    let opened = match (&form.token, &form.password) {
        (Some(token), _) => {
            let opened = site.hub.auth().login_with_admin_token(token.trim(), site.hub.now().wall);
            if opened.is_none() {
                site.hub.audit(Entry::new(What::LoginFailed).say("by", "token").from(address));
            }
            opened.ok_or((StatusCode::UNAUTHORIZED, "login.wrong", String::new()))
        }
        (None, Some(password)) => match site.sign_in(&name, password, address).await {
            Ok(grant) => Ok(site.hub.auth().login(grant, site.hub.now().wall)),
            Err(LoginError::Wrong) => Err((StatusCode::UNAUTHORIZED, "login.wrong-password", String::new())),
            Err(LoginError::Wait { seconds }) => {
                Err((StatusCode::TOO_MANY_REQUESTS, "login.wait", seconds.to_string()))
            }
            Err(LoginError::Busy) => Err((StatusCode::TOO_MANY_REQUESTS, "login.busy", String::new())),
        },
        (None, None) => return Err(Failure::bad_request("The form has neither a password nor a token.")),
    };
    match opened {
        Ok((login, grant)) => {
            let by = if form.token.is_some() { "token" } else { "password" };
            site.end_logins(uri, headers);
            site.hub.audit(Entry::by(What::Login, &grant).say("by", by).from(address));
            Ok(go_on(to, &site.cookie(uri, &login, LOGIN_LIFE_MS / 1000)))
        }
        Err((status, why, seconds)) => {
            let why = site.hub.views().say(why, &[("seconds", &seconds)]);
            let mut response = saying(&site, status, to, look::of(headers, uri), Some(why), &name);
            if let Ok(seconds) = HeaderValue::try_from(seconds)
                && !seconds.is_empty()
            {
                response.headers_mut().insert(header::RETRY_AFTER, seconds);
            }
            Ok(response)
        }
    }
}

/// `POST /logout`: ends the login that the cookie carries.
pub(super) async fn logout(
    State(site): State<Arc<Site>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    only_from_own_page(&site, &uri, &headers)?;
    site.end_logins(&uri, &headers);
    Ok(go_on("/login", &site.cookie(&uri, "", 0)))
}

impl Site {
    /// Ends the logins that the browser has: it logs out, or logs in anew. Their panels close with them.
    pub(super) fn end_logins(&self, uri: &Uri, headers: &HeaderMap) {
        let now = self.hub.now().wall;
        for login in cookies(headers, &self.cookie_name(uri)) {
            if let Some(grant) = self.hub.auth().cookie(login, now)
                && self.hub.auth().revoke(login)
            {
                self.hub.audit(Entry::by(What::Logout, &grant));
            }
        }
    }
}

fn only_from_own_page(site: &Site, uri: &Uri, headers: &HeaderMap) -> Result<(), Failure> {
    if site.is_from_own_page(uri, headers) {
        return Ok(());
    }
    Err(Failure::forbidden("Only pages of this hub may do this."))
}

/// The page that says how to log in, and `why` one has to again: the name of a text.
pub(super) fn page(site: &Site, status: StatusCode, to: &str, look: Look, why: Option<&str>) -> Response {
    let why = why.map(|why| site.hub.views().say(why, &[]));
    saying(site, status, to, look, why, "")
}

fn saying(
    site: &Site,
    status: StatusCode,
    to: &str,
    look: Look,
    why: Option<String>,
    name: &str,
) -> Response {
    let has_people = site.hub.auth().has_people();
    let page = LoginPage { to: local(Some(to)), why, name, has_people };
    pages::respond(status, site.hub.views().login_page(&page, look))
}

fn is_logged_in(site: &Site, uri: &Uri, headers: &HeaderMap) -> bool {
    let now = site.hub.now().wall;
    cookies(headers, &site.cookie_name(uri)).any(|login| site.hub.auth().cookie(login, now).is_some())
}

pub(super) fn there(to: &str) -> Response {
    let to = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/"));
    let headers = [(header::LOCATION, to), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

pub(super) fn go_on(to: &str, cookie: &str) -> Response {
    let cookie = HeaderValue::try_from(cookie).expect("a login is letters and digits");
    ([(header::SET_COOKIE, cookie)], there(to)).into_response()
}

/// `to`, if it is a path of this hub; else `/`. A browser takes `//host` and `/\host` for another host.
fn local(to: Option<&str>) -> &str {
    let is_local = |path: &&str| {
        path.len() <= RETURN_PATH_BYTES_MAX
            && path.starts_with('/')
            && !path[1..].starts_with(['/', '\\'])
            && path.bytes().all(|byte| byte.is_ascii_graphic())
    };
    to.filter(is_local).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_hub_are_gone_on_to() {
        for to in ["/", "/views/weather", "/devices/boiler-7?x=1#y", "/a//b"] {
            assert_eq!(local(Some(to)), to);
        }
        for to in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "evil",
            "/a\r\nSet-Cookie: x",
            "/a b",
            "/\t/evil.example",
            "\\/evil",
        ] {
            assert_eq!(local(Some(to)), "/", "{to:?}");
        }
        assert_eq!(local(Some(&format!("/{}", "x".repeat(RETURN_PATH_BYTES_MAX)))), "/");
        assert_eq!(local(None), "/");
    }
}
