//! What stands before every request, whoever answers it: `Host`, the `Origin` of upgrades, and headers of every answer.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::Site;
use super::error::Failure;
use super::guest::Guest;
use super::host::Origin;
use super::policy;

/// Lets a request through that may be meant for us.
pub(super) async fn guard(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let asked = policy::Asked::of(request.headers());
    get_to_know(&site, &request);
    let mut response = match check(&site, &request) {
        Ok(()) => match site.front.detour(&request) {
            Some(detour) => detour,
            None => next.run(request).await,
        },
        Err(failure) => failure.into_response(),
    };
    site.counters.answered(response.status());
    policy::add(&site.embedding, asked, &mut response);
    response
}

/// Who shows a valid credential for the first time is no stranger from now on.
fn get_to_know(site: &Site, request: &Request) {
    let stranger = request.extensions().get::<Guest>().filter(|guest| !guest.is_known());
    if let Some(guest) = stranger
        && site.grant(request.method(), request.uri(), request.headers()).is_ok()
    {
        guest.is_known_now();
    }
}

fn check(site: &Site, request: &Request) -> Result<(), Failure> {
    let headers = request.headers();
    let Some(host) = site.hosts.own(headers, request.uri()) else {
        return Err(Failure::forbidden("This hub is not known by the name in the Host header."));
    };
    if !is_utf8(request.uri().path()) {
        return Err(Failure::bad_request("The path is not UTF-8."));
    }
    // Browsers let any page open a WebSocket anywhere: only this header tells which page it was.
    let elsewhere = [Origin::Foreign, Origin::Hidden];
    if headers.contains_key(header::UPGRADE)
        && elsewhere.contains(&site.hosts.origin(request.uri(), headers, host))
    {
        return Err(Failure::forbidden("A page of another origin may not open a socket here."));
    }
    Ok(())
}

/// Whether a path is UTF-8 once its `%` are decoded. A `%` without two digits stays what it is.
fn is_utf8(path: &str) -> bool {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%').and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => (bytes.push(byte), rest = &after[2..]),
            None => (bytes.push(*first), rest = after),
        };
    }
    std::str::from_utf8(&bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_text() {
        for text in ["/", "/devices/%C3%BC", "/100%", "/%zz", "/%C3%BC/x"] {
            assert!(is_utf8(text), "{text}");
        }
        for other in ["/%FF", "/devices/%C3", "/%C3/%BC"] {
            assert!(!is_utf8(other), "{other}");
        }
    }
}
