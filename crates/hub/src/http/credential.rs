//! Credentials in requests: found in a header or the login cookie, checked by `auth`, handed on as a [`Grant`].

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Site;
use super::error::Failure;
use super::host::Origin;
use super::policy::is_from_same_origin;
use crate::auth::{Grant, Scope};

/// What a route needs, as a type: which scope its [`Allowed`] proves.
pub(super) trait Needs: Send + Sync {
    /// The scope.
    const SCOPE: Scope;
}

/// Needs [`Scope::View`].
pub(super) struct ToView;

impl Needs for ToView {
    const SCOPE: Scope = Scope::View;
}

/// Needs [`Scope::Command`].
pub(super) struct ToCommand;

impl Needs for ToCommand {
    const SCOPE: Scope = Scope::Command;
}

/// Needs [`Scope::Edit`].
pub(super) struct ToEdit;

impl Needs for ToEdit {
    const SCOPE: Scope = Scope::Edit;
}

/// Needs [`Scope::Admin`].
pub(super) struct ToAdmin;

impl Needs for ToAdmin {
    const SCOPE: Scope = Scope::Admin;
}

/// The request showed a credential that permits what the route needs.
pub(super) struct Allowed<N: Needs>(pub(super) Grant, pub(super) PhantomData<N>);

impl<N: Needs> FromRequestParts<Arc<Site>> for Allowed<N> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Failure> {
        let Shown(grant) = Shown::from_request_parts(parts, site).await?;
        if grant.may(N::SCOPE) {
            if N::SCOPE == Scope::Admin {
                site.let_change(&parts.method, &grant)?;
            }
            return Ok(Self(grant, PhantomData));
        }
        Err(Failure::forbidden(format!("This needs the scope “{}”.", N::SCOPE.as_str())))
    }
}

/// The request showed a valid credential, whatever it permits.
pub(super) struct Shown(pub(super) Grant);

impl FromRequestParts<Arc<Site>> for Shown {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Failure> {
        site.grant(&parts.method, &parts.uri, &parts.headers).map(Self)
    }
}

impl Site {
    /// What the request's credential permits. An `Authorization` header counts alone, valid or not.
    pub(super) fn grant(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Grant, Failure> {
        if headers.contains_key(header::AUTHORIZATION) {
            return self.bearer(headers)?.ok_or_else(|| Failure::unauthorized("This token is not valid."));
        }
        let now = self.hub.now().wall;
        let name = self.cookie_name(uri);
        let grant = cookies(headers, &name).find_map(|login| self.hub.auth().cookie(login, now));
        let grant = grant.ok_or_else(|| Failure::unauthorized("Log in, or send a token."))?;
        // Whatever page a browser has open, it sends the cookie along.
        if !method.is_safe() && !self.is_from_own_page(uri, headers) {
            return Err(Failure::forbidden(
                "With the login cookie, only pages of this hub may change something.",
            ));
        }
        // A form of another page can send three other types without being asked about first.
        if uri.path().starts_with("/api/") && has_body(headers) && !is_json(headers) {
            return Err(Failure::no_json());
        }
        Ok(grant)
    }

    /// Whether an administrator who asks by this method may change one thing more now.
    pub(super) fn let_change(&self, method: &Method, grant: &Grant) -> Result<(), Failure> {
        if method.is_safe() || self.hub.may_change_more(grant) {
            return Ok(());
        }
        Err(Failure::too_early("These are very many changes: go on in a second.", 1))
    }

    /// What a bearer token permits; nothing where there is no valid one.
    pub(super) fn bearer(&self, headers: &HeaderMap) -> Result<Option<Grant>, Failure> {
        let token = bearer_text(headers)?;
        Ok(token.and_then(|token| self.hub.auth().bearer(token, self.hub.now().wall)))
    }

    /// Whether the request says that it comes from one of our own pages.
    pub(super) fn is_from_own_page(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let host = self.hosts.own(headers, uri);
        host.is_some_and(|host| match self.hosts.origin(uri, headers, host) {
            Origin::Own => true,
            Origin::Hidden => is_from_same_origin(headers),
            Origin::Foreign | Origin::Absent => false,
        })
    }
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|length| length != "0")
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|given| given.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// The text of a bearer token, where there is an `Authorization` header. Another scheme is an error.
pub(super) fn bearer_text(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|text| with_scheme(text, "bearer"));
    token.map(Some).ok_or_else(|| Failure::unauthorized("Send the token as “Authorization: Bearer TOKEN”."))
}

/// Name and password of HTTP Basic.
pub(super) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = BASE64.decode(with_scheme(text, "basic")?).ok()?;
    let (name, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

fn with_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (given, rest) = text.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

/// The values of the cookie `name`. There may be several, for other paths: a stale one is not to hide a valid one.
pub(super) fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(given, _)| *given == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn the_scheme_of_a_token_is_read_in_any_case() {
        let read = |value| {
            bearer_text(&headers(header::AUTHORIZATION, &[value])).map(|text| text.map(str::to_owned))
        };
        assert_eq!(read("Bearer gl_x"), Ok(Some("gl_x".into())));
        assert_eq!(read("bearer  gl_x "), Ok(Some("gl_x".into())));
        assert!(read("Basic eDp5").is_err());
        assert!(read("gl_x").is_err());
        assert_eq!(bearer_text(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn json_is_told_from_what_forms_send() {
        let is = |value| is_json(&headers(header::CONTENT_TYPE, &[value]));
        assert!(is("application/json") && is("Application/JSON; charset=utf-8"));
        for other in ["", "text/plain", "multipart/form-data; x=application/json", "application/jsonp"] {
            assert!(!is(other), "{other}");
        }
        assert!(!is_json(&HeaderMap::new()) && !has_body(&HeaderMap::new()));
        let length = |value| has_body(&headers(header::CONTENT_LENGTH, &[value]));
        assert!(length("2") && !length("0"));
    }

    #[test]
    fn basic_is_a_name_and_a_password_that_may_have_colons() {
        let value = format!("Basic {}", BASE64.encode("boiler-7:a:b"));
        let read = basic(&headers(header::AUTHORIZATION, &[&value]));
        assert_eq!(read, Some(("boiler-7".into(), "a:b".into())));
        assert_eq!(basic(&headers(header::AUTHORIZATION, &["Basic !"])), None);
    }

    #[test]
    fn the_login_is_found_among_other_cookies() {
        let headers = headers(
            header::COOKIE,
            &["a=b; glassline_login_80=one", "glassline_login_80=two;glassline_login_81=d"],
        );
        assert_eq!(cookies(&headers, "glassline_login_80").collect::<Vec<_>>(), ["one", "two"]);
    }
}
