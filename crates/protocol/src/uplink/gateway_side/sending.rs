//! What a hub is sent from the spool, and how far it has come (rules U1, U2 and U3).

use super::{GatewaySide, Output, Stored};
use crate::limits::{UPLINK_READ_BYTES, UPLINK_UNACKED_BYTES_MAX};
use crate::message::Sample;
use crate::rule::{Rule, holds};
use crate::time::Time;
use crate::uplink::filter::Filter;
use crate::uplink::message::{Content, Entry, FromGateway, Lost, OfDevice, Skip, SkipReason, SpoolCursor};
use crate::uplink::tags::Next;
use std::collections::VecDeque;
use std::sync::Arc;

/// How far it has come. No entry is kept: what was sent is only counted.
#[derive(Debug, Default)]
pub(super) struct Sending {
    /// How far the hub is, as it last said.
    acked: Option<SpoolCursor>,
    /// How far it is when it has got what is on its way.
    sent: Option<SpoolCursor>,
    /// What is on its way: where the hub will be, and how many bytes it was.
    flight: VecDeque<(SpoolCursor, usize)>,
    /// The sum of these bytes.
    bytes: usize,
    /// How many may be on their way.
    window: usize,
    /// The spool was asked for what lies behind this place.
    reading: Option<u64>,
}

impl Sending {
    pub(super) fn acked(&self) -> Option<&SpoolCursor> {
        self.acked.as_ref()
    }

    pub(super) fn unacked(&self) -> usize {
        self.flight.len()
    }

    /// The hub welcomed the gateway and stands there.
    pub(super) fn begin(&mut self, cursor: Option<SpoolCursor>, window: u32) {
        *self = Self { acked: cursor.clone(), sent: cursor, window: window as usize, ..Self::default() };
    }

    /// The connection is gone.
    pub(super) fn stop(&mut self) {
        *self = Self { acked: self.acked.take(), ..Self::default() };
    }

    /// How many more may be on their way.
    fn room(&self) -> usize {
        match self.bytes < UPLINK_UNACKED_BYTES_MAX {
            true => self.window.saturating_sub(self.flight.len()),
            false => 0,
        }
    }

    /// The hub is sent something of so many bytes, which brings it to `number` of `tag`.
    fn fly(&mut self, tag: Arc<str>, number: u64, bytes: usize) {
        let cursor = SpoolCursor { tag, number };
        self.sent = Some(cursor.clone());
        self.bytes += bytes;
        self.flight.push_back((cursor, bytes));
    }

    /// The hub has everything up to there. Answers whether it was sent that.
    fn land(&mut self, cursor: &SpoolCursor) -> bool {
        if self.acked.as_ref() == Some(cursor) {
            return true;
        }
        let Some(at) = self.flight.iter().position(|(flown, _)| flown == cursor) else { return false };
        self.bytes -= self.flight.drain(..=at).map(|(_, bytes)| bytes).sum::<usize>();
        self.acked = Some(cursor.clone());
        true
    }
}

impl GatewaySide {
    pub(super) fn acked(&mut self, now: Time, cursor: &SpoolCursor) {
        let before = self.sending.unacked();
        if !self.sending.land(cursor) {
            let SpoolCursor { tag, number } = cursor;
            return self.fail(&format!("the hub acked {number} of {tag}, which it was not sent"));
        }
        if self.sending.unacked() < before {
            self.progress(now);
            self.tell_acked();
        }
    }

    /// Whoever keeps the spool learns how far the hub is.
    pub(super) fn tell_acked(&mut self) {
        let place = self.acked_place();
        self.holes.passed(place);
        self.outputs.push_back(Output::Acked(place));
    }

    /// Sends what there is, as far as the window goes.
    pub(super) fn pump(&mut self, now: Time) {
        while self.is_welcome() && self.sending.reading.is_none() && self.sending.room() > 0 {
            match self.tags.next(self.sending.sent.as_ref(), self.settings.begin, self.held) {
                Next::Nothing => return,
                Next::Beyond => return self.fail("the hub says that it has what was never sent to it"),
                Next::Raise { tag, end } => {
                    Arc::make_mut(&mut self.tags).raise(&tag, end);
                    self.outputs.push_back(Output::RaiseEnd { tag, number: end });
                }
                Next::Tag { tag, follows } => {
                    self.fly(now, tag.clone(), 0, &FromGateway::Tag { tag, follows });
                }
                Next::Skip { from, to, reason: SkipReason::Pruned } => self.skip_what_left(now, from, to),
                Next::Skip { from, to, reason } => self.skip(now, from, to, reason, Vec::new()),
                Next::Entries { after, until } => self.read_or_skip(now, after, until),
            }
        }
    }

    /// The numbers `from` to `to` are not in the spool any more: as far as they were dropped for this hub that is told.
    fn skip_what_left(&mut self, now: Time, from: u64, to: u64) {
        let before = self.sending.sent.as_ref().and_then(|cursor| self.tags.place_of(cursor)).unwrap_or(0);
        let until = before + (to + 1 - from);
        match self.holes.at_or_behind(before + 1) {
            Some(hole) if hole.from <= before + 1 => self.read_or_skip(now, before, until),
            Some(hole) if hole.from <= until => {
                self.skip(now, from, from + (hole.from - before - 2), SkipReason::Pruned, Vec::new());
            }
            _ => self.skip(now, from, to, SkipReason::Pruned, Vec::new()),
        }
    }

    /// Behind the place `after` comes what the spool has, or what was dropped for this hub.
    fn read_or_skip(&mut self, now: Time, after: u64, until: u64) {
        let Some(SpoolCursor { number, .. }) = self.sending.sent.clone() else { return };
        match self.holes.at_or_behind(after + 1) {
            Some(hole) if hole.from <= after + 1 => {
                let to = hole.to.min(until);
                let (reason, is_last) = (hole.reason, to == hole.to);
                let lost = if is_last { hole.lost.clone() } else { Vec::new() };
                self.skip(now, number + 1, number + (to - after), reason, lost);
            }
            hole => {
                let until = hole.map_or(until, |hole| until.min(hole.from - 1));
                let entries_max =
                    self.sending.room().min(usize::try_from(until - after).unwrap_or(usize::MAX));
                self.sending.reading = Some(after);
                self.outputs.push_back(Output::Read { after, bytes_max: UPLINK_READ_BYTES, entries_max });
            }
        }
    }

    /// What the spool has behind the place `after`, in its order. What was not asked for is passed over; where the first is not
    /// the next one the spool has let it go meanwhile, and says so by [`GatewaySide::held`].
    pub fn entries(&mut self, now: Time, after: u64, entries: Vec<Stored>) {
        if self.sending.reading != Some(after) || !self.is_welcome() {
            return;
        }
        self.sending.reading = None;
        let Next::Entries { after: at, until } =
            self.tags.next(self.sending.sent.as_ref(), self.settings.begin, self.held)
        else {
            return self.pump(now);
        };
        let until = self.holes.at_or_behind(at + 1).map_or(until, |hole| until.min(hole.from.max(1) - 1));
        let (mut place, mut unwanted) = (at, 0);
        for stored in entries {
            if stored.place != place + 1 || stored.place > until || self.sending.room() == 0 {
                break;
            }
            match wanted(&self.settings.filter, stored) {
                None => unwanted += 1,
                // What was passed over before is one number more under way.
                Some(_) if unwanted > 0 && self.sending.room() < 2 => break,
                Some(stored) => {
                    self.pass_over(now, std::mem::take(&mut unwanted));
                    self.entry(now, stored);
                }
            }
            place += 1;
        }
        self.pass_over(now, unwanted);
        // A spool that has nothing where there should be something is asked again when it says what it holds.
        if place > at {
            self.pump(now);
        }
    }

    /// So many entries are not for this hub.
    fn pass_over(&mut self, now: Time, entries: u64) {
        if let Some(SpoolCursor { number, .. }) = self.sending.sent.clone().filter(|_| entries > 0) {
            self.skip(now, number + 1, number + entries, SkipReason::Filter, Vec::new());
        }
    }

    /// Rule U3. Without it every hole is said to be none that the hub should mind.
    fn skip(&mut self, now: Time, from: u64, to: u64, reason: SkipReason, lost: Vec<Lost>) {
        let Some(SpoolCursor { tag, .. }) = self.sending.sent.clone() else { return };
        let (reason, lost) = match holds(Rule::U3) {
            true => (reason, lost),
            false => (SkipReason::Filter, Vec::new()),
        };
        self.fly(now, tag, to, &FromGateway::Skip(Skip { from, to, reason, lost }));
    }

    fn entry(&mut self, now: Time, stored: Stored) {
        let Stored { device, received, content, .. } = stored;
        let stream = self.stream_of(now, &device);
        let Some(SpoolCursor { tag, number }) = self.sending.sent.clone() else { return };
        let before = self.frame.bytes();
        let entry = Entry { number: number + 1, received, content };
        self.frame.device(stream, &OfDevice::Entry(entry));
        self.took_off(now, tag, number + 1, before);
    }

    fn fly(&mut self, now: Time, tag: Arc<str>, number: u64, said: &FromGateway) {
        let before = self.frame.bytes();
        self.frame.gateway(said);
        self.took_off(now, tag, number, before);
    }

    fn took_off(&mut self, now: Time, tag: Arc<str>, number: u64, bytes_before: usize) {
        let is_first = self.sending.unacked() == 0;
        self.sending.fly(tag, number, self.frame.bytes() - bytes_before);
        if is_first {
            self.progress(now);
        }
        self.spoken(now);
    }
}

/// The entry as far as this hub wants it.
fn wanted(filter: &Filter, stored: Stored) -> Option<Stored> {
    if filter.is_everything() {
        return Some(stored);
    }
    let is_wanted = |sample: &Sample| filter.wants_channel(&sample.channel);
    match stored.content {
        _ if !filter.wants_device(stored.device.as_str()) => None,
        Content::Samples { position, ts, mut samples } => {
            samples.retain(is_wanted);
            let content = Content::Samples { position, ts, samples };
            match &content {
                Content::Samples { samples, .. } if samples.is_empty() => None,
                _ => Some(Stored { content, ..stored }),
            }
        }
        _ => Some(stored),
    }
}
