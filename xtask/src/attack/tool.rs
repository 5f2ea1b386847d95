//! What a row of the table says of a tool, and what comes out when it was used.

use super::programs::{Program, Sources};
use super::target::Target;

/// Somebody else's tool, and how it is used against a hub.
pub(super) struct Tool {
    pub(super) name: &'static str,
    /// What it does, in a few words.
    pub(super) does: &'static str,
    /// Where it is, or why it cannot be had.
    pub(super) program: fn(&Sources<'_>) -> anyhow::Result<Program>,
    /// Uses it, and judges what it says. It is an error if it does not run as it should, or not end in its time.
    pub(super) play: fn(&Program, &Target) -> anyhow::Result<Outcome>,
}

/// What came out.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// In numbers what it did.
    pub(super) figures: String,
    /// What must not be.
    pub(super) findings: Vec<String>,
    /// What it finds and what is so on purpose, each with the reason.
    pub(super) accepted: Vec<String>,
}
