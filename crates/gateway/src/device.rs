//! Our end of a device's connection in an event loop: its turns, its timers, and how it ends.
//!
//! **A turn**: something came (bytes, a call of the mailbox, a deadline, the device's end) and is handed to the connection;
//! then what that brought into the mailbox, as long as there is something, so that what one reading brings and its ack are
//! one turn and one write. At most [`crate::limits::LINES_PER_TURN`] lines are handed on; for the rest the endpoint calls
//! itself.

use crate::clock;
use crate::connection::{Connection, Turn};
use crate::listen::{Came, Framing};
use crate::register::Door;
use protocol::code::Bye;
use protocol::limits::LINE_BYTES_MAX;
use protocol::message::ToDevice;
use protocol::time::Time;
use sockets::{Endpoint, Outgoing};
use std::time::Instant;

/// Our end of one connection, whose lines travel as `F` has it.
pub(crate) struct Device<F> {
    connection: Connection,
    framing: F,
}

impl<F: Framing> Device<F> {
    /// `since`: when the connection was made.
    pub(crate) fn new(door: Door, since: Time, framing: F) -> Self {
        let session = framing.session(since);
        Self { connection: Connection::new(door, session), framing }
    }

    /// A turn in which `came` is handed to the connection. `called`: the mailbox has called it.
    fn turn(&mut self, called: bool, came: impl FnOnce(&mut Self, &mut Turn)) {
        let mut turn = Turn::new(clock::now());
        self.connection.mailbox().attend(called);
        let was_stranger = self.connection.is_stranger();
        came(self, &mut turn);
        self.connection.read_held(&mut turn);
        while let Some(posts) = self.connection.mailbox().take() {
            for post in posts {
                self.connection.post(&turn, post);
            }
            self.connection.read_held(&mut turn);
        }
        if was_stranger && !self.connection.is_stranger() {
            self.framing.welcomed();
        }
        self.connection.end_turn(&turn);
        if self.connection.has_more() {
            self.connection.mailbox().call();
        }
    }
}

impl<F: Framing> Endpoint for Device<F> {
    fn reads(&self) -> bool {
        self.connection.reads()
    }

    fn read(&mut self, bytes: &mut [u8]) {
        self.turn(false, |Device { connection, framing }, turn| {
            match framing.read(bytes, |lines| connection.read(turn, lines)) {
                Came::More => {}
                Came::Last => connection.read_closed(turn),
                Came::Nonsense => connection.closed(),
            }
        });
    }

    fn read_closed(&mut self) {
        self.turn(false, |device, turn| device.connection.read_closed(turn));
    }

    fn woken(&mut self) {
        self.turn(true, |_, _| {});
    }

    fn deadline(&self) -> Option<Instant> {
        self.connection.poll_timeout().map(clock::moment)
    }

    fn timeout(&mut self) {
        self.turn(false, |device, turn| device.connection.timeout(turn));
    }

    fn write(&mut self, out: &mut Outgoing) {
        let (lines, last) = (self.connection.unsent(), self.connection.closing());
        let nothing = lines.is_empty();
        self.framing.write(lines, last, out);
        if !nothing {
            self.connection.sent();
        }
    }

    fn is_stranger(&self) -> bool {
        self.connection.is_stranger()
    }

    fn is_over(&self) -> bool {
        self.connection.closing()
    }
}

/// Our end of a connection for which there is no room: says so, and is over.
pub(crate) struct TurnedAway<F> {
    pub(crate) bye: Bye,
    pub(crate) framing: F,
}

impl<F: Framing> Endpoint for TurnedAway<F> {
    fn reads(&self) -> bool {
        false
    }

    fn read(&mut self, _: &mut [u8]) {}

    fn read_closed(&mut self) {}

    fn write(&mut self, out: &mut Outgoing) {
        let line = ToDevice::Bye(self.bye.into()).encode(LINE_BYTES_MAX);
        self.framing.write(&line, true, out);
    }

    fn is_over(&self) -> bool {
        true
    }
}
