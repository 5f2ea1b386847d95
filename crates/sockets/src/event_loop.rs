//! The loop: one thread that waits until sockets are ready, and serves each of them once a turn.
//!
//! **Contract: a turn reads at most [`READ_BYTES`] from each socket that is ready, tells its endpoint, and writes what that
//! says with one call; nothing in it blocks, nothing is allocated for a connection that is idle, and an endpoint that
//! panics ends alone.**

use crate::endpoint::Endpoint;
use crate::limits::{ANSWER_WAIT_MAX, EVENTS_MAX, PASSES_MAX, READ_BYTES, WAIT_AGAIN};
use crate::loops::Adopted;
use crate::nap::Nap;
use crate::outgoing::Outgoing;
use crate::pace::Pace;
use crate::remote::{Inbox, Mail, Remote};
use crate::slots::Slots;
use crate::socket::{Lent, NEVER, Served, Socket};
use crate::stream::Stream;
use crate::timers::Timers;
use mio::{Events, Poll, Registry, Token, Waker};
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// What wakes the loop itself.
const WAKER: Token = Token(usize::MAX);

pub(crate) struct EventLoop {
    poll: Poll,
    mail: Arc<Mail>,
    /// Where the milliseconds of `timers` begin.
    began: Instant,
    /// When this turn began to serve.
    now: Instant,
    entries: Slots<Entry>,
    timers: Timers,
    nap: Nap,
    pace: Pace,
    /// To be served now, each once.
    ready: Vec<usize>,
    /// To be served in the next turn: there is more to read than one turn reads.
    again: Vec<usize>,
    /// They may have something to say at the next flush.
    gathering: Vec<usize>,
    /// They answer at the end of the next turn, which comes within [`ANSWER_WAIT_MAX`]: so what came of a command leaves with
    /// the word that it was accepted.
    answering: Vec<usize>,
    lent: Lent,
    /// The next flush does not wait.
    hurry: bool,
    /// Looks at the sockets, one after the other, each of which had as many as it has room for.
    looks: usize,
    stop: bool,
}

enum Entry {
    Socket(Socket),
    Task(Box<dyn FnMut() + Send>),
}

impl EventLoop {
    pub(crate) fn new() -> io::Result<(Self, Arc<Mail>)> {
        let poll = Poll::new()?;
        let mail = Arc::new(Mail::new(Waker::new(poll.registry(), WAKER)?));
        let now = Instant::now();
        let event_loop = Self {
            poll,
            mail: mail.clone(),
            began: now,
            now,
            entries: Slots::default(),
            timers: Timers::default(),
            nap: Nap::new(now),
            pace: Pace::default(),
            ready: Vec::new(),
            again: Vec::new(),
            gathering: Vec::new(),
            answering: Vec::new(),
            lent: Lent { buffer: vec![0; READ_BYTES].into(), outgoing: Outgoing::default() },
            hurry: false,
            looks: 0,
            stop: false,
        };
        Ok((event_loop, mail))
    }

    pub(crate) fn run(mut self) {
        let mut events = Events::with_capacity(EVENTS_MAX);
        let mut inbox = Inbox::default();
        while !self.stop {
            if let Err(error) = self.wait(&mut events) {
                tracing::error!(%error, "an event loop cannot wait");
                std::thread::sleep(WAIT_AGAIN);
            }
            self.turn(&events, &mut inbox);
        }
    }

    /// Sleeps until something is ready, woken or due.
    fn wait(&mut self, events: &mut Events) -> io::Result<()> {
        let timeout = if self.again.is_empty() { self.sleep_max() } else { Some(Duration::ZERO) };
        let result = match self.poll.poll(events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            result => result,
        };
        self.mail.is_awake();
        result
    }

    /// Naps if it is time, then says how long nothing will be to do unless something becomes ready; nothing: for ever.
    fn sleep_max(&mut self) -> Option<Duration> {
        // The clock is looked at only where somebody wants to know.
        if self.nap.is_busy()
            && let Some(nap) = self.nap.due(self.now, Instant::now())
        {
            std::thread::sleep(nap);
        }
        if !self.mail.may_sleep() {
            return Some(Duration::ZERO);
        }
        let timer = self.timers.next().map(|at| self.began + Duration::from_millis(at));
        let flush = self.pace.not_before().filter(|_| !self.gathering.is_empty());
        let answer = (!self.answering.is_empty()).then(|| self.now + ANSWER_WAIT_MAX);
        let due = timer.into_iter().chain(flush).chain(answer).min()?;
        Some(due.saturating_duration_since(Instant::now()))
    }

    /// Serves whatever is ready, woken or due, then flushes what has gathered.
    fn turn(&mut self, events: &Events, inbox: &mut Inbox) {
        self.now = Instant::now();
        self.nap.turn(self.now);
        std::mem::swap(&mut self.ready, &mut self.again);
        let answering = std::mem::take(&mut self.answering);
        let mut heard = 0;
        for event in events {
            heard += 1;
            // The loop's own waker names nobody.
            let index = event.token().0;
            if let Some(Entry::Socket(socket)) = self.entries.get_mut(index) {
                socket.note(event);
                self.make_ready(index);
            }
        }
        // What serving one wakes is served in the same turn, unless that goes on and on.
        for _ in 0..PASSES_MAX {
            self.take_mail(inbox);
            if self.ready.is_empty() {
                break;
            }
            self.serve_ready();
            // Before those who made it urgent say more.
            if self.hurry {
                self.flush();
            }
        }
        // Only now: a peer whose message was waiting was not silent, whatever kept this loop from reading it. Where there may be
        // more such, which this look had no room for, they come first: the system tells of each once before it tells of any again.
        self.looks = if heard < EVENTS_MAX { 0 } else { self.looks + 1 };
        if self.looks == 0 || self.looks > self.entries.len().div_ceil(EVENTS_MAX) {
            self.take_due();
            self.looks = 0;
        }
        self.serve_ready();
        self.answer(answering);
        self.flush();
        self.mail.turns.took(self.now.elapsed());
    }

    fn take_mail(&mut self, inbox: &mut Inbox) {
        self.mail.take(inbox);
        self.hurry |= std::mem::take(&mut inbox.hurry);
        self.stop |= inbox.stop;
        for adopted in inbox.adopted.drain(..) {
            self.adopt(adopted);
        }
        for index in inbox.hurried.drain(..) {
            if let Some(Entry::Socket(socket)) = self.entries.get_mut(index) {
                socket.hurry();
            }
        }
        for index in inbox.woken.drain(..) {
            if let Some(Entry::Socket(socket)) = self.entries.get_mut(index) {
                socket.wake();
            }
            self.make_ready(index);
        }
    }

    fn take_due(&mut self) {
        let (now, moment) = (self.millis(self.now), self.now);
        while let Some((at, index)) = self.timers.take_due(now) {
            let Some(Entry::Socket(socket)) = self.entries.get_mut(index) else { continue };
            if socket.armed != at {
                continue;
            }
            socket.armed = NEVER;
            match shielded(|| socket.look_at_the_time(moment).map(|serve| (serve, socket.deadline()))) {
                Some(Ok((true, _))) => self.make_ready(index),
                Some(Ok((false, deadline))) => self.arm(index, deadline),
                Some(Err(_)) => self.cut(index),
                None => self.remove(index),
            }
        }
    }

    /// The peer had its time. What it has not taken goes with it, instead of staying with the system.
    fn cut(&mut self, index: usize) {
        if let Some(Entry::Socket(socket)) = self.entries.get(index) {
            socket.stream.drop_unsent();
        }
        self.remove(index);
    }

    fn make_ready(&mut self, index: usize) {
        let waits = match self.entries.get_mut(index) {
            Some(Entry::Socket(socket)) => std::mem::replace(&mut socket.is_ready, true),
            Some(Entry::Task(_)) => false,
            None => return,
        };
        if !waits {
            self.ready.push(index);
        }
    }

    fn serve_ready(&mut self) {
        let mut ready = std::mem::take(&mut self.ready);
        for index in ready.drain(..) {
            self.serve(index, false);
        }
        // Serving makes nobody ready at once: what it wakes comes by mail.
        self.ready = ready;
    }

    fn serve(&mut self, index: usize, flushes: bool) {
        let socket = match self.entries.get_mut(index) {
            Some(Entry::Socket(socket)) => socket,
            Some(Entry::Task(task)) => {
                shielded(task);
                return;
            }
            None => return,
        };
        // One that is flushed may stand in a list all the same.
        socket.is_ready &= flushes;
        // Strangers, however many, must not slow down those who are known.
        if socket.stream.stay.is_none() {
            self.nap.served(&mut socket.served_in);
        }
        let (lent, now) = (&mut self.lent, self.now);
        let turn = shielded(|| socket.serve(lent, now, flushes).map(|served| (served, socket.deadline())));
        let Some(Ok((served, deadline))) = turn else { return self.remove(index) };
        match served {
            Served::Over => return self.remove(index),
            Served::More if !std::mem::replace(&mut socket.is_ready, true) => self.again.push(index),
            Served::Gathers if !std::mem::replace(&mut socket.is_gathering, true) => {
                self.gathering.push(index)
            }
            Served::Answers if !std::mem::replace(&mut socket.is_answering, true) => {
                self.answering.push(index)
            }
            Served::More | Served::Gathers | Served::Answers | Served::Idle => {}
        }
        self.arm(index, deadline);
    }

    /// Asks those that were told something in the turn before what they answer; in the last turn, all.
    fn answer(&mut self, answering: Vec<usize>) {
        let last = if self.stop { std::mem::take(&mut self.answering) } else { Vec::new() };
        for index in answering.into_iter().chain(last) {
            if let Some(Entry::Socket(socket)) = self.entries.get_mut(index)
                && std::mem::take(&mut socket.is_answering)
            {
                self.serve(index, true);
            }
        }
    }

    /// Asks those that gather what they have to say, if it is time.
    fn flush(&mut self) {
        // Whoever was in a hurry gathers by now, or had nothing to say. There is no later flush in the last turn.
        let hurry = std::mem::take(&mut self.hurry) || self.stop;
        if self.gathering.is_empty() || !(hurry || self.pace.may_flush(self.now)) {
            return;
        }
        let before = self.lent.outgoing.writes();
        let mut gathering = std::mem::take(&mut self.gathering);
        for index in gathering.drain(..) {
            if let Some(Entry::Socket(socket)) = self.entries.get_mut(index)
                && std::mem::take(&mut socket.is_gathering)
            {
                self.serve(index, true);
            }
        }
        // Nobody gathers while being flushed: the list is still empty, and its memory is used again.
        self.gathering = gathering;
        self.pace.flushed(self.now, self.lent.outgoing.writes() - before);
    }

    fn adopt(&mut self, adopted: Adopted) {
        let index = self.entries.next_number();
        let remote = Remote { mail: self.mail.clone(), token: index };
        match adopted {
            Adopted::Task { task, remote: answer } => {
                self.entries.insert(Entry::Task(task));
                // Whoever asked waits for this.
                let _ = answer.send(remote);
            }
            Adopted::Socket { stream, read, make } => {
                let registry = self.poll.registry();
                match shielded(|| take_over(registry, index, stream, read, || make(remote))) {
                    Some(Ok(socket)) => {
                        self.entries.insert(Entry::Socket(socket));
                        self.make_ready(index);
                        return;
                    }
                    Some(Err(error)) => tracing::error!(%error, "an event loop cannot take a socket"),
                    None => {}
                }
                self.mail.sockets.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    /// Sees to it that the timers have the next deadline of a socket.
    fn arm(&mut self, index: usize, deadline: Option<Instant>) {
        let (Some(deadline), began) = (deadline, self.began) else { return };
        let Some(Entry::Socket(socket)) = self.entries.get_mut(index) else { return };
        // Rounded up: a timer is never early.
        let micros = deadline.saturating_duration_since(began).as_micros();
        let at = u64::try_from(micros.div_ceil(1_000)).unwrap_or(NEVER);
        if at < socket.armed {
            socket.armed = at;
            self.timers.set(at, index);
            let entries = &self.entries;
            let counts =
                |at, index| matches!(entries.get(index), Some(Entry::Socket(socket)) if socket.armed == at);
            self.timers.sweep(entries.len(), counts);
        }
    }

    /// The connection is cut; what names its place from here on names nothing, or is only a look too many at who has it next.
    fn remove(&mut self, index: usize) {
        let Some(mut entry) = self.entries.remove(index) else { return };
        // Whoever panicked in the middle of what it said has said nothing, and never to somebody else.
        self.lent.outgoing.clear();
        self.mail.sockets.fetch_sub(1, Ordering::Relaxed);
        if let Entry::Socket(socket) = &mut entry {
            // The system would still watch it, in the name of whoever comes next, if somebody else had it open too.
            let _ = socket.stream.deregister(self.poll.registry());
        }
        shielded(|| drop(entry));
    }

    fn millis(&self, moment: Instant) -> u64 {
        u64::try_from(moment.duration_since(self.began).as_millis()).unwrap_or(u64::MAX)
    }
}

/// However it ends, those who wait for it hear of it.
impl Drop for EventLoop {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("an event loop panicked: ending, so that nothing looks alive that is not");
            std::process::abort();
        }
        let unread = self.mail.end();
        for adopted in unread.adopted {
            shielded(|| drop(adopted));
        }
        for entry in self.entries.drain() {
            shielded(|| drop(entry));
        }
    }
}

/// A socket of which the system tells the loop from now on, with its endpoint.
fn take_over(
    registry: &Registry,
    index: usize,
    mut stream: Stream,
    mut read: Vec<u8>,
    make: impl FnOnce() -> Box<dyn Endpoint>,
) -> io::Result<Socket> {
    stream.prepare()?;
    stream.register(registry, Token(index))?;
    let mut endpoint = make();
    for bytes in read.chunks_mut(READ_BYTES) {
        endpoint.read(bytes);
    }
    Ok(Socket::new(stream, endpoint))
}

/// Calls what is not ours. Nothing: it panicked, which ends nothing else.
fn shielded<R>(call: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(call))
        .inspect_err(|_| {
            tracing::error!("an endpoint or a task has panicked: its connection is cut, a task goes on")
        })
        .ok()
}

#[cfg(test)]
mod tests;
