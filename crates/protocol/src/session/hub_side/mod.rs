//! One connection's conversation at the hub side: what is taken, acked, asked again and answered.
//!
//! It holds a few machine words, the outputs not yet taken, and no copy of any message: between inputs an idle
//! conversation owns no memory beside itself. What was taken and not committed is only counted.
//!
//! What becomes of numbers (H3, H4, H6) stands in `numbered`, what is there only while there is something to do in `busy`.

mod busy;
mod numbered;

use self::busy::Busy;
use self::numbered::Numbering;
use super::timer::{HubTimer, Timers};
use crate::code::{Bye, Fault};
use crate::intake::{Lane, Post, Said};
use crate::limits::{
    FAULTY_LINES_MAX, FORGIVING_LINES_MIN, HEARTBEAT_SECONDS_MAX, IDENTIFY_LINE_BYTES_MAX,
    IDENTIFY_SECONDS_MAX, IN_FLIGHT_MESSAGES_MAX, LINE_BYTES_MAX, UNIDENTIFIED_LINES_MAX,
};
use crate::line::checksum::{Checksum, split};
use crate::line::{Content, Line};
use crate::message::{
    Command, Complaint, Fail, FromDevice, Identify, ToDevice, Welcome, decode_from_device, leading_seq,
};
use crate::rule::{Rule, holds};
use crate::time::Time;
use std::num::NonZero;
use std::sync::Arc;

/// What to do for the conversation, in this order.
pub enum Output {
    /// Write these bytes to the device: one line with its end.
    Send(Vec<u8>),
    /// Hand this to the intake; the answer comes back as a [`Post`].
    Identify(Box<Identify>),
    /// The device is welcome: what it says from here on goes to this lane.
    Enter {
        /// The lane.
        lane: Arc<dyn Lane>,
        /// The id under which it is welcome.
        device: Arc<str>,
    },
    /// Hand this to the lane.
    Take {
        /// The number of the line that held it.
        line: u64,
        /// What was said.
        said: Said,
    },
    /// Write what is left to write, then close. Nothing follows.
    Close,
}

/// Whether checksums may follow what the device says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Checksums {
    /// Its transport loses nothing.
    None,
    /// It is a serial line.
    Perhaps,
    /// It is a serial line, and one was there.
    Given,
}

/// The hub side of one connection.
pub struct HubSide {
    /// The last number handed over.
    taken: u64,
    /// The last number known to be committed: the ack.
    committed: u64,
    timers: Timers<2>,
    busy: Busy,
    /// Bytes of the longest line the device reads, where it said so.
    line_max: Option<NonZero<u32>>,
    /// Seconds between heartbeats, where the identify asked to be bound (D7).
    heartbeat: Option<NonZero<u16>>,
    /// Messages, gaps and descriptions handed over and not yet committed.
    in_flight: u16,
    faulty: u8,
    good: u8,
    numbering: Numbering,
    phase: Phase,
    checksums: Checksums,
    /// A damaged line came.
    damaged: bool,
    /// The window that was opened again over a serial line, where that may have been lost (D6).
    reopened: u8,
}

// Tens of thousands of connections are idle at a time.
const _: () = assert!(size_of::<HubSide>() <= 56);

// What is counted in few bytes.
const _: () = assert!(IN_FLIGHT_MESSAGES_MAX < u16::MAX as u32);
const _: () = assert!(HEARTBEAT_SECONDS_MAX <= u16::MAX as u32);
const _: () = assert!(FAULTY_LINES_MAX < u8::MAX as u32);
const _: () = assert!(FORGIVING_LINES_MIN <= u8::MAX as u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nobody identified.
    Strange,
    /// The intake has an identify that it did not answer yet.
    Asking {
        /// Whether it asked to be bound to heartbeats.
        heartbeat: bool,
    },
    /// The device is welcome.
    Talking,
    /// The last output is `Close`.
    Over,
}

impl HubSide {
    /// A connection that was just accepted. Somebody must identify within [`IDENTIFY_SECONDS_MAX`].
    pub fn new(now: Time) -> Self {
        let mut timers = Timers::none();
        timers.set(HubTimer::Silence, now.mono + IDENTIFY_SECONDS_MAX * 1000);
        Self {
            taken: 0,
            committed: 0,
            timers,
            busy: Busy::default(),
            line_max: None,
            heartbeat: None,
            in_flight: 0,
            faulty: 0,
            good: 0,
            numbering: Numbering::Plain,
            phase: Phase::Strange,
            checksums: Checksums::None,
            damaged: false,
            reopened: 0,
        }
    }

    /// A serial line that was just opened. It may be silent for as long as it likes: nobody sees the other end of it restart,
    /// and there is nothing to come back on. Checksums are checked where there are any.
    pub fn serial(now: Time) -> Self {
        Self { timers: Timers::none(), checksums: Checksums::Perhaps, ..Self::new(now) }
    }

    /// Whether [`HubSide::line`] may be called: not while an identify is unanswered, while as much is in flight as may
    /// be, or after the end. Lines wait unread meanwhile: so one busy device delays no other, at a gateway either (rule U4).
    pub fn reading(&self) -> bool {
        matches!(self.phase, Phase::Strange | Phase::Talking)
            && (u32::from(self.in_flight) < IN_FLIGHT_MESSAGES_MAX || !holds(Rule::U4))
    }

    /// Bytes that its next line may have, without its end.
    pub fn line_bytes_max(&self) -> usize {
        if self.is_stranger() { IDENTIFY_LINE_BYTES_MAX } else { LINE_BYTES_MAX }
    }

    /// Nobody identified, and it is none of this machine's own wires.
    fn is_stranger(&self) -> bool {
        matches!(self.phase, Phase::Strange) && self.checksums == Checksums::None
    }

    /// Whether everything that was said is answered: no identify waits, and nothing is in flight.
    pub fn settled(&self) -> bool {
        !matches!(self.phase, Phase::Asking { .. }) && self.in_flight == 0
    }

    /// The next thing to do; nothing until there is another input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.busy.take()
    }

    /// When to call [`HubSide::timeout`] at the latest, in monotonic milliseconds.
    pub fn poll_timeout(&self) -> Option<u64> {
        self.timers.next()
    }

    /// A line of the device, while [`HubSide::reading`].
    pub fn line(&mut self, now: Time, line: Line<'_>) {
        debug_assert!(
            self.reading() || self.phase == Phase::Over,
            "a line was handed in that should have waited"
        );
        if !self.reading() {
            return;
        }
        self.heard(now);
        if self.is_stranger() && line.number > UNIDENTIFIED_LINES_MAX {
            return self.end(now, Bye::Unidentified);
        }
        if self.is_stranger() && is_http(line.content) {
            self.complain(now, line.number, Fail::new(Fault::BadJson, 0, NO_HTTP));
            return self.end(now, Bye::Bad);
        }
        match self.read(line.content) {
            Ok(said) => {
                self.forgive();
                self.said(now, line.number, said);
            }
            Err(fail) => {
                self.damaged |= fail.fault == Fault::BadChecksum;
                self.faulty(now, line.number, fail);
            }
        }
    }

    /// Whether a line came damaged since this was asked.
    pub fn take_damaged(&mut self) -> bool {
        std::mem::take(&mut self.damaged)
    }

    /// Reads what a line holds. Of a device that gave a checksum before, what has none and makes no sense is damaged: its
    /// number would be that of a message which is still whole in the device's outbox.
    fn read(&mut self, content: Content<'_>) -> Result<FromDevice, Fail> {
        let checksum = match content {
            Content::Whole(line) if self.checksums != Checksums::None => split(line),
            Content::Whole(_) | Content::TooLong { .. } => Checksum::None,
        };
        match checksum {
            Checksum::Right(object) => {
                self.checksums = Checksums::Given;
                read(Content::Whole(object))
            }
            Checksum::Wrong => Err(damaged()),
            Checksum::None if self.checksums == Checksums::Given => read(content).map_err(|_| damaged()),
            Checksum::None => match content {
                Content::TooLong { beginning } => Err(too_long(beginning, self.line_bytes_max())),
                Content::Whole(_) => read(content),
            },
        }
    }

    /// Some bytes came, perhaps not yet a whole line: the device is there (D7, which binds both ends).
    pub fn heard(&mut self, now: Time) {
        if let Some(heartbeat_ms) = self.heartbeat_ms() {
            self.timers.set(HubTimer::Silence, now.mono + 2 * heartbeat_ms);
        }
    }

    /// What the intake, or the shell itself, has for this connection.
    pub fn post(&mut self, now: Time, post: Post) {
        if self.phase == Phase::Over {
            return;
        }
        match post {
            Post::Welcome { welcome, lane } => self.welcome(now, welcome, lane),
            Post::Refused { fault, bye } => self.refused(now, fault, bye),
            Post::Committed { seq, messages } => self.committed(now, seq, messages),
            Post::Complaint { line, fault, seq } => {
                self.complain(now, line, Fail { seq, ..Fail::new(fault, 0, fault.sentence()) });
            }
            Post::Command(command) => self.command(now, command),
            Post::Window(window) if self.is_numbered() => {
                if self.checksums != Checksums::None {
                    self.reopened = u8::try_from(window).unwrap_or(u8::MAX);
                }
                self.send(now, ToDevice::Window(window));
            }
            Post::Window(_) => {}
            Post::Bye(bye) => self.end(now, bye),
        }
    }

    /// The time has come that [`HubSide::poll_timeout`] named.
    pub fn timeout(&mut self, now: Time) {
        if self.timers.take_due(HubTimer::Silence, now.mono) {
            match self.phase {
                Phase::Strange => self.end(now, Bye::Unidentified),
                _ if self.reading() => self.end(now, Bye::Silent),
                // What is not read cannot be heard.
                _ => self.heard(now),
            }
        }
        if self.timers.take_due(HubTimer::Heartbeat, now.mono) {
            self.send(now, ToDevice::Heartbeat);
        }
    }

    /// The transport is gone: nothing more comes out.
    pub fn closed(&mut self) {
        self.phase = Phase::Over;
        self.timers = Timers::none();
        self.busy = Busy::default();
    }

    fn put(&mut self, output: Output) {
        self.busy.put(output);
    }

    fn said(&mut self, now: Time, number: u64, said: FromDevice) {
        match said {
            FromDevice::Identify(identify) => self.identify(number, identify),
            _ if self.phase == Phase::Strange => self.need_identify(now),
            FromDevice::Samples(samples) => match samples.seq {
                Some(seq) => self.numbered(now, number, seq, samples),
                None => self.take(number, Said::Samples(samples)),
            },
            FromDevice::Skip { to, reason } => self.skip(now, number, to, reason),
            FromDevice::Describe(description) => self.take(number, Said::Describe(description)),
            FromDevice::Result(outcome) => {
                self.put(Output::Take { line: number, said: Said::Result(outcome) });
            }
            FromDevice::Heartbeat | FromDevice::Unknown => {}
        }
    }

    fn identify(&mut self, line: u64, identify: Identify) {
        if self.phase == Phase::Strange {
            self.timers.stop(HubTimer::Silence);
        }
        self.phase = Phase::Asking { heartbeat: identify.heartbeat.is_some() };
        self.busy.asks(line);
        // One that is longer than any line is no bound.
        self.line_max = identify.line_max.and_then(|bytes| u32::try_from(bytes).ok()).and_then(NonZero::new);
        self.put(Output::Identify(Box::new(identify)));
    }

    /// Rule H8: whoever has not identified is told so.
    fn need_identify(&mut self, now: Time) {
        if holds(Rule::H8) {
            self.send(now, ToDevice::NeedIdentify);
        }
    }

    /// A line that is skipped: said, counted, and where it held the next number, a gap (H3).
    fn faulty(&mut self, now: Time, line: u64, fail: Fail) {
        let next = self.next_number();
        let seq = fail.seq;
        self.complain(now, line, fail);
        match (seq, next) {
            (Some(seq), Some(next)) if seq == next && holds(Rule::H3) => {
                self.gap(line, seq, "bad".to_owned());
                self.ack_unsafely(now);
            }
            (Some(seq), Some(_)) => {
                self.repeated(line, seq);
                self.out_of_turn(now, seq);
            }
            _ if self.phase == Phase::Strange => self.need_identify(now),
            _ => {}
        }
        self.faulty += 1;
        if u32::from(self.faulty) > FAULTY_LINES_MAX {
            self.end(now, Bye::Bad);
        }
    }

    fn forgive(&mut self) {
        self.good += 1;
        if u32::from(self.good) == FORGIVING_LINES_MIN {
            self.good = 0;
            self.faulty = self.faulty.saturating_sub(1);
        }
    }

    fn take(&mut self, line: u64, said: Said) {
        self.in_flight += 1;
        self.put(Output::Take { line, said });
    }

    fn welcome(&mut self, now: Time, welcome: Welcome, lane: Arc<dyn Lane>) {
        let Phase::Asking { heartbeat } = self.phase else { return };
        self.phase = Phase::Talking;
        self.busy.is_answered();
        let ack = welcome.ack.unwrap_or(0);
        (self.taken, self.committed) = (ack, ack);
        self.numbering = match welcome.session {
            Some(_) => Numbering::Numbered,
            None => Numbering::Plain,
        };
        // What an earlier conversation on this connection had in flight is finished or discarded (H1).
        self.in_flight = 0;
        let seconds = u16::try_from(welcome.heartbeat).unwrap_or(u16::MAX);
        self.heartbeat = NonZero::new(seconds).filter(|_| heartbeat && holds(Rule::D7));
        self.timers = Timers::none();
        self.heard(now);
        self.put(Output::Enter { lane, device: welcome.device.clone() });
        self.send(now, ToDevice::Welcome(welcome));
    }

    fn refused(&mut self, now: Time, fault: Option<Fault>, bye: Bye) {
        if let (Some(line), Some(fault)) = (self.busy.is_answered(), fault) {
            self.complain(now, line, Fail::new(fault, 0, fault.sentence()));
        }
        self.end(now, bye);
    }

    /// One that came while the device identifies again is not said: what becomes of it, the intake decides by that
    /// identify. Nor is one that is longer than the device reads: the intake refuses such.
    fn command(&mut self, now: Time, command: Command) {
        if self.phase != Phase::Talking {
            return;
        }
        let command = if self.line_max.is_some() { command.compact() } else { command };
        let line = ToDevice::Command(command).encode(self.line_max());
        // Its end is not counted.
        if line.len() <= self.line_max() + 1 {
            self.send_line(now, line);
        }
    }

    fn complain(&mut self, now: Time, line: u64, fail: Fail) {
        let Fail { fault, at, seq, reason } = fail;
        let complaint = Complaint { line, at, seq, code: fault.as_str().to_owned(), reason };
        self.send(now, ToDevice::Error(complaint));
    }

    fn end(&mut self, now: Time, bye: Bye) {
        if self.phase == Phase::Over {
            return;
        }
        self.send(now, ToDevice::Bye(bye.into()));
        self.phase = Phase::Over;
        self.timers = Timers::none();
        self.put(Output::Close);
    }

    fn send(&mut self, now: Time, message: ToDevice) {
        if self.phase != Phase::Over {
            self.send_line(now, message.encode(self.line_max()));
        }
    }

    fn send_line(&mut self, now: Time, line: Vec<u8>) {
        if let Some(heartbeat_ms) = self.heartbeat_ms() {
            self.timers.set(HubTimer::Heartbeat, now.mono + heartbeat_ms);
        }
        self.put(Output::Send(line));
    }

    /// Milliseconds between heartbeats, where the device is bound to them.
    fn heartbeat_ms(&self) -> Option<u64> {
        self.heartbeat.map(|seconds| u64::from(seconds.get()) * 1000)
    }

    fn line_max(&self) -> usize {
        self.line_max.map_or(LINE_BYTES_MAX, |bytes| bytes.get() as usize)
    }

    fn is_numbered(&self) -> bool {
        self.numbering != Numbering::Plain
    }
}

/// A line that did not arrive as it was said. What its number was nobody knows, so that it is taken for one that did not
/// arrive (no gap).
fn damaged() -> Fail {
    Fail::new(Fault::BadChecksum, 0, Fault::BadChecksum.sentence())
}

/// What begins a request of HTTP that a page of any site may have its reader's browser send, also to this machine.
const HTTP_BEGINS: [&[u8]; 5] = [b"GET /", b"HEAD /", b"POST /", b"OPTIONS /", b"PUT /"];

/// Why that is no way in.
const NO_HTTP: &str = "here come lines of JSON, and no HTTP";

/// Whether a browser speaks, or somebody who took this port for that of the pages. The body of its request could be a device's lines.
fn is_http(content: Content<'_>) -> bool {
    let (Content::Whole(said) | Content::TooLong { beginning: said }) = content;
    HTTP_BEGINS.iter().any(|begin| said.starts_with(begin))
}

fn read(content: Content<'_>) -> Result<FromDevice, Fail> {
    match content {
        Content::Whole(line) => decode_from_device(line),
        Content::TooLong { beginning } => Err(too_long(beginning, LINE_BYTES_MAX)),
    }
}

fn too_long(beginning: &[u8], bytes_max: usize) -> Fail {
    let before = if bytes_max < LINE_BYTES_MAX { "before the identify " } else { "" };
    let reason = format!("{before}a line has at most {bytes_max} bytes");
    Fail { seq: leading_seq(beginning), ..Fail::new(Fault::TooLong, bytes_max, &reason) }
}
