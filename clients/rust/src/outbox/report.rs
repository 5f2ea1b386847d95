//! What an outbox was found to have lost when it was opened.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// What became of an outbox between two runs of the program. Usually: nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Messages that are there and not known to be taken over.
    pub restored: usize,
    /// Places of the log that could not be read, in order. A place at the end of the last file was cut off.
    pub damages: Vec<Damage>,
    /// Positions that were used and whose messages are gone. Their loss is declared to the hub.
    pub missing: Vec<RangeInclusive<u64>>,
    /// Bytes of the head file that could not be read. It has everything twice.
    pub head_damaged: u64,
    /// No head could be read at all: neither from its file nor from the log. What is there is sent as if none of it had
    /// been sent before.
    pub head_lost: bool,
}

/// Bytes of a file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// Where in it, in bytes.
    pub offset: u64,
    /// How many bytes.
    pub bytes: u64,
}

impl Report {
    /// Whether everything was as it had been left.
    pub fn is_whole(&self) -> bool {
        self.damages.is_empty() && self.missing.is_empty() && self.head_damaged == 0 && !self.head_lost
    }

    /// How many messages are known to be missing.
    pub fn missing_count(&self) -> u64 {
        self.missing.iter().map(|run| run.end() - run.start() + 1).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} messages restored", self.restored)?;
        for Damage { file, offset, bytes } in &self.damages {
            write!(f, "; {bytes} bytes are damaged from byte {offset} of {}", file.display())?;
        }
        for run in &self.missing {
            write!(f, "; lost: {} to {}", run.start(), run.end())?;
        }
        if self.head_damaged > 0 {
            write!(f, "; {} bytes of the head are damaged", self.head_damaged)?;
        }
        if self.head_lost {
            f.write_str("; no head is left, so all is sent anew")?;
        }
        Ok(())
    }
}
