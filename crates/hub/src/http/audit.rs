//! The audit: a page and an API for administrators.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::{AuditPlace, AuditQuery, AuditRow};

use super::Site;
use super::credential::{Allowed, ToAdmin};
use super::error::Failure;
use super::limits::{AUDIT_PAGE_ROWS, AUDIT_ROWS_MAX};
use super::pages::{self, Reader};
use super::people::sentence;
use super::query::Asked;
use crate::audit::What;
use crate::auth::Scope;
use crate::view::{AuditFilter, AuditPage, AuditShown};

/// What stands behind the `?`, of the page and of the API. What is empty asks for all, as a form sends it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Filter {
    #[serde(default)]
    who: String,
    /// One of the words, or several with commas between them.
    #[serde(default)]
    what: String,
    #[serde(default)]
    device: String,
    /// Milliseconds since 1970, or a day (`2026-11-23`, in UTC).
    #[serde(default)]
    since: String,
    /// The same; a day counts to its end.
    #[serde(default)]
    until: String,
    #[serde(default)]
    before: Option<u64>,
    #[serde(default)]
    limit: Option<usize>,
}

const DAY_MS: i64 = 86_400_000;

impl Filter {
    fn query(&self, limit: usize) -> Result<AuditQuery, Failure> {
        let given = |text: &str| (!text.trim().is_empty()).then(|| text.trim().into());
        let what = What::of_words(&self.what).map_err(|unknown| Failure::bad_request(sentence(&unknown)))?;
        Ok(AuditQuery {
            who: given(&self.who),
            what: what.into_iter().map(|what| what.as_str().into()).collect(),
            device: given(&self.device),
            since: moment(&self.since, 0)?,
            until: moment(&self.until, DAY_MS)?,
            before: self.before,
            limit: self.limit.unwrap_or(limit).clamp(1, AUDIT_ROWS_MAX),
        })
    }
}

/// Milliseconds since 1970 as they are, or a day, with so much added to its begin.
fn moment(text: &str, of_day: i64) -> Result<Option<i64>, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let moment = text.parse().ok().or_else(|| Some(crate::audit::day(text)? * DAY_MS + of_day));
    let told = || {
        Failure::bad_request(format!(
            "“{text}” is neither milliseconds since 1970 nor a day like 2026-11-23."
        ))
    };
    moment.map(Some).ok_or_else(told)
}

/// A row, as the API says it.
#[derive(Serialize)]
struct Row<'a> {
    number: u64,
    at: i64,
    what: &'a str,
    who: &'a str,
    device: &'a str,
    details: &'a RawValue,
    hash: String,
}

/// `GET /api/audit`: rows, the newest first, and where the next page begins.
pub(super) async fn list(
    State(site): State<Arc<Site>>,
    _: Allowed<ToAdmin>,
    Asked(filter): Asked<Filter>,
) -> Result<Response, Failure> {
    let query = filter.query(AUDIT_PAGE_ROWS)?;
    let (rows, next) = read(&site, query).await?;
    let details: Vec<Box<RawValue>> = rows.iter().map(|row| raw(&row.entry.details)).collect();
    let rows: Vec<Row<'_>> = rows
        .iter()
        .zip(&details)
        .map(|(AuditRow { number, entry, hash }, details)| Row {
            number: *number,
            at: entry.at,
            what: &entry.what,
            who: &entry.who,
            device: &entry.device,
            details,
            hash: hash.to_string(),
        })
        .collect();
    Ok(Json(serde_json::json!({ "rows": rows, "next": next })).into_response())
}

/// `GET /api/audit/verdict`: whether the chain holds.
pub(super) async fn verdict(State(site): State<Arc<Site>>, _: Allowed<ToAdmin>) -> Result<Response, Failure> {
    let found = site.reads.run(&site.hub, store::Reader::verify_audit).await?;
    let place =
        |place: AuditPlace| serde_json::json!({ "number": place.number, "hash": place.hash.to_string() });
    let broken =
        found.broken.map(|broken| serde_json::json!({ "row": broken.row(), "why": broken.to_string() }));
    let said = serde_json::json!({
        "holds": found.broken.is_none(),
        "rows": found.rows,
        "anchor": place(found.anchor),
        "head": place(found.head),
        "broken": broken,
    });
    Ok(Json(said).into_response())
}

/// `GET /audit`: the page.
pub(super) async fn page(
    reader: Reader,
    State(site): State<Arc<Site>>,
    Asked(filter): Asked<Filter>,
    uri: Uri,
) -> Response {
    if !reader.grant.may(Scope::Admin) {
        return Failure::forbidden("This needs the scope “admin”.").into_response();
    }
    match shown(&site, &reader, filter, &uri).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    }
}

async fn shown(site: &Arc<Site>, reader: &Reader, filter: Filter, uri: &Uri) -> Result<Response, Failure> {
    let (rows, next) = read(site, filter.query(AUDIT_PAGE_ROWS)?).await?;
    let Filter { who, what, device, since, until, before, .. } = filter;
    let filter = AuditFilter { who, what, device, since, until };
    let shown = AuditPage {
        filter,
        rows: rows.into_iter().map(row_shown).collect(),
        next,
        is_first: before.is_none(),
    };
    let page = reader.page(site, uri, move |views, scene| views.audit_page(&shown, scene)).await?;
    Ok(pages::respond(StatusCode::OK, page))
}

fn row_shown(row: AuditRow) -> AuditShown {
    let AuditRow { number, entry, .. } = row;
    let details: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&entry.details).unwrap_or_default();
    let text = |value: serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    AuditShown {
        number,
        at: entry.at,
        what: entry.what.into(),
        who: entry.who.into(),
        device: entry.device.into(),
        details: details.into_iter().map(|(name, value)| (name, text(value))).collect(),
    }
}

/// Rows, and before which one the next page begins, where there is one.
async fn read(site: &Arc<Site>, query: AuditQuery) -> Result<(Vec<AuditRow>, Option<u64>), Failure> {
    let limit = query.limit;
    let rows = site.reads.run(&site.hub, move |reader| reader.audit(&query)).await?;
    let next = rows.last().filter(|last| rows.len() == limit && last.number > 1).map(|last| last.number);
    Ok((rows, next))
}

fn raw(details: &str) -> Box<RawValue> {
    RawValue::from_string(details.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_milliseconds_are_read_and_what_is_neither_is_told() {
        assert_eq!(moment("1700000000000", DAY_MS), Ok(Some(1_700_000_000_000)));
        assert_eq!(moment("1970-01-02", 0), Ok(Some(DAY_MS)));
        assert_eq!(moment("1970-01-02", DAY_MS), Ok(Some(2 * DAY_MS)));
        assert_eq!(moment(" ", 0), Ok(None));
        assert!(moment("yesterday", 0).is_err());
    }

    #[test]
    fn what_is_empty_asks_for_all_and_an_unknown_word_is_told() {
        let query = Filter::default().query(7).expect("all");
        assert_eq!(query, AuditQuery { limit: 7, ..AuditQuery::default() });
        let asks = |what: &str| Filter { what: what.into(), ..Filter::default() }.query(7);
        assert_eq!(
            asks("login, logout").expect("words").what,
            ["login".into(), "logout".into()] as [Box<str>; 2]
        );
        assert!(asks("log-in").is_err());
    }
}
