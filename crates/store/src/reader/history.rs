//! A channel over time, for charts: the samples themselves, or buckets when there are too many.

use rusqlite::Connection;

use super::{Reader, channel_key};
use crate::error::ReadError;
use crate::limits::{HISTORY_GAPS_MAX, HISTORY_POINTS_MAX};
use crate::load;
use crate::write::DeviceKey;

/// A channel in a range of time.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// Its samples.
    pub series: Series,
    /// The device's gaps that were learned in this range, oldest first.
    pub gaps: Vec<GapRow>,
}

/// Samples in the order of their times; those of one time in the order of their commits.
#[derive(Clone, Debug, PartialEq)]
pub enum Series {
    /// All of them.
    Points(Vec<Point>),
    /// There are more than were asked for: the numbers among them, summed up.
    Buckets(Vec<Bucket>),
}

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Its time, ms since 1970.
    pub ts: i64,
    /// Raw JSON, exactly as sent.
    pub value: Box<str>,
}

/// The numbers of one stretch of time; all stretches of an answer are equally long, empty ones are left out.
/// A spike is never smoothed away: it is the bucket's `min` or `max`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Where the stretch begins, ms since 1970.
    pub ts: i64,
    /// The lowest number.
    pub min: f64,
    /// The highest number.
    pub max: f64,
    /// Their mean.
    pub mean: f64,
    /// How many there are. What is no number, or too great for a double, is not counted.
    pub count: u64,
}

/// A recorded loss: messages `from` to `to` of `session` will never come.
#[derive(Clone, Debug, PartialEq)]
pub struct GapRow {
    /// The session.
    pub session: Box<str>,
    /// The first missing seq.
    pub from: u64,
    /// The last missing seq.
    pub to: u64,
    /// Why.
    pub reason: Box<str>,
    /// When it was learned, ms since 1970.
    pub at: i64,
}

impl Reader {
    /// The samples of `from` ≤ ts < `to`: as they are, or as at most `points` buckets when there are more than `points`
    /// (at least 1, at most [`HISTORY_POINTS_MAX`]).
    pub fn history(
        &self,
        device: DeviceKey,
        channel: &str,
        from: i64,
        to: i64,
        points: usize,
    ) -> Result<History, ReadError> {
        let points = points.clamp(1, HISTORY_POINTS_MAX);
        self.with(|connection| {
            let series = match channel_key(connection, device, channel)? {
                Some(channel) => series(connection, channel, from, to, points)?,
                None => Series::Points(Vec::new()),
            };
            Ok(History { series, gaps: gaps(connection, device, from, to)? })
        })
    }
}

/// One pass in the order of time: points until there are too many, from then on buckets.
fn series(
    connection: &Connection,
    channel: i64,
    from: i64,
    to: i64,
    points: usize,
) -> rusqlite::Result<Series> {
    let mut statement = connection.prepare_cached(
        "SELECT ts, value FROM sample INDEXED BY sample_time
         WHERE channel = ?1 AND ts >= ?2 AND ts < ?3 ORDER BY ts, id",
    )?;
    let mut rows = statement.query((channel, from, to))?;
    let mut kept: Vec<Point> = Vec::new();
    let mut buckets: Option<Buckets> = None;
    while let Some(row) = rows.next()? {
        let ts = row.get(0)?;
        if let Some(buckets) = &mut buckets {
            buckets.add(ts, row.get_ref(1)?.as_str()?);
        } else {
            kept.push(Point { ts, value: row.get(1)? });
            if kept.len() > points {
                let last = last_time(connection, channel, to)?;
                buckets = Some(Buckets::of(std::mem::take(&mut kept), last, points));
            }
        }
    }
    Ok(match buckets {
        Some(buckets) => Series::Buckets(buckets.done),
        None => Series::Points(kept),
    })
}

/// The time of the last sample before `to`.
fn last_time(connection: &Connection, channel: i64, to: i64) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT max(ts) FROM sample WHERE channel = ?1 AND ts < ?2")?
        .query_row((channel, to), |row| row.get(0))
}

/// Buckets being filled, in the order of time.
struct Buckets {
    /// The time of the first sample: stretches are counted from where there is something, not from where was asked.
    start: i64,
    /// How long a stretch is, ms.
    width: u64,
    done: Vec<Bucket>,
}

impl Buckets {
    /// At most `count` stretches from the first of `points` (not empty) to `last`, with the points in them.
    fn of(points: Vec<Point>, last: i64, count: usize) -> Buckets {
        let start = points.first().map_or(last, |point| point.ts);
        let span = last.abs_diff(start).saturating_add(1);
        let mut buckets = Buckets { start, width: span.div_ceil(count as u64), done: Vec::new() };
        for point in points {
            buckets.add(point.ts, &point.value);
        }
        buckets
    }

    fn add(&mut self, ts: i64, value: &str) {
        let Some(number) = number(value) else { return };
        let offset = ts.abs_diff(self.start) / self.width * self.width;
        let begin = self.start.saturating_add_unsigned(offset);
        match self.done.last_mut() {
            Some(bucket) if bucket.ts == begin => bucket.add(number),
            _ => self.done.push(Bucket { ts: begin, min: number, max: number, mean: number, count: 1 }),
        }
    }
}

impl Bucket {
    fn add(&mut self, number: f64) {
        self.count += 1;
        self.min = self.min.min(number);
        self.max = self.max.max(number);
        // Divided before they are added up: a sum of the greatest doubles would be infinite.
        let count = self.count as f64;
        let mean = self.mean + (number / count - self.mean / count);
        self.mean = mean.clamp(self.min, self.max);
    }
}

/// The number that a JSON text is, if it is one that a double can hold.
fn number(value: &str) -> Option<f64> {
    // Rust also reads `inf` and `nan`; no JSON number begins like them.
    value.starts_with(|first: char| first == '-' || first.is_ascii_digit()).then_some(())?;
    value.parse().ok().filter(|number: &f64| number.is_finite())
}

fn gaps(connection: &Connection, device: DeviceKey, from: i64, to: i64) -> rusqlite::Result<Vec<GapRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT session, from_seq, to_seq, reason, at FROM gap
         WHERE device = ?1 AND at >= ?2 AND at < ?3 ORDER BY at DESC, cursor DESC LIMIT ?4",
    )?;
    let rows = statement.query_map((device.0.cast_signed(), from, to, HISTORY_GAPS_MAX as i64), |row| {
        Ok(GapRow {
            session: row.get(0)?,
            from: load::unsigned(row, 1)?,
            to: load::unsigned(row, 2)?,
            reason: row.get(3)?,
            at: row.get(4)?,
        })
    })?;
    let mut gaps = rows.collect::<rusqlite::Result<Vec<GapRow>>>()?;
    gaps.reverse();
    Ok(gaps)
}
