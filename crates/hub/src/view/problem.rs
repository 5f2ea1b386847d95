//! What is wrong with a component or a view, and where: one sentence a person can act on, with file, line and column.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A place in a file. Lines and columns (in characters) count from 1; both are 0 when the file as a whole is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, relative to the folder that holds `components/` and `views/`.
    pub file: Arc<str>,
    /// Line, from 1; 0 for the whole file.
    pub line: usize,
    /// Column, from 1; 0 where it is not known.
    pub column: usize,
}

impl Place {
    /// The whole of `file`.
    pub fn whole(file: &str) -> Self {
        Self { file: file.into(), line: 0, column: 0 }
    }

    /// The place of the byte `offset` in `source`, the text of `file`. An offset beyond the end is the end.
    pub fn at(file: &str, source: &str, offset: usize) -> Self {
        let (line, column) = line_and_column(source, offset);
        Self { file: file.into(), line, column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.file)?;
        if self.line > 0 {
            write!(out, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(out, ":{}", self.column)?;
        }
        Ok(())
    }
}

/// Something that is wrong with a component or a view.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What, in one or two sentences.
    pub what: String,
}

impl Problem {
    /// A problem at a place.
    pub fn new(place: Place, what: impl Into<String>) -> Self {
        Self { place, what: what.into() }
    }

    /// A problem with a file as a whole.
    pub(crate) fn whole(file: &str, what: impl Into<String>) -> Self {
        Self::new(Place::whole(file), what)
    }

    /// What the TOML parser said about `source`, in our words.
    pub(crate) fn from_toml(file: &str, source: &str, error: &toml::de::Error) -> Self {
        let Range { start, .. } = error.span().unwrap_or_default();
        Self::new(Place::at(file, source, start), explain_toml(error.message()))
    }

    /// What the template engine said, pointing into the template that was at fault. `source` is that of `file`.
    pub(crate) fn from_template(file: &str, source: &str, error: &minijinja::Error) -> Self {
        let place = match (error.range(), error.line()) {
            (Some(range), _) if error.name().is_none_or(|name| name == file) => {
                Place::at(file, source, range.start)
            }
            (_, line) => {
                Place { file: error.name().unwrap_or(file).into(), line: line.unwrap_or(0), column: 0 }
            }
        };
        Self::new(place, explain_template(error))
    }
}

/// The error's own sentence: without the place, which is told apart.
fn explain_template(error: &minijinja::Error) -> String {
    match error.kind() {
        minijinja::ErrorKind::OutOfFuel => {
            "The template takes too many steps: is there a loop in it?".to_owned()
        }
        kind => match error.detail() {
            Some(detail) => format!("Template error: {kind}: {detail}."),
            None => format!("Template error: {kind}."),
        },
    }
}

/// serde names the unknown key and the known ones in backticks: that is enough to name the nearest.
fn explain_toml(message: &str) -> String {
    let named: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let Some((given, known)) = named.split_first() else {
        return sentence(message);
    };
    if message.starts_with("unknown field") {
        format!("There is no key “{given}”.{}", did_you_mean(given, known.iter().copied()))
    } else if message.starts_with("unknown variant") {
        format!("“{given}” is not one of {}.{}", known.join(", "), did_you_mean(given, known.iter().copied()))
    } else if message.starts_with("missing field") {
        format!("The key “{given}” is missing.")
    } else {
        sentence(message)
    }
}

/// A message with a capital at its beginning and a stop at its end.
pub(crate) fn sentence(message: &str) -> String {
    let mut chars = message.trim().chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    let stop = if message.trim().ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{stop}", chars.as_str())
}

/// ` Did you mean “gauge”?` for the known name nearest to `given`, or nothing where none is near.
pub(crate) fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(given, known) {
        Some(name) => format!(" Did you mean “{name}”?"),
        None => String::new(),
    }
}

/// The known name that differs least from `given`, if it differs by a third of its letters at most.
pub(crate) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let far = (given.chars().count() / 3).clamp(1, 4);
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(given, name), name))
        .filter(|(distance, _)| *distance <= far)
        .min()
        .map(|(_, name)| name)
}

fn line_and_column(source: &str, offset: usize) -> (usize, usize) {
    let end = (offset..source.len()).find(|at| source.is_char_boundary(*at)).unwrap_or(source.len());
    let before = &source[..end];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let place = Place::at("a.toml", "x = 1\nunit = \"°C\" !", 6 + 13);
        assert_eq!(place.to_string(), "a.toml:2:13");
        assert_eq!(Place::whole("a.toml").to_string(), "a.toml");
    }

    #[test]
    fn the_nearest_name_is_near() {
        assert_eq!(nearest("gague", ["value", "gauge", "chart"]), Some("gauge"));
        assert_eq!(nearest("max_ponits", ["max_points", "points"]), Some("max_points"));
        assert_eq!(nearest("thermometer", ["value", "gauge"]), None);
    }

    #[test]
    fn toml_errors_name_the_nearest_key() {
        let what = explain_toml("unknown field `titel`, expected one of `title`, `device`");
        assert_eq!(what, "There is no key “titel”. Did you mean “title”?");
        assert_eq!(explain_toml("missing field `title`"), "The key “title” is missing.");
        assert_eq!(explain_toml("invalid string"), "Invalid string.");
    }
}
