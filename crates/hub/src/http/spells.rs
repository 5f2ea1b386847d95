//! `GET …/spells`: what a channel was, and from when to when. For what is a state or a text and no number: of those a chart's
//! buckets say nothing.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use serde::Deserialize;
use store::{DeviceKey, ReadError, Reader};

use super::Site;
use super::error::Failure;
use super::history::Range;
use super::limits::{SPELL_BYTES_MAX, SPELL_SAMPLES_MAX, SPELLS, SPELLS_MAX};
use super::query::Asked;
use super::seen::Seen;

/// The range is read from its end, a window at a time: the first is this long, ms, ...
const FIRST_WINDOW_MS: i64 = 15_000;

/// ... and each one before it so many times as long.
const WINDOW_GROWTH: i64 = 6;

/// One that has more than may be looked at is looked at in part: so many times shorter, ...
const WINDOW_NARROWS: i64 = 32;

/// ... and so often at most for one answer.
const NARROWED_MAX: usize = 6;

/// How far a sample's time may be ahead of the hub's clock, ms, where the request names no end.
const AHEAD_MS: i64 = 86_400_000;

/// What is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    from: Option<i64>,
    to: Option<i64>,
    limit: Option<usize>,
    /// ms
    pause: Option<u64>,
}

/// One value, as often as it came in a row without a longer pause.
#[derive(Clone, Debug, PartialEq)]
struct Spell {
    /// Time of the first, ms since 1970.
    first: i64,
    /// Time of the last.
    last: i64,
    /// Raw JSON, exactly as sent.
    value: Arc<str>,
    count: u64,
}

/// The newest spells of a range.
struct Spells {
    /// In the order of their times.
    spells: VecDeque<Spell>,
    /// Whether there are older ones in the range, or may be.
    has_more: bool,
}

/// `GET /api/devices/{id}/channels/{channel}/spells`.
pub(super) async fn spells(
    State(site): State<Arc<Site>>,
    Seen(sight): Seen,
    Path((_, channel)): Path<(String, String)>,
    Asked(wanted): Asked<Wanted>,
) -> Result<impl IntoResponse, Failure> {
    // What bears a time a little ahead of our clock was received by now too.
    let end = wanted.to.unwrap_or_else(|| site.hub.now().wall.saturating_add(AHEAD_MS));
    let range = Range::new(wanted.from, Some(end))?;
    let limit = wanted.limit.unwrap_or(SPELLS);
    if !(1..=SPELLS_MAX).contains(&limit) {
        return Err(Failure::bad_request(format!("“limit” must be from 1 to {SPELLS_MAX}.")));
    }
    // Of a channel that is silent for long nothing is newer than its newest.
    let newest_at = site.hub.device(&sight).and_then(|state| {
        state.channels.iter().find(|known| *known.channel == *channel).map(|known| known.ts)
    });
    let range = match newest_at {
        Some(ts) => Range { to: range.to.min(ts.saturating_add(1)), ..range },
        None => range,
    };
    let pause = wanted.pause.unwrap_or(u64::MAX);
    let read = move |reader: &Reader, device| newest(reader, device, &channel, range, limit, pause);
    let spells = site.read_of(&sight, read).await?;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, encode(&spells)))
}

/// Looks back from the end of the range until there are `limit` spells, or all, or it has looked at too much.
fn newest(
    reader: &Reader,
    device: DeviceKey,
    channel: &str,
    range: Range,
    limit: usize,
    pause: u64,
) -> Result<Spells, ReadError> {
    let mut found = Spells { spells: VecDeque::new(), has_more: false };
    let (mut end, mut window) = (range.to, FIRST_WINDOW_MS);
    let (mut looked_at, mut bytes, mut narrowed) = (0, 0, 0);
    while end > range.from && found.spells.len() <= limit {
        let start = end.saturating_sub(window).max(range.from);
        let (mut samples, mut length) = (Vec::new(), 0);
        let (samples_left, bytes_left) = (SPELL_SAMPLES_MAX - looked_at, SPELL_BYTES_MAX - bytes);
        let mut is_too_much = false;
        reader.samples(device, channel, start, end, &mut |sample| {
            length += sample.value.len();
            samples.push((sample.ts, sample.value));
            is_too_much = samples.len() > samples_left || length > bytes_left;
            if is_too_much { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if is_too_much {
            if narrowed == NARROWED_MAX {
                found.has_more = true;
                break;
            }
            narrowed += 1;
            // What was read is the oldest of the window, and the newest is wanted: what is behind it, or where that is most of
            // the window, the end of it.
            let behind = samples.iter().map(|(ts, _)| end - ts).min().unwrap_or(window);
            window = if behind <= window / 2 { behind } else { window / WINDOW_NARROWS }.max(1);
            continue;
        }
        (looked_at, bytes) = (looked_at + samples.len(), bytes + length);
        found.put_before(samples, pause);
        (end, window) = (start, window.saturating_mul(WINDOW_GROWTH));
    }
    while found.spells.len() > limit {
        found.spells.pop_front();
        found.has_more = true;
    }
    Ok(found)
}

impl Spells {
    /// Takes in samples that are older than all that is here.
    fn put_before(&mut self, mut samples: Vec<(i64, Arc<str>)>, pause: u64) {
        // Those of one time stay in the order of their commits.
        samples.sort_by_key(|(ts, _)| *ts);
        for (ts, value) in samples.into_iter().rev() {
            match self.spells.front_mut() {
                Some(next) if next.value == value && next.first.abs_diff(ts) <= pause => {
                    next.first = ts;
                    next.count += 1;
                }
                _ => self.spells.push_front(Spell { first: ts, last: ts, value, count: 1 }),
            }
        }
    }
}

/// By hand, because values are to stand in it exactly as they were sent.
fn encode(found: &Spells) -> String {
    let mut json = String::from("{\"spells\":[");
    for (index, Spell { first, last, value, count }) in found.spells.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(json, "{comma}[{first},{last},{value},{count}]");
    }
    let _ = write!(json, "],\"more\":{}}}", found.has_more);
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::{Durability, Event, Message, NewDevice, Options, Sample, Store, Write};

    fn spells(samples: &[&[(i64, &str)]], pause: u64) -> String {
        let mut found = Spells { spells: VecDeque::new(), has_more: false };
        for window in samples {
            found.put_before(window.iter().map(|(ts, value)| (*ts, Arc::from(*value))).collect(), pause);
        }
        encode(&found)
    }

    #[test]
    fn equal_values_in_a_row_are_one_spell_also_over_the_border_of_two_windows() {
        let newer: &[(i64, &str)] = &[(30, "true"), (40, "true"), (50, "false")];
        let older: &[(i64, &str)] = &[(10, "false"), (20, "true")];
        let json = r#"{"spells":[[10,10,false,1],[20,40,true,3],[50,50,false,1]],"more":false}"#;
        assert_eq!(spells(&[newer, older], u64::MAX), json);
    }

    #[test]
    fn a_longer_pause_ends_a_spell() {
        let json = r#"{"spells":[[10,20,"a",2],[90,90,"a",1]],"more":false}"#;
        assert_eq!(spells(&[&[(90, "\"a\""), (10, "\"a\""), (20, "\"a\"")]], 50), json);
    }

    /// More samples than one answer looks at, one every 10 ms, each another than the one before.
    #[test]
    fn of_more_samples_than_may_be_looked_at_the_newest_are_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let (sender, settled) = std::sync::mpsc::channel();
        let options = Options { durability: Durability::Lazy, ..Options::default() };
        let (store, _) = Store::open(folder.path(), options, move |event| {
            if let Event::Commit(commit) = event {
                sender.send(commit.writes.len()).expect("the test waits");
            }
        })
        .expect("a new store");
        let device = DeviceKey(1);
        let (id, token) = ("pump-1".into(), None);
        store.submit(Write::Device(NewDevice { key: device, id, token, joined: false, created: 0 }));
        let samples = SPELL_SAMPLES_MAX as i64 + 1_000;
        let channel: Arc<str> = "mode".into();
        for n in 0..samples {
            let (channel, value) = (channel.clone(), Arc::from(n.to_string()));
            let sample = Sample { channel, ts: n * 10, device_ts: None, late: false, value };
            let cursor = n.cast_unsigned() + 1;
            store.submit(Write::Message(Message {
                device,
                cursor,
                position: None,
                received: n * 10,
                samples: vec![sample],
            }));
        }
        let mut left = samples as usize + 1;
        while left > 0 {
            left -= settled.recv().expect("the store is open");
        }
        let day = 86_400_000;
        let range = Range { from: 0, to: samples * 10 + day };
        let found = newest(store.reader(), device, "mode", range, 3, u64::MAX).expect("it can be read");
        let values: Vec<&str> = found.spells.iter().map(|spell| &*spell.value).collect();
        let last = |back: i64| (samples - back).to_string();
        assert_eq!(values, [last(3), last(2), last(1)]);
        assert!(found.has_more);
    }
}
