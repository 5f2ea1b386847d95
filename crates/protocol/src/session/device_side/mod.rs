//! A device's half of the conversation, over all its connections in one run of its program: what device libraries and
//! the simulation drive.
//!
//! It holds the outbox, whose bounds its program names ([`Settings::outbox`]), the description, the last command's
//! result, and a few machine words. Where the outbox is stored too, it says what to store and when ([`kept`]).
//!
//! | module | what it decides |
//! |---|---|
//! | [`kept`] | what a stored outbox keeps, and how positions become numbers |
//! | `outbox` | what is held, what was dropped (D5) |
//! | `identify` | who it says it is, which session it numbers in, when one is over (D1 to D4) |
//! | `numbered` | what it says next, what an ack, a nak and a window change, what it does without progress (D5, D6) |
//! | `commands` | what is begun and answered (D8) |

mod commands;
mod identify;
pub mod kept;
mod numbered;
mod outbox;

pub use self::kept::{Head, Kept, KeptSession};
pub use self::outbox::OutboxBounds;

use self::commands::Begun;
use self::outbox::Outbox;
use super::timer::{DeviceTimer, Timers};
use crate::code::Again;
use crate::id::DeviceId;
use crate::limits::{HEARTBEAT_SECONDS, LINE_BYTES_MAX, OUTBOX_BYTES, OUTBOX_MESSAGES, UNSENT_BYTES_MAX};
use crate::message::{
    Command, Complaint, Description, Farewell, FromDevice, Samples, ToDevice, Welcome, decode_to_device,
};
use crate::rule::{Rule, holds};
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
            heartbeat: Some(HEARTBEAT_SECONDS),
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
    /// Store this head in the place of the one before, and make it durable before the next output is carried out (D4).
    /// Only a device that was [`DeviceSide::restored`] wants it.
    Keep(Head),
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
    /// Identifies in a row on this connection after which nothing at all was heard.
    unheard: u8,
    /// Whether the outbox is stored too.
    stored: bool,
    session: Option<KeptSession>,
    outbox: Outbox,
    /// Everything below this position was said since the last going back; what stands there is to be said next.
    said: u64,
    /// Everything below this position may have been said in this session: no ack goes beyond it.
    said_max: u64,
    window: u64,
    /// Milliseconds between heartbeats, as the last welcome has it.
    heartbeat_ms: u64,
    /// Bytes of the longest line the hub side reads, as the last welcome has it.
    line_max: usize,
    description: Option<Description>,
    begun: Option<Begun>,
    timers: Timers<4>,
    outputs: VecDeque<Output>,
    /// Bytes of lines among them.
    unsaid: usize,
    /// Bytes of lines that the transport has not written yet, as it told.
    unsent: usize,
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

impl DeviceSide {
    /// A run of the program that begins now with nothing stored, not connected yet.
    ///
    /// Rule D2: it knows no session of an earlier run, so it never goes on with the numbers of one.
    pub fn new(settings: Settings) -> Self {
        Self {
            phase: Phase::Apart,
            nonce: u64::from(settings.nonce),
            boot: true,
            unheard: 0,
            stored: false,
            session: None,
            outbox: Outbox::new(settings.outbox),
            said: 1,
            said_max: 1,
            window: 0,
            heartbeat_ms: u64::from(HEARTBEAT_SECONDS) * 1000,
            line_max: LINE_BYTES_MAX,
            description: None,
            begun: None,
            timers: Timers::none(),
            outputs: VecDeque::new(),
            unsaid: 0,
            unsent: 0,
            settings,
        }
    }

    /// A run of the program that begins now with a stored outbox, not connected yet. Its outputs are carried out before
    /// the first message is published (see [`kept`]).
    pub fn restored(settings: Settings, kept: Kept) -> Self {
        let Kept { session, head, first, messages } = kept;
        let outbox = Outbox::restored(settings.outbox, head, first, messages);
        let mut device = Self { outbox, stored: true, ..Self::new(settings) };
        device.go_back();
        device.take_up(session);
        device
    }

    /// The next thing to do; nothing until there is another input.
    pub fn poll_output(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front();
        if let Some(Output::Send(line)) = &output {
            self.unsaid -= line.len();
        }
        output
    }

    /// The transport has so many bytes of lines that it could not write yet. One that never tells is taken to write
    /// everything at once.
    pub fn unsent(&mut self, bytes: usize) {
        self.unsent = bytes;
    }

    /// When to call [`DeviceSide::timeout`] at the latest, in monotonic milliseconds.
    pub fn poll_timeout(&self) -> Option<u64> {
        self.timers.next()
    }

    /// From the next identify on it is this device, and shows this credential.
    pub fn introduce(&mut self, device: Option<DeviceId>, token: Option<String>) {
        self.settings.device = device;
        self.settings.token = token;
    }

    /// There is a connection.
    pub fn connected(&mut self, now: Time) {
        self.disconnected();
        self.unheard = 0;
        self.identify(now);
    }

    /// The connection is gone. Everything unacked is kept.
    pub fn disconnected(&mut self) {
        self.phase = Phase::Apart;
        self.timers = Timers::none();
        // What is for the program and its storage stays: a head that is not stored yet, a command that counts as begun.
        self.outputs.retain(|output| matches!(output, Output::Keep(_) | Output::Begin(_)));
        (self.unsaid, self.unsent) = (0, 0);
    }

    /// A line of the hub side, without its end. One that cannot be read is ignored.
    pub fn line(&mut self, now: Time, line: &[u8]) {
        if self.phase == Phase::Apart {
            return;
        }
        self.heard(now);
        self.unheard = 0;
        match decode_to_device(line) {
            Ok(message) => self.message(now, message),
            Err(_unreadable) => {}
        }
        self.say_numbered(now);
    }

    /// The time has come that [`DeviceSide::poll_timeout`] named.
    pub fn timeout(&mut self, now: Time) {
        if self.timers.take_due(DeviceTimer::Welcome, now.mono) {
            self.not_welcomed(now);
        }
        if self.timers.take_due(DeviceTimer::Silence, now.mono) {
            self.end(Ending::Silent);
        }
        if self.timers.take_due(DeviceTimer::Progress, now.mono) {
            self.no_progress(now);
        }
        if self.timers.take_due(DeviceTimer::Heartbeat, now.mono) {
            self.heartbeat(now);
        }
        self.say_numbered(now);
    }

    /// Sends `message` as soon as it can, with a number: it arrives, once and in order, or its loss is declared. Answers
    /// its position, under which a storage keeps it.
    pub fn publish(&mut self, now: Time, message: Samples) -> u64 {
        let position = self.outbox.push(message);
        self.say_numbered(now);
        position
    }

    /// Sends `message` without a number: best effort. Answers whether it was sent: the device is welcome, and the hub side
    /// reads.
    pub fn publish_unnumbered(&mut self, now: Time, message: Samples) -> bool {
        let may = self.phase == Phase::Talking && !self.is_congested();
        if may {
            self.send(now, Samples { seq: None, outbox: None, ..message }.encode());
        }
        may
    }

    /// What the channels are; said now, if the device is welcome, and after each welcome.
    pub fn describe(&mut self, now: Time, description: Description) {
        self.description = Some(description);
        if self.phase == Phase::Talking {
            self.say_description(now);
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

    /// Whether everything that was published is taken over, or its loss is declared and acked.
    pub fn is_drained(&self) -> bool {
        self.outbox.head() == self.outbox.next()
    }

    /// Messages dropped so far in this run because the outbox was full.
    pub fn dropped(&self) -> u64 {
        self.outbox.dropped()
    }

    /// The position of the first message that is held, or of the next one: a storage may forget what is below, once it
    /// stored [`DeviceSide::head`].
    pub fn held_from(&self) -> u64 {
        self.outbox.first()
    }

    /// What a storage would be told to keep now. It may do so at any time, say when it makes room.
    pub fn head(&self) -> Head {
        Head { session: self.session.clone(), head: self.outbox.head() }
    }

    fn message(&mut self, now: Time, message: ToDevice) {
        match message {
            ToDevice::Welcome(welcome) => self.welcome(now, welcome),
            ToDevice::Bye(farewell) => self.bye(farewell),
            ToDevice::Error(complaint) => self.outputs.push_back(Output::Complaint(complaint)),
            // Nothing else means anything before the welcome (D1).
            _ if self.phase == Phase::Asking && holds(Rule::D1) => {}
            ToDevice::Ack(seq) => self.ack(now, seq),
            ToDevice::Nak(seq) => self.nak(seq),
            ToDevice::Window(window) => self.set_window(window),
            ToDevice::Command(command) => self.command(now, command),
            ToDevice::NeedIdentify => self.identify(now),
            ToDevice::Heartbeat | ToDevice::Unknown => {}
        }
    }

    fn say_description(&mut self, now: Time) {
        if let Some(description) = self.description.clone() {
            self.send(now, FromDevice::Describe(description).encode());
        }
    }

    /// Rule D7: what is heard puts off the end.
    fn heard(&mut self, now: Time) {
        if self.phase == Phase::Talking && self.minds_silence() {
            self.timers.set(DeviceTimer::Silence, now.mono + 2 * self.heartbeat_ms);
        }
    }

    /// Rule D7. Where much is under way the hub side hears something in any case, once it reads.
    fn heartbeat(&mut self, now: Time) {
        if self.is_congested() {
            self.timers.set(DeviceTimer::Heartbeat, now.mono + self.heartbeat_ms);
        } else {
            self.send(now, FromDevice::Heartbeat.encode());
        }
    }

    /// Whether the hub side leaves unread what was said, so that more of it only takes memory.
    fn is_congested(&self) -> bool {
        self.unsaid + self.unsent >= UNSENT_BYTES_MAX
    }

    /// Rule D7: what is said puts off the heartbeat.
    fn send(&mut self, now: Time, line: Vec<u8>) {
        if self.phase == Phase::Talking && self.minds_silence() {
            self.timers.set(DeviceTimer::Heartbeat, now.mono + self.heartbeat_ms);
        }
        self.unsaid += line.len();
        self.outputs.push_back(Output::Send(line));
    }

    /// Whether the identify asks that both ends say something every heartbeat (D7).
    fn minds_silence(&self) -> bool {
        self.settings.heartbeat.is_some() && holds(Rule::D7)
    }

    /// Rule D4, where the outbox is stored.
    fn keep(&mut self) {
        if self.stored {
            self.outputs.push_back(Output::Keep(self.head()));
        }
    }

    fn end(&mut self, ending: Ending) {
        self.phase = Phase::Apart;
        self.timers = Timers::none();
        self.outputs.push_back(Output::Close(ending));
    }
}
