//! A socket that becomes a panel or a device with its first frame that says something.

#[cfg(test)]
mod tests;

use gateway::limits::STRANGER_FRAME_BYTES_MAX;
use hub::http::socket::{Side, side_of};
use hub::limits::PANEL_STRANGER_FRAME_BYTES_MAX;
use protocol::code::Bye;
use protocol::limits::LINE_BYTES_MAX;
use protocol::message::ToDevice;
use sockets::limits::READ_BYTES;
use sockets::websocket::{self, Frame, Frames};
use sockets::{Endpoint, Outgoing};
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;

// What either of them takes first reaches it.
const _: () = assert!(STRANGER_FRAME_BYTES_MAX >= PANEL_STRANGER_FRAME_BYTES_MAX);

/// The code for an end that nobody is to blame for.
const NORMAL: u16 = 1000;

/// Makes the endpoint for what the socket turned out to be.
type Choose = Box<dyn FnOnce(Side) -> Box<dyn Endpoint> + Send>;

/// Our end of `/socket`.
pub(super) struct Either {
    state: State,
    /// What the last ping said that was read before it was chosen.
    ping: Option<Vec<u8>>,
}

enum State {
    Undecided(Box<Undecided>),
    Chosen(Box<dyn Endpoint>),
}

/// Until the first frame that says something.
struct Undecided {
    frames: Frames,
    /// What it counts as.
    before: Side,
    deadline: Instant,
    choose: Option<Choose>,
    /// Why it ends without having been chosen.
    end: Option<End>,
    /// Its place among those that are undecided.
    _place: OwnedSemaphorePermit,
}

/// How an undecided socket ends.
enum End {
    /// It said nothing in time.
    Late,
    /// With this code and this reason.
    Closed(u16, &'static str),
    /// Its peer has gone.
    Gone,
    /// Its peer was told.
    Told,
}

impl Either {
    /// A socket that counts as `before`, until its first frame has `choose` make an endpoint.
    pub(super) fn new(before: Side, choose: Choose, place: OwnedSemaphorePermit) -> Self {
        let undecided = Undecided {
            frames: Frames::new(STRANGER_FRAME_BYTES_MAX),
            before,
            deadline: Instant::now() + before.first_frame_wait(),
            choose: Some(choose),
            end: None,
            _place: place,
        };
        Self { state: State::Undecided(Box::new(undecided)), ping: None }
    }

    fn chosen(&self) -> Option<&dyn Endpoint> {
        match &self.state {
            State::Undecided(_) => None,
            State::Chosen(endpoint) => Some(&**endpoint),
        }
    }
}

impl Undecided {
    /// Reads until the first frame that says something: it, and whom it is for.
    fn read(&mut self, input: &mut &mut [u8], ping: &mut Option<Vec<u8>>) -> Option<(Side, Vec<u8>)> {
        while let Some(frame) = self.frames.next(input) {
            match frame {
                Ok(Frame::Text(text)) if !text.is_empty() => {
                    return Some((side_of(&text).unwrap_or(self.before), websocket::again(&text)));
                }
                Ok(Frame::Ping(payload)) => *ping = Some(payload.into_owned()),
                Ok(Frame::Close(code)) => self.end = Some(End::Closed(code.unwrap_or(NORMAL), "")),
                Err(violation) => self.end = Some(End::Closed(violation.code(), violation.reason())),
                // A heartbeat, or no frame of ours.
                Ok(Frame::Text(_) | Frame::Binary(_) | Frame::Pong) => {}
            }
        }
        None
    }

    fn write(&mut self, out: &mut Outgoing) {
        match &self.end {
            Some(End::Late) => match self.before {
                // As either would be told who says nothing.
                Side::Panel => websocket::close(out, 4401, "no valid ticket"),
                Side::Device => {
                    let line = ToDevice::Bye(Bye::Unidentified.into()).encode(LINE_BYTES_MAX);
                    websocket::text(out, line.trim_ascii_end());
                    websocket::close(out, NORMAL, "");
                }
            },
            Some(End::Closed(code, reason)) => websocket::close(out, *code, reason),
            Some(End::Gone | End::Told) | None => return,
        }
        self.end = Some(End::Told);
    }
}

impl Endpoint for Either {
    fn reads(&self) -> bool {
        self.chosen().is_none_or(|endpoint| endpoint.reads())
    }

    fn read(&mut self, bytes: &mut [u8]) {
        let mut input = bytes;
        let undecided = match &mut self.state {
            State::Undecided(undecided) => undecided,
            State::Chosen(endpoint) => return endpoint.read(input),
        };
        let Some((side, mut first)) = undecided.read(&mut input, &mut self.ping) else { return };
        let Some(choose) = undecided.choose.take() else { return };
        let mut endpoint = choose(side);
        // It is longer than what is read at once: it came in pieces.
        for piece in first.chunks_mut(READ_BYTES) {
            endpoint.read(piece);
        }
        if !input.is_empty() {
            endpoint.read(input);
        }
        self.state = State::Chosen(endpoint);
    }

    fn read_closed(&mut self) {
        match &mut self.state {
            State::Undecided(undecided) => undecided.end = Some(End::Gone),
            State::Chosen(endpoint) => endpoint.read_closed(),
        }
    }

    fn woken(&mut self) {
        if let State::Chosen(endpoint) = &mut self.state {
            endpoint.woken();
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Undecided(undecided) => undecided.end.is_none().then_some(undecided.deadline),
            State::Chosen(endpoint) => endpoint.deadline(),
        }
    }

    fn timeout(&mut self) {
        match &mut self.state {
            State::Undecided(undecided) => undecided.end = Some(End::Late),
            State::Chosen(endpoint) => endpoint.timeout(),
        }
    }

    fn write(&mut self, out: &mut Outgoing) {
        if let Some(payload) = self.ping.take() {
            websocket::pong(out, &payload);
        }
        match &mut self.state {
            State::Undecided(undecided) => undecided.write(out),
            State::Chosen(endpoint) => endpoint.write(out),
        }
    }

    fn is_over(&self) -> bool {
        match &self.state {
            State::Undecided(undecided) => undecided.end.is_some(),
            State::Chosen(endpoint) => endpoint.is_over(),
        }
    }

    fn gathers(&self) -> bool {
        self.chosen().is_some_and(|endpoint| endpoint.gathers())
    }

    fn is_stranger(&self) -> bool {
        self.chosen().is_none_or(|endpoint| endpoint.is_stranger())
    }

    fn stall_max(&self) -> Option<Duration> {
        self.chosen().and_then(|endpoint| endpoint.stall_max())
    }
}
