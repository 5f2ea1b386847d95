//! Reads standard input, line by line, and hands each to the device.

use super::lines::{Said, Understanding};
use crate::output::printable;
use anyhow::{Context as _, Result};
use glassline_client::Device;
use protocol::limits::LINE_BYTES_MAX;
use protocol::line::{Content, Lines};
use protocol::message::Samples;
use std::io::Read as _;
use std::thread::sleep;
use std::time::Duration;

/// Bytes read at once.
const PIECE_BYTES: usize = 64 * 1024;
/// Lines that are not understood and shown; further ones are counted only.
const SHOWN_MAX: u64 = 5;
/// Characters shown of one.
const SHOWN_CHARS: usize = 80;
/// How often it is looked for room where reading waits.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What became of the lines.
#[derive(Debug, Default)]
pub(super) struct Account {
    lines: u64,
    junk: u64,
    /// Messages that the device did not accept: its disk is full, say.
    pub(super) not_taken: u64,
}

impl Account {
    /// Says what is not as it should be.
    pub(super) fn tell(&self) {
        if self.junk > SHOWN_MAX {
            eprintln!("glassline: {} of {} lines were skipped", self.junk, self.lines);
        }
    }

    fn skip(&mut self, line: &[u8], why: &str) {
        self.junk += 1;
        if self.junk <= SHOWN_MAX {
            let text: String = printable(&String::from_utf8_lossy(line)).chars().take(SHOWN_CHARS).collect();
            eprintln!("glassline: line {} is skipped: {why}: {text}", self.lines);
        }
    }
}

/// Reads to the end. Where `waits_at` so many messages are held, it waits; otherwise the oldest go.
///
/// # Errors
/// The system's, of the input.
pub(super) fn read_all(
    device: &Device,
    understanding: Understanding,
    waits_at: Option<usize>,
) -> Result<Account> {
    let mut reading = Reading { device, understanding, waits_at, account: Account::default() };
    let (mut input, mut piece) = (std::io::stdin().lock(), vec![0; PIECE_BYTES]);
    let mut lines = Lines::new(LINE_BYTES_MAX);
    loop {
        let bytes = input.read(&mut piece).context("standard input cannot be read")?;
        // The last line may lack its end.
        let mut rest = if bytes == 0 { &b"\n"[..] } else { &piece[..bytes] };
        while let Some(line) = lines.next(&mut rest) {
            reading.take(line.content);
        }
        if bytes == 0 {
            return Ok(reading.account);
        }
    }
}

/// Whether standard input is a file: nobody is held up where it is not read.
pub(super) fn is_file() -> bool {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd as _;
        let input = std::io::stdin().as_fd().try_clone_to_owned().map(std::fs::File::from);
        input.and_then(|input| input.metadata()).is_ok_and(|found| found.is_file())
    }
    #[cfg(not(unix))]
    false
}

struct Reading<'a> {
    device: &'a Device,
    understanding: Understanding,
    waits_at: Option<usize>,
    account: Account,
}

impl Reading<'_> {
    fn take(&mut self, content: Content<'_>) {
        self.account.lines += 1;
        let line = match content {
            Content::Whole(line) => line,
            Content::TooLong { beginning } => return self.account.skip(beginning, "it is too long"),
        };
        match self.understanding.read(line) {
            Said::Nothing => {}
            Said::Junk(why) => self.account.skip(line, &why),
            Said::Samples(samples) => self.send(line, samples),
            Said::Describe(channels) => {
                if !self.device.describe(channels) {
                    self.account.skip(line, "it describes nothing");
                }
            }
        }
    }

    fn send(&mut self, line: &[u8], Samples { ts, samples, .. }: Samples) {
        while self.waits_at.is_some_and(|most| self.device.queued() >= most as u64) {
            sleep(LOOK_EVERY);
        }
        let values = samples.into_iter().map(|sample| (sample.channel, sample.value));
        let taken = match ts {
            Some(ts) => self.device.send_at(ts, values),
            None => self.device.send_many(values),
        };
        if !taken {
            self.account.not_taken += 1;
            self.account.skip(line, "it cannot be held");
        }
    }
}
