//! What a view is made of: the components placed in it, and what each was given.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::limits::NAME_CHARS_MAX;
use super::problem::{Place, Problem};

/// The definition that a panel shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct View {
    /// Its name: that of its file.
    pub(crate) name: String,
    /// Its title, for people.
    pub(crate) title: String,
    /// The device of every component that names none.
    pub(crate) device: Option<String>,
    /// What is wrong with it as a whole, in the order of its file: a tile each, before everything else.
    pub(crate) wrong: Vec<Problem>,
    /// What it shows.
    pub(crate) body: Body,
}

/// What a view shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// Components on the grid.
    Grid(Vec<Placement>),
    /// The author's own HTML.
    Html {
        /// The name of its template, which is that of its file.
        template: String,
        /// The variables that the template names.
        variables: HashSet<String>,
    },
}

/// A component placed in a view.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placement {
    /// The name of the component; empty where it was not given.
    pub(crate) kind: String,
    /// Where it was placed.
    pub(crate) place: Place,
    /// The device it is bound to; the view's if it names none.
    pub(crate) device: Option<String>,
    /// The channel it is bound to.
    pub(crate) channel: Option<String>,
    /// Its label.
    pub(crate) label: Option<String>,
    /// Its width in twelfths.
    pub(crate) span: Option<u8>,
    /// Its settings.
    pub(crate) settings: Vec<GivenSetting>,
    /// What is wrong with how it was placed, in the order in which it was given: then it is a tile.
    pub(crate) wrong: Vec<Problem>,
}

impl Placement {
    /// A component that was given nothing.
    pub(crate) fn new(kind: &str, place: Place) -> Self {
        Self {
            kind: kind.to_owned(),
            place,
            device: None,
            channel: None,
            label: None,
            span: None,
            settings: Vec::new(),
            wrong: Vec::new(),
        }
    }
}

/// A setting as it was given.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GivenSetting {
    /// Its name.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: Given,
    /// Where.
    pub(crate) place: Place,
}

/// A setting's value as it was given.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Given {
    /// As a value.
    Value(Json),
    /// As a text, to be understood by the setting's type.
    Text(String),
}

impl View {
    /// Everything that is known to be wrong with it before it is rendered.
    pub(crate) fn all_wrong(&self) -> impl Iterator<Item = &Problem> {
        let placed = match &self.body {
            Body::Grid(placements) => placements.as_slice(),
            Body::Html { .. } => &[],
        };
        self.wrong.iter().chain(placed.iter().flat_map(|placed| &placed.wrong))
    }
}

/// `[A-Za-z0-9_-]{1,64}`: it becomes part of URLs.
pub(crate) fn check_view_name(name: &str) -> Result<(), String> {
    let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if fits && (1..=NAME_CHARS_MAX).contains(&name.len()) {
        return Ok(());
    }
    Err(format!(
        "“{name}” cannot be the name of a view: at most {NAME_CHARS_MAX} of A-Z, a-z, 0-9, “-” and “_”."
    ))
}
