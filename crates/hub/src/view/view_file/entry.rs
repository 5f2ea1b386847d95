//! Keys of a file in TOML, each with its place, and what their values are meant to be.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::view::definition::Size;
use crate::view::limits::SPAN_MAX;
use crate::view::manifest::to_json;
use crate::view::problem::{Place, sentence};
use crate::view::selection::Selection;

/// A file that is read.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
}

/// A key with its value, and where the key stands.
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) place: Place,
    pub(super) value: &'a Spanned<DeValue<'a>>,
}

impl Source<'_> {
    /// A place in it.
    pub(super) fn at(&self, offset: usize) -> Place {
        Place::at(self.path, self.text, offset)
    }

    /// The keys of a table in the order of the file.
    pub(super) fn entries<'a>(&self, table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let entry = |(key, value): (&'a Spanned<_>, _)| {
            let name: &Cow<'a, str> = key.get_ref();
            Entry { name, place: self.at(key.span().start), value }
        };
        entries.into_iter().map(entry).collect()
    }
}

impl Entry<'_> {
    pub(super) fn text(&self) -> Result<String, String> {
        let text = self.value.get_ref().as_str().map(str::to_owned);
        text.ok_or_else(|| format!("“{}” must be a text, but is {}.", self.name, kind_of(self.value)))
    }

    /// A text, or several in a list.
    pub(super) fn texts(&self) -> Result<Vec<String>, String> {
        let wrong = || format!("“{}” must be a text, or a list of texts.", self.name);
        match self.json()? {
            Json::String(text) => Ok(vec![text]),
            Json::Array(texts) => {
                let text = |text: Json| text.as_str().map(str::to_owned).ok_or_else(wrong);
                texts.into_iter().map(text).collect()
            }
            _ => Err(wrong()),
        }
    }

    /// Which devices are meant: patterns of ids.
    pub(super) fn selection(&self) -> Result<Selection, String> {
        Selection::of_ids(&self.texts()?).map_err(|what| format!("“{}” {what}.", self.name))
    }

    /// A number of columns, as the width of one in twelfths.
    pub(super) fn columns(&self) -> Result<u8, String> {
        let columns = self.whole()?;
        let column = i64::from(SPAN_MAX).checked_rem(columns).filter(|rest| *rest == 0 && columns > 0);
        let column = column.and_then(|_| u8::try_from(i64::from(SPAN_MAX) / columns).ok());
        column.ok_or_else(|| format!("“columns” must be 1, 2, 3, 4, 6 or 12, but is {columns}."))
    }

    /// One of the keys `span`, `rows` and `order`.
    pub(super) fn size(&self, size: &mut Size) -> Result<(), String> {
        match self.name {
            "span" => size.span = Some(self.span(size.column)?),
            name => size.set(name, &self.json()?)?,
        }
        Ok(())
    }

    /// A width in columns, each so many twelfths wide, in twelfths.
    fn span(&self, column: u8) -> Result<u8, String> {
        let (span, columns) = (self.whole()?, SPAN_MAX / column);
        let fitting = u8::try_from(span).ok().filter(|span| (1..=columns).contains(span));
        let wrong = || format!("“span” must be a whole number from 1 to {columns}, but is {span}.");
        fitting.map(|span| span * column).ok_or_else(wrong)
    }

    fn whole(&self) -> Result<i64, String> {
        let value = self.value()?;
        value.as_integer().ok_or_else(|| format!("“{}” must be a whole number, but is {value}.", self.name))
    }

    /// The value as JSON.
    pub(super) fn json(&self) -> Result<Json, String> {
        to_json(&self.value()?).map_err(|what| format!("“{}” {what}.", self.name))
    }

    /// The value; or why it is none, such as a number that no one can hold.
    fn value(&self) -> Result<toml::Value, String> {
        let value = toml::Value::deserialize(toml::de::ValueDeserializer::from(self.value.clone()));
        value.map_err(|error| sentence(&format!("“{}”: {}", self.name, error.message())))
    }
}

/// What a value is, as people call it.
pub(super) fn kind_of(value: &Spanned<DeValue<'_>>) -> &'static str {
    match value.get_ref() {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
