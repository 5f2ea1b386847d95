//! Reads `views/NAME.toml`. What is wrong with one component stays with that component, and what is wrong with another key
//! is told by itself: only what is no TOML at all cannot be shown.

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::definition::{Body, Given, GivenSetting, Placement, View};
use super::filters::humanize;
use super::manifest::{check_span, to_json};
use super::problem::{Place, Problem, did_you_mean, nearest, sentence};

/// The keys of a view.
const KEYS: &[&str] = &["title", "device", "component"];

/// A view from `source`, the text of `file`. Settings of components are judged when they are rendered.
pub(crate) fn read(name: &str, file: &str, source: &str) -> Result<View, Problem> {
    let table = DeTable::parse(source).map_err(|error| Problem::from_toml(file, source, &error))?;
    let file = ViewFile { path: file, source };
    let (mut title, mut device, mut placements) = (None, None, Vec::new());
    let mut wrong = Vec::new();
    for entry in file.entries(table.get_ref()) {
        let read = match entry.name {
            "title" => entry.text().map(|text| title = Some(text)),
            "device" => entry.text().map(|text| device = Some(text)),
            "component" => file.placements(&entry).map(|placed| placements = placed),
            name => Err(format!("There is no key “{name}”.{}", did_you_mean(name, KEYS.iter().copied()))),
        };
        wrong.extend(read.err().map(|what| Problem::new(entry.place, what)));
    }
    let title = title.unwrap_or_else(|| humanize(name));
    Ok(View { name: name.to_owned(), title, device, wrong, body: Body::Grid(placements) })
}

/// The file that is read.
struct ViewFile<'a> {
    path: &'a str,
    source: &'a str,
}

/// A key with its value, and where the key stands.
struct Entry<'a> {
    name: &'a str,
    place: Place,
    value: &'a Spanned<DeValue<'a>>,
}

impl ViewFile<'_> {
    fn at(&self, offset: usize) -> Place {
        Place::at(self.path, self.source, offset)
    }

    /// The keys of a table in the order of the file.
    fn entries<'a>(&self, table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let entry = |(key, value): (&'a Spanned<_>, _)| {
            let name: &std::borrow::Cow<'a, str> = key.get_ref();
            Entry { name, place: self.at(key.span().start), value }
        };
        entries.into_iter().map(entry).collect()
    }

    fn placements(&self, entry: &Entry<'_>) -> Result<Vec<Placement>, String> {
        let list = entry.value.get_ref().as_array();
        let list = list.ok_or("“component” must be a list: write [[component]] before each.")?;
        Ok(list.iter().map(|value| self.placement(value)).collect())
    }

    fn placement(&self, value: &Spanned<DeValue<'_>>) -> Placement {
        let mut placed = Placement::new("", self.at(value.span().start));
        let Some(table) = value.get_ref().as_table() else {
            let what = format!("A component must be a table, but is {}.", kind_of(value));
            placed.wrong.push(Problem::new(placed.place.clone(), what));
            return placed;
        };
        let entries = self.entries(table);
        let names = || entries.iter().map(|entry| entry.name);
        if !names().any(|name| name == "kind") {
            let near = nearest("kind", names()).map(|name| format!(" Is “{name}” meant to be it?"));
            let what = format!("This component has no “kind”.{}", near.unwrap_or_default());
            placed.wrong.push(Problem::new(placed.place.clone(), what));
        }
        for entry in &entries {
            if let Err(what) = self.give(&mut placed, entry) {
                placed.wrong.push(Problem::new(entry.place.clone(), what));
            }
        }
        placed
    }

    /// Gives a component what a key says.
    fn give(&self, placed: &mut Placement, entry: &Entry<'_>) -> Result<(), String> {
        match entry.name {
            "kind" => {
                placed.kind = entry.text()?;
                placed.place = self.at(entry.value.span().start);
            }
            "device" => placed.device = Some(entry.text()?),
            "channel" => placed.channel = Some(entry.text()?),
            "label" => placed.label = Some(entry.text()?),
            "span" => placed.span = Some(entry.span()?),
            name => {
                let value = to_json(&entry.value()?).map_err(|what| format!("“{name}” {what}."))?;
                let (name, place) = (name.to_owned(), entry.place.clone());
                placed.settings.push(GivenSetting { name, value: Given::Value(value), place });
            }
        }
        Ok(())
    }
}

impl Entry<'_> {
    fn text(&self) -> Result<String, String> {
        let text = self.value.get_ref().as_str().map(str::to_owned);
        text.ok_or_else(|| format!("“{}” must be a text, but is {}.", self.name, kind_of(self.value)))
    }

    fn span(&self) -> Result<u8, String> {
        let value = self.value()?;
        let span = value.as_integer();
        span.ok_or_else(|| format!("“span” must be a whole number, but is {value}.")).and_then(check_span)
    }

    /// The value; or why it is none, such as a number that no one can hold.
    fn value(&self) -> Result<toml::Value, String> {
        let value = toml::Value::deserialize(toml::de::ValueDeserializer::from(self.value.clone()));
        value.map_err(|error| sentence(&format!("“{}”: {}", self.name, error.message())))
    }
}

/// What a value is, as people call it.
fn kind_of(value: &Spanned<DeValue<'_>>) -> &'static str {
    match value.get_ref() {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
