//! One connection of the load: what it still has to send, and how far its opening or its reading has come.

use std::io::{ErrorKind, Read, Write};

use anyhow::Context;
use mio::net::TcpStream;

use super::scan::{CARRY_BYTES, Carry, Marks};
use super::script::{Ear, Script, Step};
use super::voice::Voice;

/// Bytes that a server may say until the answer is among them that opening waits for.
const OPENING_BYTES_MAX: usize = 64 * 1024;

/// A socket and where its conversation stands.
pub(super) struct Connection {
    socket: TcpStream,
    voice: Voice,
    ear: Ear,
    out: Vec<u8>,
    /// Bytes of `out` that are sent.
    sent: usize,
    /// The rest of the script and what was heard since its last step; nothing when it is open.
    opening: Option<Box<Opening>>,
    carry: Carry,
    /// Acks that came without a number, where a server sends such.
    acks: u64,
}

struct Opening {
    steps: std::vec::IntoIter<Step>,
    until: &'static [u8],
    heard: Vec<u8>,
}

/// What came of reading.
pub(super) enum Progress {
    Same,
    /// The whole script is answered.
    Opened,
    /// The server closed it; behind a colon, what it said last while it was being opened.
    Ended(String),
}

impl Connection {
    pub(super) fn open(script: Script) -> anyhow::Result<Connection> {
        // On loopback this takes no time: the server's system accepts.
        let socket = std::net::TcpStream::connect(script.address)
            .with_context(|| format!("no connection to {}", script.address))?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let opening = Opening { steps: script.steps.into_iter(), until: b"", heard: Vec::new() };
        let mut connection = Connection {
            socket: TcpStream::from_std(socket),
            voice: script.voice,
            ear: script.ear,
            out: Vec::new(),
            sent: 0,
            opening: Some(Box::new(opening)),
            carry: Carry::default(),
            acks: 0,
        };
        connection.step()?;
        Ok(connection)
    }

    pub(super) fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    pub(super) fn is_open(&self) -> bool {
        self.opening.is_none()
    }

    pub(super) fn unsent(&self) -> usize {
        self.out.len() - self.sent
    }

    pub(super) fn acks(&self) -> bool {
        self.ear == Ear::ACKS || matches!(self.ear, Ear::Acks { .. })
    }

    pub(super) fn speak(&mut self, say: impl FnOnce(&Voice, &mut Vec<u8>)) {
        say(&self.voice, &mut self.out);
    }

    pub(super) fn flush(&mut self) -> std::io::Result<()> {
        while self.sent < self.out.len() {
            match self.socket.write(&self.out[self.sent..]) {
                Ok(written) => self.sent += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.out.clear();
        self.sent = 0;
        if self.out.capacity() > 4096 {
            self.out.shrink_to(4096);
        }
        Ok(())
    }

    /// Reads what is there, through `buffer`, and tells `hear` the numbers in it. `is_ended`: the server sends no more.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8],
        marks: &Marks,
        is_ended: bool,
        mut hear: impl FnMut(u64),
    ) -> anyhow::Result<Progress> {
        loop {
            // In front of what comes there is room for what was carried over from the last time.
            let room = buffer.len() - CARRY_BYTES;
            let read = match self.socket.read(&mut buffer[CARRY_BYTES..]) {
                Ok(0) => return Ok(Progress::Ended(self.last_words())),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Progress::Same),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error).context("a connection broke"),
            };
            if self.opening.is_some() {
                if self.opened_by(&buffer[CARRY_BYTES..CARRY_BYTES + read])? {
                    return Ok(Progress::Opened);
                }
            } else {
                self.hear(&mut buffer[..CARRY_BYTES + read], marks, &mut hear);
            }
            // Less than there was room for is all that there is; an end that is known to come is read, too.
            if read < room && !is_ended {
                return Ok(Progress::Same);
            }
        }
    }

    fn hear(&mut self, bytes: &mut [u8], marks: &Marks, hear: &mut impl FnMut(u64)) {
        match self.ear {
            Ear::Nothing => {}
            Ear::Acks { bytes: each } => {
                let before = self.acks / each;
                self.acks += (bytes.len() - CARRY_BYTES) as u64;
                (before + 1..=self.acks / each).for_each(hear);
            }
            Ear::Marks(mark) => self.carry.scan(bytes, marks.finder(mark), hear),
        }
    }

    /// Goes on with the script when what it waited for has come; whether that was the last step.
    fn opened_by(&mut self, bytes: &[u8]) -> anyhow::Result<bool> {
        let Some(opening) = &mut self.opening else { return Ok(false) };
        opening.heard.extend_from_slice(bytes);
        anyhow::ensure!(opening.heard.len() <= OPENING_BYTES_MAX, "a server said too much while opening");
        if memchr::memmem::find(&opening.heard, opening.until).is_none() {
            return Ok(false);
        }
        self.step()?;
        Ok(self.opening.is_none())
    }

    /// Says the next step of the script; behind the last one the connection is open.
    fn step(&mut self) -> anyhow::Result<()> {
        let Some(opening) = &mut self.opening else { return Ok(()) };
        opening.heard.clear();
        loop {
            let Some(step) = opening.steps.next() else {
                self.opening = None;
                break;
            };
            self.out.extend_from_slice(&step.say);
            if !step.until.is_empty() {
                opening.until = step.until;
                break;
            }
        }
        self.flush().context("a server took nothing from a connection that is being opened")
    }

    fn last_words(&self) -> String {
        let heard = self.opening.as_ref().map(|opening| String::from_utf8_lossy(&opening.heard).into_owned());
        heard.map_or_else(String::new, |heard| format!(" while it was being opened: {heard}"))
    }
}
