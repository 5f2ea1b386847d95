//! The frames that panels receive, read as a browser would: members that are not named here are passed over.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A frame: one of its first members says which kind it is.
#[derive(Debug, Deserialize)]
pub struct Frame<'a> {
    /// A device whose state begins here.
    #[serde(borrow)]
    pub snapshot: Option<&'a str>,
    /// A device that something is said of.
    pub device: Option<&'a str>,
    /// The place in its log.
    pub cursor: Option<u64>,
    /// So many older ones were passed over.
    #[serde(default)]
    pub skipped: u64,
    /// It belongs in history only.
    #[serde(default)]
    pub late: bool,
    /// A recorded gap.
    pub lost: Option<Lost>,
    /// The channel of a single value.
    pub channel: Option<&'a str>,
    /// A single value, or what a command was answered with.
    pub value: Option<&'a RawValue>,
    /// Several values.
    pub values: Option<BTreeMap<&'a str, &'a RawValue>>,
    /// When they were taken.
    pub ts: Option<i64>,
    /// Whether the device can be heard.
    pub presence: Option<&'a str>,
    /// The rhythms of channels, in ms, that are others now.
    pub every: Option<BTreeMap<&'a str, Option<u64>>>,
    /// The values of a snapshot.
    pub channels: Option<BTreeMap<&'a str, Latest<'a>>>,
    /// A command's id.
    pub command: Option<&'a str>,
    /// Where the command stands.
    pub state: Option<Cow<'a, str>>,
    /// What the command asked for.
    pub asked: Option<&'a RawValue>,
    /// The commands of a snapshot.
    #[serde(default)]
    pub commands: Vec<Receipt<'a>>,
}

/// The bounds of a gap.
#[derive(Debug, Deserialize)]
pub struct Lost {
    /// The first missing number.
    pub from: u64,
    /// The last.
    pub to: u64,
}

/// A newest value in a snapshot.
#[derive(Debug, Deserialize)]
pub struct Latest<'a> {
    /// The value.
    #[serde(borrow)]
    pub value: &'a RawValue,
    /// When it was taken.
    pub ts: i64,
    /// The rhythm of its channel, in ms.
    pub every: Option<u64>,
}

/// Where a command stands, in a snapshot.
#[derive(Debug, Deserialize)]
pub struct Receipt<'a> {
    /// Where.
    pub state: &'a str,
    /// What it asked for.
    #[serde(borrow)]
    pub asked: &'a RawValue,
}
