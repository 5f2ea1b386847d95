//! `GET …/history`: a channel over time, for charts.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use serde::Deserialize;
use store::{Around, Bucket, GapRow, History, Point, Series};

use super::Site;
use super::error::Failure;
use super::limits::{POINTS, POINTS_MAX};
use super::query::Asked;
use super::seen::Seen;

/// A range of time, ms since 1970: `from` ≤ t < `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Range {
    /// A missing `from` is the beginning. A missing `to` is now, and what bears a time a little ahead of our clock was
    /// received by now too.
    pub(super) fn new(from: Option<i64>, to: Option<i64>) -> Result<Self, Failure> {
        let range = Self { from: from.unwrap_or(i64::MIN), to: to.unwrap_or(i64::MAX) };
        if range.from > range.to {
            return Err(Failure::bad_request("“from” must not be later than “to”."));
        }
        Ok(range)
    }
}

/// What is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    from: Option<i64>,
    to: Option<i64>,
    points: Option<usize>,
}

/// `GET /api/devices/{id}/channels/{channel}/history`.
pub(super) async fn history(
    State(site): State<Arc<Site>>,
    Seen(sight): Seen,
    Path((_, channel)): Path<(String, String)>,
    Asked(wanted): Asked<Wanted>,
) -> Result<impl IntoResponse, Failure> {
    let Range { from, to } = Range::new(wanted.from, wanted.to)?;
    let points = wanted.points.unwrap_or(POINTS);
    if !(1..=POINTS_MAX).contains(&points) {
        return Err(Failure::bad_request(format!("“points” must be from 1 to {POINTS_MAX}.")));
    }
    let read = move |reader: &store::Reader, device| {
        let history = reader.history(device, &channel, from, to, points)?;
        let around = reader.around(device, &channel, &history.gaps)?;
        Ok((history, around))
    };
    let (history, around) = site.read_of(&sight, read).await?;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, encode(&history, &around)))
}

/// By hand, because values are to stand in it exactly as they were sent.
fn encode(history: &History, around: &[Around]) -> String {
    let (name, entries) = match &history.series {
        Series::Points(points) => ("points", points.iter().map(point).collect::<Vec<_>>()),
        Series::Buckets(buckets) => ("buckets", buckets.iter().map(bucket).collect()),
    };
    let gaps: Vec<String> = history.gaps.iter().zip(around).map(|(row, around)| gap(row, around)).collect();
    let mut json = String::with_capacity(entries.len() * 32 + gaps.len() * 96 + 32);
    // Writing to a string cannot fail.
    let _ = write!(json, "{{\"{name}\":[{}],\"gaps\":[{}]}}", entries.join(","), gaps.join(","));
    json
}

fn point(point: &Point) -> String {
    format!("[{},{}]", point.ts, point.value)
}

fn bucket(bucket: &Bucket) -> String {
    let Bucket { ts, min, max, mean, count } = bucket;
    // Rust writes finite numbers the way JSON reads them; the store has no others.
    format!("[{ts},{min},{max},{mean},{count}]")
}

/// `from` and `to` are times, as everything in a chart: the moment at which the loss was learned. Which messages are
/// missing stands in `session`, `first` and `last`; between which samples of the channel they lie, in `after` and `before`.
fn gap(gap: &GapRow, around: &Around) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let time = |name: &str, ts: Option<i64>| ts.map(|ts| format!(",\"{name}\":{ts}")).unwrap_or_default();
    let (after, before) = (time("after", around.after), time("before", around.before));
    format!(
        "{{\"from\":{at},\"to\":{at},\"reason\":{},\"session\":{},\"first\":{},\"last\":{}{after}{before}}}",
        quoted(&gap.reason),
        quoted(&gap.session),
        gap.from,
        gap.to,
        at = gap.at,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_the_answer_as_they_were_sent() {
        let point = |ts, value: &str| Point { ts, value: value.into() };
        let points = vec![point(1, "21.50"), point(2, "{\"a\":1e400}")];
        let history = History { series: Series::Points(points), gaps: Vec::new() };
        assert_eq!(encode(&history, &[]), r#"{"points":[[1,21.50],[2,{"a":1e400}]],"gaps":[]}"#);
    }

    #[test]
    fn buckets_and_gaps_are_json() {
        let bucket = Bucket { ts: 5, min: -1.5, max: 1e300, mean: 0.25, count: 7 };
        let gap = GapRow { session: "k7-3".into(), from: 91, to: 95, reason: "\"odd\"".into(), at: 9 };
        let around = [Around { after: Some(7), before: None }];
        let text = encode(&History { series: Series::Buckets(vec![bucket]), gaps: vec![gap] }, &around);
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(json["buckets"][0][2], 1e300);
        assert_eq!(
            json["gaps"][0],
            serde_json::json!({
                "from": 9, "to": 9, "reason": "\"odd\"", "session": "k7-3", "first": 91, "last": 95, "after": 7
            })
        );
    }

    #[test]
    fn a_range_is_open_where_it_is_not_given() {
        assert_eq!(Range::new(None, None), Ok(Range { from: i64::MIN, to: i64::MAX }));
        assert!(Range::new(Some(2), Some(1)).is_err());
    }
}
