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
use crate::view::{Library, Page};

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
    /// Makes a page where reading from the disk may take its time.
    async fn page<T: Send + 'static>(
        &self,
        site: &Arc<Site>,
        make: impl FnOnce(&Library, &HubScene<'_>) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let (making, joins) = (site.clone(), self.0.may(Scope::Admin));
        let page = move |_: &store::Reader| Ok(make(&making.hub.views(), &HubScene::new(&making, joins)));
        site.reads.run(&site.hub, page).await
    }
}

/// `GET /`: the device list.
pub(super) async fn devices(reader: Reader, State(site): State<Arc<Site>>, uri: Uri) -> Response {
    named(&site, &reader, "devices", &uri).await
}

/// `GET /status`: panels, gateways and the store.
pub(super) async fn status(reader: Reader, State(site): State<Arc<Site>>, uri: Uri) -> Response {
    named(&site, &reader, "status", &uri).await
}

/// `GET /views/{name}`: a view of the user's.
pub(super) async fn view(
    reader: Reader,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    uri: Uri,
) -> Response {
    named(&site, &reader, &name, &uri).await
}

/// `GET /devices/{id}`: the page that a device gets by itself.
pub(super) async fn device(
    reader: Reader,
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Response {
    let wanted = id.clone();
    match reader.page(&site, move |views, scene| views.device_page(&wanted, scene)).await {
        Ok(Some(page)) => respond(StatusCode::OK, page),
        Ok(None) => missing(&site, &reader, &uri, &format!("There is no device “{id}”.")).await,
        Err(failure) => failure.into_response(),
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
        Ok(reader) => missing(&site, &reader, &uri, "There is no page at this address.").await,
        Err(response) => response,
    }
}

async fn named(site: &Arc<Site>, reader: &Reader, name: &str, uri: &Uri) -> Response {
    let wanted = name.to_owned();
    match reader.page(site, move |views, scene| views.view_page(&wanted, scene)).await {
        Ok(Some(page)) => respond(StatusCode::OK, page),
        Ok(None) => missing(site, reader, uri, &format!("There is no view “{name}”.")).await,
        Err(failure) => failure.into_response(),
    }
}

async fn missing(site: &Arc<Site>, reader: &Reader, uri: &Uri, what: &str) -> Response {
    let (path, message) = (uri.path().to_owned(), format!("{what} All devices are on the first page."));
    let made = move |views: &Library, scene: &HubScene<'_>| {
        views.message_page(&path, "Nothing here", &message, scene)
    };
    match reader.page(site, made).await {
        Ok(page) => respond(StatusCode::NOT_FOUND, page),
        Err(failure) => failure.into_response(),
    }
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
