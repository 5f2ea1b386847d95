//! What is told of a hub, by a file, by flags or by a request, made into its settings.

use gateway::standalone::{Begin, Filter, HubSettings, Pattern};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// A hub as it is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Told {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) token: String,
    /// `oldest` or `head`.
    #[serde(default)]
    pub(super) begin: Option<String>,
    #[serde(default = "yes")]
    pub(super) commands: bool,
    #[serde(default = "yes")]
    pub(super) admits: bool,
    #[serde(default)]
    pub(super) devices: Vec<String>,
    #[serde(default)]
    pub(super) channels: Vec<String>,
    /// Bytes.
    #[serde(default)]
    pub(super) quota: Option<u64>,
    /// Milliseconds.
    #[serde(default)]
    pub(super) age: Option<u64>,
    #[serde(default)]
    pub(super) ca: Option<PathBuf>,
}

fn yes() -> bool {
    true
}

/// What is wrong with what was told: in which key, and a sentence.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) key: &'static str,
    pub(super) what: String,
}

/// The settings of a hub that is told like this.
pub(super) fn settings(told: Told) -> Result<HubSettings, Wrong> {
    let begin = match told.begin.as_deref() {
        None => Begin::default(),
        Some(word) => Begin::from_word(word).ok_or_else(|| Wrong {
            key: "begin",
            what: "a hub begins at “oldest” or at “head”".to_owned(),
        })?,
    };
    let filter = Filter::new(patterns("devices", &told.devices)?, patterns("channels", &told.channels)?);
    let filter = filter
        .ok_or_else(|| Wrong { key: "devices", what: "a hub has fewer patterns than these".to_owned() })?;
    let usual = HubSettings::new(&told.name, &told.url, &told.token);
    let settings = HubSettings {
        begin,
        commands: told.commands,
        admits: told.admits,
        filter,
        quota: told.quota.unwrap_or(usual.quota),
        age: told.age.map(Duration::from_millis),
        ca: told.ca,
        ..usual
    };
    match settings.problem() {
        None => Ok(settings),
        Some((key, what)) => Err(Wrong { key, what }),
    }
}

fn patterns(key: &'static str, given: &[String]) -> Result<Vec<Pattern>, Wrong> {
    let pattern = |text: &String| {
        Pattern::parse(text)
            .ok_or_else(|| Wrong { key, what: format!("“{text}” is no pattern of names") })
    };
    given.iter().map(pattern).collect()
}
