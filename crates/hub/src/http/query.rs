//! What stands behind the `?` of a request.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::Site;
use super::error::Failure;

/// The query as a `T`. One that cannot be read is answered like everything else that is malformed.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Site>> for Asked<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Failure> {
        let query = Query::<T>::from_request_parts(parts, site).await;
        query.map(|Query(asked)| Self(asked)).map_err(|error| Failure::bad_request(error.body_text()))
    }
}
