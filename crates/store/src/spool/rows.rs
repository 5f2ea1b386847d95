//! Entries in rows, wherever those are: what is read of them, dropped for a hub alone, and let go of.

use std::ops::ControlFlow;

use protocol::id::{DeviceId, SessionId};
use protocol::message;
use protocol::uplink::gateway_side::Stored;
use protocol::uplink::message::Content;
use serde_json::value::RawValue;

use super::blob::{Entries, RawContent};
use super::books::{Books, Changed, Extent, Losses, count};
use super::write::Behind;
use crate::chunk_table::damaged;
use crate::limits::{SPOOL_CHORE_ROWS_MAX, SPOOL_ROW_BYTES};

/// A row of entries.
#[derive(Clone, Debug)]
pub(super) struct Row<C> {
    /// The places of its first and last entry.
    pub(super) first: u64,
    pub(super) last: u64,
    /// What all entries before these took, bytes.
    pub(super) before: u64,
    /// When the last of them was received.
    pub(super) received: i64,
    pub(super) content: C,
}

impl<C: AsRef<[u8]>> Row<C> {
    /// What all entries up to these took.
    pub(super) fn upto(&self) -> u64 {
        self.before + taken(self.content.as_ref())
    }
}

/// What a row of this content takes.
pub(super) fn taken(content: &[u8]) -> u64 {
    (content.len() + SPOOL_ROW_BYTES) as u64
}

/// A row, and whether to go on.
pub(super) type Each<'a> = &'a mut dyn FnMut(Row<&[u8]>) -> rusqlite::Result<ControlFlow<()>>;

/// Where the rows are.
pub(super) trait Rows {
    /// Calls `each` with the rows that hold an entry behind the place `after`, in their order.
    fn each_behind(&self, after: u64, each: Each<'_>) -> rusqlite::Result<()>;

    /// Deletes all rows that end at `last` or before.
    fn delete(&mut self, last: u64) -> rusqlite::Result<()>;
}

/// What was read.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) entries: Vec<Stored>,
    /// The places that stand in the way of reading on: something has changed them since they were written.
    pub(super) damaged: Option<(u64, u64)>,
}

/// The entries behind a place, until they take `bytes_max`; one at least, where there is one. Ends before what is damaged.
pub(super) fn read(rows: &impl Rows, after: u64, bytes_max: usize) -> rusqlite::Result<Reading> {
    let (mut reading, mut bytes) = (Reading::default(), 0);
    rows.each_behind(after, &mut |row| {
        let list = &mut reading.entries;
        let whole = read_row(&row, after, |stored, length| {
            bytes += length;
            let fits = bytes <= bytes_max || list.is_empty();
            if fits {
                list.push(stored);
            }
            fits
        });
        if let Err(error) = whole {
            let from = list.last().map_or(after, |last| last.place).max(row.first - 1) + 1;
            tracing::error!(%error, from, to = row.last, "entries of the spool cannot be read");
            reading.damaged = Some((from, row.last));
            return Ok(ControlFlow::Break(()));
        }
        Ok(if bytes < bytes_max { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(reading)
}

/// Calls `each` with the entries of a row behind a place and the bytes that each takes, until it says that it is enough.
fn read_row(
    row: &Row<&[u8]>,
    after: u64,
    mut each: impl FnMut(Stored, usize) -> bool,
) -> rusqlite::Result<()> {
    let mut entries = Entries::of(row.content).map_err(damaged)?;
    for place in row.first..=row.last {
        let entry = entries.next().ok_or_else(unreadable)?.map_err(damaged)?;
        if place <= after {
            continue;
        }
        let (device, received, bytes) = (entry.device, entry.received, entry.bytes);
        let content = entries.content(entry).map_err(damaged)?;
        let stored = stored(place, device, received, content).ok_or_else(unreadable)?;
        if !each(stored, bytes) {
            break;
        }
    }
    Ok(())
}

fn stored(place: u64, device: &str, received: i64, content: RawContent<'_>) -> Option<Stored> {
    let raw = |text: &str| RawValue::from_string(text.to_owned()).ok();
    let content = match content {
        RawContent::Samples { position, ts, samples } => Content::Samples {
            position: match position {
                Some((session, seq)) => Some((SessionId::parse(session)?, seq)),
                None => None,
            },
            ts,
            samples: samples
                .into_iter()
                .map(|(channel, value)| Some(message::Sample { channel: channel.into(), value: raw(value)? }))
                .collect::<Option<_>>()?,
        },
        RawContent::Gap { session, from, to, reason, moves } => {
            Content::Gap { session: SessionId::parse(session)?, from, to, reason: reason.into(), moves }
        }
        RawContent::Describe(describe) => Content::Describe(raw(describe)?),
    };
    Some(Stored { place, device: DeviceId::parse(device)?, received, content })
}

/// What was written was valid: something else has changed it.
fn unreadable() -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(0, "content".into(), rusqlite::types::Type::Blob)
}

/// What lies behind a place.
pub(super) fn behind(rows: &impl Rows, extent: Extent, after: u64) -> rusqlite::Result<Behind> {
    let after = after.max(extent.held.oldest.saturating_sub(1));
    let mut behind = Behind { entries: extent.held.head.saturating_sub(after), ..Behind::default() };
    rows.each_behind(after, &mut |row| {
        behind.bytes = extent.total.saturating_sub(row.before);
        behind.oldest = Some(row.received);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(behind)
}

/// What would be lost without the entries behind `after` and up to `up_to`, as far as there is room for a list of it.
pub(super) fn losses(rows: &impl Rows, after: u64, up_to: u64) -> rusqlite::Result<Losses> {
    let mut losses = Losses::default();
    rows.each_behind(after, &mut |row| {
        if row.first > up_to {
            return Ok(ControlFlow::Break(()));
        }
        each_missing(&row, after, up_to, |device, session, from, to| {
            losses.add(device, session, from, to);
        })?;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(losses)
}

fn each_missing(
    row: &Row<&[u8]>,
    after: u64,
    up_to: u64,
    mut each: impl FnMut(&str, &str, u64, u64),
) -> rusqlite::Result<()> {
    let mut entries = Entries::of(row.content).map_err(damaged)?;
    for place in row.first..=row.last.min(up_to) {
        let Some(entry) = entries.next() else { break };
        let entry = entry.map_err(damaged)?;
        let device = entry.device;
        if place > after
            && let Some(missing) = entries.missing(entry).map_err(damaged)?
        {
            each(device, missing.session, missing.from, missing.to);
        }
    }
    Ok(())
}

/// What is done with one commit: entries beyond a hub's quota are dropped for it, and those that no hub needs go. Whether
/// there is more to do at once.
pub(super) fn slice(
    rows: &mut impl Rows,
    books: &mut Books,
    changed: &mut Changed,
    ages: bool,
) -> rusqlite::Result<bool> {
    let mut is_busy = false;
    let names: Vec<Box<str>> = books.hubs.keys().cloned().collect();
    for name in names {
        is_busy |= keep_to_quota(rows, books, &name, changed, ages)?;
    }
    is_busy |= let_go(rows, books)?;
    Ok(is_busy)
}

/// Drops rows for one hub. Whether there are more.
fn keep_to_quota(
    rows: &impl Rows,
    books: &mut Books,
    name: &str,
    changed: &mut Changed,
    ages: bool,
) -> rusqlite::Result<bool> {
    let (used, total, now) = (books.used(), books.total, books.now.filter(|_| ages));
    let Some(hub) = books.hubs.get_mut(name) else { return Ok(false) };
    let too_old = now.and_then(|now| now.checked_sub_unsigned(hub.quota.ms));
    if used <= hub.quota.bytes && too_old.is_none() {
        return Ok(false);
    }
    let (mut dropped, mut is_busy) = (0, false);
    let after = hub.passed();
    rows.each_behind(after, &mut |row| {
        let is_beyond = total - row.before > hub.quota.bytes;
        if !is_beyond && too_old.is_none_or(|too_old| row.received >= too_old) {
            return Ok(ControlFlow::Break(()));
        }
        if dropped == SPOOL_CHORE_ROWS_MAX {
            is_busy = true;
            return Ok(ControlFlow::Break(()));
        }
        dropped += 1;
        let missing = each_missing(&row, after, row.last, |device, session, from, to| {
            let messages = if session.is_empty() { to } else { count(from, to) };
            hub.lost = hub.lost.saturating_add(messages);
            if let Some(key) = hub.losses.add(device, session, from, to) {
                changed.losses.insert((name.into(), key));
            }
        });
        if let Err(error) = missing {
            // It could not be sent either.
            tracing::error!(%error, "what was dropped for a hub cannot be read");
        }
        hub.dropped = row.last;
        changed.hubs.insert(name.into());
        changed.dropped.insert(name.into());
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(is_busy)
}

/// Deletes rows that no hub needs. Whether there are more.
fn let_go(rows: &mut impl Rows, books: &mut Books) -> rusqlite::Result<bool> {
    let unneeded = books.unneeded();
    if unneeded < books.oldest {
        return Ok(false);
    }
    let (mut last, mut upto, mut seen, mut is_busy) = (None, 0, 0, false);
    rows.each_behind(books.oldest - 1, &mut |row| {
        if row.last > unneeded {
            return Ok(ControlFlow::Break(()));
        }
        if seen == SPOOL_CHORE_ROWS_MAX {
            is_busy = true;
            return Ok(ControlFlow::Break(()));
        }
        seen += 1;
        (last, upto) = (Some(row.last), row.upto());
        Ok(ControlFlow::Continue(()))
    })?;
    if let Some(last) = last {
        rows.delete(last)?;
        (books.oldest, books.gone) = (last + 1, upto);
    }
    Ok(is_busy)
}
