//! What a request that failed is answered with: `{"error":{"code","reason"}}`, and nowhere anything else.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Why a request failed: a status, a code for programs and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    status: StatusCode,
    code: &'static str,
    reason: String,
    /// For `Retry-After`, where there is more to wait than a moment.
    seconds: Option<u64>,
}

#[derive(Serialize)]
struct Body<'a> {
    error: Inner<'a>,
}

#[derive(Serialize)]
struct Inner<'a> {
    code: &'a str,
    reason: &'a str,
}

impl Failure {
    fn new(status: StatusCode, code: &'static str, reason: impl Into<String>) -> Self {
        Self { status, code, reason: reason.into(), seconds: None }
    }

    /// 400: the request is malformed.
    pub fn bad_request(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", reason)
    }

    /// 400: the request is malformed in a way that has a code of its own, such as `bad_json`.
    pub fn malformed(code: &'static str, reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, reason)
    }

    /// 401: there is no valid credential.
    pub fn unauthorized(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", reason)
    }

    /// 403: the credential does not permit it, or the request came from elsewhere.
    pub fn forbidden(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", reason)
    }

    /// 404: there is no such thing.
    pub fn not_found(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", reason)
    }

    /// 404: there is no device of this id.
    pub fn no_device(id: &str) -> Self {
        Self::not_found(format!("There is no device “{id}”."))
    }

    /// 405: the path is there, but not for this method.
    pub fn bad_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "bad_method", "This path does not know this method.")
    }

    /// 409: it exists already.
    pub fn exists(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "exists", reason)
    }

    /// 409: this hub has no folder for views.
    pub(super) fn no_folder(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "no_folder", reason)
    }

    /// 413: what the body holds is more than there is room for.
    pub fn beyond(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", reason)
    }

    /// 413: the body is too large.
    pub fn too_large(bytes_max: usize) -> Self {
        let reason = format!("The body is larger than {bytes_max} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", reason)
    }

    /// 415: with the login cookie the body has to say that it is JSON.
    pub(super) fn no_json() -> Self {
        let reason = "With the login cookie, a body is sent as “Content-Type: application/json”.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad_request", reason)
    }

    /// 426: a WebSocket of another version than 13.
    pub(super) fn other_version() -> Self {
        let reason = "This is a WebSocket of version 13: the Sec-WebSocket-Version header must say so.";
        Self::new(StatusCode::UPGRADE_REQUIRED, "bad_request", reason)
    }

    /// 429: too many at one time.
    pub fn too_many(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", reason)
    }

    /// 429: not before so many seconds are over.
    pub fn too_early(reason: impl Into<String>, seconds: u64) -> Self {
        Self { seconds: Some(seconds), ..Self::too_many(reason) }
    }

    /// 409: what is there does not permit it; `code` says which of those it is.
    pub(super) fn conflict(code: &'static str, reason: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, reason)
    }

    /// 503: the hub cannot do it now.
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", reason)
    }

    /// 503: the hub's storage has failed, and this needs it to take something over.
    pub fn storage_failed(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "storage", reason)
    }

    /// The store failed. What exactly is for the log, not for whoever asked.
    pub(super) fn storage(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "the store could not be read");
        Self::unavailable("The hub's storage could not be read.")
    }

    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The sentence for people.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = Body { error: Inner { code: self.code, reason: &self.reason } };
        // A 401 has no WWW-Authenticate: browsers would show a password dialogue of their own.
        let mut response = (self.status, axum::Json(body)).into_response();
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(self.seconds.unwrap_or(1)));
        }
        if self.status == StatusCode::UPGRADE_REQUIRED {
            let headers = [
                (header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
                (header::UPGRADE, HeaderValue::from_static("websocket")),
            ];
            response.headers_mut().extend(headers);
        }
        response
    }
}
