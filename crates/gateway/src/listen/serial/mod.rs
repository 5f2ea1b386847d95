//! Lines over serial ports, which come and go: `/dev/ttyUSB0`, or all that are called `/dev/ttyUSB*`.
//!
//! A port that vanishes is a disconnect; one that appears is opened. `port` carries one of them, `pattern` finds them,
//! `mapping` reads devices that only print, with `number`.

pub mod mapping;
mod number;
mod pattern;
mod port;

pub use mapping::{Format, Mapping, Reader, Reading};
pub use port::{open_port, wait_and_read};

use super::{Came, Framing, end};
use crate::clock;
use crate::place::Address;
use crate::register::Gateway;
use memchr::memchr_iter;
use pattern::{is_pattern, present};
use port::{Left, carry};
use protocol::line::checksum;
use protocol::session::HubSide;
use protocol::time::Time;
use sockets::Outgoing;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::time::sleep;

/// The speed of a port unless told otherwise, bits a second.
pub const BAUD_DEFAULT: u32 = 115_200;

/// Ports that one pattern opens at most. Others are left alone.
pub const PORTS_MAX: usize = 64;

/// How often it is looked for ports that have appeared.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How soon a port that could not be opened, or whose conversation ended, is tried again: at first, and at most. Each time
/// twice as long, until one conversation has lasted for [`HEALTHY`].
const AGAIN_MIN: Duration = Duration::from_secs(1);
/// See [`AGAIN_MIN`].
const AGAIN_MAX: Duration = Duration::from_secs(30);

/// See [`AGAIN_MIN`].
const HEALTHY: Duration = Duration::from_secs(60);

/// Which ports are opened, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// A path, whose last part may have `*` and `?`.
    pub port: PathBuf,
    /// Bits a second.
    pub baud: u32,
    /// Whether a checksum is written behind each line. Those of the device are checked in any case.
    pub crc: bool,
    /// How lines are read of a device that only prints. One port is opened then, the first that is there.
    pub map: Option<Mapping>,
}

/// A port that is open, or was.
struct Tried {
    /// Resolves when it is closed; nothing once it was.
    open: Option<oneshot::Receiver<Left>>,
    began: Instant,
    /// Not before this.
    again: Instant,
    wait: Duration,
}

/// Opens the ports that are there and those that appear, until the gateway stops, and gives them to its event loops.
pub async fn serve(gateway: Gateway, settings: Settings) {
    let settings = Arc::new(settings);
    let mut tried: HashMap<PathBuf, Tried> = HashMap::new();
    loop {
        let ports = present(&settings.port);
        // What has vanished begins anew when it is there again.
        tried.retain(|port, tried| tried.is_open() || ports.contains(port));
        for port in ports {
            let open = tried.values().filter(|tried| tried.open.is_some()).count();
            if open >= if settings.map.is_some() { 1 } else { PORTS_MAX } {
                break;
            }
            let now = Instant::now();
            let wait = match tried.get(&port) {
                Some(tried) if tried.open.is_some() || now < tried.again => continue,
                Some(tried) => tried.wait,
                None => AGAIN_MIN,
            };
            let open = match begin(&gateway, &port, &settings) {
                Ok(open) => Some(open),
                Err(error) => {
                    tracing::warn!(port = %port.display(), %error, "cannot open a serial port");
                    None
                }
            };
            tried
                .insert(port, Tried { open, began: now, again: now + wait, wait: (2 * wait).min(AGAIN_MAX) });
        }
        tokio::select! {
            () = sleep(LOOK_EVERY) => {}
            () = gateway.stopped() => return,
        }
    }
}

impl Tried {
    /// Whether it is still open. When it is so no more it is to be said when it is tried again.
    fn is_open(&mut self) -> bool {
        let Some(open) = &mut self.open else { return false };
        match open.try_recv() {
            Err(oneshot::error::TryRecvError::Empty) => return true,
            // A thread that broke down has left it too.
            Ok(Left::Ended) | Err(oneshot::error::TryRecvError::Closed) => {}
            // It may be there again at once, under the same name.
            Ok(Left::Vanished) => self.wait = AGAIN_MIN,
        }
        self.open = None;
        let now = Instant::now();
        if now.duration_since(self.began) >= HEALTHY {
            self.wait = AGAIN_MIN;
        }
        self.again = now + self.wait;
        self.wait = (2 * self.wait).min(AGAIN_MAX);
        false
    }
}

/// Opens `port` and begins a conversation on it; tells when that is over.
fn begin(gateway: &Gateway, port: &Path, settings: &Arc<Settings>) -> io::Result<oneshot::Receiver<Left>> {
    let opened = open_port(port, settings.baud)?;
    let (ours, theirs) = UnixStream::pair()?;
    let (left, over) = oneshot::channel();
    let name: Arc<str> = port.display().to_string().into();
    let (carried, settings_here, counted) = (name.clone(), settings.clone(), gateway.clone());
    let thread = std::thread::Builder::new().name("serial".to_owned());
    thread.spawn(move || {
        let why = carry_to_the_end(&opened, &ours, &settings_here, &counted, &carried);
        // Both ends are closed before anybody opens them again. Whoever has stopped looking needs no word.
        drop((ours, opened));
        let _stopped = left.send(why);
    })?;
    tracing::info!(port = %name, "opened a serial port");
    let (at, framing) = (gateway.clone(), Serial { crc: settings.crc && settings.map.is_none() });
    let since = clock::now();
    gateway
        .loops()
        .adopt(theirs, Vec::new(), move |remote| end(&at, Address::Serial(name), since, remote, framing));
    Ok(over)
}

fn carry_to_the_end(
    port: &File,
    ours: &UnixStream,
    settings: &Settings,
    gateway: &Gateway,
    name: &str,
) -> Left {
    match carry(port, ours, settings, gateway.serial_counts()) {
        Ok(Left::Vanished) => {
            tracing::info!(port = name, "a serial port is gone");
            Left::Vanished
        }
        Ok(Left::Ended) => Left::Ended,
        Err(error) => {
            tracing::warn!(port = name, %error, "a serial port is broken");
            Left::Vanished
        }
    }
}

/// Lines as bytes, of which some may be lost.
struct Serial {
    /// A checksum goes behind each line that is not empty.
    crc: bool,
}

impl Framing for Serial {
    fn session(&self, now: Time) -> HubSide {
        HubSide::serial(now)
    }

    fn read(&mut self, bytes: &mut [u8], lines: impl FnOnce(&[u8])) -> Came {
        lines(bytes);
        Came::More
    }

    fn write(&mut self, lines: &[u8], _: bool, out: &mut Outgoing) {
        if !self.crc {
            return out.push(lines);
        }
        let mut begin = 0;
        for end in memchr_iter(b'\n', lines) {
            let mut line = lines[begin..end].to_vec();
            if !line.is_empty() {
                checksum::append(&mut line);
            }
            line.push(b'\n');
            out.push(&line);
            begin = end + 1;
        }
    }
}

/// Whether `port` stands for several ports.
pub fn stands_for_several(port: &Path) -> bool {
    is_pattern(port)
}
