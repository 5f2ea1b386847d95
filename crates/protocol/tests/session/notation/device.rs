//! Runs a script against a device: what the hub says is handed in, what the device says is compared. The happenings are
//! those of `spec/vectors/README.md`.
//!
//! The device connects where the script lets it identify, at the earliest moment that rule D9 allows.

use super::message;
use super::script::{self, Step, What};
use super::storage::Storage;
use protocol::code::Again;
use protocol::id::DeviceId;
use protocol::message::{FromDevice, Outcome, Sample, Samples, decode_from_device};
use protocol::session::Backoff;
use protocol::session::device_side::{DeviceSide, Ending, OutboxBounds, Output, Settings, Transport};
use protocol::time::Time;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, VecDeque};

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
    /// Where the device has a stored outbox.
    storage: Option<Storage>,
    /// Made when the first thing happens that is no setting.
    device: Option<DeviceSide>,
    connected: bool,
    backoff: Backoff,
    /// When the device comes back; nothing where it does not.
    returns: Option<u64>,
    /// The nonces that the device chose, by the names that the script gives them.
    nonces: BTreeMap<u64, u64>,
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
            storage: None,
            device: None,
            connected: false,
            backoff: Backoff::default(),
            returns: Some(0),
            nonces: BTreeMap::new(),
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
    fn with<T>(&mut self, input: impl FnOnce(&mut DeviceSide, Time) -> T) -> T {
        let now = self.time();
        if self.device.is_none() {
            self.device = Some(match &self.storage {
                Some(storage) => DeviceSide::restored(self.settings.clone(), storage.kept()),
                None => DeviceSide::new(self.settings.clone()),
            });
            self.carry_out();
        }
        let answer = input(self.device.as_mut().expect("it was just made"), now);
        self.carry_out();
        answer
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.device.as_mut().and_then(DeviceSide::poll_output) {
            match output {
                Output::Keep(head) => {
                    self.storage.as_mut().expect("only a stored outbox has a head to keep").keep(head);
                }
                Output::Send(line) => self.said.push_back(line),
                Output::Begin(command) => self.begun.push_back(command.number),
                Output::Close(ending) => self.device_closes(&ending),
                Output::Welcome(_) => self.backoff.welcomed(self.now),
                Output::Complaint(_) => {}
            }
        }
    }

    fn device_closes(&mut self, ending: &Ending) {
        self.away(ending.again(), ending.wait());
        self.ending = Some(match ending {
            Ending::Silent => "silent".to_owned(),
            Ending::Stuck => "stuck".to_owned(),
            Ending::Told(farewell) => farewell.code.clone(),
        });
    }

    fn away(&mut self, again: Again, wait: Option<u64>) {
        self.connected = false;
        self.returns = self.backoff.lost(self.now, again, wait, 0).map(|delay| self.now + delay);
    }

    fn hub_says(&mut self, words: &str) {
        self.expect_silence();
        self.expect_nothing_begun();
        if !self.connected {
            self.fail("the device is not connected");
        }
        let line = self.with_nonce(&message::line(&whole_welcome(words)));
        self.with(|device, now| device.line(now, line.as_bytes()));
    }

    /// A welcome with the nonce that the device chose; where the script has one that the device never said, with such.
    fn with_nonce(&self, line: &str) -> String {
        let named = line.starts_with("{\"welcome\"").then(|| message::whole(line, "nonce")).flatten();
        let Some(name) = named else { return line.to_owned() };
        let nonce = self.nonces.get(&name).copied().unwrap_or(1_000_000 + name);
        line.replace(&format!("\"nonce\":{name}"), &format!("\"nonce\":{nonce}"))
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
            ["no", "id"] => self.settings.device = None,
            ["token", token] => self.settings.token = Some(token.to_owned()),
            ["line_max", bytes] => self.settings.line_max = Some(bytes.parse().expect("a number")),
            ["stored"] => self.storage = Some(Storage::new()),
            ["sync"] => self.storage().sync(),
            ["restart"] => self.restart(),
            ["power", "cut"] => {
                self.storage().power_cut();
                self.restart();
            }
            ["cut"] => {
                self.with(|device, _| device.disconnected());
                self.away(Again::Later, None);
            }
            ["publish", ref words @ ..] => self.publish(words),
            ["unnumbered", ref words @ ..] => {
                let message = samples(words);
                self.with(|device, now| device.publish_unnumbered(now, message));
            }
            ["describe", channels] => self.describe(channels),
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
            ["away"] if !self.connected && self.returns.is_none_or(|at| at > self.now) => {}
            ["away"] => self.fail("the device is there, or on its way"),
            _ => match script::duration(happening) {
                Some(duration) => self.pass(self.now + duration),
                None => self.fail(&format!("what is {happening:?}?")),
            },
        }
    }

    fn storage(&mut self) -> &mut Storage {
        self.storage.as_mut().expect("the script said that its outbox is stored")
    }

    /// The program ends without a word, and begins again with what is stored.
    fn restart(&mut self) {
        self.device = None;
        self.connected = false;
        self.returns = Some(self.now);
        self.backoff = Backoff::default();
        self.begun.clear();
        self.settings.nonce += 1_000;
    }

    fn publish(&mut self, words: &[&str]) {
        let message = samples(words);
        let copy = message.clone();
        let position = self.with(|device, now| device.publish(now, message));
        if let (Some(storage), Some(device)) = (&mut self.storage, &self.device) {
            storage.store(position, copy, device);
        }
    }

    fn describe(&mut self, channels: &str) {
        let line = format!("{{\"describe\":{channels}}}");
        let Ok(FromDevice::Describe(description)) = decode_from_device(line.as_bytes()) else {
            self.fail("that describes nothing")
        };
        self.with(|device, now| device.describe(now, description));
    }

    fn answer(&mut self, number: &str, ok: bool, reason: Option<String>) {
        let command = number.parse().expect("a number");
        self.with(|device, now| device.answer(now, Outcome { command, ok, value: None, reason }));
    }

    fn pass(&mut self, until: u64) {
        loop {
            let next = self.device.as_ref().and_then(DeviceSide::poll_timeout);
            let Some(at) = next.filter(|at| *at <= until) else { break };
            self.now = self.now.max(at);
            self.with(DeviceSide::timeout);
        }
        self.now = self.now.max(until);
    }

    fn expect_said(&mut self, words: &str) {
        if !self.connected && words.trim_start_matches(['{', '"']).starts_with("identify") {
            let Some(at) = self.returns else { self.fail("the device does not come back") };
            self.pass(at);
            self.connected = true;
            self.with(DeviceSide::connected);
        }
        let Some(said) = self.said.pop_front() else { self.fail("the device says nothing") };
        let words = self.note_nonce(words, &said);
        if !message::matches(&words, &said) {
            self.fail(&format!("the device says {}", String::from_utf8_lossy(&said)));
        }
    }

    /// The nonce of an identify is the device's choice, but another one each time. A script that gives the whole line
    /// means the number itself.
    fn note_nonce(&mut self, words: &str, said: &[u8]) -> String {
        let Some((before, after)) = words.split_once(" nonce ").filter(|_| words.starts_with("identify"))
        else {
            return words.to_owned();
        };
        let (name, after) = after.split_once(' ').unwrap_or((after, ""));
        let name = name.parse().expect("a nonce is a number");
        let said = std::str::from_utf8(said).expect("UTF-8").trim_end();
        let Some(nonce) = message::whole(said, "nonce") else { self.fail("the identify has no nonce") };
        if self.nonces.values().any(|earlier| *earlier == nonce) {
            self.fail("the nonce is that of an earlier identify");
        }
        self.nonces.insert(name, nonce);
        format!("{before} {after}")
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

/// What a script leaves out of a welcome.
const WELCOME: [(&str, &str); 4] =
    [("window", "64"), ("heartbeat", "15"), ("line_max", "65536"), ("time", "1763846847123")];

/// A welcome in words with all its members.
fn whole_welcome(words: &str) -> String {
    let mut whole = words.to_owned();
    if words.starts_with("welcome ") {
        let named: Vec<&str> = words.split_whitespace().collect();
        for (member, value) in WELCOME.iter().filter(|(member, _)| !named.contains(member)) {
            whole.push_str(&format!(" {member} {value}"));
        }
    }
    whole
}

/// `temperature 20.5 humidity 40 ts 5`.
fn samples(words: &[&str]) -> Samples {
    let (mut ts, mut samples) = (None, Vec::new());
    for pair in words.chunks(2) {
        match *pair {
            ["ts", time] => ts = Some(time.parse().expect("a time")),
            [channel, value] => {
                let value = RawValue::from_string(value.to_owned()).expect("JSON");
                samples.push(Sample { channel: channel.into(), value });
            }
            _ => panic!("{words:?} is no message"),
        }
    }
    Samples { seq: None, ts, samples, outbox: None }
}
