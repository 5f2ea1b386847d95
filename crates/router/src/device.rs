//! What a device is: one small state machine, and what can be asked of it.

use super::channels::{Channels, Latest};
use super::commands::Commands;
use super::conversation::Door;
use super::effect::Effect;
use super::ledger::Books;
use super::relay::Relay;
use super::tail::{Bounds, Tail};
use super::takeover::Takeovers;
use super::under_way::UnderWay;
use crate::limits::{
    NOTICE_BYTES_MAX, NOTICES_MAX, TAIL_BYTES_MAX, TAIL_MESSAGES_MAX, WATCHED_TAIL_BYTES_MAX,
    WATCHED_TAIL_MESSAGES_MAX,
};
use bytes::Bytes;
use protocol::id::{DeviceId, SessionId};
use protocol::limits::WINDOW_MESSAGES;
use protocol::rule::{Rule, holds};
use protocol::session::position::{Position, Positions};
use std::num::NonZero;
use std::sync::Arc;
use store::{Called, DeviceKey, LoadedDevice, NewDevice, TokenHash, Write};

/// Whether a device can be heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It has a live connection.
    Online,
    /// It has none.
    Offline,
    /// Its gateway is gone, so nobody knows.
    Unreachable,
}

impl Presence {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Presence::Online => "online",
            Presence::Offline => "offline",
            Presence::Unreachable => "unreachable",
        }
    }
}

/// Who a device is, as opposed to what it does.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Its number in the store.
    pub key: DeviceKey,
    /// What it identifies with.
    pub id: DeviceId,
    /// What people call it, where they call it anything.
    pub called: Option<Box<Called>>,
    /// What is known of its token.
    pub token: Option<TokenHash>,
    /// The token before that: both count until the device has shown the present one.
    pub previous: Option<Box<TokenHash>>,
    /// It was made by a join token, which may identify it again until it is `confirmed`.
    pub joined: bool,
    /// No join token opens it any more: it has shown its own token, or was given another. Where it has none, that was taken back.
    pub confirmed: bool,
    /// Milliseconds since 1970.
    pub created: i64,
    /// Its row is in the store or on its way there.
    pub stored: bool,
}

impl Identity {
    /// Its token was taken back, and it was given none since.
    pub fn is_revoked(&self) -> bool {
        self.token.is_none() && self.confirmed
    }

    /// What the store is to know of its tokens.
    fn tokens(&self) -> Write {
        let (token, previous) = (self.token, self.previous.as_deref().copied());
        Write::DeviceToken { device: self.key, token, previous, confirmed: self.confirmed }
    }
}

/// What the store has made durable for a device, or refused.
#[derive(Debug)]
pub enum Done {
    /// The messages and gaps up to this cursor; where it is refused, the one with this cursor.
    Entries(u64),
    /// The session with this counter was issued.
    Session(u64),
    /// The command with this number may be sent.
    Command(u64),
    /// The command with this id, of this person, may be handed to a gateway (rule U5).
    Handed {
        /// Who asked.
        by: Box<str>,
        /// The id that the person gave it.
        id: Box<str>,
    },
    /// Where a command stands, other than sent: people may be told.
    Noted,
    /// A description.
    Described,
    /// The device itself.
    Stored,
}

impl Done {
    /// What it means that `write` is durable, and for which device: nothing where nobody waits for it, and several things
    /// of one that holds others.
    pub fn of(write: &Write) -> impl Iterator<Item = (DeviceKey, Done)> {
        write.each().filter_map(Done::of_one)
    }

    fn of_one(write: &Write) -> Option<(DeviceKey, Done)> {
        Some(match write {
            Write::Message(message) => (message.device, Done::Entries(message.cursor)),
            Write::Gap(gap) => (gap.device, Done::Entries(gap.cursor)),
            Write::Device(device) => (device.key, Done::Stored),
            Write::Describe { device, .. } => (*device, Done::Described),
            Write::Session { device, counter, .. } => (*device, Done::Session(*counter)),
            Write::Command(row) if row.handed.is_some() && &*row.state == "queued" => {
                (row.device, Done::Handed { by: row.by.clone(), id: row.id.clone() })
            }
            Write::Command(row) if row.handed.is_none() && &*row.state == "sent" => {
                (row.device, Done::Command(row.number?))
            }
            Write::Command(row) => (row.device, Done::Noted),
            _ => return None,
        })
    }
}

/// A device. There may be a million of them, most of which are not there: what only a few need stands in boxes.
pub struct Device {
    /// Who it is.
    pub identity: Identity,
    pub(crate) presence: Presence,
    /// When the presence last changed, milliseconds since 1970.
    pub(crate) since: i64,
    /// When something was last heard, milliseconds since 1970.
    pub(crate) last_seen: Option<NonZero<i64>>,
    /// Raised with each identify; what belongs to an older one is discarded.
    pub(crate) generation: u64,
    pub(crate) door: Door,
    /// What is known of it from gateways; most devices are behind none.
    pub(crate) relay: Option<Box<Relay>>,
    /// How many numbered messages may be unacked: none while the storage has failed (rule H9).
    pub(crate) window: u32,
    pub(crate) takeovers: Takeovers,
    pub(crate) positions: Positions,
    pub(crate) channels: Channels,
    /// The cursor given last, without those refused; those beyond `committed` are under way to the store.
    pub(crate) cursor: u64,
    /// The cursor of the newest message or gap that is durable.
    pub(crate) committed: u64,
    pub(crate) under_way: UnderWay,
    /// Committed messages and gaps as patches, by cursor.
    pub(crate) tail: Tail,
    /// Presence, descriptions and receipts, in a numbering of their own. They stay only while somebody watches: whoever
    /// comes later begins with how all that stands.
    pub(crate) notices: Tail,
    is_watched: bool,
    pub(crate) commands: Commands,
    /// Without what is in flight, which `under_way` tells.
    pub(crate) ledger: Books,
    /// The last time it sent could not be believed.
    pub(crate) clock_wrong: bool,
    /// It is no longer among the hub's devices; only those who still hold it see it.
    removed: bool,
}

// So a million of them have room in some hundred megabytes, with their ids and newest values.
const _: () = assert!(size_of::<Device>() <= 344);

/// What stays of a device's messages where nobody waits for them.
const UNWATCHED: Bounds = Bounds { frames: TAIL_MESSAGES_MAX, bytes: TAIL_BYTES_MAX };

/// Who issues sessions: the tag of this start and those of the store's earlier ones.
#[derive(Debug, Clone)]
pub struct Issuer {
    /// The tag of this start.
    pub tag: Arc<str>,
    /// The tags of earlier starts.
    pub earlier: Arc<[String]>,
}

impl Issuer {
    /// Whether sessions with this tag are this store's own: it is the only issuer of what it takes from devices itself, also
    /// where they were at a gateway before (rule U8).
    pub fn is_ours(&self, tag: &str) -> bool {
        tag == &*self.tag || self.earlier.iter().any(|earlier| earlier == tag) || !holds(Rule::U8)
    }
}

impl Device {
    /// A device that nothing is known of yet. Its sessions are counted from above `sessions`, so that they never bear
    /// the name of one that a removed device of the same id had.
    pub fn new(identity: Identity, sessions: u64) -> Self {
        let since = identity.created;
        Self {
            identity,
            presence: Presence::Offline,
            since,
            last_seen: None,
            generation: 0,
            door: Door::Closed(0),
            relay: None,
            window: WINDOW_MESSAGES,
            takeovers: Takeovers::default(),
            positions: Positions::restore(sessions, None),
            channels: Channels::default(),
            cursor: 0,
            committed: 0,
            under_way: UnderWay::default(),
            tail: Tail::new(0),
            notices: Tail::new(0),
            is_watched: false,
            commands: Commands::new(1),
            ledger: Books::default(),
            clock_wrong: false,
            removed: false,
        }
    }

    /// A device as the store knew it, or nothing where its id is none of ours.
    pub fn restore(loaded: LoadedDevice) -> Option<Self> {
        let identity = Identity {
            key: loaded.key,
            id: DeviceId::parse(&loaded.id)?,
            called: loaded.called,
            token: loaded.token,
            previous: loaded.previous.map(Box::new),
            joined: loaded.joined,
            confirmed: loaded.confirmed,
            created: loaded.created,
            stored: true,
        };
        let current = loaded.position.and_then(|position| {
            Some(Position { session: SessionId::parse(&position.session)?, last: position.seq })
        });
        let mut device = Self::new(identity, 0);
        device.since = loaded.last_seen.unwrap_or(loaded.created);
        device.last_seen = loaded.last_seen.and_then(NonZero::new);
        device.positions = Positions::restore(loaded.next_session.saturating_sub(1), current);
        device.relay = Relay::restore(loaded.relayed);
        (device.cursor, device.committed) = (loaded.cursor, loaded.cursor);
        device.tail = Tail::new(loaded.cursor);
        device.commands = Commands::new(if holds(Rule::C1) { loaded.next_command } else { 1 });
        device.ledger = Books::restore(loaded.received, loaded.late, loaded.gaps);
        device.channels.restore(loaded.channels.into_iter().map(|channel| {
            let latest = channel.latest.map(|latest| Latest {
                value: latest.value,
                ts: latest.ts,
                cursor: latest.cursor,
            });
            (channel.name, latest, channel.every)
        }));
        if let Some(describe) = &loaded.describe
            && let Err(error) = device.channels.restore_description(describe)
        {
            tracing::error!(device = %device.identity.id, %error, "a stored description cannot be read");
        }
        Some(device)
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.identity.id.as_str()
    }

    /// Whether it can be heard, and since when (ms since 1970).
    pub fn presence(&self) -> (Presence, i64) {
        (self.presence, self.since)
    }

    /// The cursor of the newest committed message or gap.
    pub fn committed(&self) -> u64 {
        self.committed
    }

    /// When something was last heard, milliseconds since 1970.
    pub fn last_seen(&self) -> Option<i64> {
        self.last_seen.map(NonZero::get)
    }

    /// Messages and gaps that are committed.
    pub fn counts(&self) -> (u64, u64) {
        (self.ledger.committed, self.ledger.gap_count())
    }

    /// Whether the last time that it sent could not be believed.
    pub fn is_clock_wrong(&self) -> bool {
        self.clock_wrong
    }

    /// Since when more than one device uses its id, in milliseconds since 1970; nothing while none does (rule H11).
    pub fn contested(&self) -> Option<i64> {
        self.takeovers.contested()
    }

    /// How many channels it has.
    pub fn channel_count(&self) -> usize {
        self.channels.len()
    }

    /// Each channel with its newest committed sample and its rhythm, where that is known: milliseconds between two samples,
    /// as the device declares it or else as it was learned.
    pub fn latest(&self) -> impl Iterator<Item = (&Arc<str>, &Latest, Option<u64>)> {
        let every = self.channels.every();
        self.channels
            .iter()
            .filter_map(move |channel| Some((&channel.name, channel.latest.as_ref()?, every(channel))))
    }

    /// What the device says its channels are, one JSON object.
    pub fn description(&self) -> String {
        self.channels.description()
    }

    /// Makes sure that the device's row goes to the store before anything that belongs to it.
    pub(crate) fn store_first(&mut self, effects: &mut Vec<Effect>) {
        let identity = &mut self.identity;
        if std::mem::replace(&mut identity.stored, true) {
            return;
        }
        effects.push(Effect::Record(Write::Device(NewDevice {
            key: identity.key,
            id: identity.id.as_str().into(),
            token: identity.token,
            joined: identity.joined,
            created: identity.created,
        })));
        if identity.confirmed || identity.previous.is_some() {
            let write = identity.tokens();
            effects.push(Effect::Record(write));
        }
        if let Some(called) = &self.identity.called {
            let (device, called) = (self.identity.key, (**called).clone());
            effects.push(Effect::Record(Write::Called { device, called }));
        }
        if self.channels.is_described() {
            self.record_description(None, effects);
        }
    }

    /// The device is no more: those who watch it learn it.
    pub fn remove(&mut self, effects: &mut Vec<Effect>) {
        self.removed = true;
        self.notice(super::frame::removed(self.id()), effects);
    }

    /// Somebody watches it from now on, or nobody does any more: for those who watch, more of what it says stays here.
    pub fn watched(&mut self, is_watched: bool) {
        self.is_watched = is_watched;
        self.tail.shrink(self.tail_bounds());
        if !is_watched {
            self.notices.clear();
        }
    }

    /// All who watch it have seen all there is: what was kept longer for them goes.
    pub fn all_have_seen(&mut self) {
        self.tail.shrink(UNWATCHED);
    }

    /// How much of what it says stays here.
    pub(crate) fn tail_bounds(&self) -> Bounds {
        match self.is_watched {
            true => Bounds { frames: WATCHED_TAIL_MESSAGES_MAX, bytes: WATCHED_TAIL_BYTES_MAX },
            false => UNWATCHED,
        }
    }

    /// Whether those who watch it should come soon.
    pub(crate) fn hurries(&mut self) -> bool {
        self.is_watched && self.tail.hurries(self.tail_bounds())
    }

    /// Tells those who watch something other than a message.
    pub(crate) fn notice(&mut self, frame: Bytes, effects: &mut Vec<Effect>) {
        let bounds = Bounds { frames: NOTICES_MAX, bytes: NOTICE_BYTES_MAX };
        match self.is_watched {
            true => self.notices.push(frame, bounds),
            false => self.notices.pass(),
        }
        effects.push(Effect::WAKE);
    }

    /// The counter of the newest session it was given.
    pub fn sessions(&self) -> u64 {
        self.positions.issued()
    }

    /// Whether it was removed.
    pub fn is_removed(&self) -> bool {
        self.removed
    }

    /// Stores the device now, without waiting for its first sample.
    pub fn keep(&mut self, effects: &mut Vec<Effect>) {
        self.store_first(effects);
    }

    /// Gives the device another token in the place of its own, which counts no more.
    pub fn replace_token(&mut self, token: TokenHash, effects: &mut Vec<Effect>) {
        self.set_tokens(Some(token), None, false, effects);
    }

    /// Gives the device another token. The one that it showed last, or could have shown, counts until it shows the new one.
    pub fn renew_token(&mut self, token: TokenHash, effects: &mut Vec<Effect>) {
        let identity = &mut self.identity;
        let kept = identity.previous.take().or_else(|| identity.token.map(Box::new));
        self.set_tokens(Some(token), kept, true, effects);
    }

    /// The device has shown its present token: no other counts any more. Whether one did.
    pub fn confirm_token(&mut self, effects: &mut Vec<Effect>) -> bool {
        let (token, had_another) = (self.identity.token, self.identity.previous.is_some());
        if had_another || !self.identity.confirmed {
            self.set_tokens(token, None, true, effects);
        }
        had_another
    }

    /// No token counts for the device any more, nor does a join token, until it is given another.
    pub fn revoke_tokens(&mut self, effects: &mut Vec<Effect>) {
        self.set_tokens(None, None, true, effects);
    }

    fn set_tokens(
        &mut self,
        token: Option<TokenHash>,
        previous: Option<Box<TokenHash>>,
        confirmed: bool,
        effects: &mut Vec<Effect>,
    ) {
        let identity = &mut self.identity;
        (identity.token, identity.previous, identity.confirmed) = (token, previous, confirmed);
        if identity.stored {
            effects.push(Effect::Record(identity.tokens()));
        }
    }

    /// People call it something else from now on: those who watch it or the list learn it.
    pub fn call(&mut self, called: Called, effects: &mut Vec<Effect>) {
        let identity = &mut self.identity;
        if identity.stored {
            effects.push(Effect::Record(Write::Called { device: identity.key, called: called.clone() }));
        }
        identity.called = (!called.is_empty()).then(|| Box::new(called));
        self.notice(self.presence_frame(), effects);
        effects.push(Effect::List);
    }

    /// Presence, name and labels, as panels are told.
    pub fn presence_frame(&self) -> Bytes {
        super::frame::presence(&self.listed())
    }

    /// What lists say of it.
    pub fn listed(&self) -> super::frame::Standing<'_> {
        super::frame::Standing {
            device: self.id(),
            name: self.name(),
            labels: self.labels(),
            presence: self.presence.as_str(),
            since: self.since,
            gateway: self.gateway(),
        }
    }

    /// What to call it: its name, or its id.
    pub fn name(&self) -> &str {
        let name = self.identity.called.as_ref().and_then(|called| called.name.as_deref());
        name.unwrap_or(self.id())
    }

    /// Its labels, one a line.
    pub fn labels(&self) -> &str {
        self.identity.called.as_ref().map_or("", |called| &called.labels)
    }

    pub(crate) fn set_presence(&mut self, presence: Presence, now: i64, effects: &mut Vec<Effect>) {
        if self.presence == presence {
            return;
        }
        (self.presence, self.since) = (presence, now);
        self.notice(self.presence_frame(), effects);
        effects.push(Effect::List);
    }
}
