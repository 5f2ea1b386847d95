//! The hub's end of one uplink: one connection, from when it is accepted until it is closed. It knows no socket, no clock and
//! no store; **hand in one input with the time, take outputs until there are none, and call `timeout` when `poll_timeout` says
//! so.**
//!
//! What the gateway says wrongly ends the uplink: it resumes by the hub's cursor, and nothing of what it brought is discarded
//! alone (rule U1).
//!
//! | file | what it decides |
//! |---|---|
//! | `mod` | identify, welcome, heartbeats, the end (D7 and H1 for uplinks) |
//! | `taking` | spool numbers, from taken to acked (U1) |
//! | `streams` | which stream is which device (U6) |

mod streams;
mod taking;

use self::streams::Streams;
use self::taking::Taking;
use super::frame::{Frame, entries};
use super::message::{
    CommandName, CommandOutcome, Connected, Entry, FromGateway, FromHub, GatewayIdentify, GatewayWelcome,
    Handed, OfDevice, Skip, SpoolCursor,
};
use super::read::{read_from_gateway, read_of_device};
use crate::code::Bye;
use crate::id::DeviceId;
use crate::limits::{
    HEARTBEAT_SECONDS_MAX, HEARTBEAT_SECONDS_MIN, IDENTIFY_SECONDS_MAX, REASON_BYTES_MAX, UPLINK_ACK_MS_MAX,
    UPLINK_ASKS_MAX, UPLINK_WINDOW_ENTRIES,
};
use crate::message::{Fail, cut};
use crate::rule::{Rule, holds};
use crate::session::timer::Timers;
use crate::time::Time;
use std::collections::VecDeque;
use std::sync::Arc;

/// What to do for the uplink, in this order.
#[derive(Debug, Clone)]
pub enum Output {
    /// Send this as one text frame.
    Send(String),
    /// Judge this; the answer is [`UplinkHub::welcome`] or [`UplinkHub::refused`]. An older uplink of the same gateway is
    /// ended first, and what it brought is finished or dropped, before the cursor is looked up (rule H1).
    Identify(Box<GatewayIdentify>),
    /// A device of this gateway has a stream. One that is not connected has none of its messages to say but what the spool
    /// still has.
    Opened {
        /// Whose it is.
        device: DeviceId,
        /// How it is connected.
        connected: Option<Connected>,
    },
    /// The device identified at the gateway.
    Connected {
        /// Which.
        device: DeviceId,
        /// How it is connected.
        connected: Connected,
    },
    /// Its connection to the gateway is over.
    Disconnected {
        /// Which.
        device: DeviceId,
        /// Milliseconds since.
        ago: u64,
    },
    /// All devices that are connected have been opened: the others of this gateway are offline (rule U6).
    Restored,
    /// Take this over, with the cursor in one transaction (rule U1); then [`UplinkHub::committed`].
    Take {
        /// Whose it is.
        device: DeviceId,
        /// What it is.
        entry: Entry,
        /// How far the hub then is.
        cursor: SpoolCursor,
    },
    /// A tag begins: the same with nothing but the cursor.
    Tag {
        /// How far the hub then is.
        cursor: SpoolCursor,
        /// The gateway does not remember where the hub stood: its spool is another one.
        lost: bool,
    },
    /// Numbers will never come: the same with the losses that it lists.
    Skip {
        /// Which, and why.
        skip: Skip,
        /// How far the hub then is.
        cursor: SpoolCursor,
    },
    /// What became of a command; once it is durable and final, or where it is not known, [`UplinkHub::settled`].
    Outcome(CommandOutcome),
    /// Whether somebody who identified at the gateway may come in: [`UplinkHub::admitted`] or [`UplinkHub::denied`].
    Admit {
        /// Tells the answers apart.
        ask: u64,
        /// Who it says it is; nothing where it asks for an id.
        device: Option<DeviceId>,
        /// SHA-256 of its token in hexadecimal digits.
        hash: Box<str>,
    },
    /// What the gateway tells of itself.
    Standing {
        /// Entries that this hub has not acked.
        behind: u64,
        /// Their bytes.
        bytes: u64,
        /// When the oldest of them was received, milliseconds since 1970.
        oldest: Option<i64>,
    },
    /// Send what is left to send, then close. Nothing follows.
    Close,
}

/// When the uplink acts though nothing came.
#[derive(Debug, Clone, Copy)]
enum Timer {
    /// When to say something because nothing else was said (D7).
    Heartbeat,
    /// When to give up because nothing was heard (D7), or nobody identified.
    Silence,
    /// When to ack what is committed (H6).
    Ack,
}

impl From<Timer> for usize {
    fn from(timer: Timer) -> Self {
        timer as usize
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nobody identified.
    Strange,
    /// The identify is not answered.
    Asking { nonce: u64, heartbeat: u32 },
    /// The gateway is welcome.
    Talking,
    /// The last output is `Close`.
    Over,
}

/// The hub's end of one uplink.
pub struct UplinkHub {
    phase: Phase,
    timers: Timers<3>,
    heartbeat_ms: u64,
    last_error: Option<String>,
    frame: Frame,
    outputs: VecDeque<Output>,
    taking: Taking,
    streams: Streams,
    /// Questions of the gateway that are not answered.
    asks: usize,
}

impl UplinkHub {
    /// A connection that was just accepted. A gateway must identify within [`IDENTIFY_SECONDS_MAX`].
    pub fn new(now: Time) -> Self {
        let mut timers = Timers::none();
        timers.set(Timer::Silence, now.mono + IDENTIFY_SECONDS_MAX * 1000);
        Self {
            phase: Phase::Strange,
            timers,
            heartbeat_ms: 0,
            last_error: None,
            frame: Frame::default(),
            outputs: VecDeque::new(),
            taking: Taking::default(),
            streams: Streams::default(),
            asks: 0,
        }
    }

    /// The next thing to do; nothing until there is another input.
    pub fn poll_output(&mut self) -> Option<Output> {
        if self.outputs.is_empty() && self.phase != Phase::Over {
            self.flush();
        }
        self.outputs.pop_front()
    }

    /// When to call [`UplinkHub::timeout`] at the latest, in monotonic milliseconds.
    pub fn poll_timeout(&self) -> Option<u64> {
        self.timers.next()
    }

    /// Whether the transport is to be read: not while the identify is unanswered, and not while entries of
    /// [`crate::limits::UPLINK_UNACKED_BYTES_MAX`] are under way. What was read already may still be handed in then.
    pub fn reading(&self) -> bool {
        self.hears() && !self.taking.is_full()
    }

    fn hears(&self) -> bool {
        matches!(self.phase, Phase::Strange | Phase::Talking)
    }

    /// Whether the gateway is welcome.
    pub fn is_welcome(&self) -> bool {
        self.phase == Phase::Talking
    }

    /// Spool numbers that are taken and not known to be durable: at most [`UPLINK_WINDOW_ENTRIES`].
    pub fn in_flight(&self) -> usize {
        self.taking.in_flight()
    }

    /// Why it ended, for people.
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// A frame of the gateway.
    pub fn frame(&mut self, now: Time, frame: &str) {
        if !self.hears() {
            return;
        }
        self.heard(now);
        for entry in entries(frame) {
            let said = match entry {
                Ok((0, line)) => read_from_gateway(line).and_then(|said| self.said(said, line.len())),
                Ok(_) if !self.is_welcome() => Err(super::wrong("a device's stream before the welcome")),
                Ok((stream, line)) => {
                    read_of_device(line).and_then(|said| self.of_device(stream, said, line.len()))
                }
                Err(fail) => Err(fail),
            };
            if let Err(fail) = said {
                return self.fail(Bye::Bad, &format!("{} (at {})", fail.reason, fail.at));
            }
        }
    }

    /// A line of so many bytes.
    fn said(&mut self, said: FromGateway, bytes: usize) -> Result<(), Fail> {
        match (said, self.phase) {
            (FromGateway::Heartbeat | FromGateway::Unknown, _) => {}
            (FromGateway::Identify(identify), Phase::Strange) => {
                let GatewayIdentify { nonce, heartbeat, .. } = identify;
                self.phase = Phase::Asking { nonce, heartbeat };
                self.timers = Timers::none();
                self.outputs.push_back(Output::Identify(Box::new(identify)));
            }
            (FromGateway::Identify(_), _) => return Err(super::wrong("a gateway identifies once")),
            (_, Phase::Strange | Phase::Asking { .. }) => {
                return Err(super::wrong("a gateway identifies first, and waits for its welcome"));
            }
            (FromGateway::Tag { tag, follows }, _) => {
                let (cursor, lost) = self.taking.tag(tag, follows)?;
                self.outputs.push_back(Output::Tag { cursor, lost });
            }
            (FromGateway::Skip(skip), _) => {
                let cursor = self.taking.next(skip.from, skip.to, bytes)?;
                self.outputs.push_back(Output::Skip { skip, cursor });
            }
            (FromGateway::Open { stream, device, connected }, _) => {
                self.streams.open(stream, device.clone(), connected.is_some())?;
                self.outputs.push_back(Output::Opened { device, connected });
            }
            (FromGateway::Close { stream }, _) => {
                if let Some(device) = self.streams.close(stream)? {
                    self.outputs.push_back(Output::Disconnected { device, ago: 0 });
                }
            }
            (FromGateway::Restored, _) => self.outputs.push_back(Output::Restored),
            (FromGateway::Admit { ask, device, token }, _) => {
                self.asks += 1;
                if self.asks > UPLINK_ASKS_MAX {
                    return Err(super::wrong("more questions than may be open"));
                }
                self.outputs.push_back(Output::Admit { ask, device, hash: token });
            }
            (FromGateway::Outcome(outcome), _) => self.outputs.push_back(Output::Outcome(outcome)),
            (FromGateway::Standing { behind, bytes, oldest }, _) => {
                self.outputs.push_back(Output::Standing { behind, bytes, oldest });
            }
        }
        Ok(())
    }

    fn of_device(&mut self, stream: u64, said: OfDevice, bytes: usize) -> Result<(), Fail> {
        let device = self.streams.device(stream)?;
        match said {
            OfDevice::Unknown => {}
            OfDevice::Entry(entry) => {
                let cursor = self.taking.next(entry.number, entry.number, bytes)?;
                self.outputs.push_back(Output::Take { device, entry, cursor });
            }
            OfDevice::Connected(connected) => {
                self.streams.connected(stream);
                self.outputs.push_back(Output::Connected { device, connected });
            }
            OfDevice::Disconnected { ago } => {
                if self.streams.disconnected(stream) {
                    self.outputs.push_back(Output::Disconnected { device, ago });
                }
            }
        }
        Ok(())
    }

    /// The gateway may: it goes on behind `cursor`, which is what is durable.
    pub fn welcome(&mut self, now: Time, gateway: Arc<str>, cursor: Option<SpoolCursor>) {
        let Phase::Asking { nonce, heartbeat } = self.phase else { return };
        self.phase = Phase::Talking;
        let heartbeat = heartbeat.clamp(HEARTBEAT_SECONDS_MIN, HEARTBEAT_SECONDS_MAX);
        self.heartbeat_ms = u64::from(heartbeat) * 1000;
        self.taking = Taking::begin(cursor.clone());
        self.heard(now);
        let welcome = GatewayWelcome {
            gateway,
            nonce,
            cursor,
            heartbeat,
            window: UPLINK_WINDOW_ENTRIES,
            time: now.wall,
        };
        self.say(now, &FromHub::Welcome(welcome));
    }

    /// The gateway may not.
    pub fn refused(&mut self, bye: Bye) {
        self.fail(bye, bye.sentence());
    }

    /// Everything up to `cursor` is durable. Acked at once where nothing else is under way or much is waiting, and within
    /// [`crate::limits::UPLINK_ACK_MS_MAX`] otherwise.
    pub fn committed(&mut self, now: Time, cursor: &SpoolCursor) {
        if !self.is_welcome() || !self.taking.committed(cursor) {
            return;
        }
        match self.taking.ack_waits() {
            true if !self.timers.is_set(Timer::Ack) => {
                self.timers.set(Timer::Ack, now.mono + UPLINK_ACK_MS_MAX);
            }
            true => {}
            false => self.ack(now),
        }
    }

    /// The device is another's now, or must not speak: where it is connected here, its gateway is told so (rule U6).
    pub fn part(&mut self, now: Time, device: &DeviceId, bye: Bye) {
        if let Some((stream, connection)) = self.streams.connection_of(device) {
            self.say(now, &FromHub::Part { stream, connection, bye });
        }
    }

    /// A command for a device of the gateway. That it is handed is durable (rule U5).
    pub fn hand(&mut self, now: Time, command: Handed) {
        self.say(now, &FromHub::Hand(command));
    }

    /// The command is no longer wanted.
    pub fn cancel(&mut self, now: Time, command: CommandName) {
        self.say(now, &FromHub::Cancel(command));
    }

    /// The command's outcome is durable, or it is not known: it need not be told again.
    pub fn settled(&mut self, now: Time, command: CommandName) {
        self.say(now, &FromHub::Settled(command));
    }

    /// The one that was asked about may come in.
    pub fn admitted(
        &mut self,
        now: Time,
        ask: u64,
        device: DeviceId,
        token: Option<Box<str>>,
        hash: Box<str>,
    ) {
        self.asks = self.asks.saturating_sub(1);
        self.say(now, &FromHub::Admitted { ask, device, token, hash });
    }

    /// The one that was asked about may not come in.
    pub fn denied(&mut self, now: Time, ask: u64, bye: Bye) {
        self.asks = self.asks.saturating_sub(1);
        self.say(now, &FromHub::Denied { ask, bye });
    }

    /// The device's token is another one now.
    pub fn forget(&mut self, now: Time, device: DeviceId) {
        self.say(now, &FromHub::Forget { device });
    }

    /// The hub ends the uplink.
    pub fn end(&mut self, bye: Bye) {
        self.fail(bye, bye.sentence());
    }

    /// The time has come that [`UplinkHub::poll_timeout`] named.
    pub fn timeout(&mut self, now: Time) {
        if self.hears() && !self.reading() {
            // What is not read cannot be heard.
            self.heard(now);
        }
        if self.timers.take_due(Timer::Silence, now.mono) {
            return match self.phase {
                Phase::Strange => self.fail(Bye::Unidentified, Bye::Unidentified.sentence()),
                _ => self.fail(Bye::Silent, Bye::Silent.sentence()),
            };
        }
        if self.timers.take_due(Timer::Ack, now.mono) {
            self.ack(now);
        }
        if self.timers.take_due(Timer::Heartbeat, now.mono) {
            self.say(now, &FromHub::Heartbeat);
        }
    }

    /// The transport is gone: nothing more comes out.
    pub fn closed(&mut self) {
        self.phase = Phase::Over;
        self.timers = Timers::none();
        self.frame.take();
        self.outputs.clear();
    }

    fn ack(&mut self, now: Time) {
        self.timers.stop(Timer::Ack);
        if let Some(cursor) = self.taking.ack() {
            self.say(now, &FromHub::Ack(cursor));
        }
    }

    /// Something came: the gateway is there (D7). So do bytes that are not yet a frame.
    pub fn heard(&mut self, now: Time) {
        if self.is_welcome() && holds(Rule::D7) {
            self.timers.set(Timer::Silence, now.mono + 2 * self.heartbeat_ms);
        }
    }

    fn say(&mut self, now: Time, said: &FromHub) {
        if !self.is_welcome() {
            return;
        }
        self.frame.hub(said);
        self.timers.set(Timer::Heartbeat, now.mono + self.heartbeat_ms);
        if self.frame.is_full() {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if !self.frame.is_empty() {
            self.outputs.push_back(Output::Send(self.frame.take()));
        }
    }

    fn fail(&mut self, bye: Bye, reason: &str) {
        if self.phase == Phase::Over {
            return;
        }
        self.last_error = Some(reason.to_owned());
        let (code, reason) = (bye.as_str().into(), Some(cut(reason, REASON_BYTES_MAX).into()));
        let said = FromHub::Bye { code, again: bye.again(), wait: None, reason };
        self.frame.hub(&said);
        self.flush();
        self.phase = Phase::Over;
        self.timers = Timers::none();
        self.outputs.push_back(Output::Close);
    }
}
