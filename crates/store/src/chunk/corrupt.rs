//! What is wrong with a chunk that cannot be read.

/// A chunk that is not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a chunk of samples is damaged at byte {at}: {what}")]
pub struct Corrupt {
    /// Where in the chunk it stops making sense, from 0.
    pub at: usize,
    /// What does not make sense there.
    pub what: Damage,
}

/// What does not make sense in a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Bytes were changed or are missing.
    #[error("the checksum is another one")]
    Checksum,
    /// Written by a newer program.
    #[error("version {0} is not known")]
    Version(u8),
    /// More samples than a chunk may have.
    #[error("{0} samples are too many")]
    Count(u64),
    /// It ends in the middle.
    #[error("it ends too early")]
    Truncated,
    /// It goes on behind its end.
    #[error("there is more than there should be")]
    Trailing,
    /// A number of more than 64 bits.
    #[error("a number is too great")]
    Number,
    /// Differences of so many bits, or so many exceptions among them, cannot be.
    #[error("a block of differences cannot be as it says")]
    Block,
    /// No such way of saying which samples have something.
    #[error("{0} is no kind of presence")]
    Presence(u8),
    /// More decimals than a number here may have.
    #[error("a number cannot have these decimals")]
    Decimals,
    /// A text that is not in the list, or a list of more texts than samples.
    #[error("there is no such text")]
    Text,
    /// A text that is not UTF-8.
    #[error("a text is not UTF-8")]
    Utf8,
}
