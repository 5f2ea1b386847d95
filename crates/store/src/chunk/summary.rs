//! What the columns of a chunk's row say of it, so that a question is answered without unpacking, and which values
//! count as numbers.

use super::StoredSample;
use super::decimal::Decimal;

/// What a run of samples is about, in their order of commit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// How many there are; at least 1.
    pub count: u64,
    /// The earliest time, ms since 1970.
    pub min_ts: i64,
    /// The latest time, ms since 1970.
    pub max_ts: i64,
    /// The cursor of the first.
    pub first_cursor: u64,
    /// The cursor of the last.
    pub last_cursor: u64,
    /// The numbers among them, if there are any.
    pub numbers: Option<Numbers>,
}

/// Numbers, summed up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Numbers {
    /// How many; at least 1.
    pub count: u64,
    /// The lowest.
    pub min: f64,
    /// The highest.
    pub max: f64,
    /// Their mean. Not their sum: that of the greatest doubles would be infinite.
    pub mean: f64,
    /// The one of the earliest time; of several the one that was committed first.
    pub first: Timed,
    /// The one of the latest time; of several the one that was committed last.
    pub last: Timed,
}

/// A number and its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timed {
    /// Its time, ms since 1970.
    pub ts: i64,
    /// The number.
    pub number: f64,
}

impl Summary {
    /// Sums up samples; `None` of none.
    pub fn of<V: AsRef<str>>(samples: &[StoredSample<V>]) -> Option<Summary> {
        let (first, last) = (samples.first()?, samples.last()?);
        let mut summary = Summary {
            count: samples.len() as u64,
            min_ts: first.ts,
            max_ts: first.ts,
            first_cursor: first.cursor,
            last_cursor: last.cursor,
            numbers: None,
        };
        for sample in samples {
            summary.min_ts = summary.min_ts.min(sample.ts);
            summary.max_ts = summary.max_ts.max(sample.ts);
            let Some(number) = number(sample.value.as_ref()) else { continue };
            Numbers::add(&mut summary.numbers, sample.ts, number);
        }
        Some(summary)
    }
}

impl Numbers {
    /// One number at a time.
    pub fn one(ts: i64, number: f64) -> Numbers {
        let timed = Timed { ts, number };
        Numbers { count: 1, min: number, max: number, mean: number, first: timed, last: timed }
    }

    /// One more; `numbers` is what there was before.
    pub fn add(numbers: &mut Option<Numbers>, ts: i64, number: f64) {
        match numbers {
            Some(numbers) => numbers.merge(&Numbers::one(ts, number)),
            None => *numbers = Some(Numbers::one(ts, number)),
        }
    }

    /// Takes in `other`, which was committed later.
    pub fn merge(&mut self, other: &Numbers) {
        self.count += other.count;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        // Divided before they are added up: the difference of the greatest doubles would be infinite.
        let share = other.count as f64 / self.count as f64;
        let mean = self.mean + (other.mean * share - self.mean * share);
        self.mean = mean.clamp(self.min, self.max);
        if other.first.ts < self.first.ts {
            self.first = other.first;
        }
        if other.last.ts >= self.last.ts {
            self.last = other.last;
        }
    }
}

/// The number that a JSON text is, if it is one that a double can hold.
pub fn number(value: &str) -> Option<f64> {
    if let Some(decimal) = Decimal::parse(value) {
        return Some(decimal.number());
    }
    // Rust also reads `inf` and `nan`; no JSON number begins like them.
    value.starts_with(|first: char| first == '-' || first.is_ascii_digit()).then_some(())?;
    value.parse().ok().filter(|number: &f64| number.is_finite())
}
