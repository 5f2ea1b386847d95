//! Pages and their assets.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Site;
use super::credential::{Allowed, Shown, ToView};
use super::error::Failure;
use super::login;
use super::look;
use super::pack;
use super::policy::Framable;
use super::scene::HubScene;
use crate::auth::{Grant, Scope};
use crate::rights::{Check, asks};
use crate::view::{self, Library, Look, Page};

/// An asset has the hash of its content in its name: it never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A picture that is opened by itself may carry scripts and links too: it can do nothing with them.
const OF_ASSETS: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; sandbox; \
                         require-trusted-types-for 'script'; trusted-types 'none'";

/// Somebody who may look at pages. Others get a page that says how to log in.
pub(super) struct Reader {
    pub(super) grant: Grant,
    pub(super) look: Look,
}

/// Somebody who is logged in, whatever they may: for pages about accounts.
pub(super) struct Visitor(pub(super) Reader);

impl FromRequestParts<Arc<Site>> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Response> {
        let allowed = Allowed::<ToView>::from_request_parts(parts, site).await;
        let look = look::of(&parts.headers, &parts.uri);
        allowed
            .map(|Allowed(grant, ..)| Self { grant, look })
            .map_err(|failure| turned_away(site, parts, &failure))
    }
}

impl FromRequestParts<Arc<Site>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Response> {
        let shown = Shown::from_request_parts(parts, site).await.and_then(|Shown(grant)| {
            if grant.may(Scope::Admin) {
                site.let_change(&parts.method, &grant)?;
            }
            Ok(Shown(grant))
        });
        let look = look::of(&parts.headers, &parts.uri);
        shown
            .map(|Shown(grant)| Self(Reader { grant, look }))
            .map_err(|failure| turned_away(site, parts, &failure))
    }
}

/// Whoever is not logged in gets a page that says how to.
fn turned_away(site: &Site, parts: &Parts, failure: &Failure) -> Response {
    match failure.status() {
        StatusCode::UNAUTHORIZED => {
            let look = look::of(&parts.headers, &parts.uri);
            // What was to be sent is not sent anew after the login.
            let to = if parts.method == Method::POST { "/" } else { path_of(&parts.uri) };
            login::page(site, StatusCode::UNAUTHORIZED, to, look, None)
        }
        _ => failure.clone().into_response(),
    }
}

impl Reader {
    /// Makes a page where reading from the disk may take its time.
    pub(super) async fn page<T: Send + 'static>(
        &self,
        site: &Arc<Site>,
        uri: &Uri,
        make: impl FnOnce(&Library, &HubScene<'_>) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let (making, grant, look) = (site.clone(), self.grant.clone(), self.look);
        let query = uri.query().unwrap_or_default().to_owned();
        let version = grant.version();
        let page = move |_: &store::Reader| {
            let views = match view::earlier_named_in(&query) {
                none if none.is_empty() => making.hub.views(),
                named => making.hub.earlier_views(&named),
            };
            Ok(make(&views, &HubScene::new(&making, &grant, query).looking(look)))
        };
        let page = site.reads.run(&site.hub, page).await?;
        // What it shows was asked for one by one: it goes out where all of it still holds.
        let stands = site.hub.auth().stands(&self.grant, site.hub.now().wall);
        match stands && self.grant.version() == version || !asks(Check::Page) {
            true => Ok(page),
            false => Err(Failure::unavailable("What you may see has just changed. Load the page again.")),
        }
    }
}

/// A reader who may not see a page is told so by a page, with the ways to others, and programs by JSON.
pub(super) async fn explain_refusal(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let is_page = request.method() == Method::GET && !request.uri().path().starts_with("/api/");
    let asked = (is_page && accepts_html(request.headers()))
        .then(|| (request.uri().clone(), request.headers().clone()));
    let response = next.run(request).await;
    let (Some((uri, headers)), StatusCode::FORBIDDEN) = (asked, response.status()) else { return response };
    let Ok(grant) = site.grant(&Method::GET, &uri, &headers) else { return response };
    let reader = Reader { grant, look: look::of(&headers, &uri) };
    let page = message(&site, &reader, &uri, "message.not-yours", ("message.forbidden", &[])).await;
    page.map_or(response, |page| respond(StatusCode::FORBIDDEN, page))
}

fn accepts_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// `GET /`: the device list.
pub(super) async fn devices(reader: Reader, State(site): State<Arc<Site>>, uri: Uri) -> Response {
    named(&site, &reader, "devices", &uri).await
}

/// `GET /gateways`: the gateways that are connected.
pub(super) async fn gateways(reader: Reader, State(site): State<Arc<Site>>, uri: Uri) -> Response {
    named(&site, &reader, "gateways", &uri).await
}

/// `GET /status`: panels and the store.
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

/// `GET /components`: the gallery of all components.
pub(super) async fn gallery(reader: Reader, State(site): State<Arc<Site>>, uri: Uri) -> Response {
    match reader.page(&site, &uri, |views, scene| views.gallery_page(scene)).await {
        Ok(page) => shown(page),
        Err(failure) => failure.into_response(),
    }
}

/// `GET /components/{name}`: one of them.
pub(super) async fn component(
    reader: Reader,
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    uri: Uri,
) -> Response {
    let (wanted, hub) = (name.clone(), site.hub.clone());
    let page = move |views: &Library, scene: &HubScene<'_>| {
        views.component_page(&wanted, scene).or_else(|| hub.views_now().component_page(&wanted, scene))
    };
    match reader.page(&site, &uri, page).await {
        Ok(Some(page)) => shown(page),
        Ok(None) => missing(&site, &reader, &uri, ("message.no-component", &[("name", &name)])).await,
        Err(failure) => failure.into_response(),
    }
}

/// `GET /devices/{id}`: the page that a device gets by itself.
pub(super) async fn device(
    reader: Reader,
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Response {
    let wanted = id.clone();
    match reader.page(&site, &uri, move |views, scene| views.device_page(&wanted, scene)).await {
        Ok(Some(page)) => shown(page),
        Ok(None) => missing(&site, &reader, &uri, ("message.no-device", &[("id", &id)])).await,
        Err(failure) => failure.into_response(),
    }
}

/// `GET /assets/{file}`: scripts, styles and pictures. Not only for those who are logged in: the login page has some.
pub(super) async fn asset(
    State(site): State<Arc<Site>>,
    Path(file): Path<String>,
    asked: HeaderMap,
) -> Result<Response, Failure> {
    let asset = site.hub.asset(&file).ok_or_else(|| Failure::not_found("There is no such asset."))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static(FOR_EVER)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(OF_ASSETS)),
    ];
    let packed = pack::takes_gzip(&asked).then(|| asset.gzip()).flatten();
    let is_packed = packed.is_some();
    let mut response = (headers, packed.unwrap_or(asset.bytes)).into_response();
    pack::mark(response.headers_mut(), is_packed);
    Ok(response)
}

/// Everything else: a page for people, JSON for programs.
pub(super) async fn not_found(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    uri: Uri,
    reader: Result<Reader, Response>,
) -> Response {
    if !accepts_html(&headers) || uri.path().starts_with("/api/") {
        return Failure::not_found("There is nothing at this path.").into_response();
    }
    match reader {
        Ok(reader) => missing(&site, &reader, &uri, ("message.no-page", &[])).await,
        Err(response) => response,
    }
}

async fn named(site: &Arc<Site>, reader: &Reader, name: &str, uri: &Uri) -> Response {
    let (wanted, hub) = (name.to_owned(), site.hub.clone());
    let page = move |views: &Library, scene: &HubScene<'_>| {
        views.view_page(&wanted, scene).or_else(|| hub.views_now().view_page(&wanted, scene))
    };
    match reader.page(site, uri, page).await {
        Ok(Some(page)) => shown(page),
        Ok(None) => missing(site, reader, uri, ("message.no-view", &[("name", name)])).await,
        Err(failure) => failure.into_response(),
    }
}

/// A text of a page: its name, and what stands in its braces.
type Text<'a> = (&'a str, &'a [(&'a str, &'a str)]);

/// A page that says what is not there.
async fn missing(site: &Arc<Site>, reader: &Reader, uri: &Uri, what: Text<'_>) -> Response {
    match message(site, reader, uri, "message.nothing", what).await {
        Ok(page) => respond(StatusCode::NOT_FOUND, page),
        Err(failure) => failure.into_response(),
    }
}

/// A page that says one thing.
async fn message(
    site: &Arc<Site>,
    reader: &Reader,
    uri: &Uri,
    title: &'static str,
    (what, given): Text<'_>,
) -> Result<Page, Failure> {
    let (path, message) = (uri.path().to_owned(), site.hub.views().say(what, given));
    let made = move |views: &Library, scene: &HubScene<'_>| {
        views.message_page(&path, &views.say(title, &[]), &message, scene)
    };
    reader.page(site, uri, made).await
}

/// A page that is there to be looked at: others may show it in a frame, as far as the operator lets them.
fn shown(page: Page) -> Response {
    let mut response = respond(StatusCode::OK, page);
    response.extensions_mut().insert(Framable);
    response
}

/// A page with its content policy. It shows values of the moment, so nobody keeps it.
pub(super) fn respond(status: StatusCode, page: Page) -> Response {
    let mut response = (status, axum::response::Html(page.html)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match HeaderValue::try_from(page.csp) {
        Ok(csp) => headers.insert(header::CONTENT_SECURITY_POLICY, csp),
        // Without one it gets that of answers that are no pages: rather one that does nothing than one that may do anything.
        Err(_) => None,
    };
    response
}

fn path_of(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |path| path.as_str())
}
