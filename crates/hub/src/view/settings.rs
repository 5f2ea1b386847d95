//! What a component works with in the end: what its view gave, what the device says of the channel, and the defaults.

use serde_json::{Map, Value as Json};

use super::definition::{Given, GivenSetting, Placement};
use super::filters::humanize;
use super::manifest::{Manifest, Setting};
use super::problem::{Problem, did_you_mean, sentence};

/// Settings that a device's own description of its channel fills in where the view is silent.
const DESCRIBED: &[&str] = &["digits", "max", "min", "step", "unit"];

/// Keys that every component has, beside its own settings.
const COMMON: &[&str] = &["channel", "device", "label", "span"];

/// A component's settings, complete.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    /// What stands over it.
    pub(crate) label: String,
    /// Its width in twelfths.
    pub(crate) span: u8,
    /// Its own settings by name. One that was not given and has no default is absent.
    pub(crate) values: Map<String, Json>,
}

/// Settles the settings of a component. `described` is what the device says of its channel (an object or nothing).
/// A setting that the component does not have, or a value of another type, is a problem at its place.
pub(crate) fn settle(manifest: &Manifest, placed: &Placement, described: &Json) -> Result<Settings, Problem> {
    let mut values = Map::new();
    for (name, setting) in &manifest.settings {
        if let Some(value) = from_description(name, setting, described).or_else(|| setting.default.clone()) {
            values.insert(name.clone(), value);
        }
    }
    for given in &placed.settings {
        let setting = manifest.settings.get(&given.name).ok_or_else(|| unknown(manifest, placed, given))?;
        let value = match &given.value {
            Given::Value(value) => setting.kind.accept(value),
            Given::Text(text) => setting.kind.parse(text),
        };
        let wrong =
            |what: String| Problem::new(given.place.clone(), sentence(&format!("“{}” {what}", given.name)));
        values.insert(given.name.clone(), value.map_err(wrong)?);
    }
    let label = placed.label.clone().unwrap_or_else(|| default_label(manifest, placed, described));
    Ok(Settings { label, span: placed.span.unwrap_or(manifest.span), values })
}

fn from_description(name: &str, setting: &Setting, described: &Json) -> Option<Json> {
    if !DESCRIBED.contains(&name) {
        return None;
    }
    // A device that describes nonsense is no fault of the view: the default holds.
    setting.kind.accept(described.get(name)?).ok()
}

fn default_label(manifest: &Manifest, placed: &Placement, described: &Json) -> String {
    match (described.get("label").and_then(Json::as_str), &placed.channel) {
        (Some(label), _) => label.to_owned(),
        (None, Some(channel)) => humanize(channel),
        (None, None) => manifest.title.clone(),
    }
}

fn unknown(manifest: &Manifest, placed: &Placement, given: &GivenSetting) -> Problem {
    let known = manifest.settings.keys().map(String::as_str).chain(COMMON.iter().copied());
    let nearest = did_you_mean(&given.name, known);
    let what = format!("“{}” has no setting “{}”.{nearest}", placed.kind, given.name);
    Problem::new(given.place.clone(), what)
}
