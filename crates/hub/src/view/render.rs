//! Renders the components of one page: each by itself, within its limits; what goes wrong is a tile in its place.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;

use minijinja::Value;
use minijinja::value::Serde;
use serde_json::Value as Json;

use crate::Presence;

use super::component::{Kind, PlacedAt};
use super::context::Lists;
use super::data::{ChannelData, DeviceData, Scene};
use super::deadline::{self, Deadline, Lifted};
use super::definition::{Placement, Size};
use super::depth::with_room;
use super::library::Library;
use super::limits::{OUTPUT_BYTES_MAX, PAGE_BYTES_MAX, PAGE_COMPONENTS_MAX, PAGE_TIME_MAX};
use super::problem::Problem;
use super::settings::{Settings, settle};
use super::value::{from_json, members};
use super::{context, filters, tile, words};

/// What stands around every component.
const WRAPPER: &str = "web/component.html";

/// A value is late after this many of its channel's usual intervals.
const LATE_AFTER: f64 = 2.5;

/// A value is stale after this many.
const STALE_AFTER: f64 = 10.0;

/// Network and scheduling may delay a value this long, in ms, without it being late.
const SLACK_MS: f64 = 1500.0;

/// Something that a template sees, by its name.
type Variable = (&'static str, Value);

/// Renders the components of one page, one after the other.
pub(crate) struct Painter<'a> {
    library: &'a Library,
    scene: &'a dyn Scene,
    _deadline: Deadline,
    now: i64,
    /// How numbers are written.
    numbers: String,
    lists: Lists<'a>,
    devices: BTreeMap<String, Option<Known>>,
    ids: HashMap<String, usize>,
    placed: usize,
    left_out: usize,
    bytes: usize,
    /// The device of the section that is painted, where there is one for each of several: ids name it, so that they stay when
    /// another comes.
    pub(crate) within: Option<String>,
    /// The components that the page needs scripts and styles for.
    pub(crate) kinds: BTreeSet<String>,
    /// What went wrong, in the order of the page.
    pub(crate) problems: Vec<Problem>,
}

/// A device that the hub knows, its description read once.
struct Known {
    data: DeviceData,
    described: HashMap<String, Json>,
}

impl Known {
    fn new(data: DeviceData) -> Self {
        let described = members(&data.describe).into_iter();
        let described =
            described.filter_map(|(channel, text)| Some((channel, serde_json::from_str(&text).ok()?)));
        let described = described.filter(|(_, described): &(String, Json)| described.is_object()).collect();
        Self { data, described }
    }
}

/// A component with all that it is rendered from.
struct Bound<'a> {
    id: &'a str,
    name: &'a str,
    kind: &'a Kind,
    device_id: Option<&'a str>,
    device: Option<&'a DeviceData>,
    channel: Option<&'a str>,
    latest: Option<&'a ChannelData>,
    described: &'a Json,
    settings: &'a Settings,
    size: Size,
}

impl<'a> Painter<'a> {
    pub(crate) fn new(library: &'a Library, scene: &'a dyn Scene) -> Self {
        Self {
            library,
            scene,
            _deadline: Deadline::of_page(),
            now: scene.now_ms(),
            numbers: scene.look().numbers.as_text(),
            lists: Lists::new(scene),
            devices: BTreeMap::new(),
            ids: HashMap::new(),
            placed: 0,
            left_out: 0,
            bytes: 0,
            within: None,
            kinds: BTreeSet::new(),
            problems: Vec::new(),
        }
    }

    /// One component, or its tile. `view_device` is bound where the component names none.
    pub(crate) fn paint(&mut self, placed: &Placement, view_device: Option<&str>) -> String {
        let kind = if placed.kind.is_empty() { "component" } else { &placed.kind };
        if deadline::is_over() {
            self.left_out += 1;
            return String::new();
        }
        self.within_limits(|painter| {
            let painted = painter.try_paint(placed, view_device);
            // The tile has room for the first alone.
            painter.problems.extend(placed.wrong.iter().skip(1).cloned());
            painted.unwrap_or_else(|problem| painter.tile(kind, placed.size.span, problem))
        })
    }

    /// A tile for something that the view has no component in the place of. It counts as a component: a view may go
    /// through a long list and be wrong for each.
    pub(crate) fn tile_in_place(&mut self, what: &str, problem: Problem) -> String {
        self.within_limits(|painter| painter.tile(what, None, problem))
    }

    fn within_limits(&mut self, paint: impl FnOnce(&mut Self) -> String) -> String {
        if self.placed >= PAGE_COMPONENTS_MAX || self.bytes >= PAGE_BYTES_MAX {
            self.left_out += 1;
            return String::new();
        }
        self.placed += 1;
        let html = paint(self);
        self.bytes += html.len();
        html
    }

    /// Where the page's data comes from.
    pub(crate) fn scene(&self) -> &'a dyn Scene {
        self.scene
    }

    /// What people call a device; its id where the hub has never heard of it.
    pub(crate) fn name_of(&mut self, id: &str) -> String {
        let scene = self.scene;
        let known = || scene.device(id).map(Known::new);
        let known = self.devices.entry(id.to_owned()).or_insert_with(known);
        known.as_ref().map_or_else(|| id.to_owned(), |known| known.data.name.clone())
    }

    /// Whether something was painted for this device, and the hub has never heard of it.
    pub(crate) fn misses(&self, id: &str) -> bool {
        self.devices.get(id).is_some_and(Option::is_none)
    }

    /// What is the same for all of the page.
    pub(crate) fn lists(&self) -> &Lists<'a> {
        &self.lists
    }

    /// A tile for what could not even be placed.
    pub(crate) fn tile(&mut self, what: &str, span: Option<u8>, problem: Problem) -> String {
        let _lifted = Lifted::begin();
        let good = self.library.good_version(what, &problem, self.scene.query());
        let good = good.map(|address| (address, words::said(&self.library.templates, "swap.good", &[])));
        let tile = tile::error(what, span, &problem, good);
        self.problems.push(problem);
        tile
    }

    /// Says how many components were left out, if any were.
    pub(crate) fn finish(&mut self, file: &str) -> String {
        if self.left_out == 0 {
            return String::new();
        }
        let what = format!(
            "{} more components are left out: {PAGE_COMPONENTS_MAX} are the most on a page, or {PAGE_BYTES_MAX} bytes, \
             or what takes {} seconds.",
            self.left_out,
            PAGE_TIME_MAX.as_secs()
        );
        self.tile("view", None, Problem::whole(file, what))
    }

    fn try_paint(&mut self, placed: &Placement, view_device: Option<&str>) -> Result<String, Problem> {
        if let Some(problem) = placed.wrong.first() {
            return Err(problem.clone());
        }
        let library = self.library;
        let kind = library.kind(&placed.kind, &placed.place)?;
        let device_id = placed.device.as_deref().or(view_device).filter(|id| !id.is_empty());
        let channels = placed.channels();
        let channel = channels.first().map(String::as_str);
        let scene = self.scene;
        let known = device_id.and_then(|id| {
            let known = || scene.device(id).map(Known::new);
            self.devices.entry(id.to_owned()).or_insert_with(known).as_ref()
        });
        let described = known.zip(channel).and_then(|(known, channel)| known.described.get(channel));
        let described = described.unwrap_or(&Json::Null);
        let device = known.map(|known| &known.data);
        let settings = settle(&kind.manifest, placed, described)?;
        let latest = device.zip(channel).and_then(|(device, channel)| device.channels.get(channel));
        let name = placed.kind.as_str();
        let about = channel.unwrap_or(name);
        let about = self.within.as_deref().map_or_else(|| about.to_owned(), |id| format!("{id}-{about}"));
        let id = &next_id(&mut self.ids, &about);
        let settings = &settings;
        let size = settings.size;
        let bound = Bound { id, name, kind, device_id, device, channel, latest, described, settings, size };
        let mut own = bound.own_variables(self.now);
        own.push((filters::NUMBERS, Value::from(self.numbers.as_str())));
        let body = bound.body(library, scene, &self.lists, &own)?;
        let locked = device_id.is_some_and(|id| !scene.may_command(id));
        let html = bound.wrap(library, body, own, locked)?;
        self.kinds.insert(placed.kind.clone());
        Ok(html)
    }
}

impl Bound<'_> {
    /// The component's own template.
    fn body(
        &self,
        library: &Library,
        scene: &dyn Scene,
        lists: &Lists<'_>,
        own: &[Variable],
    ) -> Result<String, Problem> {
        let mut variables: Vec<(String, Value)> = Vec::new();
        if let Some(registered) = library.registered.get(self.name) {
            let place =
                PlacedAt { device: self.device, channel: self.channel, settings: &self.settings.values };
            if let Json::Object(extra) = registered.context(&place) {
                variables.extend(extra.into_iter().map(|(name, value)| (name, Value::from(Serde(value)))));
            }
        }
        let values = self.settings.values.iter();
        variables.extend(values.map(|(name, value)| (name.clone(), Value::from(Serde(value)))));
        let names = &self.kind.variables;
        let asked = self.device.map(|device| context::asked_for(scene, device, names)).unwrap_or_default();
        let own = own.iter().cloned().chain(lists.named_in(names)).chain(asked);
        variables.extend(own.map(|(name, value)| (name.to_owned(), value)));
        let (template, variables) = (&self.kind.template, Value::from_pairs(variables));
        // What we wrote nests nothing.
        match library.own.components.contains(self.name) {
            true => with_room(template, || render(library, template, variables)).flatten(),
            false => render(library, template, variables),
        }
    }

    /// What every template sees, and the component's element too.
    fn own_variables(&self, now: i64) -> Vec<Variable> {
        let text = |text: Option<&str>| text.map_or(Value::UNDEFINED, Value::from);
        let described = match self.described {
            Json::Null => Value::from_pairs(std::iter::empty::<(&str, Value)>()),
            described => Value::from(Serde(described)),
        };
        vec![
            ("id", Value::from(self.id)),
            ("kind", Value::from(self.name)),
            ("device", text(self.device_id)),
            ("channel", text(self.channel)),
            ("value", self.latest.map_or(Value::UNDEFINED, |latest| from_json(&latest.value))),
            ("ts", self.latest.map_or(Value::UNDEFINED, |latest| Value::from(latest.ts))),
            ("state", Value::from(self.state(now))),
            ("presence", text(self.presence())),
            ("label", Value::from(self.settings.label.as_str())),
            ("describe", described),
            ("settings", Value::from(Serde(&self.settings.values))),
            ("info", self.device.map_or(Value::UNDEFINED, context::device)),
            ("now", Value::from(now)),
        ]
    }

    /// The component's element around its rendered template.
    fn wrap(
        &self,
        library: &Library,
        body: String,
        own: Vec<Variable>,
        locked: bool,
    ) -> Result<String, Problem> {
        let manifest = &self.kind.manifest;
        let settings_json = Json::Object(self.settings.values.clone()).to_string();
        let around = [
            ("direction", Value::from(manifest.direction.as_str())),
            ("locked", Value::from(locked)),
            ("span", Value::from(self.settings.span)),
            ("size", Value::from(self.size.classes())),
            ("frame", Value::from(manifest.frame)),
            ("made", Value::from(library.volumes.made(&format!("components/{}", self.name)))),
            ("has_earlier", Value::from(library.earlier.contains(&format!("components/{}", self.name)))),
            ("settings_json", Value::from(settings_json)),
            ("value_json", self.latest.map_or(Value::UNDEFINED, |latest| Value::from(latest.value.as_str()))),
            ("body", Value::from_safe_string(body)),
        ];
        let variables = own.into_iter().chain(around);
        let template = library.templates.get_template(WRAPPER);
        let template = template.map_err(|error| Problem::from_template(WRAPPER, "", &error))?;
        // Its size follows from the body's and the value's, which are bounded.
        let wrapped = template.render(Value::from_pairs(variables));
        wrapped.map_err(|error| Problem::from_template(WRAPPER, template.source(), &error))
    }

    fn presence(&self) -> Option<&'static str> {
        self.device_id.map(|_| self.device.map_or("unknown", |device| device.presence.as_str()))
    }

    fn state(&self, now: i64) -> &'static str {
        state_of(self.device.map(|device| device.presence), self.latest, now)
    }
}

/// How old a value is, in one word. The browser says the same by the same rule from the moment it takes over.
pub(crate) fn state_of(presence: Option<Presence>, latest: Option<&ChannelData>, now: i64) -> &'static str {
    if matches!(presence, Some(Presence::Offline | Presence::Unreachable)) {
        return "gone";
    }
    let Some(latest) = latest else {
        return "none";
    };
    let Some(every) = latest.every.filter(|every| *every > 0) else {
        return "fresh";
    };
    let age = now.saturating_sub(latest.ts) as f64 - SLACK_MS;
    match age / every as f64 {
        intervals if intervals <= LATE_AFTER => "fresh",
        intervals if intervals <= STALE_AFTER => "late",
        _ => "stale",
    }
}

/// Renders a template within its limits.
fn render(library: &Library, name: &str, variables: Value) -> Result<String, Problem> {
    let template = library.templates.get_template(name);
    let template = template.map_err(|error| Problem::from_template(name, "", &error))?;
    let mut output = Bounded(Vec::new());
    match template.render_captured_to(variables, &mut output) {
        Ok(_) => Ok(String::from_utf8_lossy(&output.0).into_owned()),
        Err(_) if output.is_full() => {
            let what = format!("The template renders to more than {OUTPUT_BYTES_MAX} bytes.");
            Err(Problem::whole(name, what))
        }
        Err(error) => Err(Problem::from_template(name, template.source(), &error)),
    }
}

/// Takes [`OUTPUT_BYTES_MAX`] bytes and no more.
struct Bounded(Vec<u8>);

impl Bounded {
    fn is_full(&self) -> bool {
        self.0.len() > OUTPUT_BYTES_MAX
    }
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        if self.is_full() { Err(io::Error::other("the output is too large")) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `c-wind-speed-2` for the second component of a page that is about `wind_speed`. The same page has the same ids.
fn next_id(ids: &mut HashMap<String, usize>, about: &str) -> String {
    let dashed: String =
        about.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let parts: Vec<&str> = dashed.split('-').filter(|part| !part.is_empty()).collect();
    let slug = if parts.is_empty() { "channel".to_owned() } else { parts.join("-") };
    let count = ids.entry(slug.clone()).or_default();
    *count += 1;
    format!("c-{slug}-{count}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(presence: Presence, every: Option<u64>, age: i64) -> &'static str {
        let latest = ChannelData { value: "1".to_owned(), ts: 1_000_000, every };
        state_of(Some(presence), Some(&latest), 1_000_000 + age)
    }

    #[test]
    fn a_value_ages_by_its_channels_rhythm() {
        assert_eq!(state(Presence::Online, Some(1000), 4000), "fresh");
        assert_eq!(state(Presence::Online, Some(1000), 4001), "late");
        assert_eq!(state(Presence::Online, Some(1000), 11_501), "stale");
        assert_eq!(state(Presence::Online, None, 9_000_000), "fresh");
        assert_eq!(state(Presence::Online, Some(1000), -5000), "fresh");
    }

    #[test]
    fn nothing_is_fresh_without_its_device() {
        assert_eq!(state(Presence::Offline, None, 0), "gone");
        assert_eq!(state(Presence::Unreachable, Some(1000), 0), "gone");
        assert_eq!(state_of(Some(Presence::Online), None, 0), "none");
    }

    #[test]
    fn ids_are_the_same_every_time() {
        let mut ids = HashMap::new();
        let mut next = |about| next_id(&mut ids, about);
        assert_eq!(next("wind_speed"), "c-wind-speed-1");
        assert_eq!(next("Wind speed"), "c-wind-speed-2");
        assert_eq!(next("°"), "c-channel-1");
    }
}
