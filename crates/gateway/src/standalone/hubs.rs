//! What is known of a hub: how it was configured, and how it stands.

use super::limits::{NAME_BYTES_MAX, QUOTA_BYTES};
use super::uplink::{Behind, LinkState, url_problem};
use protocol::uplink::filter::Filter;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A hub to which a gateway forwards.
#[derive(Debug, Clone, PartialEq)]
pub struct HubSettings {
    /// What it is called here; unique. Commands that it sends are labelled with it.
    pub name: Arc<str>,
    /// `ws://host:port/uplink` or `wss://…`.
    pub url: String,
    /// What it knows this gateway by.
    pub token: String,
    /// Where it begins, where it is new here.
    pub begin: Begin,
    /// Whether it may send commands.
    pub commands: bool,
    /// Whether it is asked who may come in.
    pub admits: bool,
    /// What it gets.
    pub filter: Filter,
    /// Bytes that are spooled for it at most.
    pub quota: u64,
    /// How long something is spooled for it at most.
    pub age: Option<Duration>,
    /// Certificates of authorities that its own may be from, instead of those of the system: a PEM file.
    pub ca: Option<PathBuf>,
}

/// Where a hub begins that is new to a gateway.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Begin {
    /// With the oldest entry that the spool still has.
    #[default]
    Oldest,
    /// With what comes next.
    Head,
}

impl Begin {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Begin::Oldest => "oldest",
            Begin::Head => "head",
        }
    }

    /// What the word means, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "oldest" => Some(Begin::Oldest),
            "head" => Some(Begin::Head),
            _ => None,
        }
    }
}

impl HubSettings {
    /// A hub that gets all, may do all, and begins with the oldest entry.
    pub fn new(name: &str, url: &str, token: &str) -> Self {
        Self {
            name: name.into(),
            url: url.to_owned(),
            token: token.to_owned(),
            begin: Begin::default(),
            commands: true,
            admits: true,
            filter: Filter::default(),
            quota: QUOTA_BYTES,
            age: None,
            ca: None,
        }
    }

    /// What is wrong with it: in which of its parts, and a sentence.
    pub fn problem(&self) -> Option<(&'static str, String)> {
        if self.name.is_empty() || self.name.len() > NAME_BYTES_MAX || self.name.contains(['/', '\n']) {
            let what = format!("a hub's name has 1 to {NAME_BYTES_MAX} bytes and no slash");
            return Some(("name", what));
        }
        // They are kept as lines.
        let ca = self.ca.as_ref().map(|ca| ca.to_string_lossy());
        if self.token.contains('\n') || ca.is_some_and(|ca| ca.contains('\n')) {
            return Some(("name", "a token, or the name of a file, has one line".to_owned()));
        }
        url_problem(&self.url).map(|what| ("url", what))
    }
}

/// How a hub stands, for people.
#[derive(Debug, Clone)]
pub struct HubStanding {
    /// What it is called here.
    pub name: Arc<str>,
    /// Where it was configured to be.
    pub url: String,
    /// Where it was last reached.
    pub address: Option<SocketAddr>,
    /// What its uplink is doing.
    pub state: LinkState,
    /// Since when, ms since 1970.
    pub since: i64,
    /// How far behind it is.
    pub behind: Behind,
    /// For how long the oldest entry has waited for it, ms.
    pub waits: u64,
    /// Entries that were dropped for it, in this run.
    pub dropped: u64,
    /// What went wrong last.
    pub error: Option<String>,
    /// Whether it may send commands.
    pub commands: bool,
    /// Whether it was added while the gateway ran, and stands in no configuration.
    pub added: bool,
}
