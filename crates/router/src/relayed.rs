//! What an uplink brings of a device: the entries of a gateway's spool, in its order (rules U1 and H5).
//!
//! Each becomes one [`Write::Relayed`], with the place in the spool behind it: both are stored, or neither. So also what the hub
//! has already, and what is for a device that is no more: the spool goes on.

use crate::device::Device;
use crate::effect::Effect;
use crate::intake::{Came, Via, stored_position};
use protocol::id::SessionId;
use protocol::limits::{CLOCK_AHEAD_MS_MAX, CLOCK_BEGINS_MS};
use protocol::message::{Gap, Sample};
use protocol::rule::{Rule, holds};
use protocol::time::Time;
use protocol::uplink::message::{Content, Entry, Lost};
use serde_json::value::RawValue;
use std::num::NonZero;
use std::sync::Arc;
use store::{GatewayKey, Position, Relayed, SpoolCursor, Write};

/// A place in a gateway's spool, and the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Whose spool.
    pub gateway: GatewayKey,
    /// Up to where it was taken over before; nothing where nothing of it was.
    pub after: Option<SpoolCursor>,
    /// Up to where it is with this.
    pub cursor: SpoolCursor,
}

impl Place {
    /// A step in the spool that brings nothing.
    pub fn alone(self) -> Write {
        self.with(None, Vec::new())
    }

    fn with(self, position: Option<(store::DeviceKey, Position)>, then: Vec<Write>) -> Write {
        let Self { gateway, after, cursor } = self;
        Write::Relayed(Box::new(Relayed { gateway, after, cursor, position, then }))
    }
}

/// What an uplink brought cannot be taken now, as something before it was refused: the uplink is to end, and to bring it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfit;

impl Device {
    /// The next entry of a gateway's spool is of this device.
    ///
    /// # Errors
    /// It cannot be taken now.
    pub fn relayed(
        &mut self,
        now: Time,
        place: Place,
        entry: Entry,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Unfit> {
        if self.is_doomed() {
            return Err(Unfit);
        }
        if self.is_removed() {
            effects.push(Effect::Record(place.alone()));
            return Ok(());
        }
        let received = plausible(now, entry.received);
        self.last_seen = self.last_seen.max(NonZero::new(received));
        let mut inner = Vec::new();
        let position = match entry.content {
            Content::Samples { position, ts, samples } => {
                self.relayed_samples(received, place.gateway, position, ts, samples, &mut inner)
            }
            Content::Gap { session, from, to, reason, moves: _ } => {
                let gap = Gap { from, to, reason: reason.into() };
                self.relayed_gap(received, place.gateway, Some(session), gap, &mut inner)
            }
            Content::Describe(describe) => {
                self.relayed_description(place.gateway, &describe, &mut inner);
                None
            }
        };
        self.wrap(place, position, inner, effects);
        Ok(())
    }

    /// A gateway declares that some of what this device said will never come, for `reason`. It is recorded behind what came of the
    /// spool before; the step in the spool that it belongs to is made when all who lost something have been told.
    ///
    /// # Errors
    /// It cannot be taken now.
    pub fn relayed_loss(
        &mut self,
        now: Time,
        place: Place,
        lost: Lost,
        reason: &str,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Unfit> {
        if self.is_doomed() {
            return Err(Unfit);
        }
        let mut inner = Vec::new();
        let gap = Gap { from: lost.from, to: lost.to, reason: reason.into() };
        let is_sound = lost.from >= 1 && lost.from <= lost.to;
        let position = match is_sound && !self.is_removed() {
            true => self.relayed_gap(now.wall, place.gateway, lost.session, gap, &mut inner),
            false => None,
        };
        self.wrap(place, position, inner, effects);
        Ok(())
    }

    /// Puts what belongs together into one write.
    fn wrap(
        &mut self,
        place: Place,
        position: Option<(SessionId, u64)>,
        inner: Vec<Effect>,
        effects: &mut Vec<Effect>,
    ) {
        let mut then = Vec::new();
        for effect in inner {
            match effect {
                Effect::Record(write) => then.push(write),
                other => effects.push(other),
            }
        }
        let position = position.map(|position| (self.identity.key, stored_position(&position)));
        effects.push(Effect::Record(place.with(position, then)));
    }

    /// How far a session of a gateway has come, durable or on its way.
    fn relayed_up_to(&self, gateway: GatewayKey, session: &str) -> u64 {
        // Within a session the newest is the furthest.
        let under_way = self.under_way.entries().rev().find_map(|entry| entry.relays(gateway, session));
        let committed = || self.relay.as_ref()?.committed(gateway, session);
        under_way.or_else(committed).unwrap_or(0)
    }

    fn relayed_samples(
        &mut self,
        received: i64,
        gateway: GatewayKey,
        position: Option<(SessionId, u64)>,
        ts: Option<i64>,
        samples: Vec<Sample>,
        effects: &mut Vec<Effect>,
    ) -> Option<(SessionId, u64)> {
        // A spool that was put back brings what its devices said again, under other spool numbers.
        if let Some((session, seq)) = &position
            && holds(Rule::U1)
            && *seq <= self.relayed_up_to(gateway, session.name())
        {
            self.ledger.add_duplicate();
            return None;
        }
        let believed = ts.filter(|ts| (CLOCK_BEGINS_MS..=received + CLOCK_AHEAD_MS_MAX).contains(ts));
        if ts.is_some() {
            self.clock_wrong = believed.is_none();
        }
        let came = Came {
            via: Via::Gateway(gateway),
            line: None,
            position: position.clone(),
            received,
            // Unlike one that comes without a gateway, it may have been received long ago: then it is late.
            ts: believed.unwrap_or(received),
            device_ts: if believed.is_some() { None } else { ts },
            counts: true,
        };
        self.take_samples(came, samples, effects);
        position
    }

    /// Takes over a loss, but for what the hub has.
    fn relayed_gap(
        &mut self,
        at: i64,
        gateway: GatewayKey,
        session: Option<SessionId>,
        gap: Gap,
        effects: &mut Vec<Effect>,
    ) -> Option<(SessionId, u64)> {
        let known = session.as_ref().map_or(0, |session| self.relayed_up_to(gateway, session.name()));
        let from = if holds(Rule::U1) { gap.from.max(known.saturating_add(1)) } else { gap.from };
        if from > gap.to {
            return None;
        }
        let name: Arc<str> = session.as_ref().map_or("".into(), |session| session.name().clone());
        let position = session.map(|session| (session, gap.to));
        let way = (Via::Gateway(gateway), position.clone());
        self.record_gap(at, &name, Gap { from, ..gap }, way, effects);
        position
    }

    /// Takes the description as it stands at the gateway, unless the device has identified elsewhere since.
    fn relayed_description(&mut self, gateway: GatewayKey, describe: &RawValue, effects: &mut Vec<Effect>) {
        if self.is_elsewhere(gateway) || self.channels.description() == describe.get() {
            return;
        }
        let rhythms = self.channels.rhythms();
        if let Err(error) = self.channels.replace_description(describe.get()) {
            return tracing::warn!(device = self.id(), error, "a description from a gateway was left out");
        }
        self.tell_description(&rhythms, effects);
        match self.identity.stored {
            true => self.record_description(None, effects),
            // It goes to the store with the device.
            false => self.store_first(effects),
        }
    }
}

/// When the gateway received it, unless that cannot be.
fn plausible(now: Time, received: i64) -> i64 {
    if (CLOCK_BEGINS_MS..=now.wall + CLOCK_AHEAD_MS_MAX).contains(&received) { received } else { now.wall }
}
