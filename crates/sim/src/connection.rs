//! One connection at the hub's end: the real conversation ([`HubSide`]) and lines, over a simulated link.

use protocol::intake::{Lane, Outlet, Peer, Post, Said};
use protocol::limits::LINE_BYTES_MAX;
use protocol::line::Lines;
use protocol::message::Identify;
use protocol::session::HubSide;
use protocol::session::hub_side::Output;
use protocol::time::Time;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::DeviceKey;

/// What waits for somebody, handed over from anywhere.
#[derive(Debug)]
pub(crate) struct Mailbox<T>(Mutex<VecDeque<T>>);

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Mailbox<T> {
    pub(crate) fn push(&self, item: T) {
        self.lock().push_back(item);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        self.lock().pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The way back to a connection.
#[derive(Default)]
pub(crate) struct Letterbox {
    /// What was posted and not read yet.
    pub(crate) posts: Mailbox<Post>,
    /// Nobody reads it any more: what is posted is dropped, and with a welcome its lane.
    closed: AtomicBool,
}

impl Letterbox {
    fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        while self.posts.pop().is_some() {}
    }
}

impl Outlet for Letterbox {
    fn post(&self, post: Post) {
        if !self.is_gone() {
            self.posts.push(post);
        }
    }

    fn is_gone(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }
}

/// A conversation of a device with the hub, as the connection knows it.
pub(crate) struct Track {
    pub(crate) key: DeviceKey,
    pub(crate) generation: u64,
    /// Where ends are told.
    pub(crate) endings: Arc<Mailbox<(DeviceKey, u64)>>,
    /// Where what is taken goes.
    pub(crate) taken: Arc<Mailbox<Taken>>,
}

/// Something that a conversation took.
pub(crate) struct Taken {
    pub(crate) key: DeviceKey,
    pub(crate) generation: u64,
    pub(crate) line: u64,
    pub(crate) said: Said,
}

impl Lane for Track {
    fn take(&self, line: u64, said: Said) {
        self.taken.push(Taken { key: self.key, generation: self.generation, line, said });
    }

    fn ended(&self) {
        self.endings.push((self.key, self.generation));
    }
}

impl Drop for Track {
    fn drop(&mut self) {
        self.ended();
    }
}

/// What a connection asks of its surroundings, in this order.
pub(crate) enum Wish {
    /// Write to the device.
    Write(Vec<u8>),
    /// Hand this to the hub.
    Identify(Box<Identify>),
    /// Something was taken: the hub is to look.
    Taken,
    /// The connection is over.
    Close,
}

/// The hub's end of a link.
pub(crate) struct Connection {
    /// Unique for ever.
    pub(crate) number: u64,
    pub(crate) link: usize,
    pub(crate) letterbox: Arc<Letterbox>,
    pub(crate) side: HubSide,
    lines: Lines,
    lane: Option<Arc<dyn Lane>>,
    /// Read, and waiting until the conversation reads on.
    held: Vec<u8>,
    /// Nobody has identified on it. A serial line may stay so for ever.
    pub(crate) is_strange: bool,
    /// Taken and not yet committed, as seen from outside.
    pub(crate) in_flight: i64,
}

impl Connection {
    pub(crate) fn new(now: Time, number: u64, link: usize, serial: bool) -> Self {
        let side = if serial { HubSide::serial(now) } else { HubSide::new(now) };
        Self {
            number,
            link,
            letterbox: Arc::default(),
            side,
            lines: Lines::new(LINE_BYTES_MAX),
            lane: None,
            held: Vec::new(),
            is_strange: true,
            in_flight: 0,
        }
    }

    pub(crate) fn peer(&self) -> Peer {
        Peer { connection: self.number, address: String::new(), is_local: false }
    }

    /// Whether the link is to be read.
    pub(crate) fn reads(&self) -> bool {
        self.side.reading() && self.held.is_empty()
    }

    /// Bytes came; where nothing new did, those that are held are looked at again. Hands in at most one line: call it
    /// until it answers false.
    pub(crate) fn next_line(&mut self, now: Time, bytes: &mut &[u8]) -> bool {
        if !self.side.reading() {
            return false;
        }
        let mut held = std::mem::take(&mut self.held);
        let mut rest: &[u8] = if held.is_empty() { bytes } else { &held };
        let from_held = !held.is_empty();
        let found = match self.lines.next(&mut rest) {
            Some(line) => {
                self.side.line(now, line);
                true
            }
            None => false,
        };
        if from_held {
            let left = rest.len();
            held.drain(..held.len() - left);
            self.held = held;
        } else {
            *bytes = &bytes[bytes.len() - rest.len()..];
        }
        found
    }

    /// What came and cannot be read now.
    pub(crate) fn hold(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    pub(crate) fn has_held(&self) -> bool {
        !self.held.is_empty()
    }

    /// The next thing to do.
    pub(crate) fn wish(&mut self) -> Option<Wish> {
        loop {
            match self.side.poll_output()? {
                Output::Send(line) => return Some(Wish::Write(line)),
                Output::Identify(identify) => {
                    self.is_strange = false;
                    return Some(Wish::Identify(identify));
                }
                Output::Enter { lane, .. } => {
                    self.leave();
                    self.in_flight = 0;
                    self.lane = Some(lane);
                }
                Output::Take { line, said } => {
                    if !matches!(said, Said::Result(_) | Said::Repeated(_)) {
                        self.in_flight += 1;
                    }
                    self.lane.as_ref().expect("a conversation enters a lane first").take(line, said);
                    return Some(Wish::Taken);
                }
                Output::Close => {
                    self.held.clear();
                    self.leave();
                    return Some(Wish::Close);
                }
            }
        }
    }

    /// Something was posted.
    pub(crate) fn post(&mut self, now: Time, post: Post) {
        if let Post::Committed { messages, .. } = &post {
            self.in_flight -= i64::from(*messages);
        }
        self.side.post(now, post);
    }

    /// The link is gone.
    pub(crate) fn closed(&mut self) {
        self.side.closed();
        self.leave();
    }

    fn leave(&mut self) {
        if let Some(lane) = self.lane.take() {
            lane.ended();
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.letterbox.close();
    }
}
