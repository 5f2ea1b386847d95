//! Reads `views/NAME.toml`. What is wrong with one part stays with that part, and what is wrong with another key is told by
//! itself: only what is no TOML at all cannot be shown.

mod entry;
mod parts;
mod variables;

use toml::de::DeTable;

use super::definition::{Body, View};
use super::files::Files;
use super::filters::humanize;
use super::problem::{Problem, did_you_mean};
use super::query::Query;
use super::variable::Values;
use entry::{Entry, Source};
use parts::Parts;

/// The keys of a view.
const KEYS: &[&str] =
    &["title", "device", "devices", "columns", "variables", "include", "component", "section"];

/// A view from `source`, the text of `file`; `files` are those that it may include. Settings of components are judged when
/// they are rendered.
pub(crate) fn read(name: &str, file: &str, source: &str, files: &Files) -> Result<View, Problem> {
    let table = DeTable::parse(source).map_err(|error| Problem::from_toml(file, source, &error))?;
    let file = Source { path: file, text: source };
    let entries = file.entries(table.get_ref());
    let mut view = View::of_parts(name, humanize(name), None, Vec::new());
    let mut parts = Parts::new(files);
    let mut wrong = Vec::new();
    let mut read_key = |key: &str, read: &mut dyn FnMut(&Entry<'_>) -> Result<(), String>| {
        for entry in entries.iter().filter(|entry| entry.name == key) {
            wrong.extend(read(entry).err().map(|what| Problem::new(entry.place.clone(), what)));
        }
    };
    // Texts may name variables, wherever these stand.
    let mut variables = (Vec::new(), Vec::new());
    read_key("variables", &mut |entry| variables::read(&file, entry).map(|read| variables = read));
    (view.variables, view.wrong) = variables;
    parts.names.extend(view.variables.iter().map(|variable| variable.name.clone()));
    read_key("columns", &mut |entry| entry.columns().map(|column| parts.begin(column)));
    read_key("title", &mut |entry| parts.text(entry).map(|text| view.title = text));
    read_key("device", &mut |entry| parts.text(entry).map(|text| view.device = Some(text)));
    read_key("devices", &mut |entry| entry.selection().map(|devices| view.devices = Some(devices)));
    parts.read(&file, &entries, 0);
    for entry in entries.iter().filter(|entry| !KEYS.contains(&entry.name)) {
        let near = did_you_mean(entry.name, KEYS.iter().copied());
        wrong.push(Problem::new(entry.place.clone(), format!("There is no key “{}”.{near}", entry.name)));
    }
    view.wrong.extend(wrong);
    view.wrong.append(&mut parts.wrong);
    view.wrong.sort_by_key(|problem| (problem.place.line, problem.place.column));
    view.body = Body::Grid(parts.finish());
    // Among other views it is not known which device it will show.
    let label = Values::of(&view.variables, &Query::default()).0.fill(&view.title);
    view.label = if label.trim().is_empty() { humanize(name) } else { label.trim().to_owned() };
    Ok(view)
}
