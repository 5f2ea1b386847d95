//! What carries bytes between a device and the hub: TCP-like connections, which keep order and may be cut at any byte,
//! stall or be open at one end only, and serial-like lines, which have no connection and lose bytes.

use crate::random::Random;

/// Never, as a time.
pub(crate) const NEVER: u64 = u64::MAX;

/// Stands for bytes that were lost on a serial line: in no valid line, so that what was lost is noticed. Without a
/// checksum a line may lose bytes unnoticed; the protocol does not promise anything then.
const GARBLED: u8 = 0xff;

/// One direction of a connection.
#[derive(Debug, Default)]
pub(crate) struct Pipe {
    bytes: Vec<u8>,
    /// How many of them have arrived.
    taken: usize,
    /// What is written from now on arrives nowhere.
    deaf: bool,
    /// When the reader learns that nothing more comes, once it has read what there is.
    ends_at: Option<u64>,
    /// Nothing arrives before this time.
    stalled_until: u64,
}

impl Pipe {
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        if !self.deaf {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Bytes under way.
    pub(crate) fn waiting(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// Whether bytes can arrive now.
    pub(crate) fn flows(&self, now: u64) -> bool {
        self.waiting() > 0 && self.stalled_until <= now
    }

    /// Whether the reader learns now that nothing more comes.
    pub(crate) fn has_ended(&self, now: u64) -> bool {
        self.waiting() == 0 && self.ends_at.is_some_and(|at| at <= now)
    }

    /// When the reader learns it at the earliest.
    pub(crate) fn next(&self) -> Option<u64> {
        let flows = (self.waiting() > 0).then_some(self.stalled_until);
        flows.or(self.ends_at).filter(|at| *at != NEVER)
    }

    /// The next bytes arrive, at most `most` of them, in `into`.
    pub(crate) fn read(&mut self, most: usize, into: &mut Vec<u8>) {
        let end = self.taken + most.min(self.waiting());
        into.extend_from_slice(&self.bytes[self.taken..end]);
        self.taken = end;
        if self.waiting() == 0 {
            self.bytes.clear();
            self.taken = 0;
        }
    }

    /// Nothing that is written from now on arrives; what is under way does, but for what comes behind its first
    /// `arriving` bytes. The reader learns of it at `ends_at`.
    pub(crate) fn cut(&mut self, arriving: usize, ends_at: u64) {
        self.bytes.truncate(self.taken + arriving.min(self.waiting()));
        self.close(ends_at);
    }

    /// The writer writes nothing more; the reader learns it at `ends_at`.
    pub(crate) fn close(&mut self, ends_at: u64) {
        self.deaf = true;
        self.ends_at = Some(self.ends_at.map_or(ends_at, |at| at.min(ends_at)));
    }

    pub(crate) fn stall(&mut self, until: u64) {
        self.stalled_until = self.stalled_until.max(until);
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.taken = 0;
    }

    /// Some of what is under way on a serial line is lost. Something garbled stays in its place.
    pub(crate) fn garble(&mut self, random: &mut Random) {
        let waiting = self.waiting();
        if waiting == 0 {
            return;
        }
        let begin = self.taken + random.place(waiting);
        let longest = (self.bytes.len() - begin).min(random.pick(&[1, 8, 80, 400]));
        let end = begin + random.within(1, longest as u64) as usize;
        self.bytes.splice(begin..end, [GARBLED]);
    }
}

/// A connection, or a serial line.
#[derive(Debug)]
pub(crate) struct Link {
    /// The program at its one end.
    pub(crate) program: usize,
    pub(crate) serial: bool,
    /// From the device to the hub.
    pub(crate) up: Pipe,
    pub(crate) down: Pipe,
    /// The device still holds its end.
    pub(crate) at_device: bool,
    /// The hub's connection at the other end, while it holds it.
    pub(crate) at_hub: Option<usize>,
}

impl Link {
    pub(crate) fn new(program: usize, serial: bool) -> Self {
        let (up, down) = (Pipe::default(), Pipe::default());
        Self { program, serial, up, down, at_device: true, at_hub: None }
    }

    /// Nobody holds it any more.
    pub(crate) fn is_over(&self) -> bool {
        !self.serial && !self.at_device && self.at_hub.is_none()
    }

    pub(crate) fn stall(&mut self, until: u64) {
        self.up.stall(until);
        self.down.stall(until);
    }

    /// The path is gone. Each end learns it at its own time.
    pub(crate) fn cut(&mut self, random: &mut Random, device_learns: u64, hub_learns: u64) {
        let arriving = random.place(self.up.waiting() + 1);
        self.up.cut(arriving, hub_learns);
        let arriving = random.place(self.down.waiting() + 1);
        self.down.cut(arriving, device_learns);
    }
}
