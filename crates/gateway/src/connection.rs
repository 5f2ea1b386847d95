//! What one connection is: its conversation, its lane, and the bytes that wait, over no particular transport.
//!
//! A transport hands in the bytes it read, posts and the passing of time, and writes what [`Connection::unsent`] shows.
//! An idle connection holds no buffer: bytes are kept only of a line that came in part, while the conversation does not
//! read, or while the device does not.

use bytes::{Buf, BytesMut};
use protocol::code::Bye;
use protocol::intake::{Intake, Lane, Outlet, Peer, Post};
use protocol::limits::{LINE_BYTES_MAX, WRITE_BUFFER_BYTES_MAX};
use protocol::line::Lines;
use protocol::session::HubSide;
use protocol::session::hub_side::Output;
use protocol::time::Time;
use std::sync::Arc;

pub(crate) struct Connection {
    door: Door,
    session: HubSide,
    lines: Lines,
    lane: Option<Arc<dyn Lane>>,
    /// The id under which the device was last welcome.
    device: Option<Box<str>>,
    /// Read, and waiting until the conversation reads on. At most what one reading brought, for meanwhile nothing more
    /// is read.
    held: BytesMut,
    unsent: BytesMut,
    /// The conversation said its last.
    closing: bool,
}

/// What a connection needs of the world: to whom its device talks, and as whom.
pub(crate) struct Door {
    pub(crate) intake: Arc<dyn Intake>,
    pub(crate) outlet: Arc<dyn Outlet>,
    /// Unique in this process.
    pub(crate) connection: u64,
    /// `tcp 127.0.0.1:52144`.
    pub(crate) address: Arc<str>,
}

impl Connection {
    pub(crate) fn new(now: Time, door: Door) -> Self {
        Self {
            door,
            session: HubSide::new(now),
            lines: Lines::new(LINE_BYTES_MAX),
            lane: None,
            device: None,
            held: BytesMut::new(),
            unsent: BytesMut::new(),
            closing: false,
        }
    }

    /// Whether the transport is to be read.
    pub(crate) fn reads(&self) -> bool {
        self.session.reading() && self.held.is_empty()
    }

    /// The device is there, though it said nothing.
    pub(crate) fn heard(&mut self, now: Time) {
        self.session.heard(now);
    }

    /// `bytes` came from the transport.
    pub(crate) fn read(&mut self, now: Time, bytes: &[u8]) {
        self.session.heard(now);
        if !self.held.is_empty() {
            self.held.extend_from_slice(bytes);
            return self.read_held(now);
        }
        let taken = self.take_lines(now, bytes);
        if !self.closing {
            self.held.extend_from_slice(&bytes[taken..]);
        }
    }

    /// The intake, or the transport, has something for this connection. A welcome that comes after the conversation
    /// said its last is dropped, which ends its lane.
    pub(crate) fn post(&mut self, now: Time, post: Post) {
        self.session.post(now, post);
        self.carry_out();
        self.read_held(now);
    }

    pub(crate) fn timeout(&mut self, now: Time) {
        self.session.timeout(now);
        self.carry_out();
    }

    /// When to call [`Connection::timeout`], in monotonic milliseconds.
    pub(crate) fn poll_timeout(&self) -> Option<u64> {
        self.session.poll_timeout()
    }

    /// Whole lines that wait to be written.
    pub(crate) fn unsent(&self) -> &[u8] {
        &self.unsent
    }

    /// The first `bytes` of [`Connection::unsent`] were written.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.unsent.advance(bytes);
        if self.unsent.is_empty() {
            self.unsent = BytesMut::new();
        }
    }

    /// What waits to be written is not read by the device: it is told so, as far as it still hears anything.
    pub(crate) fn check_slow(&mut self, now: Time) {
        if self.unsent.len() > WRITE_BUFFER_BYTES_MAX && !self.closing {
            self.post(now, Post::Bye(Bye::Slow));
        }
    }

    /// Whether the conversation is over: write what is unsent, then close.
    pub(crate) fn closing(&self) -> bool {
        self.closing
    }

    /// Whether everything that came is answered: no line waits, no commit is missing.
    pub(crate) fn settled(&self) -> bool {
        self.closing || self.held.is_empty() && self.session.settled()
    }

    /// The id of the device, once it was welcome.
    pub(crate) fn device(&self) -> Option<&str> {
        self.device.as_deref()
    }

    /// The transport is gone.
    pub(crate) fn closed(&mut self) {
        self.session.closed();
        self.closing = true;
        self.leave();
    }

    fn leave(&mut self) {
        if let Some(lane) = self.lane.take() {
            lane.ended();
        }
    }

    fn take_lines(&mut self, now: Time, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while self.session.reading() {
            let Some(line) = self.lines.next(&mut rest) else { break };
            self.session.line(now, line);
            self.carry_out();
        }
        bytes.len() - rest.len()
    }

    fn read_held(&mut self, now: Time) {
        if self.held.is_empty() || !self.session.reading() {
            return;
        }
        let mut held = std::mem::take(&mut self.held);
        let taken = self.take_lines(now, &held);
        held.advance(taken);
        if !held.is_empty() && !self.closing {
            self.held = held;
        }
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Send(line) => self.unsent.extend_from_slice(&line),
                Output::Take { line, said } => {
                    self.lane
                        .as_ref()
                        .expect("a conversation enters a lane before anything is taken")
                        .take(line, said);
                }
                Output::Enter { lane, device } => self.enter(lane, device),
                Output::Identify(identify) => {
                    let Door { intake, outlet, connection, address } = &self.door;
                    let peer = Peer { connection: *connection, address: address.to_string() };
                    intake.identify(*identify, peer, outlet.clone());
                }
                Output::Close => {
                    self.closing = true;
                    self.held = BytesMut::new();
                    self.leave();
                }
            }
        }
    }

    /// From here on the device speaks to `lane`. The one before it ends; where it was the same device's, the intake has
    /// replaced it and does not mind.
    fn enter(&mut self, lane: Arc<dyn Lane>, device: String) {
        self.leave();
        self.lane = Some(lane);
        self.device = Some(device.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_small() {
        // What an idle device costs, beside its socket: it owns no buffer.
        assert!(size_of::<Connection>() <= 416, "{} bytes", size_of::<Connection>());
    }
}
