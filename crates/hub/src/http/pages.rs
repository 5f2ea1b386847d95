//! Pages and their assets.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::Site;
use super::credential::{Allowed, ToView};
use super::error::Failure;
use super::login;
use super::scene::HubScene;
use crate::auth::{Grant, Scope};
use crate::view::Page;

/// An asset has the hash of its content in its name: it never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Somebody who may look at pages. Others get a page that says how to log in.
pub(super) struct Reader(Grant);

impl FromRequestParts<Arc<Site>> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Response> {
        let allowed = Allowed::<ToView>::from_request_parts(parts, site).await;
        allowed.map(|Allowed(grant, ..)| Self(grant)).map_err(|failure| match failure.status() {
            StatusCode::UNAUTHORIZED => {
                login::page(site, StatusCode::UNAUTHORIZED, path_of(&parts.uri), None)
            }
            _ => failure.into_response(),
        })
    }
}

impl Reader {
    fn scene<'a>(&self, site: &'a Site) -> HubScene<'a> {
        HubScene::new(site, self.0.may(Scope::Admin))
    }
}

/// `GET /`: the device list.
pub(super) async fn devices(reader: Reader, State(site): State<Arc<Site>>, uri: Uri) -> Response {
    named(&site, &reader, "devices", &uri)
}

/// `GET /status`: panels, gateways and the store.
pub(super) async fn status(reader: Reader, State(site): State<Arc<Site>>, uri: Uri) -> Response {
    named(&site, &reader, "status", &uri)
}

/// `GET /views/{name}`: a view of the user's.
pub(super) async fn view(
    reader: Reader,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    uri: Uri,
) -> Response {
    named(&site, &reader, &name, &uri)
}

/// `GET /devices/{id}`: the page that a device gets by itself.
pub(super) async fn device(
    reader: Reader,
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Response {
    match site.hub.views().device_page(&id, &reader.scene(&site)) {
        Some(page) => respond(StatusCode::OK, page),
        None => missing(&site, &reader, &uri, &format!("There is no device “{id}”.")),
    }
}

/// `GET /assets/{file}`: scripts, styles and pictures. Not only for those who are logged in: the login page has some.
pub(super) async fn asset(
    State(site): State<Arc<Site>>,
    Path(file): Path<String>,
) -> Result<Response, Failure> {
    let asset = site.hub.asset(&file).ok_or_else(|| Failure::not_found("There is no such asset."))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static(FOR_EVER)),
        // A picture that is opened by itself may carry scripts too.
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; style-src 'self'")),
    ];
    Ok((headers, asset.bytes).into_response())
}

/// Everything else: a page for people, JSON for programs.
pub(super) async fn not_found(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    uri: Uri,
    reader: Result<Reader, Response>,
) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if !accept.contains("text/html") || uri.path().starts_with("/api/") {
        return Failure::not_found("There is nothing at this path.").into_response();
    }
    match reader {
        Ok(reader) => missing(&site, &reader, &uri, "There is no page at this address."),
        Err(response) => response,
    }
}

fn named(site: &Site, reader: &Reader, name: &str, uri: &Uri) -> Response {
    match site.hub.views().view_page(name, &reader.scene(site)) {
        Some(page) => respond(StatusCode::OK, page),
        None => missing(site, reader, uri, &format!("There is no view “{name}”.")),
    }
}

fn missing(site: &Site, reader: &Reader, uri: &Uri, what: &str) -> Response {
    let message = format!("{what} All devices are on the first page.");
    let page = site.hub.views().message_page(uri.path(), "Nothing here", &message, &reader.scene(site));
    respond(StatusCode::NOT_FOUND, page)
}

/// A page with its content policy. It shows values of the moment, so nobody keeps it.
pub(super) fn respond(status: StatusCode, page: Page) -> Response {
    let mut response = (status, axum::response::Html(page.html)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match HeaderValue::try_from(page.csp) {
        Ok(csp) => headers.insert(header::CONTENT_SECURITY_POLICY, csp),
        // Rather a page that does nothing than one that may do anything.
        Err(_) => {
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"))
        }
    };
    response
}

fn path_of(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |path| path.as_str())
}
