//! The parts of a view in the order of its file: components, sections that hold what comes after them, and files whose
//! parts stand in the place where they are included.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::entry::{Entry, Source, kind_of};
use crate::view::braces::names_in;
use crate::view::definition::{Given, GivenSetting, Part, Piece, Placement, Section, Size};
use crate::view::files::Files;
use crate::view::limits::{INCLUDE_DEPTH_MAX, INCLUDES_MAX};
use crate::view::problem::{Place, Problem, did_you_mean, nearest};
use crate::view::variable::{OWN_NAMES, Values};

/// The keys of a section.
const SECTION_KEYS: &[&str] = &["columns", "each", "title"];

/// The keys of a file that is included.
const INCLUDED_KEYS: &[&str] = &["component", "include", "section"];

/// Reads parts, one after the other.
pub(super) struct Parts<'a> {
    files: &'a Files,
    /// The variables that texts may name.
    pub(super) names: BTreeSet<String>,
    /// What is wrong with keys outside of parts.
    pub(super) wrong: Vec<Problem>,
    parts: Vec<Part>,
    /// The width of a column of the view, and of where the next part stands, in twelfths.
    columns: (u8, u8),
    included: usize,
    /// What the file that is being read was told by the one that includes it.
    told: Told,
}

/// What an included file is told, and the room that it takes where it is HTML.
#[derive(Clone)]
struct Told {
    device: Option<String>,
    values: Values,
    size: Size,
}

impl Told {
    fn nothing(column: u8) -> Self {
        Self { device: None, values: Values::default(), size: Size::in_columns(column) }
    }
}

/// What begins at a place of a file.
struct Block<'a> {
    kind: &'a str,
    value: &'a Spanned<DeValue<'a>>,
    start: usize,
}

impl<'a> Parts<'a> {
    pub(super) fn new(files: &'a Files) -> Self {
        Self {
            files,
            names: OWN_NAMES.iter().map(|name| (*name).to_owned()).collect(),
            wrong: Vec::new(),
            parts: Vec::new(),
            columns: (1, 1),
            included: 0,
            told: Told::nothing(1),
        }
    }

    /// The view has columns of this width, in twelfths.
    pub(super) fn begin(&mut self, column: u8) {
        self.columns = (column, column);
    }

    /// All that was read.
    pub(super) fn finish(self) -> Vec<Part> {
        self.parts
    }

    /// The parts of a file, `depth` files deep, in the order in which they stand there.
    pub(super) fn read(&mut self, file: &Source<'_>, entries: &[Entry<'_>], depth: usize) {
        let mut blocks: Vec<Block<'_>> = Vec::new();
        for entry in entries.iter().filter(|entry| INCLUDED_KEYS.contains(&entry.name)) {
            match (entry.name, entry.value.get_ref()) {
                ("include", DeValue::String(_)) => self.include_named(entry, depth),
                (kind, DeValue::Array(list)) => {
                    blocks.extend(list.iter().map(|value| Block { kind, value, start: value.span().start }))
                }
                (name, _) => {
                    let what = format!("“{name}” must be a list: write [[{name}]] before each.");
                    self.wrong.push(Problem::new(entry.place.clone(), what));
                }
            }
        }
        blocks.sort_by_key(|block| block.start);
        for block in &blocks {
            self.block(file, block, depth);
        }
    }

    fn block(&mut self, file: &Source<'_>, block: &Block<'_>, depth: usize) {
        let place = file.at(block.start);
        match (block.kind, block.value.get_ref()) {
            ("include", DeValue::String(name)) => {
                self.include(name, &place, Told::nothing(self.columns.1), depth);
            }
            (kind, DeValue::Table(table)) => {
                let entries = file.entries(table);
                match kind {
                    "component" => self.component(file, place, &entries),
                    "section" => self.section(&entries),
                    _ => self.include_table(place, &entries, depth),
                }
            }
            (kind, _) => {
                let what = format!("“{kind}” must be a table, but is {}.", kind_of(block.value));
                self.push(Part::Wrong(Problem::new(place, what)));
            }
        }
    }

    /// A part stands in the section that was begun last.
    fn push(&mut self, part: Part) {
        match self.parts.last_mut() {
            Some(Part::Section(section)) => section.parts.push(part),
            _ => self.parts.push(part),
        }
    }

    fn component(&mut self, file: &Source<'_>, place: Place, entries: &[Entry<'_>]) {
        let mut placed = Placement { size: Size::in_columns(self.columns.1), ..Placement::new("", place) };
        let names = || entries.iter().map(|entry| entry.name);
        if !names().any(|name| name == "kind") {
            let near = nearest("kind", names()).map(|name| format!(" Is “{name}” meant to be it?"));
            let what = format!("This component has no “kind”.{}", near.unwrap_or_default());
            placed.wrong.push(Problem::new(placed.place.clone(), what));
        }
        for entry in entries {
            if let Err(what) = self.give(file, &mut placed, entry) {
                placed.wrong.push(Problem::new(entry.place.clone(), what));
            }
        }
        placed.device = placed.device.take().or_else(|| self.told.device.clone());
        self.push(Part::Component(placed));
    }

    /// Gives a component what a key says.
    fn give(&self, file: &Source<'_>, placed: &mut Placement, entry: &Entry<'_>) -> Result<(), String> {
        match entry.name {
            "kind" => {
                placed.kind = entry.text()?;
                placed.place = file.at(entry.value.span().start);
            }
            "device" => placed.device = Some(self.text(entry)?),
            "channel" => placed.channel = Some(self.text(entry)?),
            "label" => placed.label = Some(self.text(entry)?),
            "span" => entry.size(&mut placed.size)?,
            // Also `rows` and `order`: only the component knows whether it has settings of these names.
            name => {
                let value = self.told.values.fill_told_value(&entry.json()?);
                self.check_names(&value)?;
                let (name, place) = (name.to_owned(), entry.place.clone());
                placed.settings.push(GivenSetting { name, value: Given::Value(value), place });
            }
        }
        Ok(())
    }

    fn section(&mut self, entries: &[Entry<'_>]) {
        let mut section = Section { title: None, each: None, parts: Vec::new() };
        self.columns.1 = self.columns.0;
        for entry in entries {
            let read = match entry.name {
                "title" => self.text(entry).map(|text| section.title = Some(text)),
                "each" => entry.selection().map(|devices| section.each = Some(devices)),
                "columns" => entry.columns().map(|column| self.columns.1 = column),
                name => Err(format!(
                    "A section has no key “{name}”.{} Its components come after it, each with its own [[component]].",
                    did_you_mean(name, SECTION_KEYS.iter().copied())
                )),
            };
            if let Err(what) = read {
                section.parts.push(Part::Wrong(Problem::new(entry.place.clone(), what)));
            }
        }
        self.parts.push(Part::Section(section));
    }

    /// `include = "parts/head.toml"` at the top of a file.
    fn include_named(&mut self, entry: &Entry<'_>, depth: usize) {
        if let Ok(name) = entry.text() {
            self.include(&name, &entry.place, Told::nothing(self.columns.1), depth);
        }
    }

    /// `[[include]]`: the file, and what it is told.
    fn include_table(&mut self, place: Place, entries: &[Entry<'_>], depth: usize) {
        let mut told = Told::nothing(self.columns.1);
        let (mut name, mut values) = (None, Vec::new());
        for entry in entries {
            let read = match entry.name {
                "file" => entry.text().map(|text| name = Some((text, entry.place.clone()))),
                "device" => self.text(entry).map(|text| told.device = Some(text)),
                "span" | "rows" | "order" => entry.size(&mut told.size),
                key => entry.json().and_then(|value| {
                    let value = self.told.values.fill_told_value(&value);
                    self.check_names(&value).map(|()| values.push((key.to_owned(), value)))
                }),
            };
            if let Err(what) = read {
                self.push(Part::Wrong(Problem::new(entry.place.clone(), what)));
            }
        }
        told.values = values.into_iter().collect();
        match name {
            Some((name, place)) => self.include(&name, &place, told, depth),
            None => self.push(Part::Wrong(Problem::new(place, "This include has no “file”."))),
        }
    }

    /// What a file holds stands here.
    fn include(&mut self, name: &str, place: &Place, told: Told, depth: usize) {
        if let Err(what) = self.try_include(name, told, depth) {
            let problem = what.unwrap_or_else(|what| Problem::new(place.clone(), what));
            self.push(Part::Wrong(problem));
        }
    }

    /// The error is a problem of the included file, or what is wrong with including it.
    fn try_include(&mut self, name: &str, told: Told, depth: usize) -> Result<(), Result<Problem, String>> {
        self.included += 1;
        if depth >= INCLUDE_DEPTH_MAX {
            return Err(Err(format!(
                "Files are included {INCLUDE_DEPTH_MAX} deep at most: is there a circle?"
            )));
        }
        if self.included > INCLUDES_MAX {
            return Err(Err(format!("A view includes at most {INCLUDES_MAX} files.")));
        }
        let path = format!("views/{name}");
        let Some(source) = self.files.text(&path) else {
            let known = self.files.below("views").filter(|file| file.contains('/'));
            return Err(Err(format!("There is no file “{path}”.{}", did_you_mean(name, known))));
        };
        let source = source.map_err(Ok)?;
        let device = told.device.or_else(|| self.told.device.clone());
        if name.ends_with(".html") {
            self.push(Part::Html(Piece { template: path, device, told: told.values, size: told.size }));
            return Ok(());
        }
        if told.size != Size::in_columns(told.size.column) {
            return Err(Err(
                "Only a file in HTML takes room as one: “span”, “rows” and “order” are for those.".to_owned(),
            ));
        }
        let table =
            DeTable::parse(&source).map_err(|error| Ok(Problem::from_toml(&path, &source, &error)))?;
        let file = Source { path: &path, text: &source };
        let entries = file.entries(table.get_ref());
        let outer = std::mem::replace(&mut self.told, Told { device, ..told });
        for entry in entries.iter().filter(|entry| !INCLUDED_KEYS.contains(&entry.name)) {
            let near = did_you_mean(entry.name, INCLUDED_KEYS.iter().copied());
            let what = format!("A file that is included has no key “{}”.{near}", entry.name);
            self.push(Part::Wrong(Problem::new(entry.place.clone(), what)));
        }
        self.read(&file, &entries, depth + 1);
        self.told = outer;
        Ok(())
    }

    /// A text in which every name is known.
    pub(super) fn text(&self, entry: &Entry<'_>) -> Result<String, String> {
        let text = self.told.values.fill_told(&entry.text()?);
        self.check_names_of(&text)?;
        Ok(text)
    }

    fn check_names(&self, value: &Json) -> Result<(), String> {
        match value {
            Json::String(text) => self.check_names_of(text),
            Json::Array(values) => values.iter().try_for_each(|value| self.check_names(value)),
            Json::Object(members) => members.values().try_for_each(|value| self.check_names(value)),
            _ => Ok(()),
        }
    }

    fn check_names_of(&self, text: &str) -> Result<(), String> {
        match names_in(text).into_iter().find(|name| !self.names.contains(name)) {
            None => Ok(()),
            Some(name) => Err(format!(
                "There is no variable “{name}”.{} (The text itself is written {{{{{name}}}}}.)",
                did_you_mean(&name, self.names.iter().map(String::as_str))
            )),
        }
    }
}
