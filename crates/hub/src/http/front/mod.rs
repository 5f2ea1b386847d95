//! What lies between whoever asks and the routes: TLS, proxies, the path under which the hub is reached.
//!
//! | file | what |
//! |---|---|
//! | `proxies` | whose word counts about who asks, and how |
//! | `base_path` | the path under which a proxy shows the hub |
//! | `dress` | pages as they are to be written because of these |
//!
//! Behind it a request says itself how it came ([RFC 9110, 7.1]): its URI has the scheme and the authority that whoever asked has
//! used, and no base path; `ConnectInfo` is the address of who asked, and not that of a proxy.
//!
//! [RFC 9110, 7.1]: https://www.rfc-editor.org/rfc/rfc9110#section-7.1

mod base_path;
mod dress;
mod proxies;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::uri::{PathAndQuery, Scheme};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

pub use base_path::{Base, BaseError};
pub(super) use dress::dress;
pub use proxies::{Network, NetworkError, Proxies};

use super::Site;
use super::error::Failure;

/// A request that came over TLS of our own: [`super::accept`] says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct OverTls;

/// How a request came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    /// From this machine itself, as far as can be told.
    pub(super) is_local: bool,
    /// Its connection does: nobody reads it on its way here. Behind a proxy that nobody told us of, others' do too.
    is_near: bool,
}

/// How long a browser is to use nothing but TLS for our name, once it has: a year.
const TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Paths that are answered over plain HTTP to everybody: they say nothing of anybody, and those who ask can do no better.
const PLAIN_FOR_ALL: [&str; 2] = ["/healthz", "/readyz"];

/// What lies in front of the routes of a site.
#[derive(Debug, Default)]
pub(super) struct Front {
    pub(super) proxies: Proxies,
    pub(super) base: Base,
    /// Where pages are served over TLS.
    pub(super) https: Option<SocketAddr>,
    /// Whether other machines may use HTTP without TLS.
    pub(super) plain_for_all: bool,
    /// Whether the listener without TLS can be reached from other machines.
    pub(super) is_exposed: bool,
}

impl Front {
    /// Whether pages have to say that what they show can be read on its way.
    fn warns(&self, uri: &Uri) -> bool {
        self.is_exposed && self.plain_for_all && !is_secure(uri)
    }

    /// What is answered instead of what was asked for: nothing but TLS reaches us from other machines, unless somebody said so.
    pub(super) fn detour(&self, request: &Request) -> Option<Response> {
        let is_near = request.extensions().get::<Arrival>().is_none_or(|arrival| arrival.is_near);
        let uri = request.uri();
        if is_near || self.plain_for_all || is_secure(uri) || PLAIN_FOR_ALL.contains(&uri.path()) {
            return None;
        }
        let is_page =
            *request.method() == Method::GET && !request.headers().contains_key(header::AUTHORIZATION);
        let is_page = is_page && !request.headers().contains_key(header::UPGRADE);
        let there = self.https.filter(|_| is_page).and_then(|https| elsewhere(uri, https));
        Some(match there {
            Some(there) => (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, there)]).into_response(),
            None => Failure::forbidden(
                "Other machines reach this hub over TLS only: ask at its https:// address, or wss:// for a socket.",
            )
            .into_response(),
        })
    }
}

/// The same over TLS.
fn elsewhere(uri: &Uri, https: SocketAddr) -> Option<HeaderValue> {
    let host = uri.authority()?.host();
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let port = match https.port() {
        443 => String::new(),
        port => format!(":{port}"),
    };
    HeaderValue::try_from(format!("https://{host}{port}{path}")).ok()
}

/// Whether who asked has used TLS, all the way that can be told.
pub(super) fn is_secure(uri: &Uri) -> bool {
    uri.scheme() == Some(&Scheme::HTTPS)
}

/// Has a request say itself how it came, and sees to it that the answer fits.
pub(super) async fn receive(State(site): State<Arc<Site>>, mut request: Request, next: Next) -> Response {
    let front = &site.front;
    let arrival = arrive(&site, &mut request);
    request.extensions_mut().insert(arrival);
    let lasts = is_secure(request.uri()) && site.hosts.is_named(request.headers());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if lasts {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, TRANSPORT_SECURITY);
    }
    if let Some(there) =
        headers.get(header::LOCATION).and_then(|there| front.base.before(there.to_str().ok()?))
        && let Ok(there) = HeaderValue::try_from(there)
    {
        headers.insert(header::LOCATION, there);
    }
    response
}

fn arrive(site: &Site, request: &mut Request) -> Arrival {
    let front = &site.front;
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| *address);
    let mut client = peer.unwrap_or_else(|| SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0));
    let mut is_secure = request.extensions().get::<OverTls>().is_some();
    let told = proxies::Told::by(request.headers());
    let is_trusted = front.proxies.trusts(client.ip());
    let mut is_anybody = false;
    if is_trusted {
        let named = told.client(&front.proxies);
        is_anybody = named.is_anybody;
        if let Some(address) = named.address {
            client = SocketAddr::new(address, 0);
            request.extensions_mut().insert(ConnectInfo(client));
        }
        is_secure = told.is_secure.unwrap_or(is_secure);
        if let Some(host) = told.host.clone() {
            request.headers_mut().insert(header::HOST, host);
        }
    }
    // Behind a proxy that nobody told us of, everybody seems to be on this machine.
    let ip = client.ip().to_canonical();
    // What this machine says to the address of one of its networks comes from there.
    let is_near = !is_anybody && (ip.is_loopback() || ip == site.address.ip());
    let is_local = is_near && (is_trusted || !told.is_any);
    let host = request.headers().get(header::HOST).cloned();
    if let Some(uri) = target(&front.base, request.uri(), is_secure, host.as_ref()) {
        *request.uri_mut() = uri;
    }
    Arrival { is_local, is_near }
}

/// The URI that whoever asked has used, without the base path. Nothing where there is none: then its host is none of ours.
fn target(base: &Base, uri: &Uri, is_secure: bool, host: Option<&HeaderValue>) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.scheme = Some(if is_secure { Scheme::HTTPS } else { Scheme::HTTP });
    if parts.authority.is_none() {
        parts.authority = Some(host?.to_str().ok()?.parse().ok()?);
    }
    let path = parts.path_and_query.take();
    let path = path.as_ref().map_or("/", PathAndQuery::as_str);
    parts.path_and_query = Some(PathAndQuery::try_from(base.behind(path).as_ref()).ok()?);
    Uri::from_parts(parts).ok()
}

/// What proxies tell of a request, by these headers. The first three are read; with any of them somebody else asks.
const TOLD_BY: [HeaderName; 5] = [
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-host"),
    header::FORWARDED,
    HeaderName::from_static("x-real-ip"),
];

impl Site {
    /// Whose word counts about who asks.
    pub fn proxies(&self) -> &Proxies {
        &self.front.proxies
    }
}

#[cfg(test)]
mod tests;
