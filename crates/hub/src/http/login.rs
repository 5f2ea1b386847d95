//! Logging in: with a link that is good once, or with the administrator's token in a form. Either way the browser gets a
//! cookie, and goes on to where it wanted to.

use std::sync::Arc;

use axum::extract::{Path, State};
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
use crate::auth::limits::LOGIN_LIFE_MS;
use crate::view::Look;

/// Where to go on to.
#[derive(Debug, Deserialize)]
pub(super) struct Return {
    to: Option<String>,
}

/// The form of the page.
#[derive(Debug, Deserialize)]
struct Form {
    token: String,
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
    method: Method,
    Path(code): Path<String>,
    Asked(back): Asked<Return>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let to = local(back.to.as_deref());
    // Whoever only looks whether there is something (HEAD) is not to use it up.
    let login =
        (method == Method::GET).then(|| site.hub.auth().redeem_link(&code, site.hub.now().wall)).flatten();
    match login {
        Some((login, _)) => go_on(to, &cookie(&site, &login, LOGIN_LIFE_MS / 1000)),
        // Whoever opens the link once more, from the history or by a reload, is where it led to.
        None if is_logged_in(&site, &headers) => there(to),
        None => page(&site, StatusCode::UNAUTHORIZED, to, look::of(&headers, &uri), Some("login.used")),
    }
}

/// `POST /login`: the form of the page, with the administrator's token.
pub(super) async fn with_token(
    State(site): State<Arc<Site>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    only_from_own_page(&site, &uri, &headers)?;
    let form: Form = serde_urlencoded::from_bytes(&body.0)
        .map_err(|error| Failure::bad_request(format!("The form cannot be read: {error}.")))?;
    let to = local(form.to.as_deref());
    let login = site.hub.auth().login_with_admin_token(form.token.trim(), site.hub.now().wall);
    Ok(match login {
        Some((login, _)) => go_on(to, &cookie(&site, &login, LOGIN_LIFE_MS / 1000)),
        None => page(&site, StatusCode::UNAUTHORIZED, to, look::of(&headers, &uri), Some("login.wrong")),
    })
}

/// `POST /logout`: ends the login that the cookie carries.
pub(super) async fn logout(
    State(site): State<Arc<Site>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    only_from_own_page(&site, &uri, &headers)?;
    for login in cookies(&headers, &site.cookie) {
        site.hub.auth().revoke(login);
    }
    Ok(go_on("/login", &cookie(&site, "", 0)))
}

fn only_from_own_page(site: &Site, uri: &Uri, headers: &HeaderMap) -> Result<(), Failure> {
    if site.is_from_own_page(uri, headers) {
        return Ok(());
    }
    Err(Failure::forbidden("Only pages of this hub may do this."))
}

/// The page that says how to log in, and `why` one has to again: the name of a text.
pub(super) fn page(site: &Site, status: StatusCode, to: &str, look: Look, why: Option<&str>) -> Response {
    pages::respond(status, site.hub.views().login_page(local(Some(to)), why, look))
}

/// The cookie that carries a login for so many seconds.
///
/// Not `Secure` and without the `__Host-` prefix: both need TLS, and on loopback there is none. `SameSite=Strict` keeps
/// other sites from using it; no script can read it.
fn cookie(site: &Site, login: &str, seconds: i64) -> String {
    format!("{}={login}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}", site.cookie)
}

fn is_logged_in(site: &Site, headers: &HeaderMap) -> bool {
    let now = site.hub.now().wall;
    cookies(headers, &site.cookie).any(|login| site.hub.auth().cookie(login, now).is_some())
}

fn there(to: &str) -> Response {
    let to = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/"));
    let headers = [(header::LOCATION, to), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::SEE_OTHER, headers).into_response()
}

fn go_on(to: &str, cookie: &str) -> Response {
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
