//! Messages and gaps of a device, from taken to committed (rules H3, H5, H6 and H7).

use super::channels::{Latest, Taken};
use super::conversation::Door;
use super::device::{Device, Done, Issuer};
use super::effect::Effect;
use super::frame;
use crate::limits::DEVICE_PENDING_MAX;
use bytes::Bytes;
use protocol::code::{Bye, Fault};
use protocol::id::SessionId;
use protocol::intake::{Post, Said};
use protocol::limits::{CLOCK_AHEAD_MS_MAX, CLOCK_BEGINS_MS};
use protocol::message::{Description, Gap, Samples};
use protocol::rule::{Rule, holds};
use protocol::time::Time;
use std::num::NonZero;
use std::sync::Arc;
use store::{GatewayKey, Position, Sample, Write};

/// A message or gap on its way to the store.
pub(crate) struct Pending {
    pub(crate) cursor: u64,
    generation: u64,
    via: Via,
    /// Where the log of the session stands then, be it this hub's or a gateway's.
    position: Option<(SessionId, u64)>,
    pub(crate) patch: Bytes,
    /// What becomes the latest; late samples are not among it.
    latest: Newest,
    kind: Kind,
}

/// Which way a message or gap came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Via {
    /// Over the device's connection, which then hears of its commit.
    Connection,
    /// By itself, or found here.
    Alone,
    /// Through this gateway's spool.
    Gateway(GatewayKey),
}

/// The samples of a message that are not late, with their channels. Most messages have one, which needs no list.
#[derive(Clone)]
enum Newest {
    One((Arc<str>, Latest)),
    Several(Vec<(Arc<str>, Latest)>),
}

impl Newest {
    fn of(samples: &[store::Sample], cursor: u64) -> Self {
        let latest = |sample: &store::Sample| {
            let Sample { channel, value, ts, .. } = sample;
            (channel.clone(), Latest { value: value.clone(), ts: *ts, cursor })
        };
        match samples {
            [one] if !one.late => Newest::One(latest(one)),
            _ => Newest::Several(samples.iter().filter(|sample| !sample.late).map(latest).collect()),
        }
    }

    fn as_slice(&self) -> &[(Arc<str>, Latest)] {
        match self {
            Newest::One(one) => std::slice::from_ref(one),
            Newest::Several(several) => several,
        }
    }
}

/// How a message came, and what times it has.
pub(crate) struct Came {
    pub(crate) via: Via,
    /// The line of the connection that it stood in, and the number that it said.
    pub(crate) line: Option<(u64, Option<u64>)>,
    /// Its session and number in it.
    pub(crate) position: Option<(SessionId, u64)>,
    /// When it was received, ms since 1970.
    pub(crate) received: i64,
    /// The time to show and compare.
    pub(crate) ts: i64,
    /// The device's own, where that could not be believed.
    pub(crate) device_ts: Option<i64>,
    /// Whether its time says anything of rhythms.
    pub(crate) counts: bool,
}

/// What an entry of a device's log is, as far as the ledger is concerned.
enum Kind {
    /// A message; late where one of its samples is.
    Message { late: bool },
    /// A gap in which so many numbers are missing.
    Gap { reason: Box<str>, messages: u64 },
}

impl Pending {
    /// Whether it came through a gateway's spool.
    pub(crate) fn is_relayed(&self) -> bool {
        matches!(self.via, Via::Gateway(_))
    }

    /// How far this takes the session `name` that the gateway issued, where it does.
    pub(crate) fn relays(&self, gateway: GatewayKey, name: &str) -> Option<u64> {
        let of = |(session, _): &&(SessionId, u64)| **session.name() == *name;
        let position = self.position.as_ref().filter(|_| self.via == Via::Gateway(gateway)).filter(of);
        position.map(|(_, seq)| *seq)
    }

    pub(crate) fn is_gap(&self) -> bool {
        matches!(self.kind, Kind::Gap { .. })
    }
}

/// Why a message that came without a connection was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakeRefused {
    /// As many as allowed are on their way to the store.
    Busy,
    /// Its samples would go beyond the device's bounds.
    Bounds,
}

impl Device {
    /// The device said something in line `line` of the connection of `generation`; an older one is not heard (rule H1).
    pub fn said(&mut self, now: Time, generation: u64, line: u64, said: Said, effects: &mut Vec<Effect>) {
        if generation != self.generation && holds(Rule::H1) {
            return;
        }
        self.last_seen = NonZero::new(now.wall);
        let session = self.conversation().and_then(|conversation| conversation.session.clone());
        match said {
            Said::Samples(samples) => {
                self.ledger.outbox_told(&samples);
                let position = session.zip(samples.seq);
                let (ts, device_ts) = self.time_of(now, &samples);
                // The time of receipt says nothing of what waited in the outbox.
                let is_received = samples.ts.is_none() || device_ts.is_some();
                let counts = !is_received || !self.ledger.holds_back();
                let (via, line) = (Via::Connection, Some((line, samples.seq)));
                let came = Came { via, line, position, received: now.wall, ts, device_ts, counts };
                self.take_samples(came, samples.samples, effects);
            }
            Said::Gap(gap) => {
                self.take_gap(now, session.as_ref(), gap, effects);
            }
            Said::Describe(description) => self.take_description(line, description, effects),
            Said::Result(outcome) => self.result(now, outcome, effects),
            Said::Repeated(_) => self.ledger.add_duplicate(),
        }
    }

    /// Takes a message that came without a connection; returns the cursor to wait for.
    pub fn take_loose(
        &mut self,
        now: Time,
        samples: Samples,
        effects: &mut Vec<Effect>,
    ) -> Result<u64, TakeRefused> {
        if self.is_doomed() || self.is_draining() || self.under_way.len() >= DEVICE_PENDING_MAX {
            return Err(TakeRefused::Busy);
        }
        // There is no connection over which to complain of a part of it.
        if !self.channels.have_room(&samples.samples) {
            return Err(TakeRefused::Bounds);
        }
        self.last_seen = NonZero::new(now.wall);
        let (ts, device_ts) = self.time_of(now, &samples);
        let is_received = samples.ts.is_none() || device_ts.is_some();
        let counts = !is_received || !self.ledger.holds_back();
        let (via, received) = (Via::Alone, now.wall);
        let came = Came { via, line: None, position: None, received, ts, device_ts, counts };
        Ok(self.take_samples(came, samples.samples, effects))
    }

    /// Takes a message over; its cursor.
    pub(crate) fn take_samples(
        &mut self,
        came: Came,
        samples: Vec<protocol::message::Sample>,
        effects: &mut Vec<Effect>,
    ) -> u64 {
        let Came { via, line, position, received, ts, device_ts, counts } = came;
        self.store_first(effects);
        let beat = self.channels.beat(received, self.generation, counts);
        self.cursor += 1;
        let mut taken = Vec::with_capacity(samples.len());
        let mut left_out = None;
        for sample in samples {
            let value = sample.value.get();
            // What goes beyond the device's bounds is left out: other channels, and other devices, live on.
            match self.channels.take(&sample.channel, ts, value.len(), beat) {
                Ok(Taken { channel, late, every }) => {
                    if let Some(every) = every {
                        let (device, channel) = (self.identity.key, channel.clone());
                        effects.push(Effect::Record(Write::Rhythm { device, channel, every }));
                    }
                    taken.push(store::Sample { channel, ts, device_ts, late, value: value.into() });
                }
                Err(fault) => left_out = Some(fault),
            }
        }
        match (left_out, line) {
            (Some(fault), Some((line, seq))) => self.complain(line, fault, seq, effects),
            (Some(fault), None) => {
                tracing::warn!(device = self.id(), %fault, "a part of a message was left out")
            }
            (None, _) => {}
        }
        let patch = frame::patch(self.id(), self.cursor, ts, &taken);
        let late = taken.iter().any(|sample| sample.late);
        let latest = Newest::of(&taken, self.cursor);
        effects.push(Effect::Record(Write::Message(store::Message {
            device: self.identity.key,
            cursor: self.cursor,
            position: position.as_ref().map(stored_position),
            received,
            samples: taken,
        })));
        self.ledger.received += 1;
        self.push_pending(via, position, patch, latest, Kind::Message { late }, effects);
        self.cursor
    }

    /// Takes a gap over like a message (rule H3); returns its cursor. It is the session's position from then on.
    pub(crate) fn take_gap(
        &mut self,
        now: Time,
        session: Option<&SessionId>,
        gap: Gap,
        effects: &mut Vec<Effect>,
    ) -> u64 {
        let Some(session) = session else { return self.cursor };
        if !holds(Rule::H3) {
            self.make_room(1, Some(gap.to), effects);
            return self.cursor;
        }
        let position = (session.clone(), gap.to);
        self.record_gap(now.wall, session.name(), gap, (Via::Connection, Some(position)), effects)
    }

    /// Records a gap in `session` like a message; returns its cursor. With the way it came goes where the device's log stands
    /// then; nothing where the loss is one of an earlier session.
    pub(crate) fn record_gap(
        &mut self,
        at: i64,
        session: &Arc<str>,
        gap: Gap,
        (via, position): (Via, Option<(SessionId, u64)>),
        effects: &mut Vec<Effect>,
    ) -> u64 {
        self.store_first(effects);
        self.cursor += 1;
        effects.push(Effect::Record(Write::Gap(store::Gap {
            device: self.identity.key,
            cursor: self.cursor,
            position: position.as_ref().map(stored_position),
            session: session.clone(),
            from: gap.from,
            to: gap.to,
            reason: gap.reason.as_str().into(),
            at,
        })));
        let patch = frame::lost(self.id(), self.cursor, &gap);
        let kind = Kind::Gap { reason: gap.reason.into(), messages: gap.to - gap.from + 1 };
        self.push_pending(via, position, patch, Newest::Several(Vec::new()), kind, effects);
        self.cursor
    }

    fn push_pending(
        &mut self,
        via: Via,
        position: Option<(SessionId, u64)>,
        patch: Bytes,
        latest: Newest,
        kind: Kind,
        effects: &mut Vec<Effect>,
    ) {
        let (cursor, generation) = (self.cursor, self.generation);
        if via == Via::Connection && !holds(Rule::H6) {
            self.make_room(1, position.as_ref().map(|(_, seq)| *seq), effects);
        }
        if !holds(Rule::H7) {
            self.show(patch.clone(), latest.clone());
            effects.push(Effect::WAKE);
        }
        self.under_way.push(Pending { cursor, generation, via, position, patch, latest, kind });
    }

    /// The time to show and compare, and the device's own where that could not be believed. Where the receive time
    /// stands in, the message is not late: if the newest sample is of a later time, its device's clock or ours was ahead.
    fn time_of(&mut self, now: Time, message: &Samples) -> (i64, Option<i64>) {
        if let Some(ts) = message.ts {
            self.clock_wrong = ts < CLOCK_BEGINS_MS || ts > now.wall + CLOCK_AHEAD_MS_MAX;
            if !self.clock_wrong {
                return (ts, None);
            }
        }
        let newest = self.channels.newest(message.samples.iter().map(|sample| &*sample.channel));
        (newest.map_or(now.wall, |newest| newest.max(now.wall)), message.ts)
    }

    fn take_description(&mut self, line: u64, description: Description, effects: &mut Vec<Effect>) {
        let rhythms = self.channels.rhythms();
        if !self.channels.describe(description.channels) {
            self.complain(line, Fault::TooLong, None, effects);
            return self.make_room(1, None, effects);
        }
        self.tell_description(&rhythms, effects);
        match self.identity.stored {
            true => self.record_description(Some(self.generation), effects),
            // It goes to the store with the device.
            false => {
                self.store_first(effects);
                self.make_room(1, None, effects);
            }
        }
    }

    /// Tells the description, which is new, and the rhythms that are by it not what they were.
    pub(crate) fn tell_description(&mut self, before: &[(Arc<str>, Option<u64>)], effects: &mut Vec<Effect>) {
        let describe = self.channels.description();
        self.notice(frame::describe(self.id(), &describe), effects);
        self.tell_rhythms_unlike(before, effects);
    }

    /// Tells the rhythms that are not what they were, of the same channels.
    fn tell_rhythms_unlike(&mut self, before: &[(Arc<str>, Option<u64>)], effects: &mut Vec<Effect>) {
        let now = self.channels.rhythms().into_iter().zip(before);
        let changed: Vec<_> = now.filter(|(now, before)| now != *before).map(|(now, _)| now).collect();
        self.tell_rhythms(&changed, effects);
    }

    fn tell_rhythms(&mut self, rhythms: &[(Arc<str>, Option<u64>)], effects: &mut Vec<Effect>) {
        if !rhythms.is_empty() {
            self.notice(frame::rhythms(self.id(), rhythms), effects);
        }
    }

    /// Writes the description as it now stands; the conversation `of` that brought it has room again when it is done.
    pub(crate) fn record_description(&mut self, of: Option<u64>, effects: &mut Vec<Effect>) {
        let describe = self.channels.description().into();
        effects.push(Effect::Record(Write::Describe { device: self.identity.key, describe }));
        self.under_way.push_description(of);
    }

    /// A description is durable, or never will be.
    pub(crate) fn described(&mut self, effects: &mut Vec<Effect>) {
        if self.under_way.take_description() == Some(self.generation) {
            self.make_room(1, None, effects);
        }
    }

    /// So many messages of the conversation are no longer under way; `seq` is the highest number among them.
    fn make_room(&self, messages: u32, seq: Option<u64>, effects: &mut Vec<Effect>) {
        if let Some(conversation) = self.conversation() {
            effects.push(Effect::Post(conversation.outlet.clone(), Post::Committed { seq, messages }));
        }
    }

    fn complain(&self, line: u64, fault: Fault, seq: Option<u64>, effects: &mut Vec<Effect>) {
        if let Some(conversation) = self.conversation() {
            effects.push(Effect::Post(conversation.outlet.clone(), Post::Complaint { line, fault, seq }));
        }
    }

    /// The store has made something durable: what is committed is shown and acked (rules H6 and H7).
    pub fn done(&mut self, now: Time, issuer: &Issuer, done: &Done, effects: &mut Vec<Effect>) {
        match done {
            Done::Entries(cursor) => {
                self.show_up_to(*cursor, effects);
                // What a rhythm was learned from may come with a later commit: the channel is there, and that is enough.
                if self.channels.has_news() {
                    let news = self.channels.take_news(now.wall);
                    self.tell_rhythms(&news, effects);
                }
            }
            Done::Session(_) | Done::Stored => {}
            Done::Command(number) => self.command_durable(now, *number, effects),
            Done::Handed { by, id } => self.command_handed(now, by, id, effects),
            Done::Noted => self.command_noted(effects),
            Done::Described => self.described(effects),
        }
        self.opening_done(now, issuer, done, effects);
    }

    fn show_up_to(&mut self, cursor: u64, effects: &mut Vec<Effect>) {
        let (mut acked, mut messages) = (None, 0);
        while let Some(entry) = self.under_way.take_up_to(cursor) {
            self.committed = entry.cursor;
            match entry.kind {
                Kind::Gap { reason, messages } => self.ledger.add_gap(&reason, messages),
                Kind::Message { late } => {
                    self.ledger.committed += 1;
                    self.ledger.late += u64::from(late);
                    if entry.position.is_some() && entry.via == Via::Connection {
                        self.ledger.outbox_acked();
                    }
                }
            }
            if holds(Rule::H7) {
                self.show(entry.patch, entry.latest);
            }
            let current = entry.via == Via::Connection && entry.generation == self.generation;
            if current && holds(Rule::H6) {
                messages += 1;
            }
            if let Some((session, seq)) = entry.position {
                match entry.via {
                    Via::Gateway(gateway) => {
                        self.relay.get_or_insert_default().accepted(gateway, session.name(), seq);
                    }
                    _ => drop(self.positions.accepted(&session, seq)),
                }
                acked = current.then_some(seq).or(acked);
            }
        }
        if messages > 0
            && let Some(conversation) = self.conversation()
        {
            effects.push(Effect::Post(conversation.outlet.clone(), Post::Committed { seq: acked, messages }));
        }
        effects.push(Effect::Wake { hurry: self.hurries() });
        debug_assert_eq!(self.books_balance(), Ok(()));
    }

    /// What is committed is what panels are shown from now on.
    fn show(&mut self, patch: Bytes, newest: Newest) {
        self.tail.push(patch, self.tail_bounds());
        match newest {
            Newest::One((channel, latest)) => self.channels.show(&channel, latest),
            Newest::Several(several) => {
                several.into_iter().for_each(|(channel, latest)| self.channels.show(&channel, latest));
            }
        }
    }

    /// The store refused something, or closed without it. That the disk fails is no reason: then a commit takes long.
    pub fn refused(&mut self, now: Time, issuer: &Issuer, done: &Done, effects: &mut Vec<Effect>) {
        match done {
            Done::Entries(cursor) => self.entry_refused(now, *cursor, effects),
            Done::Session(counter) => self.session_refused(now, *counter, effects),
            Done::Command(number) => self.command_refused(now, *number, effects),
            Done::Handed { by, id } => self.handing_refused(now, by, id, effects),
            Done::Noted => self.command_noted(effects),
            Done::Described => self.described(effects),
            // The next thing it says tries again.
            Done::Stored => self.identity.stored = false,
        }
        self.opening_done(now, issuer, done, effects);
    }

    /// The message or gap `cursor` will never be durable: it counts as never taken, and the device sends it again after it
    /// identified anew. What is before it is still on its way; what is behind it will be refused too.
    fn entry_refused(&mut self, now: Time, cursor: u64, effects: &mut Vec<Effect>) {
        let Some(entry) = self.under_way.take(cursor) else { return };
        self.cursor -= 1;
        self.ledger.received -= u64::from(!entry.is_gap());
        if !self.is_doomed() {
            let under_way = self.under_way.entries().flat_map(|entry| entry.latest.as_slice());
            self.channels.forget_taken(under_way.map(|(channel, latest)| (&**channel, latest)));
        }
        // Whoever waits until nothing is under way has not said any of it. What an uplink brought ends the uplink.
        if !matches!(self.door, Door::Draining(..)) && !entry.is_relayed() {
            self.dismiss(now, Bye::Failed, effects);
        }
    }

    /// Whether one before others that are pending was refused, so that these will be too. Their cursors are given again,
    /// but not before: what the store says of a cursor must be about the one that now has it.
    pub(crate) fn is_doomed(&self) -> bool {
        self.under_way.newest().is_some_and(|entry| entry.cursor != self.cursor)
    }
}

pub(crate) fn stored_position((session, seq): &(SessionId, u64)) -> Position {
    Position { session: session.name().clone(), seq: *seq }
}
