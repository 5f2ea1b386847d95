//! One serial port: opened, set, and carried to and from an event loop until it vanishes or the conversation ends.
//!
//! In a thread of its own, with a pair of sockets between it and the loop: closing a port may wait for what it has not sent,
//! and a loop must not.

use super::Settings;
use super::mapping::{Mapping, PRINTED_BYTES_MAX, Reader, Reading};
use crate::serial_counts::SerialCounts;
use protocol::line::{Content, Lines};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags, Timespec, open};
use rustix::io::Errno;
use rustix::termios::{ControlModes, OptionalActions, ioctl_tiocexcl, isatty, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Bytes read of a port, or of the loop, at once. More is not held for either.
const PIECE_BYTES: usize = 4 * 1024;

/// How long what the hub side said last may take to leave.
const LAST_SECONDS_MAX: i64 = 1;

/// Bytes of what the hub side says to a mapped device of which the beginning of a line is kept, to see whether it is `bye`.
const HEARD_BYTES_MAX: usize = 1024;

/// Why a port was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// It is gone, or broken.
    Vanished,
    /// The hub side has ended the conversation.
    Ended,
}

/// Opens the port at `path` for lines: raw, eight bits, no parity, no flow control, and for nobody else.
///
/// # Errors
/// The system's: it is not there, not permitted, somebody else's, or no serial port.
pub fn open_port(path: &Path, baud: u32) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let port: OwnedFd = open(path, flags, Mode::empty())?;
    if !isatty(&port) {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is no serial port"));
    }
    ioctl_tiocexcl(&port)?;
    let mut settings = tcgetattr(&port)?;
    settings.make_raw();
    settings.control_modes |= ControlModes::CLOCAL | ControlModes::CREAD;
    settings.control_modes -= ControlModes::CRTSCTS;
    settings.set_speed(baud)?;
    tcsetattr(&port, OptionalActions::Now, &settings)?;
    Ok(port.into())
}

/// Reads what comes on `port`, which [`open_port`] has opened, and waits for it. Nothing: it is gone.
///
/// # Errors
/// The system's: it is gone as well, or broken.
pub fn wait_and_read(mut port: &File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match poll(&mut [PollFd::new(port, PollFlags::IN)], None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        match port.read(buffer) {
            Err(error) if is_passing(&error) => {}
            read => return read,
        }
    }
}

/// Carries what `port` and `ours` say to each other until one of them ends.
pub(super) fn carry(
    port: &File,
    ours: &UnixStream,
    settings: &Settings,
    counts: &SerialCounts,
) -> io::Result<Left> {
    ours.set_nonblocking(true)?;
    let mut upward = Upward::new(settings.map.as_ref(), counts);
    let mut downward = Downward { bytes: Vec::new(), heard: settings.map.as_ref().map(|_| Vec::new()) };
    let mut ended = false;
    loop {
        if ended && downward.bytes.is_empty() {
            // What the system has of it still leaves: closing the port waits for that, here and for as long as the system has it.
            return Ok(Left::Ended);
        }
        let wants = |reads: bool, writes: bool| {
            let reads = if reads { PollFlags::IN } else { PollFlags::empty() };
            let writes = if writes { PollFlags::OUT } else { PollFlags::empty() };
            reads | writes
        };
        let mut both = [
            PollFd::new(port, wants(upward.bytes.is_empty(), !downward.bytes.is_empty())),
            PollFd::new(ours, wants(downward.bytes.is_empty() && !ended, !upward.bytes.is_empty())),
        ];
        let wait = ended.then_some(Timespec { tv_sec: LAST_SECONDS_MAX, tv_nsec: 0 });
        match poll(&mut both, wait.as_ref()) {
            Ok(0) => return Ok(Left::Ended),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
        let (of_port, of_ours) = (both[0].revents(), both[1].revents());
        if of_port.intersects(PollFlags::IN | gone) && upward.bytes.is_empty() && !upward.read(port) {
            return Ok(Left::Vanished);
        }
        if of_ours.intersects(PollFlags::IN | gone) && downward.bytes.is_empty() {
            ended |= !downward.read(ours);
        }
        if !write(&mut &*ours, &mut upward.bytes) {
            ended = true;
        }
        if !write(&mut &*port, &mut downward.bytes) {
            return Ok(Left::Vanished);
        }
    }
}

/// What the port says.
struct Upward<'a> {
    /// It waits to be written.
    bytes: Vec<u8>,
    printed: Option<Printed>,
    counts: &'a SerialCounts,
}

/// What a device prints that only prints.
struct Printed {
    lines: Lines,
    reader: Reader,
}

impl<'a> Upward<'a> {
    fn new(map: Option<&Mapping>, counts: &'a SerialCounts) -> Self {
        let bytes = map.map(|map| map.greeting().into_bytes()).unwrap_or_default();
        let printed =
            map.map(|map| Printed { lines: Lines::new(PRINTED_BYTES_MAX), reader: Reader::new(map.clone()) });
        Self { bytes, printed, counts }
    }

    /// Whether the port is still there.
    fn read(&mut self, mut port: &File) -> bool {
        let mut piece = [0; PIECE_BYTES];
        let bytes = match port.read(&mut piece) {
            Ok(0) => return false,
            Ok(bytes) => &piece[..bytes],
            Err(error) => return is_passing(&error),
        };
        match &mut self.printed {
            None => self.bytes.extend_from_slice(bytes),
            Some(printed) => printed.read(bytes, &mut self.bytes, self.counts),
        }
        true
    }
}

impl Printed {
    fn read(&mut self, mut bytes: &[u8], said: &mut Vec<u8>, counts: &SerialCounts) {
        while let Some(line) = self.lines.next(&mut bytes) {
            let reading = match line.content {
                Content::Whole(line) => self.reader.read(line),
                Content::TooLong { .. } => Reading::Junk("it is too long"),
            };
            match reading {
                Reading::Sample(line) => {
                    said.extend_from_slice(line.as_bytes());
                    said.push(b'\n');
                    counts.sample();
                }
                Reading::Junk(why) => counts.skipped(why),
                Reading::Header | Reading::Empty => {}
            }
        }
    }
}

/// What the hub side says.
struct Downward {
    /// It waits to be written to the port.
    bytes: Vec<u8>,
    /// Of a device that only prints: the line that is heard, instead of it.
    heard: Option<Vec<u8>>,
}

impl Downward {
    /// Whether the conversation goes on.
    fn read(&mut self, mut ours: &UnixStream) -> bool {
        let mut piece = [0; PIECE_BYTES];
        let bytes = match ours.read(&mut piece) {
            Ok(0) => return false,
            Ok(bytes) => &piece[..bytes],
            Err(error) => return is_passing(&error),
        };
        match &mut self.heard {
            None => self.bytes.extend_from_slice(bytes),
            Some(heard) => bytes.iter().for_each(|byte| hear(heard, *byte)),
        }
        true
    }
}

/// A device that only prints hears nothing: what concerns it is told to whoever reads the log.
fn hear(heard: &mut Vec<u8>, byte: u8) {
    if byte != b'\n' {
        if heard.len() < HEARD_BYTES_MAX {
            heard.push(byte);
        }
        return;
    }
    if heard.starts_with(b"{\"bye\"") || heard.starts_with(b"{\"error\"") {
        let said = String::from_utf8_lossy(heard);
        tracing::warn!(%said, "a serial device that only prints was told something");
    }
    heard.clear();
}

/// Whether there is still somebody to write to. Takes what was written out.
fn write(to: &mut impl Write, bytes: &mut Vec<u8>) -> bool {
    if bytes.is_empty() {
        return true;
    }
    match to.write(bytes) {
        Ok(0) => false,
        Ok(written) => {
            bytes.drain(..written);
            true
        }
        Err(error) => is_passing(&error),
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
