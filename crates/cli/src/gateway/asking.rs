//! What can be asked of a running gateway, by whichever door: list, add and remove hubs.

use super::settings::{Told, settings};
use gateway::standalone::{AddError, Standalone};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One question, as the local socket carries it: one line of JSON, answered by one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Question {
    /// All hubs.
    List,
    /// A new one.
    Add(Box<Told>),
    /// That one goes.
    Remove(String),
}

/// The answer to it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Answer {
    /// It is done.
    Done,
    /// All hubs.
    Hubs(Vec<Shown>),
    /// It is not done: a sentence.
    Error(String),
}

/// A hub, as people and programs are told.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) url: String,
    /// `ip:port`, once it was reached.
    pub(super) address: Option<String>,
    pub(super) state: String,
    /// Since when, ms since 1970.
    pub(super) since: i64,
    /// Messages and losses that it does not have yet.
    pub(super) behind: u64,
    /// For how long the oldest of them has waited, ms.
    pub(super) behind_ms: u64,
    /// Their bytes in the spool.
    pub(super) bytes: u64,
    /// Messages that were dropped for it, in this run.
    pub(super) dropped: u64,
    pub(super) commands: bool,
    /// It was added while the gateway ran.
    pub(super) added: bool,
    /// What went wrong last.
    pub(super) error: Option<String>,
}

/// Answers. Blocks.
pub(super) fn answer(gateway: &Arc<Standalone>, question: Question) -> Answer {
    match question {
        Question::List => Answer::Hubs(hubs(gateway)),
        Question::Add(told) => done(add(gateway, *told)),
        Question::Remove(name) => done(gateway.remove_hub(&name)),
    }
}

fn done(result: Result<(), AddError>) -> Answer {
    result.map_or_else(|error| Answer::Error(error.to_string()), |()| Answer::Done)
}

/// Adds a hub.
pub(super) fn add(gateway: &Arc<Standalone>, told: Told) -> Result<(), AddError> {
    let settings = settings(told).map_err(|wrong| AddError::Wrong(wrong.what))?;
    gateway.add_hub(settings)
}

/// All hubs.
pub(super) fn hubs(gateway: &Standalone) -> Vec<Shown> {
    let hubs = gateway.hubs().into_iter().map(|hub| Shown {
        name: hub.name.to_string(),
        url: hub.url,
        address: hub.address.map(|address| address.to_string()),
        state: hub.state.as_str().to_owned(),
        since: hub.since,
        behind: hub.behind.entries,
        behind_ms: hub.waits,
        bytes: hub.behind.bytes,
        dropped: hub.dropped,
        commands: hub.commands,
        added: hub.added,
        error: hub.error,
    });
    hubs.collect()
}
