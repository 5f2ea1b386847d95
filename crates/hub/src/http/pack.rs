//! Compression of what is sent: pages and answers each time, assets once.
//!
//! Pages and what a secret could be guessed from by its compressed length are not mixed: a page that carries one is sent only with
//! the login cookie, which no other site can make a browser send.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use http_body_util::BodyExt as _;

use super::limits::{PACK_BYTES_MAX, PACK_BYTES_MIN, PACK_HERE_BYTES_MAX};
use crate::view::gzip;

/// Whether whoever asks takes gzip.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = matches!(weight.replace(' ', "").as_str(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

/// Says in `headers` that the body is compressed, and by what it was chosen.
pub(super) fn mark(headers: &mut HeaderMap, is_packed: bool) {
    headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
}

/// Compresses an answer that is text and whole, for whoever takes it so. What is made while it is sent stays as it is.
pub(super) async fn pack(request: Request, next: Next) -> Response {
    let wanted = takes_gzip(request.headers()) && request.method() != Method::HEAD;
    let response = next.run(request).await;
    if !is_text(response.headers()) || response.headers().contains_key(header::CONTENT_ENCODING) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let size = hyper::body::Body::size_hint(&body).exact().and_then(|size| usize::try_from(size).ok());
    let fits = size.is_some_and(|size| (PACK_BYTES_MIN..=PACK_BYTES_MAX).contains(&size));
    mark(&mut head.headers, wanted && fits);
    if !(wanted && fits) {
        return Response::from_parts(head, body);
    }
    let Ok(whole) = body.collect().await else {
        // Its size is known because all of it is there; whoever breaks that gets no half of it.
        let mut failed = Response::new(Body::empty());
        *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return failed;
    };
    let packed = packed(whole.to_bytes()).await;
    head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(packed.len()));
    Response::from_parts(head, Body::from(packed))
}

/// A large one where it keeps nobody else waiting.
async fn packed(bytes: Bytes) -> Bytes {
    if bytes.len() <= PACK_HERE_BYTES_MAX {
        return gzip(&bytes, Compression::fast());
    }
    let task = tokio::task::spawn_blocking(move || gzip(&bytes, Compression::fast()));
    task.await.expect("compressing does not panic, and the runtime is not stopped while it answers")
}

fn is_text(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|name| name.starts_with("text/html") || name.starts_with("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(value: &'static str) -> bool {
        let headers = [(header::ACCEPT_ENCODING, HeaderValue::from_static(value))];
        takes_gzip(&headers.into_iter().collect())
    }

    #[test]
    fn gzip_is_for_those_who_take_it() {
        assert!(takes("gzip") && takes("br, GZIP;q=0.5, deflate") && takes("deflate,gzip"));
        assert!(!takes("br") && !takes("gzip;q=0") && !takes("gzip; q=0.0, br") && !takes(""));
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
