//! One panel's socket as a state machine: authenticate, then hear and tell until one side ends it.

use super::rare::Rare;
use super::said;
use super::seat::Seat;
use super::turn::Turn;
use super::{PanelPeer, message};
use crate::Hub;
use crate::allowance::Allowance;
use crate::auth::Scope;
use crate::limits::{
    PANEL_AUTHENTICATE_SECONDS_MAX, PANEL_FRAME_BYTES_MAX, PANEL_FRAMES, PANEL_HEARTBEAT_SECONDS,
    PANEL_STRANGER_FRAME_BYTES_MAX, PANEL_WRITE_SECONDS_MAX,
};
use crate::rights::{Check, asks};
use protocol::intake::StrangerLimit;
use sockets::websocket::{self, Frame, Frames, Violation};
use sockets::{Endpoint, Outgoing, Remote};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Milliseconds of silence after which a panel is closed.
const SILENCE_MS_MAX: u64 = 2 * PANEL_HEARTBEAT_SECONDS * 1_000;
const BEAT_MS: u64 = PANEL_HEARTBEAT_SECONDS * 1_000;

/// Why a panel's socket ends.
#[derive(Debug, Clone, Copy)]
enum Closing {
    /// No valid ticket came in time.
    Unauthenticated,
    /// What was shown to open it counts no longer, or permits nothing any more.
    Withdrawn,
    /// There are as many panels as may be.
    Full,
    /// Nothing was heard for two heartbeats.
    Silent,
    /// The hub stops.
    Stopping,
    /// The browser closes it.
    Asked,
    /// What it sends is no WebSocket.
    Broken(Violation),
    /// There is nobody to tell.
    Gone,
}

impl Closing {
    /// The code and the reason of the close frame. Those of the application's own range are in the protocol.
    fn frame(self) -> Option<(u16, &'static str)> {
        Some(match self {
            Closing::Unauthenticated => (4401, "no valid ticket"),
            Closing::Withdrawn => (4401, "no longer permitted"),
            Closing::Full => (4503, "too many panels"),
            Closing::Silent => (4408, "silent"),
            Closing::Stopping => (1001, "the hub is stopping"),
            Closing::Asked => (1000, ""),
            Closing::Broken(violation) => (violation.code(), violation.reason()),
            Closing::Gone => return None,
        })
    }
}

/// How far a panel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A ticket is awaited.
    Opening,
    /// It is to be welcomed.
    Granted,
    Talking,
}

/// Our end of one panel. Memory while it is idle: this, its [`Seat`], and what it watches.
pub(super) struct Panel {
    seat: Arc<Seat>,
    frames: Frames,
    rare: Option<Box<Rare>>,
    /// Until when something must be heard: the hub's monotonic milliseconds. Counts only while it hears.
    silent: u64,
    /// When the next heartbeat is due; while it opens, until when it must have authenticated.
    due: u64,
    /// Until which change of what anybody may it has looked whether this is still permitted, ...
    epoch: u32,
    /// ... and which version of its own rights it has seen.
    rights: u32,
    /// How many frames it has said lately.
    said: Allowance,
    /// How many of the hub's own news it has seen.
    news: u16,
    phase: Phase,
    closing: Option<Closing>,
    /// A heartbeat is to be written.
    beats: bool,
    /// It was told that the storage has failed.
    storage_failed: bool,
    /// It waits for an answer, and hears nothing meanwhile.
    waits: bool,
    /// It said too much lately, and is not heard for a moment.
    rests: bool,
    /// It has still to follow what became of its rights.
    follows: bool,
}

impl Panel {
    pub(super) fn open(hub: &Arc<Hub>, peer: PanelPeer, remote: Remote) -> Self {
        let (seat, is_full) = hub.panels.open(hub, peer, remote);
        let now = hub.now().mono;
        let closing = match (is_full, hub.panels.are_stopping()) {
            (_, true) => Some(Closing::Stopping),
            (true, _) => Some(Closing::Full),
            (false, false) => None,
        };
        let (phase, wait) = match seat.who() {
            Some(_) => (Phase::Granted, BEAT_MS),
            None => (Phase::Opening, PANEL_AUTHENTICATE_SECONDS_MAX * 1_000),
        };
        let rights = seat.who().map_or(0, |who| who.grant.version());
        Self {
            seat,
            frames: Frames::new(match phase {
                Phase::Opening => PANEL_STRANGER_FRAME_BYTES_MAX,
                Phase::Granted | Phase::Talking => PANEL_FRAME_BYTES_MAX,
            }),
            said: Allowance::default(),
            rests: false,
            rare: None,
            silent: now + SILENCE_MS_MAX,
            due: now + wait,
            // It looks in its first turn.
            epoch: hub.auth.epoch().wrapping_sub(1),
            rights,
            // How the storage stands is news to it.
            news: hub.panels.news().count().wrapping_sub(1),
            phase,
            closing,
            beats: false,
            storage_failed: false,
            waits: false,
            follows: false,
        }
    }

    /// As if it were so many milliseconds later.
    #[cfg(test)]
    pub(super) fn age(&mut self, ms: u64) {
        self.due = self.due.saturating_sub(ms);
        self.silent = self.silent.saturating_sub(ms);
    }

    /// As if it had just looked whether it is permitted.
    #[cfg(test)]
    pub(super) fn has_looked(&mut self) {
        self.epoch = self.seat.hub.auth.epoch();
    }

    /// As if it had rested for as long as it should, where it was heard too often.
    #[cfg(test)]
    pub(super) fn rest_is_over(&mut self) {
        self.rests = false;
    }

    /// Whether it holds nothing that few panels have.
    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        self.rare.is_none()
    }

    #[cfg(test)]
    pub(super) fn remote(&self) -> &Remote {
        self.seat.remote()
    }

    fn now(&self) -> u64 {
        self.seat.hub.now().mono
    }

    fn hear(&mut self, frame: Frame<'_>) {
        match frame {
            // A heartbeat.
            Frame::Text(text) if text.is_empty() => {}
            Frame::Text(text) if self.phase == Phase::Opening => self.authenticate(&text),
            Frame::Text(text) => {
                said::hear(&text, self.seat.hub.log(), &mut self.rare.get_or_insert_default().said);
            }
            Frame::Binary(_) if self.phase == Phase::Opening => self.closing = Some(Closing::Unauthenticated),
            Frame::Binary(_) | Frame::Pong => {}
            Frame::Ping(payload) => {
                self.rare.get_or_insert_default().pong = Some(payload.into_owned().into());
            }
            Frame::Close(_) => self.closing = Some(Closing::Asked),
        }
    }

    /// Takes the first frame that says something: who looks, and at which page.
    fn authenticate(&mut self, text: &str) {
        let first = message::read(text).ok().and_then(|messages| messages.into_iter().next()?.ok());
        let (ticket, page) = first.map(|message| (message.authenticate, message.page)).unwrap_or_default();
        let hub = &self.seat.hub;
        let Some(grant) = ticket.and_then(|ticket| hub.auth.redeem_ticket(&ticket, hub.now().wall)) else {
            self.closing = Some(Closing::Unauthenticated);
            return;
        };
        if hub.panels.has_enough(&grant) {
            self.closing = Some(Closing::Full);
            return;
        }
        // It becomes a link for others: a path of ours, and nothing else.
        let is_ours = |page: &String| page.starts_with('/') && !page[1..].starts_with(['/', '\\']);
        let page = page.filter(is_ours).unwrap_or_default();
        self.rights = grant.version();
        self.seat.welcome(grant, protocol::message::cut(&page, 256));
        (self.phase, self.due) = (Phase::Granted, self.now() + BEAT_MS);
        self.frames.widen(PANEL_FRAME_BYTES_MAX);
    }

    /// Looks whether all this is still permitted, where anything was withdrawn or given since it last did; whether it goes on.
    fn is_permitted(&mut self) -> bool {
        let epoch = self.seat.hub.auth.epoch();
        if std::mem::replace(&mut self.epoch, epoch) == epoch {
            return self.closing.is_none();
        }
        let Some(who) = self.seat.who() else { return true };
        if asks(Check::Credential) && !self.stands() {
            self.closing.get_or_insert(Closing::Withdrawn);
            return false;
        }
        let rights = who.grant.version();
        self.follows |= std::mem::replace(&mut self.rights, rights) != rights;
        self.closing.is_none()
    }

    /// Whether what was shown to open it still counts, and permits to look at anything.
    fn stands(&self) -> bool {
        let hub = &self.seat.hub;
        self.seat
            .who()
            .is_none_or(|who| who.grant.may(Scope::View) && hub.auth.stands(&who.grant, hub.now().wall))
    }

    /// Says what is to be said now, in one frame, behind what is said in frames of its own.
    fn tell(&mut self, out: &mut Outgoing) {
        if let Some(payload) = self.rare.as_mut().and_then(|rare| rare.pong.take()) {
            websocket::pong(out, &payload);
        }
        if !self.is_permitted() {
            return;
        }
        let Some(who) = self.seat.who() else { return };
        let is_new = self.phase != Phase::Talking;
        if is_new {
            self.phase = Phase::Talking;
            websocket::text(out, self.seat.hub.panel_welcome(self.seat.number, &who.grant).as_bytes());
        }
        if std::mem::take(&mut self.beats) {
            websocket::text(out, b"");
        }
        let follows = std::mem::take(&mut self.follows);
        let mut turn = Turn::new(&self.seat, who, &mut self.rare, self.waits);
        if follows && asks(Check::Watches) {
            turn.look_at_rights();
        }
        let count = self.seat.hub.panels.news().count();
        let seen = std::mem::replace(&mut self.news, count);
        if seen != count {
            let storage = self.seat.hub.storage.borrow();
            // At first there is something to tell only if it has failed.
            if self.storage_failed || !storage.is_up() {
                turn.batch.push(message::storage(&storage));
            }
            self.storage_failed = !storage.is_up();
            drop(storage);
            self.seat.hub.panels.news().tell_since(seen, is_new, &who.grant, &self.seat.hub, &mut turn.batch);
        }
        turn.run();
        self.waits = turn.waits;
        if turn.lost {
            self.closing = Some(Closing::Gone);
        }
        std::mem::take(&mut turn.batch).say(out);
    }

    /// Carries out what the browser said, without a word about it yet.
    fn carry_out(&mut self) {
        if !self.is_permitted() {
            return;
        }
        let Some(who) = self.seat.who() else { return };
        let mut turn = Turn::new(&self.seat, who, &mut self.rare, self.waits);
        turn.hear();
        self.waits = turn.waits;
    }
}

impl Endpoint for Panel {
    fn reads(&self) -> bool {
        let is_ready = self.closing.is_none() && !self.waits && !self.rests;
        is_ready && self.rare.as_ref().is_none_or(|rare| rare.is_carried_out())
    }

    fn read(&mut self, mut bytes: &mut [u8]) {
        let now = self.now();
        self.silent = now + SILENCE_MS_MAX;
        while self.closing.is_none()
            && let Some(next) = self.frames.next(&mut bytes)
        {
            self.said.use_up(now, PANEL_FRAMES);
            match next {
                Ok(frame) => self.hear(frame),
                Err(violation) => self.closing = Some(Closing::Broken(violation)),
            }
        }
        if self.said.within_at(PANEL_FRAMES) > now && !std::mem::replace(&mut self.rests, true) {
            self.seat.hub.panels.throttles();
        }
        self.carry_out();
    }

    fn read_closed(&mut self) {
        self.closing.get_or_insert(Closing::Gone);
    }

    fn woken(&mut self) {
        if self.seat.hub.panels.are_stopping() {
            self.closing.get_or_insert(Closing::Stopping);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let due = if self.reads() { self.due.min(self.silent) } else { self.due };
        let due = if self.rests { due.min(self.said.within_at(PANEL_FRAMES)) } else { due };
        Some(self.seat.hub.started + Duration::from_millis(due))
    }

    fn timeout(&mut self) {
        let now = self.now();
        self.rests &= now < self.said.within_at(PANEL_FRAMES);
        if self.phase == Phase::Opening && now >= self.due {
            self.seat.hub.audit_limit(StrangerLimit::Time, self.seat.from());
            self.closing.get_or_insert(Closing::Unauthenticated);
        } else if self.reads() && now >= self.silent {
            self.closing.get_or_insert(Closing::Silent);
        } else if now >= self.due && !self.stands() {
            // A login may have run out without anybody's doing. That it is asked for here keeps it alive.
            self.closing.get_or_insert(Closing::Withdrawn);
        } else if now >= self.due {
            (self.beats, self.due) = (true, now + BEAT_MS);
        }
    }

    fn write(&mut self, out: &mut Outgoing) {
        if self.closing.is_none() {
            let heard = self.reads();
            self.tell(out);
            let now = self.now();
            self.rare.take_if(|rare| rare.is_empty(now));
            if !heard && self.reads() {
                self.silent = now + SILENCE_MS_MAX;
            }
        }
        if let Some((code, reason)) = self.closing.and_then(Closing::frame) {
            websocket::close(out, code, reason);
        }
    }

    fn is_over(&self) -> bool {
        self.closing.is_some()
    }

    fn gathers(&self) -> bool {
        true
    }

    fn is_stranger(&self) -> bool {
        self.phase == Phase::Opening
    }

    fn stall_max(&self) -> Option<Duration> {
        Some(Duration::from_secs(PANEL_WRITE_SECONDS_MAX))
    }
}

impl Drop for Panel {
    fn drop(&mut self) {
        let watched = std::mem::take(&mut *self.seat.watched());
        watched.iter().for_each(|watched| watched.end(&self.seat));
        if let Some(rare) = &self.rare {
            rare.end(&self.seat);
        }
        self.seat.hub.panels.remove(self.seat.number);
    }
}
