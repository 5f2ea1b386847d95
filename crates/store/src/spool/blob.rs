//! Some entries as bytes: quick to write, quick to pass over.
//!
//! ```text
//! row:     names · time of the first entry · entry …
//! names:   how many · (length · text) …
//! entry:   length of the rest · flags · device · time · what it is
//! samples: [session · seq] · [ts] · (channel · length of the value · value) …
//! gap:     session · from · to · reason
//! describe: text
//! ```
//!
//! Numbers are as [`bytes`] writes them; times count from the first entry's, a `ts` from its entry's. Devices, sessions, channels
//! and reasons stand in the names, each once.

use std::collections::HashMap;
use std::sync::Arc;

use crate::chunk::bytes::{self, Input};
use crate::chunk::{Corrupt, Damage};
use crate::write::{Gap, Message};

const SAMPLES: u8 = 0;
const GAP: u8 = 1;
const DESCRIBE: u8 = 2;
const KIND: u8 = 3;
/// Samples have a session and a seq; behind a gap the device's log goes on.
const POSITION: u8 = 4;
/// The device sent a time.
const TS: u8 = 8;

/// A row that is being put together.
#[derive(Default)]
pub(super) struct Blob {
    names: Vec<Arc<str>>,
    places: HashMap<Arc<str>, u64>,
    entries: Vec<u8>,
    /// One entry, while it is put together.
    rest: Vec<u8>,
    count: u64,
    first: i64,
    last: i64,
}

impl Blob {
    /// How many entries are in it.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// About how long it is.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// When the last entry was received.
    pub(super) fn received(&self) -> i64 {
        self.last
    }

    pub(super) fn message(&mut self, device: &Arc<str>, message: &Message) {
        let received = message.received;
        // All samples of a message have one time.
        let ts = message.samples.first().map(|first| first.device_ts.unwrap_or(first.ts));
        let ts = ts.filter(|ts| *ts != received);
        let mut flags = SAMPLES;
        flags |= if message.position.is_some() { POSITION } else { 0 };
        flags |= if ts.is_some() { TS } else { 0 };
        self.begin(flags, device, received);
        if let Some(position) = &message.position {
            self.name(&position.session);
            self.number(position.seq);
        }
        if let Some(ts) = ts {
            self.number(bytes::zigzag(ts.wrapping_sub(received)));
        }
        for sample in &message.samples {
            self.name(&sample.channel);
            self.number(sample.value.len() as u64);
            self.rest.extend_from_slice(sample.value.as_bytes());
        }
        self.end();
    }

    pub(super) fn gap(&mut self, device: &Arc<str>, gap: &Gap) {
        let moves = if gap.position.is_some() { POSITION } else { 0 };
        self.begin(GAP | moves, device, gap.at);
        self.name(&gap.session);
        self.number(gap.from);
        self.number(gap.to);
        self.name(&Arc::from(&*gap.reason));
        self.end();
    }

    pub(super) fn describe(&mut self, device: &Arc<str>, describe: &str, received: i64) {
        self.begin(DESCRIBE, device, received);
        self.rest.extend_from_slice(describe.as_bytes());
        self.end();
    }

    /// As it is stored.
    pub(super) fn content(&self) -> Vec<u8> {
        let names: usize = self.names.iter().map(|name| name.len() + 2).sum();
        let mut content = Vec::with_capacity(names + self.entries.len() + 16);
        bytes::put(&mut content, self.names.len() as u64);
        for name in &self.names {
            bytes::put(&mut content, name.len() as u64);
            content.extend_from_slice(name.as_bytes());
        }
        bytes::put(&mut content, bytes::zigzag(self.first));
        content.extend_from_slice(&self.entries);
        content
    }

    fn begin(&mut self, flags: u8, device: &Arc<str>, received: i64) {
        self.rest.clear();
        if self.count == 0 {
            self.first = received;
        }
        self.last = received;
        self.rest.push(flags);
        self.name(device);
        self.number(bytes::zigzag(received.wrapping_sub(self.first)));
    }

    fn end(&mut self) {
        bytes::put(&mut self.entries, self.rest.len() as u64);
        self.entries.extend_from_slice(&self.rest);
        self.count += 1;
    }

    fn number(&mut self, number: u64) {
        bytes::put(&mut self.rest, number);
    }

    fn name(&mut self, name: &Arc<str>) {
        let place = match self.places.get(name) {
            Some(place) => *place,
            None => {
                let place = self.names.len() as u64;
                self.names.push(name.clone());
                self.places.insert(name.clone(), place);
                place
            }
        };
        self.number(place);
    }
}

/// The entries of a stored row, in their order. Ends behind the first error.
pub(super) struct Entries<'a> {
    names: Vec<&'a str>,
    first: i64,
    input: Input<'a>,
}

/// One of them, of which nothing is read yet that costs.
pub(super) struct RawEntry<'a> {
    pub(super) device: &'a str,
    pub(super) received: i64,
    flags: u8,
    rest: Input<'a>,
    /// Bytes that it takes.
    pub(super) bytes: usize,
}

/// What it is.
pub(super) enum RawContent<'a> {
    Samples { position: Option<(&'a str, u64)>, ts: Option<i64>, samples: Vec<(&'a str, &'a str)> },
    Gap { session: &'a str, from: u64, to: u64, reason: &'a str, moves: bool },
    Describe(&'a str),
}

/// What would be missing with it.
pub(super) struct Missing<'a> {
    /// Empty where they have no numbers: then `to` says how many.
    pub(super) session: &'a str,
    pub(super) from: u64,
    pub(super) to: u64,
}

impl<'a> Entries<'a> {
    pub(super) fn of(content: &'a [u8]) -> Result<Entries<'a>, Corrupt> {
        let mut input = Input::new(content);
        let count = input.unsigned()?;
        let mut names = Vec::new();
        for _ in 0..count {
            names.push(text(&mut input)?);
        }
        let first = input.signed()?;
        Ok(Entries { names, first, input })
    }

    fn read(&mut self) -> Result<RawEntry<'a>, Corrupt> {
        let length = length(&mut self.input)?;
        let mut rest = Input::new(self.input.take(length)?);
        let flags = rest.byte()?;
        let device = name(&self.names, &mut rest)?;
        let received = self.first.wrapping_add(rest.signed()?);
        Ok(RawEntry { device, received, flags, rest, bytes: length + 1 })
    }

    /// What an entry of this row is.
    pub(super) fn content(&self, entry: RawEntry<'a>) -> Result<RawContent<'a>, Corrupt> {
        let RawEntry { flags, mut rest, received, .. } = entry;
        let names = &self.names;
        let has = |flag| flags & flag != 0;
        Ok(match flags & KIND {
            SAMPLES => {
                let position = match has(POSITION) {
                    true => Some((name(names, &mut rest)?, rest.unsigned()?)),
                    false => None,
                };
                let ts = if has(TS) { Some(received.wrapping_add(rest.signed()?)) } else { None };
                let mut samples = Vec::new();
                while rest.end().is_err() {
                    samples.push((name(names, &mut rest)?, text(&mut rest)?));
                }
                RawContent::Samples { position, ts, samples }
            }
            GAP => RawContent::Gap {
                session: name(names, &mut rest)?,
                from: rest.unsigned()?,
                to: rest.unsigned()?,
                reason: name(names, &mut rest)?,
                moves: has(POSITION),
            },
            DESCRIBE => RawContent::Describe(utf8(&rest, rest.rest())?),
            _ => return Err(rest.damaged_before(Damage::Number)),
        })
    }

    /// What would be missing without an entry of this row; nothing where that is no loss.
    pub(super) fn missing(&self, entry: RawEntry<'a>) -> Result<Option<Missing<'a>>, Corrupt> {
        let RawEntry { flags, mut rest, .. } = entry;
        Ok(match flags & KIND {
            SAMPLES if flags & POSITION != 0 => {
                let session = name(&self.names, &mut rest)?;
                let seq = rest.unsigned()?;
                Some(Missing { session, from: seq, to: seq })
            }
            SAMPLES => Some(Missing { session: "", from: 1, to: 1 }),
            GAP => Some(Missing {
                session: name(&self.names, &mut rest)?,
                from: rest.unsigned()?,
                to: rest.unsigned()?,
            }),
            _ => None,
        })
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<RawEntry<'a>, Corrupt>;

    fn next(&mut self) -> Option<Self::Item> {
        self.input.end().is_err().then(|| {
            let entry = self.read();
            if entry.is_err() {
                self.input = Input::new(&[]);
            }
            entry
        })
    }
}

fn length(input: &mut Input<'_>) -> Result<usize, Corrupt> {
    let length = input.unsigned()?;
    usize::try_from(length).map_err(|_| input.damaged_before(Damage::Number))
}

fn text<'a>(input: &mut Input<'a>) -> Result<&'a str, Corrupt> {
    let length = length(input)?;
    let taken = input.take(length)?;
    utf8(input, taken)
}

fn utf8<'a>(input: &Input<'_>, text: &'a [u8]) -> Result<&'a str, Corrupt> {
    std::str::from_utf8(text).map_err(|_| input.damaged_before(Damage::Utf8))
}

fn name<'a>(names: &[&'a str], input: &mut Input<'_>) -> Result<&'a str, Corrupt> {
    let place = length(input)?;
    names.get(place).copied().ok_or_else(|| input.damaged_before(Damage::Number))
}
