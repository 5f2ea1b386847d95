//! One WebSocket between a gateway and a hub: frames, each way, over pipes that may be cut at any byte.

use crate::network::Pipe;
use crate::random::Random;

/// Bytes before each frame that say how long it is.
const HEADER: usize = 4;

/// One direction: whole frames come out.
#[derive(Debug, Default)]
pub(crate) struct Way {
    pub(crate) pipe: Pipe,
    arrived: Vec<u8>,
}

impl Way {
    pub(crate) fn send(&mut self, frame: &str) {
        let length = u32::try_from(frame.len()).expect("a frame is short");
        self.pipe.write(&length.to_le_bytes());
        self.pipe.write(frame.as_bytes());
    }

    /// Some bytes arrive; the whole frames among them.
    pub(crate) fn read(&mut self, most: usize) -> Vec<String> {
        self.pipe.read(most, &mut self.arrived);
        let mut frames = Vec::new();
        while let Some(header) = self.arrived.first_chunk::<HEADER>() {
            let end = HEADER + u32::from_le_bytes(*header) as usize;
            if self.arrived.len() < end {
                break;
            }
            let frame: Vec<u8> = self.arrived.drain(..end).skip(HEADER).collect();
            frames.push(String::from_utf8(frame).expect("it was text"));
        }
        frames
    }
}

/// A connection.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) gateway: usize,
    pub(crate) hub: usize,
    /// From the gateway to the hub.
    pub(crate) up: Way,
    pub(crate) down: Way,
    /// The gateway still holds its end.
    pub(crate) at_gateway: bool,
    /// The hub's end, while it holds it.
    pub(crate) at_hub: Option<usize>,
}

impl Line {
    pub(crate) fn new(gateway: usize, hub: usize) -> Self {
        Self { gateway, hub, at_gateway: true, ..Self::default() }
    }

    pub(crate) fn is_over(&self) -> bool {
        !self.at_gateway && self.at_hub.is_none()
    }

    pub(crate) fn stall(&mut self, until: u64) {
        self.up.pipe.stall(until);
        self.down.pipe.stall(until);
    }

    /// The path is gone. Each end learns it at its own time.
    pub(crate) fn cut(&mut self, random: &mut Random, gateway_learns: u64, hub_learns: u64) {
        let arriving = random.place(self.up.pipe.waiting() + 1);
        self.up.pipe.cut(arriving, hub_learns);
        let arriving = random.place(self.down.pipe.waiting() + 1);
        self.down.pipe.cut(arriving, gateway_learns);
    }

    /// When something is due at the earliest.
    pub(crate) fn next(&self) -> Option<u64> {
        [self.up.pipe.next(), self.down.pipe.next()].into_iter().flatten().min()
    }
}
