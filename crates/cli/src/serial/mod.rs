//! `glassline serial watch`: what comes on a serial port, and how it would be read.

mod guess;

use crate::arguments::Watch;
use crate::configuration::listeners::Written;
use crate::output::{announce, line, printable};
use crate::stop::Stop;
use anyhow::{Context as _, Result, bail};
use gateway::listen::serial::mapping::PRINTED_BYTES_MAX;
use gateway::listen::serial::{Format, Mapping, Reader, Reading, open_port, wait_and_read};
use guess::{Guess, Proposal};
use protocol::limits::LINE_BYTES_MAX;
use protocol::line::checksum::{Checksum, split};
use protocol::line::{Content, Lines};
use protocol::message::decode_from_device;
use std::fs::File;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// Bytes read at once.
const PIECE_BYTES: usize = 4 * 1024;

/// Pieces that wait to be printed. At more the port is not read.
const PIECES_MAX: usize = 16;

/// How often it is looked for a port that is not there.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Watches until Ctrl-C, or until so many lines have come.
///
/// # Errors
/// The mapping is wrong, or nobody reads the output any more.
pub(crate) async fn watch(arguments: &Watch) -> Result<()> {
    let stop = Stop::on_signal()?;
    let mut watched = Watched::new(arguments)?;
    let ended = tokio::select! {
        ended = watched.run(arguments) => ended,
        () = stop.asked() => Ok(()),
    };
    ended.and_then(|()| watched.tell(arguments))
}

/// What was seen so far.
struct Watched {
    reading: How,
    lines: u64,
    samples: u64,
    junk: u64,
}

/// How lines are read.
enum How {
    /// As it was told.
    Told(Reader),
    Guessed(Guess),
}

impl How {
    fn new(arguments: &Watch) -> Result<Self> {
        match arguments.format.map(Written::format) {
            None => return Ok(Self::Guessed(Guess::default())),
            Some(Format::Numbers) if arguments.names.is_empty() => {
                return Ok(Self::Guessed(Guess::numbers(arguments.separator)));
            }
            Some(_) => {}
        }
        let mapping = mapping(arguments);
        match mapping.fault() {
            Some(what) => bail!("{what}"),
            None => Ok(Self::Told(Reader::new(mapping))),
        }
    }
}

impl Watched {
    fn new(arguments: &Watch) -> Result<Self> {
        Ok(Self { reading: How::new(arguments)?, lines: 0, samples: 0, junk: 0 })
    }

    /// Opens the port whenever it is there.
    async fn run(&mut self, arguments: &Watch) -> Result<()> {
        let mut waiting = String::new();
        loop {
            match open_port(&arguments.port, arguments.baud) {
                Ok(port) => {
                    waiting.clear();
                    announce(&format!("# {} is open, {} baud", arguments.port.display(), arguments.baud));
                    if self.read(port, arguments.lines).await? {
                        return Ok(());
                    }
                    announce(&format!("# {} is gone", arguments.port.display()));
                }
                Err(error) => {
                    // Each reason once.
                    let why = format!("{}: {error}", arguments.port.display());
                    if why != waiting {
                        announce(&format!("# waiting for {why}"));
                        waiting = why;
                    }
                }
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Reads `port` until it is gone; whether as many lines came as were wanted.
    async fn read(&mut self, port: File, most: Option<u64>) -> Result<bool> {
        let bytes_max = match self.reading {
            How::Told(_) => PRINTED_BYTES_MAX,
            How::Guessed(_) => LINE_BYTES_MAX,
        };
        let (mut lines, mut pieces) = (Lines::new(bytes_max), pieces(port));
        while let Some(piece) = pieces.recv().await {
            let mut rest = &piece[..];
            while let Some(one) = lines.next(&mut rest) {
                self.take(one.content)?;
                if most.is_some_and(|most| self.lines >= most) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn take(&mut self, content: Content<'_>) -> Result<()> {
        self.lines += 1;
        let bytes = match content {
            Content::Whole(bytes) => bytes,
            Content::TooLong { beginning } => {
                self.junk += 1;
                return said(beginning, "skipped: it is too long");
            }
        };
        let (reading, how) = match &mut self.reading {
            How::Told(reader) => (reader.read(bytes), ""),
            How::Guessed(guess) if guess.may_be_spoken(bytes) => return self.spoken(bytes),
            How::Guessed(guess) => guess.read(bytes),
        };
        self.count(bytes, reading, how)
    }

    fn count(&mut self, bytes: &[u8], reading: Reading, how: &str) -> Result<()> {
        match reading {
            Reading::Sample(sample) => {
                self.samples += 1;
                said(bytes, &format!("{how}{sample}"))
            }
            Reading::Header => said(bytes, &format!("{how}names")),
            Reading::Empty => said(bytes, "nothing"),
            Reading::Junk(why) => {
                self.junk += 1;
                said(bytes, &format!("{how}skipped: {why}"))
            }
        }
    }

    /// A line of the protocol.
    fn spoken(&mut self, bytes: &[u8]) -> Result<()> {
        let (object, checksum) = match split(bytes) {
            Checksum::None => (bytes, "without checksum"),
            Checksum::Right(object) => (object, "with the right checksum"),
            Checksum::Wrong => {
                self.junk += 1;
                return said(bytes, "skipped: bad_checksum");
            }
        };
        match decode_from_device(object) {
            Ok(_) => {
                self.samples += 1;
                if let How::Guessed(guess) = &mut self.reading {
                    guess.spoken();
                }
                said(bytes, &format!("a line of the protocol, {checksum}: needs no map"))
            }
            Err(fail) => {
                self.junk += 1;
                said(bytes, &format!("skipped: {} ({})", fail.fault, fail.reason))
            }
        }
    }

    /// How it was, and what to write into the configuration.
    fn tell(&self, arguments: &Watch) -> Result<()> {
        let Self { lines, samples, junk, .. } = self;
        line(&format!("# {lines} lines: {samples} read, {junk} skipped"))?;
        let proposal = match &self.reading {
            How::Told(_) => Proposal::Map(mapping(arguments)),
            How::Guessed(guess) => guess.proposal(),
        };
        let port = std::path::absolute(&arguments.port).context("the port has no path")?;
        let port = format!("\n[[serial]]\nport = {port:?}\nbaud = {}", arguments.baud);
        match proposal {
            Proposal::Nothing => line("# nothing was understood: there is no table for that"),
            Proposal::Spoken => line(&port),
            Proposal::Map(mapping) => line(&port).and_then(|()| table(&mapping)),
        }
    }
}

/// `mapping` as it is written into the configuration.
fn table(mapping: &Mapping) -> Result<()> {
    let format = match mapping.format {
        Format::Csv => "csv",
        Format::KeyValue => "key-value",
        Format::Numbers => "numbers",
    };
    line(&format!("[serial.map]\ndevice = \"{}\"\nformat = \"{format}\"", mapping.device))?;
    for (key, list) in [("names", &mapping.names), ("units", &mapping.units)] {
        if !list.is_empty() {
            line(&format!("{key} = {list:?}"))?;
        }
    }
    match mapping.separator {
        Some(separator) => line(&format!("separator = {:?}", separator.to_string())),
        None => Ok(()),
    }
}

/// What comes on `port`, until it is gone. It is read in a thread of its own, which ends with it, or with the program.
fn pieces(port: File) -> mpsc::Receiver<Vec<u8>> {
    let (pieces, came) = mpsc::channel(PIECES_MAX);
    std::thread::spawn(move || {
        let mut piece = vec![0; PIECE_BYTES];
        // Whatever it says when it can be read no more: it is gone.
        while let Ok(bytes @ 1..) = wait_and_read(&port, &mut piece) {
            if pieces.blocking_send(piece[..bytes].to_vec()).is_err() {
                return;
            }
        }
    });
    came
}

/// What came, and what becomes of it.
fn said(bytes: &[u8], what: &str) -> Result<()> {
    line(&format!("{}  →  {what}", printable(&String::from_utf8_lossy(bytes))))
}

/// The device of an example: who it is does not matter here.
fn mapping(arguments: &Watch) -> Mapping {
    let format = arguments.format.map_or(Format::KeyValue, |format| format.format());
    Mapping {
        device: "device-1".to_owned(),
        token: String::new(),
        format,
        names: arguments.names.clone(),
        units: arguments.units.clone(),
        separator: arguments.separator,
        header: format == Format::Csv && arguments.names.is_empty(),
    }
}
