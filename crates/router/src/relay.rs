//! A device behind a gateway: connected there, away, or nobody knows (rule U6).
//!
//! What the gateway tells of its devices belongs to one uplink. What comes from an older one than the device is known by changes
//! nothing (rules H1 and H10, which hold for uplinks).

use crate::conversation::Door;
use crate::device::{Device, Presence};
use crate::effect::Effect;
use crate::limits::{RELAY_POSITIONS_MAX, SAME_IDENTIFY_MS_MAX};
use protocol::code::Bye;
use protocol::id::DeviceId;
use protocol::intake::Post;
use protocol::limits::HEARTBEAT_SECONDS;
use protocol::rule::{Rule, holds};
use protocol::time::Time;
use protocol::uplink::message::{CommandName, Connected, Handed};
use std::fmt;
use std::num::NonZero;
use std::sync::Arc;
use store::{GatewayKey, Position, RelayedPosition};

/// One uplink of a gateway, as the devices behind it know it.
pub struct Uplink {
    /// The gateway's number in the store.
    pub gateway: GatewayKey,
    /// The gateway's id.
    pub name: Arc<str>,
    /// The gateway's tag in this run of it: commands are handed again only under the same one (rule U5).
    pub tag: Arc<str>,
    /// Grows with each uplink of this run of the hub.
    pub number: u64,
    /// The way back.
    pub outlet: Arc<dyn RelayOutlet>,
}

impl fmt::Debug for Uplink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uplink({} of {})", self.number, self.name)
    }
}

/// The way back over one uplink.
pub trait RelayOutlet: Send + Sync {
    /// Hands something to the uplink, which says it when it can. Never blocks. One that is over drops it.
    fn post(&self, post: RelayPost);
}

/// What a device's state has for its gateway.
#[derive(Debug, Clone)]
pub enum RelayPost {
    /// The device's connection there is to end so.
    Part {
        /// Whose.
        device: DeviceId,
        /// What the device is told.
        bye: Bye,
    },
    /// A command; that it is handed is durable.
    Hand(Handed),
    /// The command is no longer wanted, where it has not left yet.
    Cancel(CommandName),
    /// What became of the command is durable, or of no interest: it need not be told again.
    Settled(CommandName),
}

/// A device's connection to a gateway.
pub(crate) struct Relayed {
    pub(crate) uplink: Arc<Uplink>,
    /// Whether the uplink stands; else nobody knows what became of the device.
    pub(crate) is_up: bool,
    /// When it identified there, by this hub's monotonic clock.
    pub(crate) identified: u64,
    /// Since when it is online, ms since 1970.
    since: i64,
    pub(crate) is_plain: bool,
    heartbeat: u32,
    /// Bytes of the longest line it can read, where it said so.
    pub(crate) line_max: Option<NonZero<u32>>,
}

impl Relayed {
    /// Milliseconds of two heartbeats: how long what is told may be under way.
    pub(crate) fn patience_ms(&self) -> u64 {
        u64::from(self.heartbeat.max(HEARTBEAT_SECONDS)) * 2_000
    }
}

/// What is known of a device from gateways.
#[derive(Default)]
pub(crate) struct Relay {
    /// The gateway at which it identified last; nothing where it identified here since.
    behind: Option<(GatewayKey, Arc<str>)>,
    /// Up to where sessions that gateways issued are durable, the newest last: at most [`RELAY_POSITIONS_MAX`].
    positions: Vec<(GatewayKey, Position)>,
}

impl Relay {
    /// As the store knew it.
    pub(crate) fn restore(relayed: Vec<RelayedPosition>) -> Option<Box<Self>> {
        let positions: Vec<_> = relayed.into_iter().map(|known| (known.gateway, known.position)).collect();
        (!positions.is_empty()).then(|| Box::new(Self { behind: None, positions }))
    }

    /// Up to where a session of a gateway is durable.
    pub(crate) fn committed(&self, gateway: GatewayKey, session: &str) -> Option<u64> {
        let known = self.positions.iter().find(|(of, known)| *of == gateway && *known.session == *session);
        known.map(|(_, position)| position.seq)
    }

    /// This much of a session of a gateway is durable.
    pub(crate) fn accepted(&mut self, gateway: GatewayKey, session: &Arc<str>, seq: u64) {
        let same = |(of, known): &&mut (GatewayKey, Position)| *of == gateway && known.session == *session;
        if let Some((_, known)) = self.positions.iter_mut().find(same) {
            known.seq = known.seq.max(seq);
            return;
        }
        if self.positions.len() >= RELAY_POSITIONS_MAX {
            self.positions.remove(0);
        }
        self.positions.push((gateway, Position { session: session.clone(), seq }));
    }

    fn is_behind(&self, gateway: GatewayKey) -> bool {
        self.behind.as_ref().is_some_and(|(key, _)| *key == gateway)
    }
}

impl Device {
    /// The gateway that it is behind: it identified last there.
    pub fn gateway(&self) -> Option<&str> {
        self.relay.as_ref()?.behind.as_ref().map(|(_, name)| &**name)
    }

    /// Its connection to a gateway.
    pub(crate) fn relayed_door(&self) -> Option<&Relayed> {
        match &self.door {
            Door::Relayed(relayed) => Some(relayed),
            _ => None,
        }
    }

    /// The same, where its uplink stands.
    pub(crate) fn reachable_door(&self) -> Option<&Relayed> {
        self.relayed_door().filter(|relayed| relayed.is_up)
    }

    /// Whether it is connected, here or to a gateway whose uplink stands.
    pub(crate) fn is_reachable(&self) -> bool {
        self.conversation().is_some() || self.reachable_door().is_some()
    }

    /// Whether it identified somewhere else than at this gateway since this hub runs, and not there again.
    pub(crate) fn is_elsewhere(&self, gateway: GatewayKey) -> bool {
        let behind = self.relay.as_ref().is_some_and(|relay| relay.is_behind(gateway));
        self.door.identified() > 0 && !behind
    }

    /// It is connected to a gateway: that takes it over, unless it identified elsewhere since (rule U6).
    pub fn relay_connected(
        &mut self,
        now: Time,
        uplink: &Arc<Uplink>,
        connected: &Connected,
        effects: &mut Vec<Effect>,
    ) {
        if self.is_fenced(uplink) {
            return;
        }
        let identified = now.mono.saturating_sub(connected.ago);
        let is_older = self.is_elsewhere(uplink.gateway) && identified < self.door.identified();
        if is_older && holds(Rule::U6) {
            return effects.push(part(uplink, self, Bye::Replaced));
        }
        let ago = i64::try_from(connected.ago).unwrap_or(i64::MAX);
        let began = now.wall.saturating_sub(ago);
        let since = match (&self.door, self.presence) {
            // It is the same connection, of which nobody knew for a while.
            (Door::Relayed(known), Presence::Unreachable)
                if identified <= known.identified.saturating_add(SAME_IDENTIFY_MS_MAX) =>
            {
                known.since
            }
            (_, Presence::Online) => self.since,
            _ => began,
        };
        self.displace(now, uplink, effects);
        let changed = self.gateway() != Some(&uplink.name);
        self.relay.get_or_insert_default().behind = Some((uplink.gateway, uplink.name.clone()));
        self.last_seen = self.last_seen.max(NonZero::new(began));
        self.door = Door::Relayed(Box::new(Relayed {
            uplink: uplink.clone(),
            is_up: true,
            identified,
            since,
            is_plain: connected.plain,
            heartbeat: connected.heartbeat,
            line_max: connected.line_max.and_then(NonZero::new),
        }));
        if changed && self.presence == Presence::Online {
            self.notice(self.presence_frame(), effects);
            effects.push(Effect::List);
        }
        self.set_presence(Presence::Online, since, effects);
        self.send_next(now, effects);
    }

    /// Ends its connection that is elsewhere than behind this uplink.
    fn displace(&mut self, now: Time, uplink: &Arc<Uplink>, effects: &mut Vec<Effect>) {
        if let Some((_, outlet)) = self.door.connection() {
            if holds(Rule::H1) {
                effects.push(Effect::Post(outlet.clone(), Post::Bye(Bye::Replaced)));
            }
            self.generation += 1;
            self.taken_over(now, effects);
            // Nobody waits here for a welcome any more.
            self.takeovers.hold(None);
        }
        if let Door::Relayed(known) = &self.door
            && known.uplink.gateway != uplink.gateway
        {
            if known.is_up {
                effects.push(part(&known.uplink, self, Bye::Replaced));
            }
            self.taken_over(now, effects);
            self.takeovers.hold(None);
        }
    }

    /// It identified here: whatever it has at a gateway is over.
    pub(crate) fn leave_gateway(&mut self, now: Time, effects: &mut Vec<Effect>) {
        if let Door::Relayed(known) = &self.door {
            if known.is_up {
                effects.push(part(&known.uplink, self, Bye::Replaced));
            }
            self.taken_over(now, effects);
        }
        let behind = self.relay.as_mut().and_then(|relay| relay.behind.take());
        if behind.is_some() && self.presence == Presence::Online {
            self.notice(self.presence_frame(), effects);
            effects.push(Effect::List);
        }
    }

    /// Its gateway has a stream for it, to which it is not connected.
    pub fn relay_away(&mut self, now: Time, uplink: &Arc<Uplink>, effects: &mut Vec<Effect>) {
        if !self.is_fenced(uplink)
            && self.relayed_door().is_some_and(|known| known.uplink.gateway == uplink.gateway)
        {
            self.close(now, effects);
        }
    }

    /// Its connection to the gateway is over, since so many milliseconds. The end of an older one changes nothing (rule H10).
    pub fn relay_disconnected(
        &mut self,
        now: Time,
        uplink: &Arc<Uplink>,
        ago: u64,
        effects: &mut Vec<Effect>,
    ) {
        if self.relayed_door().is_some_and(|known| known.uplink.number == uplink.number || !holds(Rule::H10))
        {
            let ago = i64::try_from(ago).unwrap_or(i64::MAX);
            self.close(Time { wall: now.wall.saturating_sub(ago), ..now }, effects);
        }
    }

    /// The gateway has no uplink any more, this one being the last: nobody knows what becomes of the device (rule U6).
    pub fn uplink_lost(&mut self, now: Time, uplink: &Uplink, effects: &mut Vec<Effect>) {
        if let Door::Relayed(known) = &mut self.door
            && known.uplink.gateway == uplink.gateway
            && known.uplink.number <= uplink.number
            && std::mem::replace(&mut known.is_up, false)
        {
            self.set_presence(Presence::Unreachable, now.wall, effects);
        }
    }

    /// The gateway has told of all that are connected to it: where this one is not among them, it is not.
    pub fn uplink_restored(&mut self, now: Time, uplink: &Arc<Uplink>, effects: &mut Vec<Effect>) {
        let is_older =
            |known: &Relayed| known.uplink.gateway == uplink.gateway && known.uplink.number < uplink.number;
        if self.relayed_door().is_some_and(is_older) {
            self.close(now, effects);
        }
    }

    /// The gateway is none of this hub's any more.
    pub fn gateway_removed(&mut self, now: Time, gateway: GatewayKey, effects: &mut Vec<Effect>) {
        self.commands_of_removed_gateway(now, gateway, effects);
        let behind = self.relay.as_mut().filter(|relay| relay.is_behind(gateway));
        if let Some(relay) = behind {
            relay.behind = None;
        }
        if self.relayed_door().is_some_and(|known| known.uplink.gateway == gateway) {
            self.close(now, effects);
        }
    }

    /// Whether it is known by a newer uplink of the same gateway.
    fn is_fenced(&self, uplink: &Uplink) -> bool {
        let newer =
            |known: &Relayed| known.uplink.gateway == uplink.gateway && known.uplink.number > uplink.number;
        holds(Rule::H1) && self.relayed_door().is_some_and(newer)
    }
}

fn part(uplink: &Arc<Uplink>, device: &Device, bye: Bye) -> Effect {
    Effect::Relay(uplink.clone(), RelayPost::Part { device: device.identity.id.clone(), bye })
}

impl Device {
    /// Has its gateway end its connection, where it has one there.
    pub(crate) fn dismiss_at_gateway(&mut self, now: Time, bye: Bye, effects: &mut Vec<Effect>) {
        if let Some(known) = self.relayed_door() {
            if known.is_up {
                effects.push(part(&known.uplink.clone(), self, bye));
            }
            self.close(now, effects);
        }
    }
}
