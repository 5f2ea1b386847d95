//! The program of a device: what it publishes and keeps, and its end of the conversation.

use crate::check::CONTENTS;
use crate::disk::File;
use crate::random::Random;
use protocol::id::DeviceId;
use protocol::limits::LINE_BYTES_MAX;
use protocol::line::Lines;
use protocol::message::{Command, Description, FromDevice, Identify, Outcome, Sample, Samples, ToDevice};
use protocol::session::device_side::{OutboxBounds, Settings, Transport};
use protocol::session::{Backoff, DeviceSide};
use protocol::time::Time;
use serde_json::value::RawValue;
use std::collections::VecDeque;

/// What a device keeps of what it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// Nothing: it is plain.
    Nothing,
    /// An outbox in memory.
    Memory,
    /// An outbox in a file.
    Storage,
}

/// What a device is made of.
#[derive(Debug, Clone)]
pub(crate) struct Make {
    pub(crate) id: DeviceId,
    pub(crate) keeps: Keeps,
    pub(crate) serial: bool,
    /// Seconds.
    pub(crate) heartbeat: Option<u32>,
    /// Messages.
    pub(crate) outbox: usize,
    /// Milliseconds by which its clock is ahead; without a clock it sends no times.
    pub(crate) clock: Option<i64>,
}

/// A device: its program, when it runs, and what outlives it.
pub(crate) struct Program {
    pub(crate) number: usize,
    pub(crate) make: Make,
    pub(crate) file: File,
    /// The next numbered content, and the next one without number.
    next: u64,
    next_loose: u64,
    pub(crate) runs: u32,
    pub(crate) run: Option<Run>,
}

/// A program that runs.
pub(crate) struct Run {
    pub(crate) speaker: Speaker,
    pub(crate) link: Option<usize>,
    pub(crate) lines: Lines,
    pub(crate) backoff: Backoff,
    /// When it tries to connect, while it has no connection.
    pub(crate) comes_at: Option<u64>,
    /// Contents in the outbox.
    pub(crate) held: VecDeque<u64>,
    dropped: u64,
    /// Commands begun and not answered: number and value.
    pub(crate) busy: Vec<(u64, u64)>,
    /// Numbered messages that may be unacked.
    pub(crate) window: u64,
}

/// The device's end of the conversation.
pub(crate) enum Speaker {
    /// With a session.
    Session(Box<DeviceSide>),
    /// Without: a few lines of its own.
    Plain(Plain),
}

/// A plain device.
#[derive(Debug, Default)]
pub(crate) struct Plain {
    pub(crate) welcome: bool,
}

impl Program {
    pub(crate) fn new(number: usize, make: Make) -> Self {
        let file = File::default();
        Self { number, make, file, next: 0, next_loose: 0, runs: 0, run: None }
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.make.keeps == Keeps::Nothing
    }

    /// Whether it is welcome, as far as it knows.
    pub(crate) fn is_welcome(&self) -> bool {
        self.run.as_ref().is_some_and(|run| match &run.speaker {
            Speaker::Session(side) => side.is_welcome(),
            Speaker::Plain(plain) => plain.welcome,
        })
    }

    /// The next content; numbered ones and others are counted apart.
    pub(crate) fn content(&mut self, numbered: bool) -> u64 {
        let next = if numbered { &mut self.next } else { &mut self.next_loose };
        *next += 1;
        self.number as u64 * CONTENTS + *next - 1
    }

    /// The program starts. Answers the contents that it finds in its file.
    pub(crate) fn start(&mut self, now: Time, random: &mut Random) -> Vec<u64> {
        self.runs += 1;
        let settings = Settings {
            heartbeat: self.make.heartbeat,
            transport: if self.make.serial { Transport::Serial } else { Transport::Stream },
            outbox: OutboxBounds { messages_max: self.make.outbox, bytes_max: 1 << 20 },
            ..Settings::new(self.make.id.clone(), None, random.below(1 << 20) as u32)
        };
        let mut found = Vec::new();
        let speaker = match self.make.keeps {
            Keeps::Nothing => Speaker::Plain(Plain::default()),
            Keeps::Memory => Speaker::Session(Box::new(DeviceSide::new(settings))),
            Keeps::Storage => {
                let (kept, contents) = self.file.open();
                found = contents;
                Speaker::Session(Box::new(DeviceSide::restored(settings, kept)))
            }
        };
        let run = Run {
            speaker,
            link: None,
            lines: Lines::new(LINE_BYTES_MAX),
            backoff: Backoff::default(),
            comes_at: Some(now.mono),
            held: VecDeque::new(),
            dropped: 0,
            busy: Vec::new(),
            window: 0,
        };
        self.run = Some(run);
        found
    }

    /// The message of a content.
    pub(crate) fn message(&self, now: Time, content: u64, numbered: bool, random: &mut Random) -> Samples {
        let value = || RawValue::from_string(content.to_string()).expect("a number is JSON");
        let sample = |channel: &str| Sample { channel: channel.into(), value: value() };
        let mut samples = vec![sample(if numbered { "n" } else { "u" })];
        if random.one_in(4) {
            samples.push(sample("both"));
        }
        let ts = self.make.clock.map(|ahead| match random.below(32) {
            // Taken a while ago.
            0..3 => now.wall + ahead - random.within(1, 20_000) as i64,
            // A clock that was never set.
            3 => 5,
            _ => now.wall + ahead,
        });
        Samples { seq: None, outbox: None, ts, samples }
    }
}

impl Run {
    /// What was in the outbox and is not any more: first what was dropped for want of room, then what was acked.
    pub(crate) fn released(&mut self) -> (Vec<u64>, Vec<u64>) {
        let Speaker::Session(side) = &self.speaker else { return Default::default() };
        let dropped = (side.dropped() - self.dropped) as usize;
        self.dropped = side.dropped();
        let gone = self.held.len().saturating_sub(side.unacked());
        let dropped = self.held.drain(..dropped.min(gone)).collect();
        let gone = self.held.len().saturating_sub(side.unacked());
        (dropped, self.held.drain(..gone).collect())
    }

    /// Whether its conversation needs time to pass, and until when.
    pub(crate) fn next(&self) -> Option<u64> {
        match &self.speaker {
            Speaker::Session(side) => side.poll_timeout().into_iter().chain(self.comes_at).min(),
            Speaker::Plain(_) => self.comes_at,
        }
    }
}

impl Plain {
    /// What a plain device says first: who it is, and what takes commands.
    pub(crate) fn greeting(id: &DeviceId) -> Vec<u8> {
        let identify = Identify { device: Some(id.clone()), ..Identify::default() };
        let mut lines = FromDevice::Identify(identify).encode();
        let input = RawValue::from_string(r#"{"input":"switch"}"#.to_owned()).expect("JSON");
        let channels = vec![Sample { channel: "fan".into(), value: input }];
        lines.extend(FromDevice::Describe(Description { channels }).encode());
        lines
    }

    /// A line of the hub; answers a command to begin.
    pub(crate) fn hears(&mut self, message: ToDevice) -> Option<Command> {
        match message {
            ToDevice::Welcome(_) => {
                self.welcome = true;
                None
            }
            ToDevice::Command(command) => Some(command),
            _ => None,
        }
    }
}

/// The answer to a command.
pub(crate) fn outcome(number: u64, ok: bool) -> Outcome {
    Outcome { command: number, ok, value: None, reason: (!ok).then(|| "stuck".to_owned()) }
}
