//! What one connection is: its conversation, its lane, and the lines that wait, over no particular transport.
//!
//! A transport hands in the lines it read, posts and the passing of time, and writes what [`Connection::unsent`] shows.
//! An idle connection holds no buffer: bytes are kept only of a line that came in part, while the conversation does not
//! read, or while the device does not.

use crate::buffers::Buffers;
use crate::clock;
use crate::limits::{LINES_PER_TURN, SETTLING_MAX};
use crate::mailbox::Mailbox;
use crate::register::Door;
use crate::throttle::Throttle;
use protocol::code::Bye;
use protocol::intake::{Lane, Post, StrangerLimit};
use protocol::limits::WRITE_BUFFER_BYTES_MAX;
use protocol::line::{Content, Lines};
use protocol::session::HubSide;
use protocol::session::hub_side::Output;
use protocol::time::Time;
use std::sync::Arc;

pub(crate) struct Connection {
    door: Door,
    session: HubSide,
    lines: Lines,
    lane: Option<Arc<dyn Lane>>,
    /// What was read and waits until the conversation reads on: at most what one reading brought, for meanwhile nothing
    /// more is read. And what waits to be written.
    buffers: Option<Box<Buffers>>,
    throttle: Throttle,
    ending: Ending,
}

/// How far the end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Open,
    /// The device says no more. What it said is waited for to be committed, until this monotonic second.
    Settling(u32),
    /// The conversation said its last.
    Closing,
}

/// One turn of a connection.
pub(crate) struct Turn {
    now: Time,
    /// Lines that may still be handed on.
    lines_left: usize,
}

impl Turn {
    pub(crate) fn new(now: Time) -> Self {
        Self { now, lines_left: LINES_PER_TURN }
    }
}

impl Connection {
    /// `session`: its conversation, which has just begun.
    pub(crate) fn new(door: Door, session: HubSide) -> Self {
        Self {
            door,
            lines: Lines::new(session.line_bytes_max()),
            session,
            lane: None,
            buffers: None,
            throttle: Throttle::default(),
            ending: Ending::Open,
        }
    }

    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.door.place.mailbox
    }

    /// Whether the transport is to be read.
    pub(crate) fn reads(&self) -> bool {
        self.ending == Ending::Open && self.session.reading() && !self.holds() && !self.throttle.rests()
    }

    /// Whether its device was not welcome yet.
    pub(crate) fn is_stranger(&self) -> bool {
        self.lane.is_none() && !self.closing()
    }

    /// The device is there, and said `lines`, perhaps none and perhaps not to the end of the last one.
    pub(crate) fn read(&mut self, turn: &mut Turn, lines: &[u8]) {
        if self.ending != Ending::Open {
            return;
        }
        self.session.heard(turn.now);
        self.counts(turn, 0, lines.len());
        let taken = if self.holds() { 0 } else { self.take_lines(turn, lines) };
        if taken < lines.len() && !self.closing() {
            Buffers::of(&mut self.buffers).hold(&lines[taken..]);
        }
    }

    /// Goes on with the lines that wait, if the conversation reads on and the turn is not used up.
    pub(crate) fn read_held(&mut self, turn: &mut Turn) {
        if !self.has_more() || turn.lines_left == 0 {
            return;
        }
        let (held, read) = Buffers::of(&mut self.buffers).take_held();
        let taken = self.take_lines(turn, &held[read..]);
        if !self.closing() {
            Buffers::of(&mut self.buffers).put_back(held, read + taken);
        }
    }

    /// Whether lines wait for nothing but a turn.
    pub(crate) fn has_more(&self) -> bool {
        self.holds() && self.session.reading()
    }

    /// The device said its last: what it said before is still taken over and acked.
    pub(crate) fn read_closed(&mut self, turn: &Turn) {
        if self.ending == Ending::Open {
            let until = (turn.now.mono + clock::millis(SETTLING_MAX)).div_ceil(1000);
            self.ending = Ending::Settling(u32::try_from(until).unwrap_or(u32::MAX));
        }
    }

    /// The intake, or the transport, has something for this connection. A welcome that comes after the conversation
    /// said its last is dropped, which ends its lane.
    pub(crate) fn post(&mut self, turn: &Turn, post: Post) {
        self.session.post(turn.now, post);
        self.carry_out();
    }

    /// When to call [`Connection::timeout`], in monotonic milliseconds.
    pub(crate) fn poll_timeout(&self) -> Option<u64> {
        match self.ending {
            Ending::Open => self.session.poll_timeout().into_iter().chain(self.throttle.until()).min(),
            Ending::Settling(until) => Some(u64::from(until) * 1000),
            Ending::Closing => None,
        }
    }

    pub(crate) fn timeout(&mut self, turn: &Turn) {
        match self.ending {
            Ending::Open => {
                let is_stranger = self.is_stranger();
                self.throttle.timeout(turn.now.mono);
                self.session.timeout(turn.now);
                self.carry_out();
                if is_stranger && self.closing() {
                    self.door.gateway.limit_hit(StrangerLimit::Time, self.door.place.address());
                }
            }
            Ending::Settling(until) if u64::from(until) * 1000 <= turn.now.mono => self.closed(),
            Ending::Settling(_) | Ending::Closing => {}
        }
    }

    /// The turn is over: a device that does not read, or whose every word is answered, is let go.
    pub(crate) fn end_turn(&mut self, turn: &Turn) {
        if self.unsent().len() > WRITE_BUFFER_BYTES_MAX && !self.closing() {
            // What the loop is about to write is not counted: that is no more than this once was. The device is told so,
            // as far as it still hears anything.
            self.post(turn, Post::Bye(Bye::Slow));
        }
        let settling = matches!(self.ending, Ending::Settling(_));
        if settling && !self.holds() && self.session.settled() {
            self.closed();
        }
        Buffers::give_back(&mut self.buffers);
    }

    /// Whole lines that wait to be written.
    pub(crate) fn unsent(&self) -> &[u8] {
        self.buffers.as_ref().map_or(&[], |buffers| &buffers.unsent)
    }

    /// [`Connection::unsent`] was written.
    pub(crate) fn sent(&mut self) {
        if let Some(buffers) = &mut self.buffers {
            buffers.unsent.clear();
        }
        Buffers::give_back(&mut self.buffers);
    }

    /// Whether the conversation is over: write what is unsent, then close.
    pub(crate) fn closing(&self) -> bool {
        self.ending == Ending::Closing
    }

    /// The device is gone, or says nothing more that counts: what is unsent may still reach it.
    pub(crate) fn closed(&mut self) {
        self.session.closed();
        self.close();
    }

    /// What was begun with the device ends, and a welcome that is still to come reaches nobody.
    fn close(&mut self) {
        self.ending = Ending::Closing;
        if let Some(buffers) = &mut self.buffers {
            buffers.drop_held();
        }
        self.mailbox().close();
        self.leave();
    }

    fn leave(&mut self) {
        if let Some(lane) = self.lane.take() {
            lane.ended();
        }
    }

    fn holds(&self) -> bool {
        self.buffers.as_ref().is_some_and(|buffers| buffers.holds())
    }

    /// How many of the bytes were taken.
    fn take_lines(&mut self, turn: &mut Turn, bytes: &[u8]) -> usize {
        let (mut rest, lines_left) = (bytes, turn.lines_left);
        while self.session.reading() && turn.lines_left > 0 {
            let is_stranger = self.is_stranger();
            let Some(line) = self.lines.next(&mut rest) else { break };
            turn.lines_left -= 1;
            if is_stranger && matches!(line.content, Content::TooLong { .. }) {
                self.door.gateway.limit_hit(StrangerLimit::Line, self.door.place.address());
            }
            self.session.line(turn.now, line);
            if self.session.take_damaged() {
                self.door.gateway.serial_counts().damaged();
            }
            self.carry_out();
        }
        self.counts(turn, lines_left - turn.lines_left, 0);
        bytes.len() - rest.len()
    }

    fn counts(&mut self, turn: &Turn, lines: usize, bytes: usize) {
        if self.throttle.said(turn.now.mono, lines, bytes) {
            self.door.gateway.throttles();
        }
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Send(line) => Buffers::of(&mut self.buffers).unsent.extend_from_slice(&line),
                Output::Take { line, said } => {
                    self.lane
                        .as_ref()
                        .expect("a conversation enters a lane before anything is taken")
                        .take(line, said);
                }
                Output::Enter { lane, device } => self.enter(lane, device),
                Output::Identify(identify) => {
                    let Door { gateway, place, .. } = &self.door;
                    gateway.intake().identify(*identify, place.peer(), place.clone());
                }
                Output::Close => self.close(),
            }
        }
    }

    /// From here on the device speaks to `lane`. The one before it ends; where it was the same device's, the intake has
    /// replaced it and does not mind.
    fn enter(&mut self, lane: Arc<dyn Lane>, device: Arc<str>) {
        self.leave();
        self.lane = Some(lane);
        self.lines.widen(self.session.line_bytes_max());
        self.mailbox().show(device);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.closed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Gateway;
    use crate::place::{Address, Transport};
    use protocol::intake::{Intake, Outlet, Peer};
    use protocol::message::Identify;
    use sockets::EventLoops;
    use std::sync::Mutex;

    /// It never answers, and keeps which limits were hit from where.
    #[derive(Default)]
    struct Silent(Mutex<Vec<(StrangerLimit, String)>>);

    impl Intake for Silent {
        fn identify(&self, _: Identify, _: Peer, _: Arc<dyn Outlet>) {}

        fn limit_hit(&self, limit: StrangerLimit, address: &str) {
            self.0.lock().expect("whole").push((limit, address.to_owned()));
        }
    }

    fn turn(mono: u64) -> Turn {
        Turn::new(Time { wall: 0, mono })
    }

    /// A connection that was made at 0.
    fn connection(gateway: &Gateway, loops: &EventLoops) -> Connection {
        let address = Address::new(Transport::Tcp, ([127, 0, 0, 1], 1).into());
        let remote = loops.handle().task(|| {}).expect("a loop");
        let door = gateway.admit(address, remote).expect("there is room");
        Connection::new(door, HubSide::new(Time { wall: 0, mono: 0 }))
    }

    #[test]
    fn the_intake_hears_of_limits_that_strangers_hit_and_of_no_others() {
        let loops = EventLoops::start(1).expect("a thread");
        let intake = Arc::new(Silent::default());
        let gateway = Gateway::new(intake.clone(), crate::Limits::default(), loops.handle());
        let long = [&b"x".repeat(2_000)[..], b"\n"].concat();
        let mut stranger = connection(&gateway, &loops);
        stranger.read(&mut turn(0), &long);
        stranger.timeout(&turn(stranger.poll_timeout().expect("it has to identify")));
        assert!(stranger.closing());
        let mut known = connection(&gateway, &loops);
        known.read(&mut turn(0), b"{\"identify\":\"pump-1\"}\n");
        known.closed();
        let hit = |limit| (limit, "tcp 127.0.0.1:1".to_owned());
        let heard = intake.0.lock().expect("whole");
        assert_eq!(*heard, [StrangerLimit::Line, StrangerLimit::Time].map(hit));
    }

    #[test]
    fn a_device_that_is_done_is_not_waited_for_for_ever() {
        let loops = EventLoops::start(1).expect("a thread");
        let gateway = Gateway::new(Arc::new(Silent::default()), crate::Limits::default(), loops.handle());
        let mut connection = connection(&gateway, &loops);
        connection.read(&mut turn(0), b"{\"identify\":\"pump-1\",\"heartbeat\":1}\n");
        connection.read_closed(&turn(500));
        connection.end_turn(&turn(500));
        assert!(!connection.closing() && !connection.reads(), "its identify is not answered");
        let until = connection.poll_timeout().expect("it waits");
        let max = 500 + clock::millis(SETTLING_MAX);
        assert!((max..max + 1000).contains(&until), "{until} ms");
        connection.timeout(&turn(until - 1));
        assert!(!connection.closing());
        connection.timeout(&turn(until));
        assert!(connection.closing() && connection.unsent().is_empty());
        assert_eq!((connection.poll_timeout(), gateway.connections().len()), (None, 1));
        drop(connection);
        assert!(gateway.connections().is_empty());
    }
}
