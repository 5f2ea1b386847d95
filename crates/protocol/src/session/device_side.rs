//! A device's half of the conversation, over all its connections in one run of its program: what device libraries and
//! the simulator drive.
//!
//! It holds the outbox, whose bounds its program names ([`Settings::outbox`]), the description, the last command's
//! result, and a few machine words.

use super::outbox::Outbox;
pub use super::outbox::OutboxBounds;
use super::timer::{DeviceTimer, Timers};
use crate::code::{Again, Bye};
use crate::id::{DeviceId, SessionId};
use crate::limits::{
    OUTBOX_BYTES, OUTBOX_MESSAGES, PROGRESS_SECONDS_MIN, WELCOME_SECONDS_MAX, WELCOME_SERIAL_SECONDS_MAX,
    WINDOW_MESSAGES,
};
use crate::message::{
    Command, Complaint, Description, Farewell, FromDevice, Identify, Outcome, Samples, ToDevice, Welcome,
    decode_to_device,
};
use crate::time::Time;
use std::collections::VecDeque;

/// What a device is and how it talks.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its id; nothing where the hub side is to make one.
    pub device: Option<DeviceId>,
    /// Its credential.
    pub token: Option<String>,
    /// Seconds between heartbeats that it wishes; nothing leaves it to the operating system to find a dead connection.
    pub heartbeat: Option<u32>,
    /// Bytes of the longest line it reads, where that is less than usual.
    pub line_max: Option<usize>,
    /// What carries the lines.
    pub transport: Transport,
    /// How much it keeps until it is acked.
    pub outbox: OutboxBounds,
    /// Any number that is likely another one than in the run of the program before: nonces count from it.
    pub nonce: u32,
}

/// What carries the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Keeps order and loses nothing while it lasts: TCP, TLS, WebSocket.
    Stream,
    /// May lose bytes, and has no connection to drop.
    Serial,
}

impl Settings {
    /// The usual ones for a device that speaks TCP.
    pub fn new(device: DeviceId, token: Option<String>, nonce: u32) -> Self {
        Self {
            device: Some(device),
            token,
            heartbeat: Some(crate::limits::HEARTBEAT_SECONDS),
            line_max: None,
            transport: Transport::Stream,
            outbox: OutboxBounds { messages_max: OUTBOX_MESSAGES, bytes_max: OUTBOX_BYTES },
            nonce,
        }
    }
}

/// What to do for the conversation, in this order.
#[derive(Debug)]
pub enum Output {
    /// Write these bytes: one line with its end.
    Send(Vec<u8>),
    /// The identify was answered. A `token` in it is to be kept and used from now on.
    Welcome(Box<Welcome>),
    /// Begin this command; give its result to [`DeviceSide::answer`].
    Begin(Command),
    /// The hub side skipped a line: for the log.
    Complaint(Complaint),
    /// Drop the connection, with what was read from it, and come back by rule D9.
    Close(Ending),
}

/// Why a device's connection is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The hub side said so.
    Told(Farewell),
    /// Nothing was heard for two heartbeats (D7).
    Silent,
    /// The ack stood still (D6).
    Stuck,
}

impl Ending {
    /// When to come back.
    pub fn again(&self) -> Again {
        match self {
            Ending::Told(farewell) => farewell.again,
            Ending::Silent | Ending::Stuck => Again::Later,
        }
    }

    /// Milliseconds to wait at least.
    pub fn wait(&self) -> Option<u64> {
        match self {
            Ending::Told(farewell) => farewell.wait,
            Ending::Silent | Ending::Stuck => None,
        }
    }
}

/// A device, from the start of its program to its end.
#[derive(Debug)]
pub struct DeviceSide {
    settings: Settings,
    phase: Phase,
    nonce: u64,
    /// Until the first welcome of this run.
    boot: bool,
    session: Option<SessionId>,
    outbox: Outbox,
    /// Everything up to it was said since the last going back; what is above is to be said next.
    said: u64,
    /// The highest number ever said in this session: no ack lies above it.
    said_max: u64,
    window: u64,
    heartbeat_ms: Option<u64>,
    progress_ms: u64,
    description: Option<Description>,
    begun: Option<Begun>,
    timers: Timers<4>,
    outputs: VecDeque<Output>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is no connection.
    Apart,
    /// Identified, and not welcomed yet.
    Asking,
    /// Welcome.
    Talking,
}

/// The last command begun in this run.
#[derive(Debug)]
struct Begun {
    number: u64,
    outcome: Option<Outcome>,
}

impl DeviceSide {
    /// A run of the program that begins now, not connected yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            phase: Phase::Apart,
            nonce: u64::from(settings.nonce),
            boot: true,
            session: None,
            outbox: Outbox::new(settings.outbox),
            said: 0,
            said_max: 0,
            window: 0,
            heartbeat_ms: None,
            progress_ms: PROGRESS_SECONDS_MIN * 1000,
            description: None,
            begun: None,
            timers: Timers::none(),
            outputs: VecDeque::new(),
            settings,
        }
    }

    /// The next thing to do; nothing until there is another input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`DeviceSide::timeout`] at the latest, in monotonic milliseconds.
    pub fn poll_timeout(&self) -> Option<u64> {
        self.timers.next()
    }

    /// There is a connection.
    pub fn connected(&mut self, now: Time) {
        self.disconnected();
        self.identify(now);
    }

    /// The connection is gone. Everything unacked is kept.
    pub fn disconnected(&mut self) {
        self.phase = Phase::Apart;
        self.heartbeat_ms = None;
        self.timers = Timers::none();
        self.outputs.clear();
    }

    /// A line of the hub side, without its end. One that cannot be read is ignored.
    pub fn line(&mut self, now: Time, line: &[u8]) {
        if self.phase == Phase::Apart {
            return;
        }
        self.heard(now);
        match decode_to_device(line) {
            Ok(message) => self.message(now, message),
            Err(_unreadable) => {}
        }
        self.say_numbered(now);
    }

    /// The time has come that [`DeviceSide::poll_timeout`] named.
    pub fn timeout(&mut self, now: Time) {
        if self.timers.take_due(DeviceTimer::Welcome, now.mono) {
            self.identify(now);
        }
        if self.timers.take_due(DeviceTimer::Silence, now.mono) {
            self.end(Ending::Silent);
        }
        if self.timers.take_due(DeviceTimer::Progress, now.mono) {
            self.no_progress(now);
        }
        if self.timers.take_due(DeviceTimer::Heartbeat, now.mono) {
            self.send(now, FromDevice::Heartbeat.encode());
        }
        self.say_numbered(now);
    }

    /// Sends `message` as soon as it can, with the next number: it arrives, once and in order, or its loss is declared.
    pub fn publish(&mut self, now: Time, message: Samples) {
        self.outbox.push(message);
        self.say_numbered(now);
    }

    /// Sends `message` without a number: best effort. Answers whether the device was welcome, so that it was sent.
    pub fn publish_unnumbered(&mut self, now: Time, message: Samples) -> bool {
        let welcome = self.phase == Phase::Talking;
        if welcome {
            self.send(now, Samples { seq: None, ..message }.encode());
        }
        welcome
    }

    /// What the channels are; said now, if the device is welcome, and after each welcome.
    pub fn describe(&mut self, now: Time, description: Description) {
        self.description = Some(description);
        if self.phase == Phase::Talking {
            self.say_description(now);
        }
    }

    /// The result of a command that was begun. Only that of the last one is said (D8), again when it is asked again.
    pub fn answer(&mut self, now: Time, outcome: Outcome) {
        let Some(begun) = self.begun.as_mut().filter(|begun| begun.number == outcome.command) else { return };
        begun.outcome = Some(outcome);
        if self.phase == Phase::Talking {
            self.say_result(now);
        }
    }

    /// Whether the device is welcome on its present connection.
    pub fn is_welcome(&self) -> bool {
        self.phase == Phase::Talking
    }

    /// Messages held until they are acked.
    pub fn unacked(&self) -> usize {
        self.outbox.len()
    }

    /// Messages dropped so far because the outbox was full.
    pub fn dropped(&self) -> u64 {
        self.outbox.dropped()
    }

    fn message(&mut self, now: Time, message: ToDevice) {
        match message {
            ToDevice::Welcome(welcome) => self.welcome(now, welcome),
            ToDevice::Bye(farewell) => self.bye(farewell),
            ToDevice::Error(complaint) => self.outputs.push_back(Output::Complaint(complaint)),
            // Nothing else means anything before the welcome (D1).
            _ if self.phase == Phase::Asking => {}
            ToDevice::Ack(seq) => self.ack(now, seq),
            ToDevice::Nak(seq) => self.nak(seq),
            ToDevice::Window(window) => self.set_window(window),
            ToDevice::Command(command) => self.command(now, command),
            ToDevice::NeedIdentify => self.identify(now),
            ToDevice::Heartbeat | ToDevice::Unknown => {}
        }
    }

    /// Rule D1: each identify has a nonce of its own, and nothing is said before the welcome that bears it.
    fn identify(&mut self, now: Time) {
        self.phase = Phase::Asking;
        self.nonce += 1;
        let identify = Identify {
            device: self.settings.device.clone(),
            token: self.settings.token.clone(),
            nonce: Some(self.nonce),
            session: self.session.clone(),
            session_malformed: false,
            oldest: self.session.as_ref().map(|_| self.outbox.lowest()),
            boot: self.boot,
            handled: self.begun.as_ref().map(|begun| begun.number),
            heartbeat: self.settings.heartbeat,
            line_max: self.settings.line_max,
        };
        self.send(now, FromDevice::Identify(identify).encode());
        self.timers = Timers::none();
        let seconds = match self.settings.transport {
            Transport::Stream => WELCOME_SECONDS_MAX,
            Transport::Serial => WELCOME_SERIAL_SECONDS_MAX,
        };
        self.timers.set(DeviceTimer::Welcome, now.mono + seconds * 1000);
    }

    fn welcome(&mut self, now: Time, welcome: Welcome) {
        let matching = self.phase == Phase::Asking && welcome.nonce == Some(self.nonce);
        let session = welcome.session.as_deref().and_then(SessionId::parse);
        let Some(session) = session.filter(|_| matching) else { return };
        let ack = welcome.ack.unwrap_or(0);
        if self.session.as_ref() == Some(&session) {
            if ack > self.said_max {
                // It counts what was never said: numbers of another run. They are not to be used again.
                self.session = None;
                return self.identify(now);
            }
            self.outbox.ack(ack);
        } else {
            self.outbox.renumber(ack);
            self.said_max = ack;
            self.session = Some(session);
        }
        self.said = ack;
        self.begin_talking(now, welcome);
    }

    fn begin_talking(&mut self, now: Time, welcome: Welcome) {
        self.phase = Phase::Talking;
        self.boot = false;
        self.window = u64::from(welcome.window.unwrap_or(WINDOW_MESSAGES));
        let heartbeat_ms = u64::from(welcome.heartbeat.max(1)) * 1000;
        self.progress_ms = heartbeat_ms.max(PROGRESS_SECONDS_MIN * 1000);
        self.heartbeat_ms = self.settings.heartbeat.map(|_| heartbeat_ms);
        self.timers = Timers::none();
        self.heard(now);
        self.settings.device = DeviceId::parse(&welcome.device).or(self.settings.device.take());
        self.settings.token = welcome.token.clone().or(self.settings.token.take());
        self.outputs.push_back(Output::Welcome(Box::new(welcome)));
        // So that a heartbeat is due though nothing is said now.
        if let Some(heartbeat_ms) = self.heartbeat_ms {
            self.timers.set(DeviceTimer::Heartbeat, now.mono + heartbeat_ms);
        }
        self.say_description(now);
    }

    fn bye(&mut self, farewell: Farewell) {
        if farewell.code == Bye::Closed.as_str() {
            // What is unacked is numbered anew in the session that the next welcome brings.
            self.session = None;
        }
        self.end(Ending::Told(farewell));
    }

    /// Rule D5: only this empties the outbox.
    fn ack(&mut self, now: Time, seq: u64) {
        if seq <= self.outbox.acked() || seq > self.said_max {
            return;
        }
        self.outbox.ack(seq);
        self.said = self.said.max(seq);
        self.timers.stop(DeviceTimer::Progress);
        self.watch_progress(now);
    }

    fn nak(&mut self, seq: u64) {
        if (self.outbox.acked() + 1..=self.said).contains(&seq) {
            self.said = seq - 1;
        }
    }

    fn set_window(&mut self, window: u32) {
        let (closed, closes) = (self.window == 0, window == 0);
        self.window = u64::from(window);
        if closed != closes {
            self.timers.stop(DeviceTimer::Progress);
        }
    }

    /// Rule D8: begun once, answered for the last only.
    fn command(&mut self, now: Time, command: Command) {
        let last = self.begun.as_ref().map(|begun| begun.number);
        match last {
            Some(last) if command.number < last => {}
            Some(last) if command.number == last => self.say_result(now),
            _ => {
                self.begun = Some(Begun { number: command.number, outcome: None });
                self.outputs.push_back(Output::Begin(command));
            }
        }
    }

    /// Rule D6.
    fn no_progress(&mut self, now: Time) {
        if self.window == 0 {
            let said = std::mem::replace(&mut self.said, self.outbox.acked());
            if let Some(line) = self.next_line() {
                self.send(now, line);
            }
            self.said = self.said.max(said);
        } else if self.settings.transport == Transport::Serial {
            self.said = self.outbox.acked();
        } else {
            self.end(Ending::Stuck);
        }
    }

    /// Says what the window lets through.
    fn say_numbered(&mut self, now: Time) {
        if self.phase != Phase::Talking {
            return;
        }
        while self.window > self.in_flight() {
            let Some(line) = self.next_line() else { break };
            self.send(now, line);
        }
        self.watch_progress(now);
    }

    /// Messages, or the loss of some, said and not acked.
    fn in_flight(&self) -> u64 {
        let lowest = self.outbox.lowest();
        let loss = self.outbox.loss().is_some_and(|(to, _)| to <= self.said);
        (self.said + 1).saturating_sub(lowest) + u64::from(loss)
    }

    /// The line behind what was said: a message, or that what was to stand there is lost.
    fn next_line(&mut self) -> Option<Vec<u8>> {
        let line = match self.outbox.loss() {
            Some((to, reason)) if self.said < to => {
                self.said = to;
                FromDevice::Skip { to, reason: reason.to_owned() }.encode()
            }
            _ => {
                let line = self.outbox.get(self.said + 1)?.encode();
                self.said += 1;
                line
            }
        };
        self.said_max = self.said_max.max(self.said);
        Some(line)
    }

    /// Sets the time of rule D6, where something waits for its ack and the time is not set yet.
    fn watch_progress(&mut self, now: Time) {
        let waiting =
            if self.window == 0 { self.outbox.has_unacked() } else { self.said > self.outbox.acked() };
        if waiting && !self.timers.is_set(DeviceTimer::Progress) {
            self.timers.set(DeviceTimer::Progress, now.mono + self.progress_ms);
        }
    }

    fn say_description(&mut self, now: Time) {
        if let Some(description) = self.description.clone() {
            self.send(now, FromDevice::Describe(description).encode());
        }
    }

    fn say_result(&mut self, now: Time) {
        if let Some(outcome) = self.begun.as_ref().and_then(|begun| begun.outcome.clone()) {
            self.send(now, FromDevice::Result(outcome).encode());
        }
    }

    fn heard(&mut self, now: Time) {
        if let Some(heartbeat_ms) = self.heartbeat_ms {
            self.timers.set(DeviceTimer::Silence, now.mono + 2 * heartbeat_ms);
        }
    }

    fn send(&mut self, now: Time, line: Vec<u8>) {
        if let Some(heartbeat_ms) = self.heartbeat_ms {
            self.timers.set(DeviceTimer::Heartbeat, now.mono + heartbeat_ms);
        }
        self.outputs.push_back(Output::Send(line));
    }

    fn end(&mut self, ending: Ending) {
        self.phase = Phase::Apart;
        self.timers = Timers::none();
        self.outputs.push_back(Output::Close(ending));
    }
}
