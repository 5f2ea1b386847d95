//! What a component works with in the end: what its view gave, what the device says of the channel, and the defaults.

use serde_json::{Map, Value as Json};

use super::alarm;
use super::definition::{Given, GivenSetting, Placement, SIZE_KEYS, Size};
use super::filters::humanize;
use super::manifest::{Manifest, Setting};
use super::problem::{Problem, did_you_mean, sentence};

/// Settings that a device's own description of its channel fills in where the view is silent, beside the limits of its alarms.
const DESCRIBED: &[&str] = &["choices", "digits", "max", "min", "step", "unit"];

/// Channels of a component that are named in its label, where the view gives none.
const LABELLED_MAX: usize = 3;

/// Keys that every component has, beside its own settings.
const COMMON: &[&str] = &["channel", "device", "label", "order", "rows", "span"];

/// A component's settings, complete.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    /// What stands over it.
    pub(crate) label: String,
    /// The room that it takes.
    pub(crate) size: Size,
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
    let mut size = placed.size;
    for given in &placed.settings {
        if !manifest.settings.contains_key(&given.name) && SIZE_KEYS.contains(&given.name.as_str()) {
            let told = match &given.value {
                Given::Value(value) => size.set(&given.name, value),
                Given::Text(text) => size.set(
                    &given.name,
                    &text.trim().parse().map_or_else(|_| text.as_str().into(), |whole: i64| whole.into()),
                ),
            };
            told.map_err(|what| Problem::new(given.place.clone(), what))?;
            continue;
        }
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
    Ok(Settings { label, size, span: size.width(manifest.span), values })
}

fn from_description(name: &str, setting: &Setting, described: &Json) -> Option<Json> {
    if !DESCRIBED.contains(&name) && !alarm::SETTINGS.contains(&name) {
        return None;
    }
    // A device that describes nonsense is no fault of the view: the default holds.
    setting.kind.accept(described.get(name)?).ok()
}

fn default_label(manifest: &Manifest, placed: &Placement, described: &Json) -> String {
    let channels = placed.channels();
    match (described.get("label").and_then(Json::as_str), channels.as_slice()) {
        (_, []) => manifest.title.clone(),
        (Some(label), [_]) => label.to_owned(),
        (_, [channel]) => humanize(channel),
        (_, several) => {
            let named: Vec<String> = several.iter().take(LABELLED_MAX).map(|name| humanize(name)).collect();
            let more = if several.len() > LABELLED_MAX { " …" } else { "" };
            format!("{}{more}", named.join(", "))
        }
    }
}

fn unknown(manifest: &Manifest, placed: &Placement, given: &GivenSetting) -> Problem {
    let known = manifest.settings.keys().map(String::as_str).chain(COMMON.iter().copied());
    let nearest = did_you_mean(&given.name, known);
    let what = format!("“{}” has no setting “{}”.{nearest}", placed.kind, given.name);
    Problem::new(given.place.clone(), what)
}
