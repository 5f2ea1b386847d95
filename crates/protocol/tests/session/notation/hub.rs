//! Runs a script against the hub side: what the device says is handed in, what the hub side says is compared.
//!
//! The intake is a model of the simplest kind: it issues sessions by [`Positions`], tag `k7`, and commits what it is
//! given at once. Happenings:
//!
//! | happening | what |
//! |---|---|
//! | `cut` | the connection ends; the next `device >` line comes on a new one |
//! | `3 s`, `250 ms` | time passes |
//! | `commits wait`, `commits go on` | what is given is committed no longer, or again, with all that waited |
//! | `a commit fails` | what waits is discarded |
//! | `identifies wait`, `identifies go on` | the same for identifies |
//! | `refused CODE [FAULT]` | the identify that waits is refused |
//! | `command N CHANNEL VALUE`, `window N`, `complaint LINE FAULT`, `bye CODE` | the intake posts this |
//! | `restart with tag TAG` | the hub begins again from what it stored |
//! | `takes …` | what the intake was given next, as words; if a script says so once it must say it of all |
//! | `closed` | the hub side closed the connection |
//! | `reads`, `does not read` | whether it wants lines |
//!
//! `device > {long…` is a line that is too long and begins with what follows `{long`.

use super::message;
use super::script::{self, Step, What};
use protocol::code::{Bye, Fault};
use protocol::intake::{Lane, Post, Said};
use protocol::limits::LINE_BYTES_MAX;
use protocol::line::{Content, Line};
use protocol::message::{Command, Identify, Welcome};
use protocol::session::hub_side::{HubSide, Output};
use protocol::session::{Opening, Positions};
use protocol::time::Time;
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::sync::Arc;

/// Runs `script`; panics with its line where it does not hold.
pub(crate) fn hub(script: &str) {
    let mut film = Film::new();
    for Step { line, what } in script::steps(script) {
        let together = std::mem::replace(&mut film.line, line) == line;
        match what {
            What::Device(words) => film.device_says(words),
            What::Hub(words) => film.expect_said(words),
            What::Happens(happening) => {
                if !together {
                    film.expect_silence();
                }
                film.happens(happening);
            }
        }
    }
    film.expect_silence();
    film.expect_nothing_taken();
}

struct Film {
    line: usize,
    now: u64,
    session: HubSide,
    lines: u64,
    closed: bool,
    said: VecDeque<Vec<u8>>,
    model: Model,
}

/// The intake.
#[derive(Default)]
struct Model {
    tags: Vec<String>,
    positions: Positions,
    /// In which session what is taken now is numbered.
    session: Option<protocol::id::SessionId>,
    commits_wait: bool,
    identifies_wait: bool,
    identify: Option<Identify>,
    /// Given and not committed: the last number of each.
    waiting: VecDeque<Option<u64>>,
    taken: VecDeque<String>,
    compares_taken: bool,
}

struct NoLane;

impl Lane for NoLane {
    fn take(&self, _line: u64, _said: Said) {}
    fn ended(&self) {}
}

impl Film {
    fn new() -> Self {
        let model = Model { tags: vec!["k7".to_owned()], ..Model::default() };
        let now = 1_000;
        let session = HubSide::new(Time { wall: 0, mono: now });
        Self { line: 0, now, session, lines: 0, closed: false, said: VecDeque::new(), model }
    }

    fn time(&self) -> Time {
        Time { wall: 1_763_846_847_123 + i64::try_from(self.now).expect("short films"), mono: self.now }
    }

    fn fail(&self, what: &str) -> ! {
        panic!("line {} of the script: {what}", self.line)
    }

    fn device_says(&mut self, words: &str) {
        self.expect_silence();
        if self.closed {
            self.begin_connection();
        }
        if !self.session.reading() {
            self.fail("the hub side does not read");
        }
        self.lines += 1;
        let text = message::line(words);
        let content = match words.strip_prefix("{long") {
            Some(_) => Content::TooLong { beginning: &text.as_bytes()[5..] },
            None => Content::Whole(text.as_bytes()),
        };
        self.session.line(self.time(), Line { number: self.lines, content });
        self.settle();
    }

    fn begin_connection(&mut self) {
        self.session = HubSide::new(self.time());
        self.lines = 0;
        self.closed = false;
    }

    /// Carries out what the hub side wants until it wants nothing more.
    fn settle(&mut self) {
        loop {
            while let Some(output) = self.session.poll_output() {
                match output {
                    Output::Send(line) => self.said.push_back(line),
                    Output::Identify(identify) => self.model.identify = Some(*identify),
                    Output::Take { said, .. } => self.take(&said),
                    Output::Enter { .. } => {}
                    Output::Close => self.closed = true,
                }
            }
            if !self.answer_identify() && !self.commit() {
                return;
            }
        }
    }

    fn take(&mut self, said: &Said) {
        let (words, last) = match said {
            Said::Samples(samples) => {
                let values: Vec<String> = samples
                    .samples
                    .iter()
                    .map(|sample| format!("{} {}", sample.channel, sample.value.get()))
                    .collect();
                let seq = samples.seq.map_or("unnumbered".to_owned(), |seq| seq.to_string());
                (format!("{seq} {}", values.join(" ")), Some(samples.seq))
            }
            Said::Gap(gap) => (format!("gap {} to {} {}", gap.from, gap.to, gap.reason), Some(Some(gap.to))),
            Said::Describe(description) => (format!("describe {}", description.channels.len()), None),
            Said::Result(outcome) => (format!("result {} {}", outcome.command, outcome.ok), None),
            Said::Repeated(seq) => (format!("again {seq}"), None),
        };
        self.model.taken.push_back(words);
        self.model.waiting.extend(last);
    }

    fn commit(&mut self) -> bool {
        if self.model.commits_wait || self.model.waiting.is_empty() {
            return false;
        }
        let messages = u32::try_from(self.model.waiting.len()).expect("few");
        let seq = self.model.waiting.drain(..).flatten().max();
        if let (Some(session), Some(seq)) = (self.model.session.clone(), seq) {
            self.model.positions.accepted(&session, seq);
        }
        self.session.post(self.time(), Post::Committed { seq, messages });
        true
    }

    fn answer_identify(&mut self) -> bool {
        if self.model.identifies_wait {
            return false;
        }
        let Some(identify) = self.model.identify.take() else { return false };
        let post = self.open(&identify);
        self.session.post(self.time(), post);
        true
    }

    /// Rules H1 and H2, as an intake does them.
    fn open(&mut self, identify: &Identify) -> Post {
        self.model.waiting.clear();
        let device = identify.device.as_ref().map_or("new-1", |device| device.as_str()).to_owned();
        let mut welcome = Welcome {
            device: device.into(),
            nonce: identify.nonce,
            heartbeat: identify.heartbeat.unwrap_or(15),
            line_max: LINE_BYTES_MAX,
            time: self.time().wall,
            ..Welcome::default()
        };
        self.model.session = None;
        if !identify.is_plain() {
            let asked = identify.session.as_ref().zip(identify.oldest);
            let tags = &self.model.tags;
            let tag = tags.last().expect("there is always a tag").clone();
            let (session, ack) =
                match self.model.positions.open(asked, &tag, |tag| tags.iter().any(|own| own == tag)) {
                    Opening::Resume { session, ack, gap } => {
                        self.model
                            .taken
                            .extend(gap.map(|gap| format!("gap {} to {} {}", gap.from, gap.to, gap.reason)));
                        (session, ack)
                    }
                    Opening::New { session, .. } => (session, 0),
                    Opening::Closed => return Post::Refused { fault: None, bye: Bye::Closed },
                };
            welcome.session = Some(session.to_string());
            welcome.ack = Some(ack);
            welcome.window = Some(protocol::limits::WINDOW_MESSAGES);
            self.model.session = Some(session);
        }
        Post::Welcome { welcome, lane: Arc::new(NoLane) }
    }

    fn happens(&mut self, happening: &str) {
        if let Some(words) = happening.strip_prefix("takes ") {
            return self.expect_taken(words);
        }
        match happening {
            "closed" if self.closed => return,
            "closed" => self.fail("the connection is not closed"),
            "reads" if self.session.reading() => return,
            "does not read" if !self.session.reading() => return,
            "reads" | "does not read" => self.fail("it is the other way round"),
            _ => {}
        }
        match happening {
            "cut" => {
                self.session.closed();
                self.closed = true;
            }
            "commits wait" => self.model.commits_wait = true,
            "commits go on" => self.model.commits_wait = false,
            "a commit fails" => self.model.waiting.clear(),
            "identifies wait" => self.model.identifies_wait = true,
            "identifies go on" => self.model.identifies_wait = false,
            other => match script::duration(other) {
                Some(duration) => self.pass(duration),
                None => self.post(other),
            },
        }
        self.settle();
    }

    fn pass(&mut self, duration: u64) {
        let until = self.now + duration;
        while let Some(at) = self.session.poll_timeout().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.session.timeout(self.time());
            self.settle();
        }
        self.now = until;
    }

    fn post(&mut self, happening: &str) {
        let words: Vec<&str> = happening.split_whitespace().collect();
        let post = match words[..] {
            ["refused", code, ref fault @ ..] => {
                self.model.identify = None;
                let fault = fault.first().and_then(|word| Fault::from_word(word));
                Post::Refused { fault, bye: Bye::from_word(code).expect("a code") }
            }
            ["bye", code] => Post::Bye(Bye::from_word(code).expect("a code")),
            ["complaint", line, fault] => Post::Complaint {
                line: line.parse().expect("a number"),
                fault: Fault::from_word(fault).expect("a code"),
                seq: None,
            },
            ["window", window] => Post::Window(window.parse().expect("a number")),
            ["command", number, channel, ref value @ ..] => Post::Command(Command {
                number: number.parse().expect("a number"),
                channel: channel.to_owned(),
                value: RawValue::from_string(value.join(" ")).expect("JSON"),
                ttl: 5000,
            }),
            ["restart", "with", "tag", tag] => {
                let Model { tags, positions, .. } = &mut self.model;
                tags.push(tag.to_owned());
                *positions = Positions::restore(positions.issued(), positions.current().cloned());
                self.session.closed();
                self.closed = true;
                return;
            }
            _ => self.fail(&format!("what is {happening:?}?")),
        };
        self.session.post(self.time(), post);
    }

    fn expect_said(&mut self, words: &str) {
        let Some(said) = self.said.pop_front() else { self.fail("the hub side says nothing") };
        if !message::matches(words, &said) {
            self.fail(&format!("the hub side says {}", String::from_utf8_lossy(&said)));
        }
    }

    fn expect_silence(&self) {
        if let Some(said) = self.said.front() {
            self.fail(&format!("before this the hub side says {}", String::from_utf8_lossy(said)));
        }
    }

    fn expect_taken(&mut self, words: &str) {
        self.model.compares_taken = true;
        match self.model.taken.pop_front() {
            Some(taken) if taken == words => {}
            taken => self.fail(&format!("the intake is given {taken:?}")),
        }
    }

    fn expect_nothing_taken(&self) {
        if self.model.compares_taken && !self.model.taken.is_empty() {
            self.fail(&format!("the intake is given more: {:?}", self.model.taken));
        }
    }
}
