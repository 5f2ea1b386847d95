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
        query
            .map(|Query(asked)| Self(asked))
            .map_err(|error| Failure::bad_request(explained(&error.body_text())))
    }
}

/// What the reader of queries says, in a sentence of ours. It names in backticks what was given and what there is, and before a
/// colon of which key it speaks.
fn explained(said: &str) -> String {
    let said = said.split_once("query string: ").map_or(said, |(_, said)| said);
    let quoted: Vec<&str> = said.split('`').skip(1).step_by(2).collect();
    match (quoted.split_first(), said.split_once(": ")) {
        (Some((given, known)), _) if said.contains("unknown variant") => {
            format!("“{given}” is none of {}.", known.join(", "))
        }
        (Some((name, _)), _) if said.contains("missing field") => format!("The query does not say “{name}”."),
        (Some((name, _)), _) if said.contains("duplicate field") => format!("The query says “{name}” twice."),
        (_, Some((name, _))) => format!("What the query says of “{name}” cannot be read."),
        _ => "The query cannot be read.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_query_is_said_in_words() {
        for (said, expected) in [
            (
                "Failed to deserialize query string: format: unknown variant `sse`, expected `ndjson` or `csv`",
                "“sse” is none of ndjson, csv.",
            ),
            (
                "Failed to deserialize query string: from: invalid digit found in string",
                "What the query says of “from” cannot be read.",
            ),
            ("Failed to deserialize query string: missing field `kind`", "The query does not say “kind”."),
            ("Failed to deserialize query string: duplicate field `to`", "The query says “to” twice."),
            ("Failed", "The query cannot be read."),
        ] {
            assert_eq!(explained(said), expected);
        }
    }
}
