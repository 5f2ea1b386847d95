//! The gateway's end of the uplink to one hub. It outlives connections: there is one for each hub, from when the hub is added
//! until it is removed. It knows no socket, no clock, no disk and no chance; **hand in one input with the time, take outputs
//! until there are none, and call `timeout` when `poll_timeout` says so.**
//!
//! | file | what it decides |
//! |---|---|
//! | `mod` | identify, welcome, heartbeats, when to come back (D6, D7, D9 for uplinks) |
//! | `output` | what it is told, and what it wants done |
//! | `sending` | what is sent from the spool, and how far the hub has come (U1, U2, U3) |
//! | `holes` | what was dropped for this hub alone (U3) |
//! | `streams` | which devices have which stream (U6) |
//! | `commands` | commands that were handed here, until their outcome is settled (U5) |

mod commands;
mod holes;
mod output;
mod sending;
mod streams;

pub use self::output::{Output, Settings, Stored};

use self::commands::Commands;
use self::holes::Holes;
use self::sending::Sending;
use self::streams::Streams;
use super::frame::{Frame, entries};
use super::message::{
    CommandOutcome, Connected, FromGateway, FromHub, GatewayIdentify, GatewayWelcome, Lost, SkipReason,
    SpoolCursor,
};
use super::read::read_from_hub;
use super::tags::{Held, Tags};
use crate::code::Again;
use crate::id::DeviceId;
use crate::limits::{PROGRESS_SECONDS_MIN, UPLINK_ASKS_MAX, UPLINK_NEVER_MS, WELCOME_SECONDS_MAX};
use crate::rule::{Rule, holds};
use crate::session::backoff::Backoff;
use crate::session::timer::Timers;
use crate::time::Time;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// When the uplink acts though nothing came.
#[derive(Debug, Clone, Copy)]
enum Timer {
    /// When to connect.
    Connect,
    /// When to give up because no welcome came.
    Welcome,
    /// When to say something because nothing else was said (D7).
    Heartbeat,
    /// When to give up because nothing was heard (D7).
    Silence,
    /// When to give up because the ack stood still (D6).
    Progress,
}

impl From<Timer> for usize {
    fn from(timer: Timer) -> Self {
        timer as usize
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is no connection. It waits until it may try, or tries.
    Apart,
    /// It has identified.
    Identifying,
    /// It is welcome.
    Talking,
    /// It has closed, and the transport is not gone yet.
    Closing,
    /// The hub was removed.
    Over,
}

/// The gateway's end of one uplink.
pub struct GatewaySide {
    settings: Settings,
    phase: Phase,
    timers: Timers<5>,
    backoff: Backoff,
    /// What the hub said of coming back.
    again: (Again, Option<u64>),
    nonce: u64,
    /// Milliseconds between heartbeats.
    heartbeat_ms: u64,
    /// What the hub's clock said, and when that was.
    hub_time: Option<(i64, u64)>,
    last_error: Option<String>,
    /// The hub told it not to come back, and has not welcomed it since.
    is_refused: bool,
    /// What is being said and not taken yet.
    frame: Frame,
    outputs: VecDeque<Output>,
    tags: Arc<Tags>,
    held: Held,
    holes: Holes,
    sending: Sending,
    streams: Streams,
    commands: Commands,
    asks: BTreeSet<u64>,
}

impl GatewaySide {
    /// An uplink that is to be opened at once. `tags` are the gateway's, this start's among them.
    pub fn new(now: Time, settings: Settings, tags: Arc<Tags>, held: Held) -> Self {
        let mut timers = Timers::none();
        timers.set(Timer::Connect, now.mono);
        Self {
            settings,
            phase: Phase::Apart,
            timers,
            backoff: Backoff::default(),
            again: (Again::Later, None),
            nonce: 0,
            heartbeat_ms: 0,
            hub_time: None,
            last_error: None,
            is_refused: false,
            frame: Frame::default(),
            outputs: VecDeque::new(),
            tags,
            held,
            holes: Holes::default(),
            sending: Sending::default(),
            streams: Streams::default(),
            commands: Commands::default(),
            asks: BTreeSet::new(),
        }
    }

    /// The next thing to do; nothing until there is another input.
    pub fn poll_output(&mut self) -> Option<Output> {
        if self.outputs.is_empty() && matches!(self.phase, Phase::Identifying | Phase::Talking) {
            self.flush();
        }
        self.outputs.pop_front()
    }

    /// When to call [`GatewaySide::timeout`] at the latest, in monotonic milliseconds.
    pub fn poll_timeout(&self) -> Option<u64> {
        self.timers.next()
    }

    /// Whether the hub has welcomed it.
    pub fn is_welcome(&self) -> bool {
        self.phase == Phase::Talking
    }

    /// How far the hub has come, as it last said.
    pub fn cursor(&self) -> Option<&SpoolCursor> {
        self.sending.acked()
    }

    /// The place of the last entry that the hub has, as it last said; before the first that it is to have where it has
    /// nothing.
    pub fn acked_place(&self) -> u64 {
        let place = self.sending.acked().and_then(|cursor| self.tags.place_of(cursor));
        place.unwrap_or(self.settings.begin.saturating_sub(1))
    }

    /// Spool numbers that are sent and not acked.
    pub fn unacked(&self) -> usize {
        self.sending.unacked()
    }

    /// Whether the hub told it not to come back with what it showed, and has not welcomed it since.
    pub fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// Why the uplink ended last, for people.
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// What the hub's clock says, milliseconds since 1970; nothing where it never said.
    pub fn hub_time(&self, now: Time) -> Option<i64> {
        let (time, at) = self.hub_time?;
        Some(time.saturating_add_unsigned(now.mono.saturating_sub(at)))
    }

    /// The WebSocket stands.
    pub fn opened(&mut self, now: Time) {
        if self.phase != Phase::Apart {
            return;
        }
        self.phase = Phase::Identifying;
        self.nonce += 1;
        self.again = (Again::Later, None);
        self.timers = Timers::none();
        self.timers.set(Timer::Welcome, now.mono + WELCOME_SECONDS_MAX * 1000);
        let Settings { gateway, token, heartbeat, .. } = &self.settings;
        let identify = GatewayIdentify {
            gateway: gateway.clone(),
            token: token.clone(),
            nonce: self.nonce,
            tag: self.tags.current().cloned().unwrap_or_default(),
            heartbeat: *heartbeat,
        };
        self.say(now, &FromGateway::Identify(identify));
    }

    /// The connection is gone, or could not be made; said again it means nothing. `random` is uniform over its whole range.
    pub fn closed(&mut self, now: Time, random: u32) {
        let waits = self.phase == Phase::Apart && self.timers.is_set(Timer::Connect);
        if self.phase == Phase::Over || waits {
            return;
        }
        let (again, wait) = std::mem::replace(&mut self.again, (Again::Later, None));
        let wait = self.backoff.lost(now.mono, again, wait, random).unwrap_or(UPLINK_NEVER_MS);
        self.part_ways();
        self.phase = Phase::Apart;
        self.timers.set(Timer::Connect, now.mono + wait);
    }

    /// The connection could not be made, and why, for people; then as [`GatewaySide::closed`].
    pub fn failed(&mut self, now: Time, reason: &str, random: u32) {
        self.last_error = Some(reason.to_owned());
        self.closed(now, random);
    }

    /// The hub was removed, or the gateway stops: nothing more comes but the end of the connection, where there is one.
    pub fn end(&mut self) {
        if self.phase != Phase::Over {
            self.close();
            self.part_ways();
            self.phase = Phase::Over;
        }
    }

    /// The time has come that [`GatewaySide::poll_timeout`] named.
    pub fn timeout(&mut self, now: Time) {
        if self.timers.take_due(Timer::Connect, now.mono) {
            self.outputs.push_back(Output::Connect);
        }
        if self.timers.take_due(Timer::Welcome, now.mono) {
            return self.fail("the hub did not answer the identify");
        }
        if self.timers.take_due(Timer::Silence, now.mono) {
            return self.fail("nothing was heard for two heartbeats");
        }
        if self.timers.take_due(Timer::Progress, now.mono) {
            return self.fail("what was sent is not acked");
        }
        if self.timers.take_due(Timer::Heartbeat, now.mono) {
            self.say(now, &FromGateway::Heartbeat);
        }
    }

    /// A frame of the hub.
    pub fn frame(&mut self, now: Time, frame: &str) {
        if !matches!(self.phase, Phase::Identifying | Phase::Talking) {
            return;
        }
        self.heard(now);
        for entry in entries(frame) {
            let said = entry.and_then(|(stream, line)| match stream {
                0 => read_from_hub(line),
                _ => Err(super::wrong("a hub speaks on stream 0 only")),
            });
            match said {
                Ok(said) => self.said(now, said),
                Err(fail) => self.fail(&format!("the hub's frame: {} (at {})", fail.reason, fail.at)),
            }
            if !matches!(self.phase, Phase::Identifying | Phase::Talking) {
                return;
            }
        }
        self.pump(now);
    }

    fn said(&mut self, now: Time, said: FromHub) {
        match said {
            FromHub::Heartbeat | FromHub::Unknown => {}
            FromHub::Bye { code, again, wait, reason } => {
                self.again = (again, wait);
                self.is_refused |= again == Again::Never;
                self.fail(&format!("the hub said bye {code}: {}", reason.as_deref().unwrap_or_default()));
            }
            FromHub::Welcome(welcome) if self.phase == Phase::Identifying => self.welcomed(now, welcome),
            FromHub::Welcome(_) => self.fail("the hub welcomed a second time"),
            _ if self.phase == Phase::Identifying => self.fail("the hub spoke before its welcome"),
            FromHub::Ack(cursor) => self.acked(now, &cursor),
            FromHub::Part { stream, connection, bye } => {
                if let Some(device) = self.streams.parted(stream, connection) {
                    self.outputs.push_back(Output::Part { device, bye });
                }
            }
            FromHub::Hand(handed) => self.handed(now, handed),
            FromHub::Cancel(name) => {
                if self.commands.is_open(&name) {
                    self.outputs.push_back(Output::Cancel(name));
                }
            }
            FromHub::Settled(name) => self.commands.settled(&name),
            FromHub::Admitted { ask, device, token, hash } => {
                if self.asks.remove(&ask) {
                    self.outputs.push_back(Output::Admitted { ask, device, token, hash });
                }
            }
            FromHub::Denied { ask, bye } => {
                if self.asks.remove(&ask) {
                    self.outputs.push_back(Output::Denied { ask, bye });
                }
            }
            FromHub::Forget { device } => self.outputs.push_back(Output::Forget(device)),
        }
    }

    /// The hub's cursor counts, never the gateway's memory of it (rule U2).
    fn welcomed(&mut self, now: Time, welcome: GatewayWelcome) {
        if welcome.nonce != self.nonce {
            return self.fail("the hub's welcome answers another identify");
        }
        self.phase = Phase::Talking;
        self.timers.stop(Timer::Welcome);
        self.backoff.welcomed(now.mono);
        self.heartbeat_ms = u64::from(welcome.heartbeat) * 1000;
        self.hub_time = Some((welcome.time, now.mono));
        (self.last_error, self.is_refused) = (None, false);
        self.heard(now);
        self.outputs.push_back(Output::Welcome { time: welcome.time });
        self.sending.begin(welcome.cursor, welcome.window);
        self.tell_acked();
        self.restore(now);
        let outcomes: Vec<CommandOutcome> = self.commands.outcomes().cloned().collect();
        for outcome in outcomes {
            self.say(now, &FromGateway::Outcome(outcome));
        }
    }

    /// A device identified at the gateway; `connected.ago` counts.
    pub fn device_connected(&mut self, now: Time, device: &DeviceId, connected: Connected) {
        if self.settings.filter.wants_device(device.as_str()) {
            self.connected(now, device, connected);
        }
    }

    /// A device's connection to the gateway is over.
    pub fn device_disconnected(&mut self, now: Time, device: &DeviceId) {
        self.disconnected(now, device);
    }

    /// The spool holds more, or less.
    pub fn held(&mut self, now: Time, held: Held) {
        self.held = held;
        self.pump(now);
    }

    /// The tags changed: an end was raised.
    pub fn tags(&mut self, now: Time, tags: Arc<Tags>) {
        self.tags = tags;
        self.pump(now);
    }

    /// What this hub has not acked, up to the place `to`, was dropped for it alone; `lost` is all that it misses, where it is
    /// known, also what was said before: at most [`crate::limits::UPLINK_LOST_MAX`] are told.
    /// Said before [`GatewaySide::held`] says that they are gone: otherwise the hub learns only that.
    pub fn skipped(&mut self, now: Time, to: u64, reason: SkipReason, lost: Vec<Lost>) {
        let wanted = |lost: &Lost| self.settings.filter.wants_device(lost.device.as_str());
        let lost = lost.into_iter().filter(wanted).collect();
        self.holes.add(self.acked_place() + 1, to, reason, lost);
        self.pump(now);
    }

    /// Asks the hub whether somebody who identified may come in (rule U7). Not asked, and `false`, while it is not welcome
    /// or has asked as much as it may.
    pub fn admit(&mut self, now: Time, ask: u64, device: Option<DeviceId>, hash: &str) -> bool {
        if !self.is_welcome() || self.asks.len() >= UPLINK_ASKS_MAX {
            return false;
        }
        self.asks.insert(ask);
        self.say(now, &FromGateway::Admit { ask, device, token: hash.into() });
        true
    }

    /// Tells the hub how far behind it is; nothing is said where it is not welcome.
    pub fn standing(&mut self, now: Time, behind: u64, bytes: u64, oldest: Option<i64>) {
        if self.is_welcome() {
            self.say(now, &FromGateway::Standing { behind, bytes, oldest });
        }
    }

    fn heard(&mut self, now: Time) {
        if self.is_welcome() && holds(Rule::D7) {
            self.timers.set(Timer::Silence, now.mono + 2 * self.heartbeat_ms);
        }
    }

    fn progress(&mut self, now: Time) {
        match self.sending.unacked() {
            0 => self.timers.stop(Timer::Progress),
            _ if !holds(Rule::D6) => {}
            _ if !self.is_welcome() => {}
            _ => {
                let wait = self.heartbeat_ms.max(PROGRESS_SECONDS_MIN * 1000);
                self.timers.set(Timer::Progress, now.mono + wait);
            }
        }
    }

    fn say(&mut self, now: Time, said: &FromGateway) {
        self.frame.gateway(said);
        self.spoken(now);
    }

    /// Something was added to the frame.
    fn spoken(&mut self, now: Time) {
        if self.is_welcome() {
            self.timers.set(Timer::Heartbeat, now.mono + self.heartbeat_ms);
        }
        if self.frame.is_full() {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if !self.frame.is_empty() {
            self.outputs.push_back(Output::Send(self.frame.take()));
        }
    }

    /// The uplink cannot go on.
    fn fail(&mut self, reason: &str) {
        self.last_error = Some(reason.to_owned());
        self.close();
    }

    fn close(&mut self) {
        if matches!(self.phase, Phase::Identifying | Phase::Talking) {
            self.flush();
            self.outputs.push_back(Output::Close);
            self.phase = Phase::Closing;
            self.timers = Timers::none();
        }
    }

    /// Forgets what belongs to a connection. What is left to do without it is done.
    fn part_ways(&mut self) {
        self.timers = Timers::none();
        self.frame.take();
        self.outputs
            .retain(|output| !matches!(output, Output::Send(_) | Output::Read { .. } | Output::Connect));
        self.sending.stop();
        self.streams.forget_numbers();
        self.asks.clear();
    }
}
