//! One connection of a loop: its socket, its endpoint, and what waits to be written.

use crate::doorway::Stay;
use crate::endpoint::Endpoint;
use crate::limits::{PARTING_MAX, STALL_BYTES_MIN};
use crate::outgoing::{Outgoing, Progress, Unsent};
use crate::stream::Stream;
use mio::event::Event;
use std::io::{self, ErrorKind, Read};
use std::time::Instant;

/// The timers do not have it.
pub(crate) const NEVER: u64 = u64::MAX;

/// A connection in a loop. An idle one holds nothing beside itself and its endpoint.
pub(crate) struct Socket {
    pub(crate) stream: Stream,
    /// Stays until the connection is closed: whoever counts connections counts those that part too.
    endpoint: Box<dyn Endpoint>,
    unsent: Option<Box<Unsent>>,
    /// When a peer that does not read, or does not close, is cut.
    cut: Option<Instant>,
    /// When the loop's timers have it, in their milliseconds, or [`NEVER`].
    pub(crate) armed: u64,
    /// See [`crate::nap::Nap::served`].
    pub(crate) served_in: u16,
    /// There may be something to read.
    readable: bool,
    /// There may be room for what is unsent.
    writable: bool,
    /// The peer has closed its end: what is readable ends.
    ends: bool,
    /// All that the peer said was read.
    ended: bool,
    /// Nothing can be written any more. What the peer had said before that can still be read.
    broken: bool,
    /// The endpoint said that it is over: `cut` is when that must be done.
    parts: bool,
    /// The endpoint has said its last: only what is left is written.
    said_last: bool,
    /// Our end is closed.
    closed: bool,
    woken: bool,
    /// It does not wait for the next flush.
    hurried: bool,
    /// It stands in the loop's list of those to be served, or of those that gather.
    pub(crate) is_ready: bool,
    pub(crate) is_gathering: bool,
    /// It stands in the loop's list of those that answer in the next turn. What it is woken for until then leaves with the answer.
    pub(crate) is_answering: bool,
}

// Tens of thousands of connections are idle at a time. Without optimization mio adds to each stream by whom it is watched.
const _: () = assert!(size_of::<Socket>() - size_of::<Stream>() <= 64);

/// What a loop lends to whom it serves.
pub(crate) struct Lent {
    pub(crate) buffer: Box<[u8]>,
    pub(crate) outgoing: Outgoing,
}

/// How a connection was left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Served {
    /// It has nothing to do until it is ready again.
    Idle,
    /// There is more to read.
    More,
    /// It may have something to say, which can wait for the next flush.
    Gathers,
    /// It may have something to say to what it was told, together with what comes of that.
    Answers,
    /// It is closed.
    Over,
}

impl Socket {
    pub(crate) fn new(stream: Stream, endpoint: Box<dyn Endpoint>) -> Self {
        Self {
            stream,
            endpoint,
            unsent: None,
            cut: None,
            armed: NEVER,
            served_in: 0,
            // The system says so when it begins to watch a socket for which something has come already.
            readable: false,
            writable: true,
            ends: false,
            ended: false,
            broken: false,
            parts: false,
            said_last: false,
            closed: false,
            woken: false,
            hurried: false,
            is_ready: false,
            is_gathering: false,
            is_answering: false,
        }
    }

    /// The system says that it is ready for something.
    pub(crate) fn note(&mut self, event: &Event) {
        self.broken |= event.is_error();
        self.ends |= event.is_read_closed() || event.is_error();
        self.readable |= (event.is_readable() || self.ends) && !self.ended;
        self.writable |= event.is_writable() || event.is_error();
    }

    pub(crate) fn wake(&mut self) {
        self.woken = true;
    }

    pub(crate) fn hurry(&mut self) {
        self.hurried = true;
    }

    /// When it wants to be looked at.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let endpoint = if self.parts { None } else { self.endpoint.deadline() };
        endpoint.into_iter().chain(self.cut).chain(self.stays_until()).min()
    }

    /// When it is cut if it has not shown who it is by then.
    fn stays_until(&self) -> Option<Instant> {
        self.stream.stay.as_ref().and_then(Stay::until)
    }

    /// One of its deadlines may have passed; whether it wants to be served for that.
    ///
    /// # Errors
    /// The peer took too long to read, or to close.
    pub(crate) fn look_at_the_time(&mut self, now: Instant) -> io::Result<bool> {
        if self.cut.into_iter().chain(self.stays_until()).any(|cut| now >= cut) {
            return Err(ErrorKind::TimedOut.into());
        }
        let is_due = !self.parts && self.endpoint.deadline().is_some_and(|deadline| now >= deadline);
        if is_due {
            self.endpoint.timeout();
        }
        Ok(is_due)
    }

    /// A turn of this connection. `flushes`: what it has to say does not wait, and it reads nothing, as it had its turn.
    ///
    /// # Errors
    /// The connection is broken, and all that its peer had said was read.
    pub(crate) fn serve(&mut self, lent: &mut Lent, now: Instant, flushes: bool) -> io::Result<Served> {
        let served = self.turn(lent, now, flushes);
        // One that parts is a stranger until it is gone.
        if self.stream.stay.is_some() && !self.parts && !self.endpoint.is_stranger() {
            self.stream.stay = None;
        }
        served
    }

    fn turn(&mut self, lent: &mut Lent, now: Instant, flushes: bool) -> io::Result<Served> {
        self.write_unsent(now);
        let only_woken = self.tell(lent, !flushes)? && !std::mem::take(&mut self.hurried);
        if !self.said_last {
            if !flushes && !self.broken && self.endpoint.gathers() && !self.endpoint.is_over() {
                return Ok(match self.unsent.is_none() {
                    true if only_woken && self.is_answering => Served::Idle,
                    true if only_woken => Served::Gathers,
                    true => Served::Answers,
                    // It is asked as soon as that is written.
                    false => Served::Idle,
                });
            }
            self.ask(&mut lent.outgoing, now);
        }
        if self.broken {
            self.readable = self.has_more_to_hear();
            if !self.readable {
                return Err(ErrorKind::ConnectionReset.into());
            }
        }
        match self.readable && !self.parts && self.endpoint.reads() {
            _ if self.said_last => self.part(lent),
            true => Ok(Served::More),
            false => Ok(Served::Idle),
        }
    }

    /// Tells the endpoint what has happened; whether that was that it was woken and nothing else.
    fn tell(&mut self, lent: &mut Lent, reads: bool) -> io::Result<bool> {
        let woken = std::mem::take(&mut self.woken);
        if self.parts {
            return Ok(false);
        }
        let endpoint = &mut self.endpoint;
        if woken {
            endpoint.woken();
        }
        if !(reads && self.readable) || endpoint.is_over() || !endpoint.reads() {
            return Ok(woken);
        }
        match read(&mut self.stream, &mut lent.buffer, &mut self.readable, self.ends)? {
            None => return Ok(woken),
            Some(0) => {
                self.ended = true;
                endpoint.read_closed();
            }
            Some(bytes) => endpoint.read(&mut lent.buffer[..bytes]),
        }
        Ok(false)
    }

    /// Asks the endpoint what it has to say, unless something is unsent.
    fn ask(&mut self, outgoing: &mut Outgoing, now: Instant) {
        // One that is over may have more to say than its peer takes now: then it is asked once more.
        let asks = self.unsent.is_none();
        if asks {
            self.endpoint.write(outgoing);
            self.write(outgoing, now);
        }
        if !self.parts && self.endpoint.is_over() {
            self.parts = true;
            self.cut = now.checked_add(PARTING_MAX);
        }
        self.said_last = self.parts && asks;
    }

    fn write(&mut self, outgoing: &mut Outgoing, now: Instant) {
        if self.broken {
            return outgoing.clear();
        }
        if outgoing.is_empty() {
            return;
        }
        match outgoing.write_to(&mut self.stream) {
            Ok(None) => {}
            Ok(unsent) => {
                (self.unsent, self.writable) = (unsent, false);
                self.restart_stall(now);
            }
            Err(_) => self.breaks(),
        }
    }

    fn write_unsent(&mut self, now: Instant) {
        let Some(unsent) = self.unsent.as_mut().filter(|_| self.writable) else { return };
        match unsent.write_to(&mut self.stream) {
            Ok(Progress::All) => {
                self.unsent = None;
                self.restart_stall(now);
            }
            Ok(progress) => {
                self.writable = false;
                // A few bytes now and then are no progress: what was written would never be taken.
                if progress == Progress::Some && unsent.has_taken(STALL_BYTES_MIN) {
                    self.restart_stall(now);
                }
            }
            Err(_) => self.breaks(),
        }
    }

    /// The peer has taken enough. One that parts has no more time for that.
    fn restart_stall(&mut self, now: Instant) {
        if !self.parts {
            let limit = self.unsent.as_ref().and_then(|_| self.endpoint.stall_max());
            self.cut = limit.and_then(|limit| now.checked_add(limit));
        }
    }

    /// Nothing can be written any more.
    fn breaks(&mut self) {
        (self.broken, self.ends) = (true, true);
        self.unsent = None;
        self.readable = !self.ended;
    }

    /// Whether the peer of a broken connection had said something that the endpoint has not read, or not yet. One that sends,
    /// and closes without having read what it was told, breaks the connection so.
    fn has_more_to_hear(&self) -> bool {
        !self.parts && !self.ended && self.stream.has_more()
    }

    /// All is said: when it is written our end is closed, and then the peer's is waited for. Closing over what it still
    /// sends would take the last bytes away from it.
    fn part(&mut self, lent: &mut Lent) -> io::Result<Served> {
        if self.unsent.is_none() && !self.closed {
            self.stream.close_end()?;
            self.closed = true;
        }
        if self.readable
            && read(&mut self.stream, &mut lent.buffer, &mut self.readable, self.ends)? == Some(0)
        {
            self.ended = true;
        }
        Ok(match self.readable {
            _ if self.closed && self.ended => Served::Over,
            true => Served::More,
            false => Served::Idle,
        })
    }
}

/// Reads once. A read that does not fill the buffer took all there was, so that no second one has to say so; unless the
/// end is to come. Nothing: there is nothing to read.
fn read(
    stream: &mut Stream,
    buffer: &mut [u8],
    readable: &mut bool,
    ends: bool,
) -> io::Result<Option<usize>> {
    loop {
        match stream.read(buffer) {
            Ok(bytes) => {
                *readable = bytes == buffer.len() || (ends && bytes > 0);
                return Ok(Some(bytes));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                *readable = false;
                return Ok(None);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
