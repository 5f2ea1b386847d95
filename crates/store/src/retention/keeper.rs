//! Letting go of what is too old or too much, a slice with each commit.
//!
//! Samples, sums of minutes and sums of hours hold no sample twice: what goes from one is in the next in the same transaction.
//! So a chart adds them up, whatever arrived late and wherever a crash came between.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use rusqlite::{Connection, OptionalExtension};

use super::rule::Retention;
use super::sums::{self, Grain};
use crate::chunk::{self, Numbers, Sum};
use crate::chunk_table::{add_bytes, weight};
use crate::limits::{RETENTION_CHANNELS_MAX, RETENTION_ROWS_MAX};

/// Keeps to the rules.
pub(crate) struct Keeper {
    rules: Vec<Retention>,
    /// What is still to be done since the time was last said.
    round: Option<Box<Round>>,
}

struct Round {
    /// ms since 1970.
    now: i64,
    /// Channels that are still to be looked at for their age, with their rules.
    ages: Vec<Ruled>,
    /// Devices that are still to be looked at for their gaps: those before this time go.
    gaps: Vec<(i64, i64)>,
    /// Rules whose channels are still to be looked at for their size.
    sizes: Vec<usize>,
    /// The rule whose channels are being made smaller.
    shrinking: Option<Shrinking>,
    /// All channels that have rules.
    channels: Vec<Ruled>,
}

/// Devices with channels, each with the age, ms, from which on nothing is left of any of them; `None`: something is for ever.
type Forgets = BTreeMap<i64, Option<u64>>;

/// A channel and its rule, by its place.
#[derive(Clone, Copy)]
struct Ruled {
    channel: i64,
    rule: usize,
}

/// Channels that take too much together.
struct Shrinking {
    /// Bytes that are too many.
    excess: i64,
    /// The oldest chunk of each channel: the time of its last sample.
    oldest: BinaryHeap<Reverse<(i64, i64)>>,
}

impl Keeper {
    /// Knows the rules; does nothing before the time is said.
    pub(crate) fn new(rules: Vec<Retention>) -> Keeper {
        Keeper { rules, round: None }
    }

    /// Whether there is something to do at once.
    pub(crate) fn is_busy(&self) -> bool {
        self.round.is_some()
    }

    /// Whether anything is to be let go of, ever.
    pub(crate) fn has_rules(&self) -> bool {
        !self.rules.is_empty()
    }

    /// Leaves the round that is under way.
    pub(crate) fn give_up(&mut self) {
        self.round = None;
    }

    /// A device was removed, and the keys of its channels may soon be those of others, with other rules: the round that is
    /// under way begins anew with the channels that there are.
    pub(crate) fn begin_anew(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        match self.round.take() {
            Some(round) => self.begin(connection, round.now),
            None => Ok(()),
        }
    }

    /// It is `now`, ms since 1970: begins a round, unless one is under way.
    pub(crate) fn begin(&mut self, connection: &Connection, now: i64) -> rusqlite::Result<()> {
        if self.round.is_some() || self.rules.is_empty() {
            return Ok(());
        }
        let (channels, forgets) = ruled(connection, &self.rules)?;
        let before = |(device, age): (i64, Option<u64>)| Some((device, now.saturating_sub_unsigned(age?)));
        let gaps = forgets.into_iter().filter_map(before).collect();
        let limited = |rule: &usize| self.rules[*rule].bytes.is_some();
        let sizes = (0..self.rules.len()).filter(limited).collect();
        let ages = channels.clone();
        self.round = Some(Box::new(Round { now, ages, gaps, sizes, shrinking: None, channels }));
        Ok(())
    }

    /// Does a bounded piece of it.
    pub(crate) fn slice(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut rows = RETENTION_ROWS_MAX;
        for _ in 0..RETENTION_CHANNELS_MAX {
            let Some(round) = &mut self.round else { return Ok(()) };
            if rows == 0 {
                return Ok(());
            }
            match round.step(connection, &self.rules, rows)? {
                Some(done) => rows -= done.min(rows),
                None => self.round = None,
            }
        }
        Ok(())
    }
}

/// The channels of devices that are there, and the rule of each; those without a rule are left out.
fn ruled(connection: &Connection, rules: &[Retention]) -> rusqlite::Result<(Vec<Ruled>, Forgets)> {
    let mut statement = connection.prepare_cached(
        "SELECT channel.key, device.id, channel.name, device.key
         FROM channel JOIN device ON device.key = channel.device",
    )?;
    let mut rows = statement.query([])?;
    let (mut channels, mut forgets) = (Vec::new(), Forgets::new());
    while let Some(row) = rows.next()? {
        let rule = Retention::of(rules, row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
        if let Some(rule) = rule {
            channels.push(Ruled { channel: row.get(0)?, rule });
        }
        let age = rule.and_then(|rule| rules[rule].forgets());
        let longest = forgets.entry(row.get(3)?).or_insert(age);
        *longest = longest.zip(age).map(|(one, other)| one.max(other));
    }
    Ok((channels, forgets))
}

impl Round {
    /// Looks at one channel or device, and moves up to `limit` rows. Gives back how many; `None` at the end of the round.
    fn step(
        &mut self,
        connection: &Connection,
        rules: &[Retention],
        limit: usize,
    ) -> rusqlite::Result<Option<usize>> {
        if let Some(ruled) = self.ages.pop() {
            let moved = age(connection, ruled.channel, &rules[ruled.rule], self.now, limit)?;
            if moved >= limit {
                // There may be more of it.
                self.ages.push(ruled);
            }
            return Ok(Some(moved));
        }
        if let Some((device, before)) = self.gaps.pop() {
            let gone = forget_gaps(connection, device, before, limit)?;
            if gone >= limit {
                self.gaps.push((device, before));
            }
            return Ok(Some(gone));
        }
        if let Some(shrinking) = &mut self.shrinking {
            let moved = shrinking.step(connection)?;
            if moved == 0 {
                self.shrinking = None;
            }
            return Ok(Some(moved));
        }
        let Some(rule) = self.sizes.pop() else { return Ok(None) };
        let channels = self.channels.iter().filter(|ruled| ruled.rule == rule).map(|ruled| ruled.channel);
        self.shrinking = Shrinking::begin(connection, channels, rules[rule].bytes.unwrap_or(u64::MAX))?;
        Ok(Some(0))
    }
}

/// Deletes up to `limit` gaps of a device that were learned before a time of which it has no sample and no sum. How many.
fn forget_gaps(connection: &Connection, device: i64, before: i64, limit: usize) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM gap WHERE device = ?1 AND cursor IN
               (SELECT cursor FROM gap WHERE device = ?1 AND at < ?2 LIMIT ?3)",
        )?
        .execute((device, before, limit as i64))
}

/// Moves what is too old in one channel, the coarsest first, so that nothing is moved twice in one step.
fn age(
    connection: &Connection,
    channel: i64,
    rule: &Retention,
    now: i64,
    limit: usize,
) -> rusqlite::Result<usize> {
    let before = |age: u64| now.saturating_sub_unsigned(age);
    let mut moved = 0;
    if let Some(age) = rule.hours {
        moved += sums::take(connection, channel, Grain::Hour, before(age), limit)?.rows;
    }
    if let Some(age) = rule.minutes {
        let taken = sums::take(connection, channel, Grain::Minute, before(age), limit - moved.min(limit))?;
        moved += taken.rows;
        sums::add(connection, channel, Grain::Hour, &hours(&taken.sums))?;
    }
    if let Some(age) = rule.raw {
        moved += retire(connection, channel, before(age), limit - moved.min(limit))?.chunks;
    }
    Ok(moved)
}

/// Sums of minutes, in the order of time, as sums of hours.
fn hours(minutes: &[Sum]) -> Vec<Sum> {
    let per_hour = Grain::Hour.ms() / Grain::Minute.ms();
    let hour = |minute: &Sum| Sum { stretch: minute.stretch.div_euclid(per_hour), numbers: minute.numbers };
    let hours: Vec<Sum> = minutes.iter().map(hour).collect();
    sums::merged(Vec::new(), &hours)
}

/// Chunks that became sums.
struct Retired {
    chunks: usize,
    /// What they took.
    bytes: i64,
}

/// Makes sums of minutes of up to `limit` chunks whose last sample is older than `before`, the oldest first.
fn retire(connection: &Connection, channel: i64, before: i64, limit: usize) -> rusqlite::Result<Retired> {
    let mut statement = connection.prepare_cached(
        "SELECT id, samples FROM chunk INDEXED BY chunk_time WHERE channel = ?1 AND max_ts < ?2
         ORDER BY max_ts LIMIT ?3",
    )?;
    let mut rows = statement.query((channel, before, limit as i64))?;
    let mut retired = Retired { chunks: 0, bytes: 0 };
    let mut minutes: BTreeMap<i64, Option<Numbers>> = BTreeMap::new();
    let mut keys: Vec<i64> = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(row.get(0)?);
        let blob = row.get_ref(1)?.as_blob()?;
        retired.chunks += 1;
        retired.bytes += weight(blob.len());
        // One that is damaged was lost before, and would be in the way for ever.
        let numbers = chunk::decode_numbers(blob).unwrap_or_else(|error| {
            tracing::error!(channel, %error, "samples that were due to become sums are lost");
            Vec::new()
        });
        for (ts, number) in numbers {
            let Some(number) = number else { continue };
            Numbers::add(minutes.entry(Grain::Minute.stretch(ts)).or_default(), ts, number);
        }
    }
    let sum = |(stretch, numbers): (i64, Option<Numbers>)| Some(Sum { stretch, numbers: numbers? });
    let minutes: Vec<Sum> = minutes.into_iter().filter_map(sum).collect();
    sums::add(connection, channel, Grain::Minute, &minutes)?;
    let mut delete = connection.prepare_cached("DELETE FROM chunk WHERE id = ?1")?;
    for key in keys {
        delete.execute([key])?;
    }
    add_bytes(connection, channel, -retired.bytes)?;
    Ok(retired)
}

impl Shrinking {
    /// Looks how much the channels take; `None` when that is not too much.
    fn begin(
        connection: &Connection,
        channels: impl Iterator<Item = i64>,
        limit: u64,
    ) -> rusqlite::Result<Option<Shrinking>> {
        let mut bytes = connection.prepare_cached("SELECT bytes FROM channel WHERE key = ?1")?;
        let mut total: i64 = 0;
        let mut oldest = BinaryHeap::new();
        for channel in channels {
            total += bytes.query_row([channel], |row| row.get::<_, i64>(0)).optional()?.unwrap_or(0);
            oldest.extend(oldest_chunk(connection, channel)?);
        }
        let excess = total.saturating_sub_unsigned(limit);
        Ok((excess > 0).then_some(Shrinking { excess, oldest }))
    }

    /// Retires the oldest chunk; gives back how many went.
    fn step(&mut self, connection: &Connection) -> rusqlite::Result<usize> {
        if self.excess <= 0 {
            return Ok(0);
        }
        let Some(Reverse((_, channel))) = self.oldest.pop() else { return Ok(0) };
        let retired = retire(connection, channel, i64::MAX, 1)?;
        self.excess -= retired.bytes;
        self.oldest.extend(oldest_chunk(connection, channel)?);
        Ok(retired.chunks)
    }
}

/// The oldest chunk of a channel, by the time of its last sample.
fn oldest_chunk(connection: &Connection, channel: i64) -> rusqlite::Result<Option<Reverse<(i64, i64)>>> {
    connection
        .prepare_cached(
            "SELECT max_ts FROM chunk INDEXED BY chunk_time WHERE channel = ?1 ORDER BY max_ts LIMIT 1",
        )?
        .query_row([channel], |row| Ok(Reverse((row.get(0)?, channel))))
        .optional()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests;
