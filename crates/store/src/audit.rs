//! The audit: what people and devices did that somebody may ask about later, in a table that is only ever added to.
//!
//! Each row bears a hash over the hash of the row before it and over all that the row says. So a row that is changed, taken
//! out, put in or moved breaks the chain from there on, and [`Reader::verify_audit`](crate::Reader::verify_audit) says where.
//! Where the chain begins (the anchor) and where it ends (the head) are kept beside it: rows that are too old or too many go
//! from the front, a whole stretch at a time, and leave the anchor behind; rows that are missing at the end do not reach the
//! head.
//!
//! It finds what was changed by hand, by another program or by a broken disk. Whoever can write to the database and knows this
//! code can write another chain that holds: against that stands the head, noted down elsewhere.

use sha2::{Digest, Sha256};

/// One thing that happened. Bounded by whoever says it: the store keeps it as it comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditEntry {
    /// When, ms since 1970.
    pub at: i64,
    /// What, a word.
    pub what: Box<str>,
    /// Who did it: a person's name; empty where a device did, or nobody.
    pub who: Box<str>,
    /// The device that it is about; empty where it is about none.
    pub device: Box<str>,
    /// Whatever else there is to say, raw JSON: an object of short texts.
    pub details: Box<str>,
}

/// A row of the audit: what happened, with its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number: dense, from 1 on.
    pub number: u64,
    /// What happened.
    pub entry: AuditEntry,
    /// Over the row before it and this one.
    pub hash: AuditHash,
}

/// SHA-256 over a row and all rows before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditHash(pub [u8; 32]);

impl std::fmt::Display for AuditHash {
    /// Its hexadecimal digits.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A place in the chain: a row's number and hash. Before the first row it is [`AuditPlace::default`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditPlace {
    /// The row's number; 0 before the first.
    pub number: u64,
    /// Its hash; zeros before the first.
    pub hash: AuditHash,
}

impl AuditPlace {
    /// The place behind it, where `entry` is what comes next.
    pub fn then(&self, entry: &AuditEntry) -> AuditPlace {
        let number = self.number + 1;
        let mut hash = Sha256::new();
        hash.update(self.hash.0);
        hash.update(number.to_be_bytes());
        hash.update(entry.at.to_be_bytes());
        for text in [&entry.what, &entry.who, &entry.device, &entry.details] {
            // With its length, so that nothing can move from one text into the next.
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        AuditPlace { number, hash: AuditHash(hash.finalize().into()) }
    }
}

/// What a look through the whole chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditVerdict {
    /// The row before the first that is kept: where the chain begins.
    pub anchor: AuditPlace,
    /// The last row, as it was noted beside the chain.
    pub head: AuditPlace,
    /// Rows that hold.
    pub rows: u64,
    /// The first that does not, where one does not.
    pub broken: Option<AuditBreak>,
}

/// Where the chain breaks, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditBreak {
    /// A row is not what was written, or not behind the row that it was written behind.
    #[error("row {0} is not what was written, or does not stand behind the row that it was written behind")]
    Changed(u64),
    /// A row is not there, though a later one is, or should be.
    #[error("row {0} is missing")]
    Missing(u64),
    /// There are rows behind the last one that was noted.
    #[error("row {0} was put in behind the last row that the hub wrote")]
    Beyond(u64),
}

impl AuditBreak {
    /// The row at which the chain breaks.
    pub fn row(self) -> u64 {
        match self {
            AuditBreak::Changed(row) | AuditBreak::Missing(row) | AuditBreak::Beyond(row) => row,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_from_one_text_to_the_next_without_another_hash() {
        let entry = |what: &str, who: &str| AuditEntry {
            what: what.into(),
            who: who.into(),
            ..AuditEntry::default()
        };
        let place = AuditPlace::default();
        assert_ne!(place.then(&entry("ab", "c")).hash, place.then(&entry("a", "bc")).hash);
        assert_ne!(place.then(&entry("ab", "")).hash, place.then(&entry("", "ab")).hash);
    }

    #[test]
    fn the_first_hash_is_what_the_encoding_says() {
        // Fixed here: what is stored must verify in every later version.
        let entry = AuditEntry {
            at: 1_700_000_000_000,
            what: "login".into(),
            who: "ada".into(),
            device: "".into(),
            details: "{}".into(),
        };
        let place = AuditPlace::default().then(&entry);
        assert_eq!(place.number, 1);
        assert_eq!(
            place.hash.to_string(),
            "a4fe9a95a18f92199da342c1610d8aed42038ea0566bf8fb6f8eb9a4599280d7"
        );
    }
}
