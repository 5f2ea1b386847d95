//! Sums of stretches of time, packed like samples: what is left of a channel when its samples are gone.
//!
//! ```text
//! version (1 byte) · count · stretch · how many numbers · first ts · last ts · min · max · mean · first · last
//! · CRC-32 (4 bytes)
//! ```

use super::bytes::{self, Input};
use super::corrupt::{Corrupt, Damage};
use super::summary::{Numbers, Timed};
use super::values::{self, Values};
use super::{checked, count, fill, integers, seal};

/// The numbers of one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sum {
    /// Which stretch: its beginning, in ms since 1970, by how long it is.
    pub stretch: i64,
    /// What was in it.
    pub numbers: Numbers,
}

/// Packs up to [`crate::limits::CHUNK_SAMPLES_MAX`] sums.
pub fn encode_sums(sums: &[Sum]) -> Vec<u8> {
    let mut blob = Vec::with_capacity(64 + 16 * sums.len());
    let mut column = Vec::with_capacity(sums.len());
    blob.push(super::VERSION);
    bytes::put(&mut blob, sums.len() as u64);
    let wholes: [fn(&Sum) -> i64; 4] = [
        |sum| sum.stretch,
        |sum| sum.numbers.count.cast_signed(),
        |sum| sum.numbers.first.ts,
        |sum| sum.numbers.last.ts,
    ];
    for whole in wholes {
        fill(&mut column, sums.iter().map(whole));
        integers::put(&mut blob, &mut column);
    }
    let doubles: [fn(&Sum) -> f64; 5] = [
        |sum| sum.numbers.min,
        |sum| sum.numbers.max,
        |sum| sum.numbers.mean,
        |sum| sum.numbers.first.number,
        |sum| sum.numbers.last.number,
    ];
    for double in doubles {
        // The shortest text that is this very double: mostly what the device sent.
        let texts: Vec<String> = sums.iter().map(|sum| format!("{:?}", double(sum))).collect();
        values::put(&mut blob, &mut column, texts.iter().map(String::as_str));
    }
    seal(blob)
}

/// Unpacks what [`encode_sums`] packed.
pub fn decode_sums(blob: &[u8]) -> Result<Vec<Sum>, Corrupt> {
    let mut input = Input::new(checked(blob)?);
    let count = count(&mut input)?;
    let mut whole = || integers::get(&mut input, count);
    let (stretches, counts, first_ts, last_ts) = (whole()?, whole()?, whole()?, whole()?);
    let mut doubles = || -> Result<Vec<f64>, Corrupt> {
        let mut values = Values::get(&mut input, count)?;
        let number = |_| values.number().ok_or_else(|| input.damaged_before(Damage::Text));
        (0..count).map(number).collect()
    };
    let (min, max, mean, first, last) = (doubles()?, doubles()?, doubles()?, doubles()?, doubles()?);
    input.end()?;
    let sum = |place: usize| Sum {
        stretch: stretches[place],
        numbers: Numbers {
            count: counts[place].cast_unsigned(),
            min: min[place],
            max: max[place],
            mean: mean[place],
            first: Timed { ts: first_ts[place], number: first[place] },
            last: Timed { ts: last_ts[place], number: last[place] },
        },
    };
    Ok((0..count).map(sum).collect())
}
