//! A channel over time, for charts: the samples themselves, or buckets when there are too many.

use std::ops::Range;
use std::sync::Arc;

use rusqlite::{Connection, Row};

use super::Reader;
use super::stored::Channel;
use crate::chunk::{self, Numbers};
use crate::chunk_table::damaged;
use crate::error::ReadError;
use crate::limits::{HISTORY_BYTES_MAX, HISTORY_GAPS_MAX, HISTORY_POINTS_MAX};
use crate::load;
use crate::retention::sums::{self, Of};
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
    /// There are more than were asked for or fit an answer ([`HISTORY_BYTES_MAX`]), or some of them are gone but for their sums ([`crate::Retention`]): the numbers
    /// among them, summed up.
    Buckets(Vec<Bucket>),
}

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Its time, ms since 1970.
    pub ts: i64,
    /// Raw JSON, exactly as sent.
    pub value: Arc<str>,
}

/// The numbers of one stretch of time; all stretches of an answer are equally long, empty ones are left out.
/// A spike is never smoothed away: it is the bucket's `min` or `max`. Of a minute or an hour whose samples are gone,
/// everything is in the bucket of its first number.
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
    /// (at least 1, at most [`HISTORY_POINTS_MAX`]) or of more than [`HISTORY_BYTES_MAX`], or when some are gone.
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
            let series = match Channel::find(connection, device, channel)? {
                Some(channel) => series(connection, channel, from..to, points)?,
                None => Series::Points(Vec::new()),
            };
            Ok(History { series, gaps: gaps(connection, device, from, to)? })
        })
    }
}

/// What a range holds in all, before any of it is given.
struct Extent {
    samples: u64,
    /// Some of them are gone but for their sums.
    summed: bool,
    /// The time of the first.
    first: i64,
    /// The time of the last.
    last: i64,
}

impl Extent {
    fn add(&mut self, samples: u64, first: i64, last: i64) {
        self.samples += samples;
        self.first = self.first.min(first);
        self.last = self.last.max(last);
    }
}

fn series(
    connection: &Connection,
    channel: Channel,
    times: Range<i64>,
    points: usize,
) -> rusqlite::Result<Series> {
    let extent = extent(connection, channel, &times)?;
    if extent.samples <= points as u64
        && !extent.summed
        && let Some(points) = all_points(connection, channel, &times)?
    {
        return Ok(Series::Points(points));
    }
    let mut buckets = Buckets::new(&extent, points);
    buckets.fill(connection, channel, times)?;
    Ok(Series::Buckets(buckets.done()))
}

/// Chunks that lie wholly in the range need not be unpacked for it: the index over time knows how many samples they have.
fn extent(connection: &Connection, channel: Channel, times: &Range<i64>) -> rusqlite::Result<Extent> {
    let mut extent = Extent { samples: 0, summed: false, first: i64::MAX, last: i64::MIN };
    let range = (channel.key, times.start, times.end);
    let mut whole = connection.prepare_cached(
        "SELECT sum(count), min(min_ts), max(max_ts) FROM chunk INDEXED BY chunk_time
         WHERE channel = ?1 AND max_ts >= ?2 AND max_ts < ?3 AND min_ts >= ?2",
    )?;
    let (count, first, last): (Option<i64>, Option<i64>, Option<i64>) =
        whole.query_row(range, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    if let (Some(count), Some(first), Some(last)) = (count, first, last) {
        extent.add(count.cast_unsigned(), first, last);
    }
    let mut partly = connection.prepare_cached(
        "SELECT samples FROM chunk INDEXED BY chunk_time
         WHERE channel = ?1 AND max_ts >= ?2 AND min_ts < ?3 AND (max_ts >= ?3 OR min_ts < ?2)",
    )?;
    let mut rows = partly.query(range)?;
    while let Some(row) = rows.next()? {
        for (ts, _) in chunk::decode_numbers(row.get_ref(0)?.as_blob()?).map_err(damaged)? {
            if times.contains(&ts) {
                extent.add(1, ts, ts);
            }
        }
    }
    channel.in_journal(connection, |sample| {
        if times.contains(&sample.ts) {
            extent.add(1, sample.ts, sample.ts);
        }
    })?;
    sums::read(connection, channel.key, times, |of, numbers| {
        extent.summed = true;
        let last = if of == Of::Row { numbers.last.ts } else { numbers.first.ts };
        extent.add(numbers.count, numbers.first.ts, last);
        true
    })?;
    Ok(extent)
}

/// `None` when they are too much for an answer.
fn all_points(
    connection: &Connection,
    channel: Channel,
    times: &Range<i64>,
) -> rusqlite::Result<Option<Vec<Point>>> {
    let (mut points, mut bytes) = (Vec::new(), 0);
    channel.chunks(connection, 0..u64::MAX, times.clone(), |samples| {
        for sample in samples.into_iter().filter(|sample| times.contains(&sample.ts)) {
            bytes += sample.value.len();
            points.push(Point { ts: sample.ts, value: sample.value });
        }
        bytes > HISTORY_BYTES_MAX
    })?;
    channel.in_journal(connection, |sample| {
        if times.contains(&sample.ts) && bytes <= HISTORY_BYTES_MAX {
            bytes += sample.value.len();
            points.push(Point { ts: sample.ts, value: sample.value.into() });
        }
    })?;
    // They stand in the order of their commits, and those of one time stay in it.
    points.sort_by_key(|point| point.ts);
    Ok((bytes <= HISTORY_BYTES_MAX).then_some(points))
}

/// Buckets being filled, in any order.
struct Buckets {
    /// The time of the first sample: stretches are counted from where there is something, not from where was asked.
    start: i64,
    /// How long a stretch is, ms.
    width: u64,
    buckets: Vec<Option<Bucket>>,
}

impl Buckets {
    /// At most `count` stretches (at least 1) over all of a range that is not empty.
    fn new(extent: &Extent, count: usize) -> Buckets {
        let span = extent.last.abs_diff(extent.first).saturating_add(1);
        let width = span.div_ceil(count as u64);
        let needed = span.div_ceil(width) as usize;
        Buckets { start: extent.first, width, buckets: vec![None; needed] }
    }

    fn fill(&mut self, connection: &Connection, channel: Channel, times: Range<i64>) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(
            "SELECT min_ts, max_ts, numbers, min, max, mean, samples FROM chunk INDEXED BY chunk_time
             WHERE channel = ?1 AND max_ts >= ?2 AND min_ts < ?3",
        )?;
        let mut rows = statement.query((channel.key, times.start, times.end))?;
        while let Some(row) = rows.next()? {
            let (min_ts, max_ts): (i64, i64) = (row.get(0)?, row.get(1)?);
            let whole = times.contains(&min_ts) && times.contains(&max_ts);
            if whole && self.place(min_ts) == self.place(max_ts) {
                let count: i64 = row.get(2)?;
                if count > 0 {
                    let (min, max, mean) = (row.get(3)?, row.get(4)?, row.get(5)?);
                    self.add(min_ts, Bucket { ts: 0, min, max, mean, count: count.cast_unsigned() });
                }
                continue;
            }
            for (ts, number) in chunk::decode_numbers(row.get_ref(6)?.as_blob()?).map_err(damaged)? {
                if let Some(number) = number.filter(|_| times.contains(&ts)) {
                    self.add(ts, Bucket::of(number));
                }
            }
        }
        channel.in_journal(connection, |sample| {
            if let Some(number) = chunk::number(sample.value).filter(|_| times.contains(&sample.ts)) {
                self.add(sample.ts, Bucket::of(number));
            }
        })?;
        sums::read(connection, channel.key, &times, |of, numbers| {
            let fits = of == Of::Stretch || self.place(numbers.first.ts) == self.place(numbers.last.ts);
            if fits {
                let Numbers { count, min, max, mean, .. } = *numbers;
                self.add(numbers.first.ts, Bucket { ts: 0, min, max, mean, count });
            }
            fits
        })
    }

    fn place(&self, ts: i64) -> u64 {
        ts.abs_diff(self.start) / self.width
    }

    fn add(&mut self, ts: i64, numbers: Bucket) {
        let place = self.place(ts);
        let begin = self.start.saturating_add_unsigned(place * self.width);
        // `place` is below their number: the extent covered all times there are.
        match self.buckets.get_mut(place as usize) {
            Some(Some(bucket)) => bucket.merge(&numbers),
            Some(empty) => *empty = Some(Bucket { ts: begin, ..numbers }),
            None => {}
        }
    }

    fn done(self) -> Vec<Bucket> {
        self.buckets.into_iter().flatten().collect()
    }
}

impl Bucket {
    fn of(number: f64) -> Bucket {
        Bucket { ts: 0, min: number, max: number, mean: number, count: 1 }
    }

    fn merge(&mut self, other: &Bucket) {
        self.count += other.count;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        // Divided before they are added up: a sum of the greatest doubles would be infinite.
        let share = other.count as f64 / self.count as f64;
        let mean = self.mean + (other.mean * share - self.mean * share);
        self.mean = mean.clamp(self.min, self.max);
    }
}

impl GapRow {
    /// The columns that [`GapRow::read`] reads.
    pub(super) const COLUMNS: &str = "session, from_seq, to_seq, reason, at";

    /// A gap from a row that begins with [`GapRow::COLUMNS`].
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<GapRow> {
        Ok(GapRow {
            session: row.get(0)?,
            from: load::unsigned(row, 1)?,
            to: load::unsigned(row, 2)?,
            reason: row.get(3)?,
            at: row.get(4)?,
        })
    }
}

fn gaps(connection: &Connection, device: DeviceKey, from: i64, to: i64) -> rusqlite::Result<Vec<GapRow>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {} FROM gap WHERE device = ?1 AND at >= ?2 AND at < ?3 ORDER BY at DESC, cursor DESC LIMIT ?4",
        GapRow::COLUMNS
    ))?;
    let range = (device.0.cast_signed(), from, to, HISTORY_GAPS_MAX as i64);
    let mut gaps = statement.query_map(range, GapRow::read)?.collect::<rusqlite::Result<Vec<GapRow>>>()?;
    gaps.reverse();
    Ok(gaps)
}
