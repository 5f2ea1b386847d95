//! Runs a script against a device: what the hub says is handed in, what the device says is compared.
//!
//! The device connects when the script says that it identifies. Happenings:
//!
//! | happening | what |
//! |---|---|
//! | `cut` | the connection ends without a word |
//! | `3 s`, `250 ms` | time passes |
//! | `outbox N` | the program bounds its outbox to N messages; first |
//! | `serial` | the transport is a serial line; first |
//! | `no heartbeat` | the identify has no `heartbeat`; first |
//! | `publish CHANNEL VALUE` | the program has a message |
//! | `unnumbered CHANNEL VALUE` | the program has a message that it does not number |
//! | `answer N ok` / `answer N failed REASON` | the program did what a command asked, or did not |
//! | `begins N` | the program was given command N to do |
//! | `drops REASON` | the device dropped the connection: `silent`, `stuck`, or the code it was told |

use super::message;
use super::script::{self, Step, What};
use protocol::id::DeviceId;
use protocol::message::{Outcome, Sample, Samples};
use protocol::session::device_side::{DeviceSide, Ending, OutboxBounds, Output, Settings, Transport};
use protocol::time::Time;
use serde_json::value::RawValue;
use std::collections::VecDeque;

/// Runs `script`; panics with its line where it does not hold.
pub(crate) fn device(script: &str) {
    let mut film = Film::new();
    for Step { line, what } in script::steps(script) {
        let together = std::mem::replace(&mut film.line, line) == line;
        match what {
            What::Device(words) => film.expect_said(words),
            What::Hub(words) => film.hub_says(words),
            What::Happens(happening) => {
                if !together {
                    film.expect_silence();
                }
                film.happens(happening);
            }
        }
    }
    film.expect_silence();
    film.expect_nothing_begun();
}

struct Film {
    line: usize,
    now: u64,
    settings: Settings,
    /// Made when the first thing happens that is no setting.
    device: Option<DeviceSide>,
    connected: bool,
    said: VecDeque<Vec<u8>>,
    begun: VecDeque<u64>,
    ending: Option<String>,
}

impl Film {
    fn new() -> Self {
        let id = DeviceId::parse("pump-1").expect("an id");
        Self {
            line: 0,
            now: 1_000,
            settings: Settings::new(id, None, 0),
            device: None,
            connected: false,
            said: VecDeque::new(),
            begun: VecDeque::new(),
            ending: None,
        }
    }

    fn time(&self) -> Time {
        Time { wall: 0, mono: self.now }
    }

    fn fail(&self, what: &str) -> ! {
        panic!("line {} of the script: {what}", self.line)
    }

    /// Hands something to the device and carries out what it wants.
    fn with(&mut self, input: impl FnOnce(&mut DeviceSide, Time)) {
        let now = self.time();
        let device = self.device.get_or_insert_with(|| DeviceSide::new(self.settings.clone()));
        input(device, now);
        while let Some(output) = device.poll_output() {
            match output {
                Output::Send(line) => self.said.push_back(line),
                Output::Begin(command) => self.begun.push_back(command.number),
                Output::Close(ending) => {
                    self.connected = false;
                    self.ending = Some(match ending {
                        Ending::Silent => "silent".to_owned(),
                        Ending::Stuck => "stuck".to_owned(),
                        Ending::Told(farewell) => farewell.code,
                    });
                }
                Output::Welcome(_) | Output::Complaint(_) => {}
            }
        }
    }

    fn hub_says(&mut self, words: &str) {
        self.expect_silence();
        self.expect_nothing_begun();
        if !self.connected {
            self.fail("the device is not connected");
        }
        let line = message::line(words);
        self.with(|device, now| device.line(now, line.as_bytes()));
    }

    fn happens(&mut self, happening: &str) {
        let words: Vec<&str> = happening.split_whitespace().collect();
        match words[..] {
            ["outbox", messages] => {
                let messages_max = messages.parse().expect("a number");
                self.settings.outbox = OutboxBounds { messages_max, ..self.settings.outbox };
            }
            ["serial"] => self.settings.transport = Transport::Serial,
            ["no", "heartbeat"] => self.settings.heartbeat = None,
            ["cut"] => {
                self.connected = false;
                self.with(|device, _| device.disconnected());
            }
            ["publish", channel, value] => {
                self.with(|device, now| device.publish(now, samples(channel, value)))
            }
            ["unnumbered", channel, value] => self.with(|device, now| {
                device.publish_unnumbered(now, samples(channel, value));
            }),
            ["answer", number, "ok"] => self.answer(number, true, None),
            ["answer", number, "failed", reason] => self.answer(number, false, Some(reason.to_owned())),
            ["begins", number] => {
                let begun = self.begun.pop_front();
                if begun.map(|number| number.to_string()).as_deref() != Some(number) {
                    self.fail(&format!("the device begins {begun:?}"));
                }
            }
            ["drops", reason] => {
                let ending = self.ending.take();
                if ending.as_deref() != Some(reason) {
                    self.fail(&format!("the device drops the connection: {ending:?}"));
                }
            }
            _ => match script::duration(happening) {
                Some(duration) => self.pass(duration),
                None => self.fail(&format!("what is {happening:?}?")),
            },
        }
    }

    fn answer(&mut self, number: &str, ok: bool, reason: Option<String>) {
        let command = number.parse().expect("a number");
        self.with(|device, now| device.answer(now, Outcome { command, ok, value: None, reason }));
    }

    fn pass(&mut self, duration: u64) {
        let until = self.now + duration;
        loop {
            let next = self.device.as_ref().and_then(DeviceSide::poll_timeout);
            let Some(at) = next.filter(|at| *at <= until) else { break };
            self.now = self.now.max(at);
            self.with(DeviceSide::timeout);
        }
        self.now = until;
    }

    fn expect_said(&mut self, words: &str) {
        if !self.connected && words.trim_start_matches(['{', '"']).starts_with("identify") {
            self.connected = true;
            self.with(DeviceSide::connected);
        }
        let Some(said) = self.said.pop_front() else { self.fail("the device says nothing") };
        if !message::matches(words, &said) {
            self.fail(&format!("the device says {}", String::from_utf8_lossy(&said)));
        }
    }

    fn expect_silence(&self) {
        if let Some(said) = self.said.front() {
            self.fail(&format!("before this the device says {}", String::from_utf8_lossy(said)));
        }
    }

    fn expect_nothing_begun(&self) {
        if let Some(number) = self.begun.front() {
            self.fail(&format!("the device begins {number}"));
        }
    }
}

fn samples(channel: &str, value: &str) -> Samples {
    let value = RawValue::from_string(value.to_owned()).expect("JSON");
    Samples { seq: None, ts: None, samples: vec![Sample { channel: channel.into(), value }] }
}
