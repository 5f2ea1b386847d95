//! The page that a device gets by itself, made from what it describes and the latest values of its channels.

use serde_json::Value as Json;

use super::data::DeviceData;
use super::definition::{Given, GivenSetting, Part, Placement, Size, View};
use super::limits::{DERIVED_CHANNELS_MAX, DERIVED_CHARTS_MAX};
use super::problem::{Place, Problem};
use super::value::members;

/// The name of such a view.
pub(crate) const NAME: &str = "device";

/// Width of a chart when there are others beside it, in twelfths; a chart alone has the whole width.
const CHART_SPAN: u8 = 6;

/// The setting of `value` that makes it draw its recent course.
pub(crate) const SPARKLINE: &str = "sparkline";

/// A channel, as much as is known of it.
struct Channel<'a> {
    name: String,
    described: Json,
    value: Option<&'a str>,
}

/// The view of a device: its header, then inputs and values in the order in which the device describes them, then the
/// channels that it does not describe, by name, then a chart for each number, then its commands and its books. And what had
/// to be left out, if anything.
///
/// `value_has_sparkline`: whether the component `value` can draw one, which a user's own may not.
pub(crate) fn view(device: &DeviceData, value_has_sparkline: bool) -> (View, Option<Problem>) {
    let mut channels = channels(device);
    let left_out = channels.len().saturating_sub(DERIVED_CHANNELS_MAX);
    channels.truncate(DERIVED_CHANNELS_MAX);
    let mut placed = vec![place("device-header", None)];
    placed.extend(channels.iter().filter_map(|channel| {
        let kind = channel.kind()?;
        let settings =
            if kind == "value" && value_has_sparkline { vec![with_sparkline()] } else { Vec::new() };
        Some(Placement { settings, ..place(kind, Some(&channel.name)) })
    }));
    let charted: Vec<&Channel<'_>> =
        channels.iter().filter(|channel| channel.has_chart()).take(DERIVED_CHARTS_MAX).collect();
    let span = (charted.len() > 1).then_some(CHART_SPAN);
    placed.extend(charted.iter().map(|channel| {
        let chart = place("chart", Some(&channel.name));
        Placement { size: Size { span, ..chart.size }, ..chart }
    }));
    placed.extend(["command-table", "ledger"].map(|kind| place(kind, None)));
    let parts = placed.into_iter().map(Part::Component).collect();
    let view = View::of_parts(NAME, device.name.clone(), Some(device.id.clone()), parts);
    let what =
        format!("{left_out} more channels are left out: {DERIVED_CHANNELS_MAX} are the most on this page.");
    (view, (left_out > 0).then(|| Problem::new(Place::whole(""), what)))
}

fn channels(device: &DeviceData) -> Vec<Channel<'_>> {
    let latest = |name: &str| device.channels.get(name).map(|channel| channel.value.as_str());
    let mut channels: Vec<Channel<'_>> = Vec::new();
    for (name, described) in members(&device.describe) {
        let described = serde_json::from_str(&described).unwrap_or_default();
        let value = latest(&name);
        channels.push(Channel { name, described, value });
    }
    for name in device.channels.keys() {
        if !channels.iter().any(|channel| channel.name == *name) {
            channels.push(Channel { name: name.clone(), described: Json::Null, value: latest(name) });
        }
    }
    channels
}

impl Channel<'_> {
    /// The component that shows this channel or sends to it. None for a channel that was described but not heard of, as
    /// long as nothing tells what its values will be.
    fn kind(&self) -> Option<&'static str> {
        if let Some(input) = self.input() {
            return Some(input);
        }
        match self.value.and_then(|value| value.bytes().next()) {
            Some(b't' | b'f') => Some("lamp"),
            Some(b'"') if self.is_picture() => Some("image"),
            Some(b'"') => Some("text"),
            Some(b'{' | b'[' | b'n') => Some("json"),
            Some(_) => Some(self.number()),
            None => self.is_described_as_number().then(|| self.number()),
        }
    }

    fn input(&self) -> Option<&'static str> {
        match self.described.get("input")?.as_str()? {
            "switch" => Some("switch"),
            "button" => Some("button"),
            "slider" => Some("slider"),
            "number" => Some("number-field"),
            "select" if self.has_choices() => Some("select"),
            "select" | "text" => Some("text-field"),
            _ => None,
        }
    }

    /// Without them there is nothing to choose from: then the person writes.
    fn has_choices(&self) -> bool {
        self.described.get("choices").and_then(Json::as_array).is_some_and(|choices| !choices.is_empty())
    }

    /// The picture itself, as text: an address may be one, and may be no picture.
    fn is_picture(&self) -> bool {
        self.value.is_some_and(|value| value.starts_with("\"data:image/"))
    }

    fn number(&self) -> &'static str {
        let has = |name: &str| self.described.get(name).is_some_and(Json::is_number);
        if has("min") && has("max") { "gauge" } else { "value" }
    }

    fn is_described_as_number(&self) -> bool {
        ["unit", "min", "max"].iter().any(|name| self.described.get(name).is_some())
    }

    fn has_chart(&self) -> bool {
        matches!(self.kind(), Some("gauge" | "value"))
    }
}

fn place(kind: &str, channel: Option<&str>) -> Placement {
    Placement { channel: channel.map(str::to_owned), ..Placement::new(kind, Place::whole("")) }
}

fn with_sparkline() -> GivenSetting {
    GivenSetting {
        name: SPARKLINE.to_owned(),
        value: Given::Value(Json::Bool(true)),
        place: Place::whole(""),
    }
}
