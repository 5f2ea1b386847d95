//! What happens to the files of an outbox, and what must be said of it.

use super::Random;
use glassline_client::outbox::Report;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A damage that was done.
#[derive(Debug, Default)]
pub(crate) struct Damaged {
    what: String,
    /// Positions whose messages are gone with nothing whole behind them: nothing tells of them.
    traceless: Vec<u64>,
    /// Bytes of a file, one of which at least the report must name; nothing where it need not say anything.
    named: Option<(PathBuf, Range<u64>)>,
    /// The report must say nothing.
    silent: bool,
}

impl Damaged {
    /// Nothing happened.
    pub(crate) fn none() -> Self {
        Self { silent: true, ..Self::default() }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.silent
    }

    pub(crate) fn traceless(&self) -> &[u64] {
        &self.traceless
    }

    /// Whether `report` says of it what it must.
    pub(crate) fn check(&self, report: &Report) -> Result<(), String> {
        if self.silent && !report.damages.is_empty() {
            // Those in the middle of a file stay until the file goes.
            return Ok(());
        }
        let Some((file, bytes)) = &self.named else { return Ok(()) };
        let named = report.damages.iter().any(|damage| {
            damage.file == *file && damage.offset < bytes.end && bytes.start < damage.offset + damage.bytes
        });
        named.then_some(()).ok_or_else(|| format!("{}: not in the report: {report}", self.what))
    }
}

/// Does something to the files in `folder`, or nothing.
pub(super) fn at_random(folder: &Path, random: &mut Random) -> Damaged {
    let logs = logs(folder);
    if random.one_in(8) {
        flip(&folder.join("head"), random);
        return Damaged::default();
    }
    let Some(last) = logs.last() else { return Damaged::none() };
    let any = &logs[random.up_to(logs.len())];
    let length = |path: &Path| fs::metadata(path).expect("it is there").len();
    match random.up_to(6) {
        0 => Damaged::none(),
        1 => cut(folder, last, random.up_to(length(last) as usize + 1) as u64),
        2 => {
            let begin = random.up_to(length(any) as usize) as u64;
            let end = (begin + 1 + random.up_to(400) as u64).min(length(any));
            overwrite(folder, any, begin..end)
        }
        3 if logs.len() > 1 => {
            let traceless = traceless(folder, any, 0..length(any));
            fs::remove_file(any).expect("it is there");
            Damaged { what: format!("{} removed", any.display()), traceless, ..Damaged::default() }
        }
        _ => {
            let bit = random.up_to(length(any) as usize * 8) as u64;
            flip_bit(any, bit)
        }
    }
}

/// The files of the log, oldest first.
pub(crate) fn logs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder");
    let mut logs: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    logs.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    logs.sort();
    logs
}

/// Cuts `file` off at `at`.
pub(crate) fn cut(folder: &Path, file: &Path, at: u64) -> Damaged {
    let bytes = fs::read(file).expect("it is there");
    let mut traceless = traceless(folder, file, at..bytes.len() as u64);
    let begin = bytes[..at as usize].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end as u64 + 1);
    let whole = bytes.get(at as usize).is_none_or(|byte| *byte == b'\n');
    fs::write(file, &bytes[..at as usize]).expect("it can be written");
    let named = (begin < at && !whole).then(|| (file.to_owned(), begin..at));
    if named.is_some() && protocol::message::leading_seq(&bytes[begin as usize..]).is_some() {
        // It is cut into, and what is left of it is seen.
        traceless.remove(0);
    }
    Damaged { what: format!("{} cut at {at}", file.display()), traceless, named, silent: false }
}

/// Flips bit `bit` of `file`.
pub(crate) fn flip_bit(file: &Path, bit: u64) -> Damaged {
    let mut bytes = fs::read(file).expect("it is there");
    let at = bit / 8;
    // The end of the last line is no loss; and a line that is damaged already may be whole again.
    let is_end = at + 1 >= bytes.len() as u64;
    let named = (!is_end && is_whole(&bytes, at as usize)).then(|| (file.to_owned(), at..at + 1));
    bytes[at as usize] ^= 1 << (bit % 8);
    fs::write(file, &bytes).expect("it can be written");
    Damaged { what: format!("{}: bit {bit} flipped", file.display()), named, ..Damaged::default() }
}

/// Whether the line in which byte `at` stands has the checksum that it says.
fn is_whole(bytes: &[u8], at: usize) -> bool {
    let begin = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let end = bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length);
    let line = &bytes[begin..end];
    let Some(json) = line.len().checked_sub(10) else { return false };
    line[json..] == *format!(" *{:08x}", crc32fast::hash(&line[..json])).as_bytes()
}

fn flip(file: &Path, random: &mut Random) {
    let Ok(mut bytes) = fs::read(file) else { return };
    let bit = random.up_to(bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    fs::write(file, bytes).expect("it can be written");
}

/// Zeroes, as a file system leaves where it had not written yet.
fn overwrite(folder: &Path, file: &Path, range: Range<u64>) -> Damaged {
    let mut bytes = fs::read(file).expect("it is there");
    let traceless = traceless(folder, file, range.clone());
    bytes[range.start as usize..range.end as usize].fill(0);
    fs::write(file, &bytes).expect("it can be written");
    let what = format!("{} zeroed from {} to {}", file.display(), range.start, range.end);
    Damaged { what, traceless, ..Damaged::default() }
}

/// The positions of the messages that `range` of `file` takes or cuts into, if no message begins behind it in the log.
fn traceless(folder: &Path, file: &Path, range: Range<u64>) -> Vec<u64> {
    let later = logs(folder).into_iter().filter(|log| log.as_path() > file);
    if later.flat_map(|log| messages(&log)).next().is_some() {
        return Vec::new();
    }
    let messages = messages(file);
    if messages.iter().any(|(_, lines)| lines.start >= range.end) {
        return Vec::new();
    }
    let hit = messages.into_iter().filter(|(_, lines)| range.start < lines.end && lines.start < range.end);
    hit.map(|(position, _)| position).collect()
}

/// The positions of the messages in a file, and where their lines are.
fn messages(file: &Path) -> Vec<(u64, Range<u64>)> {
    let bytes = fs::read(file).expect("it is there");
    let mut at = 0;
    let mut messages = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let range = at..at + line.len() as u64;
        at = range.end;
        messages.extend(protocol::message::leading_seq(line).map(|position| (position, range)));
    }
    messages
}
