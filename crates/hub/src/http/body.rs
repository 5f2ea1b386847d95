//! Bodies of requests: bounded in size and in time, and read with the place of what is wrong.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::Site;
use super::error::Failure;
use super::limits::{BODY_BYTES_MAX, BODY_WAIT_MAX};

/// A whole body of at most [`BODY_BYTES_MAX`] bytes that arrived within [`BODY_WAIT_MAX`].
#[derive(Debug)]
pub(super) struct Body(pub(super) Bytes);

impl FromRequest<Arc<Site>> for Body {
    type Rejection = Failure;

    async fn from_request(request: Request, _site: &Arc<Site>) -> Result<Self, Failure> {
        let body = Limited::new(request.into_body(), BODY_BYTES_MAX).collect();
        match tokio::time::timeout(BODY_WAIT_MAX, body).await {
            Ok(Ok(body)) => Ok(Self(body.to_bytes())),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Failure::too_large(BODY_BYTES_MAX)),
            Ok(Err(_)) => Err(Failure::bad_request("The body ended too early.")),
            Err(_) => Err(Failure::bad_request("The body took too long to arrive.")),
        }
    }
}

impl Body {
    /// The JSON object in it. What is wrong is told with line and column.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        // Serde would take an array for the members in their order.
        if self.0.trim_ascii_start().starts_with(b"[") {
            return Err(Failure::malformed("bad_message", "The body is an array, where an object is meant."));
        }
        serde_json::from_slice(&self.0).map_err(|error| {
            let code = if error.is_data() { "bad_message" } else { "bad_json" };
            Failure::malformed(code, error.to_string())
        })
    }

    /// The body as a line of a device would be: line breaks, which in JSON are as good as blanks, become blanks. So a
    /// value stays one line wherever it goes, and each byte stays at its place.
    pub(super) fn as_line(&self) -> Vec<u8> {
        let blank = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
        self.0.iter().map(blank).collect()
    }

    /// Byte `at` as line and column, counted from 1 as people do.
    pub(super) fn place(&self, at: usize) -> (usize, usize) {
        let before = &self.0[..at.min(self.0.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        (line, before.len() - start + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_line_and_a_column_from_one() {
        let body = Body(Bytes::from_static(b"{\n  \"a\": x\n}"));
        assert_eq!(body.place(0), (1, 1));
        assert_eq!(body.place(9), (2, 8));
        assert_eq!(body.place(99), (3, 2));
    }

    #[test]
    fn an_array_is_no_object_though_its_members_would_fit() {
        #[derive(Debug, serde::Deserialize)]
        struct Made {
            id: String,
        }
        let read = |text: &'static str| Body(Bytes::from_static(text.as_bytes())).json::<Made>();
        assert_eq!(read("{\"id\":\"x\"}").expect("an object").id, "x");
        assert!(read(" [\"x\"]").is_err());
    }

    #[test]
    fn a_body_becomes_one_line_of_the_same_length() {
        let body = Body(Bytes::from_static(b"{\r\n\"a\":1}\n"));
        assert_eq!(body.as_line(), b"{  \"a\":1} ");
    }

    #[test]
    fn json_that_is_wrong_is_told_with_its_place() {
        let failure = Body(Bytes::from_static(b"{\"id\":}")).json::<serde_json::Value>().expect_err("wrong");
        assert!(failure.reason().ends_with("at line 1 column 7"), "{}", failure.reason());
    }
}
