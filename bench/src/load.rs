//! The load: devices and panels of a whole run on one thread, so that it takes little from the server that it measures.
//!
//! It understands what a server says no further than it must: it looks for a mark in the bytes and reads the number
//! behind it. What it publishes is the same JSON for every server, of about 100 bytes, and carries that number.

mod connection;
pub(crate) mod line;
pub(crate) mod mqtt;
pub(crate) mod nats;
mod scan;
mod script;
mod voice;
pub(crate) mod websocket;

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use connection::{Connection, Progress};
use scan::Marks;
pub(crate) use script::{Ear, Script, Step};
pub(crate) use voice::Voice;

/// Bytes read from a socket at once. More are read when the others had their turn.
const READ_BYTES: usize = 64 * 1024;
/// Ready sockets in one turn.
const EVENTS_MAX: usize = 1024;
/// Connections that are being opened at a time.
const OPENING_MAX: usize = 64;
/// How long a server may take to answer what opens a connection.
const OPENING_TIME_MAX: Duration = Duration::from_secs(20);
/// How often each panel says that it is there. Glassline wants to hear of it every 15 s.
const HEARTBEAT: Duration = Duration::from_secs(12);
/// How often some of the panels do, so that they do not all at once.
const HEARTBEAT_STEP: Duration = Duration::from_millis(100);

/// All connections of a run.
pub(crate) struct Load {
    poll: Poll,
    events: Events,
    connections: Slab<Connection>,
    marks: Marks,
    buffer: Vec<u8>,
    /// Those whose server has said that they are open, since it was last asked for.
    opened: Vec<usize>,
    opening: usize,
    beats: Beats,
}

/// What was heard on a connection.
#[derive(Clone, Copy)]
pub(crate) struct Heard {
    pub(crate) connection: usize,
    /// The number that the message carries.
    pub(crate) number: u64,
    /// When its bytes began to be read.
    pub(crate) at: Instant,
}

/// Who has to say something now and then, and who is next.
struct Beats {
    of: Vec<usize>,
    next: usize,
    at: Instant,
}

impl Load {
    pub(crate) fn new() -> anyhow::Result<Load> {
        Ok(Load {
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS_MAX),
            connections: Slab::new(),
            marks: Marks::new(),
            buffer: vec![0; READ_BYTES + scan::CARRY_BYTES],
            opened: Vec::new(),
            opening: 0,
            beats: Beats { of: Vec::new(), next: 0, at: Instant::now() },
        })
    }

    /// Opens a connection; it is in [`Load::take_opened`] when the server has answered the whole script.
    pub(crate) fn open(&mut self, script: Script) -> anyhow::Result<usize> {
        let entry = self.connections.vacant_entry();
        let id = entry.key();
        let beats = matches!(script.voice, Voice::Panel { .. });
        let mut connection = Connection::open(script)?;
        self.poll.registry().register(
            connection.socket(),
            Token(id),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        entry.insert(connection);
        self.opening += 1;
        if beats {
            self.beats.of.push(id);
        }
        Ok(id)
    }

    /// Opens all of them, some at a time, and waits until all are open.
    pub(crate) fn open_all(
        &mut self,
        scripts: impl IntoIterator<Item = Script>,
    ) -> anyhow::Result<Vec<usize>> {
        let mut ids = Vec::new();
        for script in scripts {
            while self.opening >= OPENING_MAX {
                self.wait_opening(OPENING_MAX - 1)?;
            }
            ids.push(self.open(script)?);
        }
        self.wait_opening(0)?;
        self.opened.clear();
        Ok(ids)
    }

    fn wait_opening(&mut self, most: usize) -> anyhow::Result<()> {
        let until = Instant::now() + OPENING_TIME_MAX;
        while self.opening > most {
            if Instant::now() > until {
                bail!("{} connections are not answered within {OPENING_TIME_MAX:?}", self.opening);
            }
            self.turn(Duration::from_millis(100), |_| ())?;
        }
        Ok(())
    }

    /// Those that have been opened since this was asked last.
    pub(crate) fn take_opened(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.opened)
    }

    /// Closes a connection.
    pub(crate) fn close(&mut self, id: usize) {
        self.connections.remove(id);
        self.beats.of.retain(|&other| other != id);
    }

    /// Adds a message to what a connection will say.
    pub(crate) fn say(&mut self, id: usize, number: u64) {
        self.connections[id].speak(|voice, out| voice.message(number, out));
    }

    /// Adds a question, to which whoever hears it gives an answer.
    pub(crate) fn ask(&mut self, id: usize, number: u64) {
        self.connections[id].speak(|voice, out| voice.question(number, out));
    }

    /// Adds the answer to a question.
    pub(crate) fn answer(&mut self, id: usize, number: u64) {
        self.connections[id].speak(|voice, out| voice.answer(number, out));
    }

    /// Sends what a connection has to say, as far as its socket takes it; the rest goes when it takes more.
    pub(crate) fn flush(&mut self, id: usize) -> anyhow::Result<()> {
        self.connections[id].flush().context("a server took no more from a connection")
    }

    /// Bytes that a connection has still to send.
    pub(crate) fn unsent(&self, id: usize) -> usize {
        self.connections[id].unsent()
    }

    /// Whether messages of a connection are acked.
    pub(crate) fn acks(&self, id: usize) -> bool {
        self.connections[id].acks()
    }

    /// Waits until sockets are ready, at most for `wait`, and hears what came.
    pub(crate) fn turn(&mut self, wait: Duration, mut hear: impl FnMut(Heard)) -> anyhow::Result<()> {
        self.beat()?;
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in &self.events {
            let id = event.token().0;
            let Some(connection) = self.connections.get_mut(id) else { continue };
            if event.is_writable() {
                connection.flush()?;
            }
            if !event.is_readable() {
                continue;
            }
            let at = Instant::now();
            let heard = |number| hear(Heard { connection: id, number, at });
            match connection.read(&mut self.buffer, &self.marks, event.is_read_closed(), heard)? {
                Progress::Same => {}
                Progress::Opened => {
                    self.opening -= 1;
                    self.opened.push(id);
                }
                Progress::Ended(said) => bail!("the server closed a connection{said}"),
            }
        }
        Ok(())
    }

    /// Lets some of the panels say that they are there.
    fn beat(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        if now < self.beats.at || self.beats.of.is_empty() {
            return Ok(());
        }
        self.beats.at = now + HEARTBEAT_STEP;
        let steps = (HEARTBEAT.as_millis() / HEARTBEAT_STEP.as_millis()) as usize;
        for _ in 0..self.beats.of.len().div_ceil(steps) {
            self.beats.next = (self.beats.next + 1) % self.beats.of.len();
            let connection = &mut self.connections[self.beats.of[self.beats.next]];
            if connection.is_open() {
                connection.speak(|_, out| websocket::text(b"", out));
                connection.flush()?;
            }
        }
        Ok(())
    }
}
