//! How samples of a channel are packed into one row: by columns, as differences, and back exactly as they were.
//!
//! Pure: bytes in, bytes out. A chunk holds up to [`CHUNK_SAMPLES_MAX`] samples in the order in which they were committed:
//!
//! ```text
//! version (1 byte) · count · ts · cursor · session · seq · device_ts · late · value · CRC-32 (4 bytes)
//! ```
//!
//! - Whole numbers ([`integers`]) are kept as how far each step is from the usual step, in as few bits as that takes: cursors
//!   that count up and a session that stays cost nothing.
//! - A value that is a plain decimal number (`21.50`) is kept as digits and a number of decimals ([`values`]), where
//!   printing these gives the same text again. Any other JSON is kept as text, each text once.
//! - What is damaged is told by the checksum, and by the place where it stops making sense: [`Corrupt`]. Memory for
//!   reading is bounded by the length of the chunk and [`CHUNK_SAMPLES_MAX`], whatever stands in it.

pub(crate) mod bytes;
mod corrupt;
mod decimal;
mod integers;
mod presence;
mod summary;
mod sums;
mod values;

use std::sync::Arc;

pub use self::corrupt::{Corrupt, Damage};
pub use self::summary::{Numbers, Summary, Timed, number};
pub use self::sums::{Sum, decode_sums, encode_sums};

use self::bytes::Input;
use self::presence::Presence;
use self::values::Values;
use crate::limits::CHUNK_SAMPLES_MAX;

/// The only version there is.
const VERSION: u8 = 1;
/// CRC-32 of all that stands before it, little-endian.
const CHECKSUM_BYTES: usize = 4;

/// A sample as it is stored. `V` is the text of its value: whatever can be seen as one when it is packed,
/// shared where it is equal when it is unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSample<V = Arc<str>> {
    /// The time that is shown and compared, ms since 1970.
    pub ts: i64,
    /// The cursor of its message.
    pub cursor: u64,
    /// The key of the session of its message; `None` when that had no number.
    pub session: Option<i64>,
    /// The seq of its message.
    pub seq: Option<u64>,
    /// What the device said, when its clock was wrong, ms since 1970.
    pub device_ts: Option<i64>,
    /// Belongs in history and did not become the channel's latest.
    pub late: bool,
    /// Raw JSON, exactly as sent. Nothing here depends on its being JSON: any text comes back as it was.
    pub value: V,
}

/// Packs up to [`CHUNK_SAMPLES_MAX`] samples; what is beyond them is the caller's mistake and left out.
pub fn encode<V: AsRef<str>>(samples: &[StoredSample<V>]) -> Vec<u8> {
    debug_assert!(samples.len() <= CHUNK_SAMPLES_MAX, "a chunk of {} samples", samples.len());
    let samples = &samples[..samples.len().min(CHUNK_SAMPLES_MAX)];
    let mut blob = Vec::with_capacity(64 + 4 * samples.len());
    let mut column = Vec::with_capacity(samples.len());
    blob.push(VERSION);
    bytes::put(&mut blob, samples.len() as u64);
    fill(&mut column, samples.iter().map(|sample| sample.ts));
    integers::put(&mut blob, &mut column);
    fill(&mut column, samples.iter().map(|sample| sample.cursor.cast_signed()));
    integers::put(&mut blob, &mut column);
    put_optional(&mut blob, &mut column, samples, |sample| sample.session);
    put_optional(&mut blob, &mut column, samples, |sample| Some(before_cursor(sample.seq?, sample.cursor)));
    put_optional(&mut blob, &mut column, samples, |sample| sample.device_ts);
    presence::put(&mut blob, samples.iter().map(|sample| sample.late));
    values::put(&mut blob, &mut column, samples.iter().map(|sample| sample.value.as_ref()));
    seal(blob)
}

/// Unpacks what [`encode`] packed.
pub fn decode(blob: &[u8]) -> Result<Vec<StoredSample>, Corrupt> {
    let mut input = Input::new(checked(blob)?);
    let count = count(&mut input)?;
    let ts = integers::get(&mut input, count)?;
    let cursors = integers::get(&mut input, count)?;
    let mut sessions = Optional::get(&mut input, count)?;
    let mut seqs = Optional::get(&mut input, count)?;
    let mut device_ts = Optional::get(&mut input, count)?;
    let mut late = Presence::get(&mut input, count)?;
    let mut values = Values::get(&mut input, count)?;
    input.end()?;
    let rows = ts.into_iter().zip(cursors);
    let sample = |(ts, cursor): (i64, i64)| {
        let cursor = cursor.cast_unsigned();
        StoredSample {
            ts,
            cursor,
            session: sessions.next(),
            seq: seqs.next().map(|seq| after_cursor(seq, cursor)),
            device_ts: device_ts.next(),
            late: late.next(),
            value: values.text(),
        }
    };
    Ok(rows.map(sample).collect())
}

/// The times of a chunk's samples and the numbers that their values are, where they are numbers a double can hold: for
/// charts, without making texts.
pub fn decode_numbers(blob: &[u8]) -> Result<Vec<(i64, Option<f64>)>, Corrupt> {
    let mut input = Input::new(checked(blob)?);
    let count = count(&mut input)?;
    let ts = integers::get(&mut input, count)?;
    integers::skip(&mut input, count)?;
    for _ in 0..3 {
        let present = Presence::get(&mut input, count)?.count();
        integers::skip(&mut input, present)?;
    }
    Presence::get(&mut input, count)?;
    let mut values = Values::get(&mut input, count)?;
    input.end()?;
    Ok(ts.into_iter().map(|ts| (ts, values.number())).collect())
}

/// Puts the checksum behind all the rest.
fn seal(mut blob: Vec<u8>) -> Vec<u8> {
    let checksum = crc32fast::hash(&blob);
    blob.extend_from_slice(&checksum.to_le_bytes());
    blob
}

/// All before the checksum, if it is the right one.
fn checked(blob: &[u8]) -> Result<&[u8], Corrupt> {
    let end = blob.len().saturating_sub(CHECKSUM_BYTES);
    let (content, checksum) = blob.split_at(end);
    let expected = crc32fast::hash(content).to_le_bytes();
    if checksum == expected { Ok(content) } else { Err(Corrupt { at: end, what: Damage::Checksum }) }
}

fn count(input: &mut Input<'_>) -> Result<usize, Corrupt> {
    match input.byte()? {
        VERSION => {}
        version => return Err(input.damaged_before(Damage::Version(version))),
    }
    let count = input.unsigned()?;
    if count > CHUNK_SAMPLES_MAX as u64 {
        return Err(input.damaged_before(Damage::Count(count)));
    }
    Ok(count as usize)
}

fn fill(column: &mut Vec<i64>, numbers: impl Iterator<Item = i64>) {
    column.clear();
    column.extend(numbers);
}

/// A column in which a number may be missing: where there is one, then the numbers that are there.
fn put_optional<V>(
    blob: &mut Vec<u8>,
    column: &mut Vec<i64>,
    samples: &[StoredSample<V>],
    number: impl Fn(&StoredSample<V>) -> Option<i64>,
) {
    presence::put(blob, samples.iter().map(|sample| number(sample).is_some()));
    fill(column, samples.iter().filter_map(number));
    integers::put(blob, column);
}

struct Optional {
    presence: Presence,
    numbers: std::vec::IntoIter<i64>,
}

impl Optional {
    fn get(input: &mut Input<'_>, count: usize) -> Result<Optional, Corrupt> {
        let presence = Presence::get(input, count)?;
        let numbers = integers::get(input, presence.count())?;
        Ok(Optional { presence, numbers: numbers.into_iter() })
    }

    fn next(&mut self) -> Option<i64> {
        if self.presence.next() { self.numbers.next() } else { None }
    }
}

/// A seq as its distance from the cursor: the two mostly go in step, also where a channel is not in each message.
fn before_cursor(seq: u64, cursor: u64) -> i64 {
    seq.wrapping_sub(cursor).cast_signed()
}

fn after_cursor(distance: i64, cursor: u64) -> u64 {
    distance.cast_unsigned().wrapping_add(cursor)
}
