//! What a view is made of: the components placed in it, and what each was given.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::limits::{NAME_CHARS_MAX, ORDER_MAX, ROWS_MAX};
use super::problem::{Place, Problem};
use super::selection::Selection;
use super::variable::{Values, Variable};

/// The definition that a panel shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct View {
    /// Its name: that of its file.
    pub(crate) name: String,
    /// Its title, for people; what stands in braces is filled in.
    pub(crate) title: String,
    /// Its title where it is named among others: nothing in it is to be filled in.
    pub(crate) label: String,
    /// The device of every component that names none; of several that may be chosen, the first to be shown.
    pub(crate) device: Option<String>,
    /// The devices that one is chosen from, where the view is for a kind of device.
    pub(crate) devices: Option<Selection>,
    /// What whoever looks may set.
    pub(crate) variables: Vec<Variable>,
    /// What is wrong with it as a whole, in the order of its file: a tile each, before everything else.
    pub(crate) wrong: Vec<Problem>,
    /// What it shows.
    pub(crate) body: Body,
}

/// What a view shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// Parts on the grid.
    Grid(Vec<Part>),
    /// The author's own HTML.
    Html {
        /// The name of its template, which is that of its file.
        template: String,
        /// The variables that the template names.
        variables: HashSet<String>,
    },
}

/// What stands on the grid.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    /// A component.
    Component(Placement),
    /// Parts that belong together.
    Section(Section),
    /// A piece of the author's own HTML.
    Html(Piece),
    /// What could not be read: a tile in its place.
    Wrong(Problem),
}

/// Parts that belong together, on a grid of their own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Section {
    /// What stands over them.
    pub(crate) title: Option<String>,
    /// It is there once for each of these devices.
    pub(crate) each: Option<Selection>,
    /// What is in it: no sections.
    pub(crate) parts: Vec<Part>,
}

/// A piece of HTML on the grid.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Piece {
    /// The name of its template, which is that of its file.
    pub(crate) template: String,
    /// The device of the components in it that name none; the view's if there is none.
    pub(crate) device: Option<String>,
    /// What it is told beside the variables of the view.
    pub(crate) told: Values,
    /// The room that it takes.
    pub(crate) size: Size,
}

/// The keys that give a component its height and its place on a phone, unless it has settings of these names.
pub(crate) const SIZE_KEYS: &[&str] = &["order", "rows"];

/// The room that something takes on the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// Its width in twelfths.
    pub(crate) span: Option<u8>,
    /// Its height in rows of the grid.
    pub(crate) rows: Option<u8>,
    /// Its place on a phone: from 1 before all that have none, below 0 behind them.
    pub(crate) order: Option<i8>,
    /// The width of a column where it stands, in twelfths.
    pub(crate) column: u8,
}

impl Size {
    /// None was given, where columns are this wide, in twelfths.
    pub(crate) fn in_columns(column: u8) -> Self {
        Self { span: None, rows: None, order: None, column }
    }

    /// Takes one of [`SIZE_KEYS`] with its value.
    pub(crate) fn set(&mut self, key: &str, value: &Json) -> Result<(), String> {
        let whole =
            value.as_i64().ok_or_else(|| format!("“{key}” must be a whole number, but is {value}."))?;
        if key == "rows" {
            let rows = u8::try_from(whole).ok().filter(|rows| (1..=ROWS_MAX).contains(rows));
            let wrong = || format!("“rows” must be a whole number from 1 to {ROWS_MAX}, but is {whole}.");
            self.rows = Some(rows.ok_or_else(wrong)?);
            return Ok(());
        }
        let order = i8::try_from(whole).ok().filter(|order| *order != 0 && order.abs() <= ORDER_MAX);
        let wrong = || {
            format!(
                "“order” must be a whole number from 1 to {ORDER_MAX} (first on a phone) or from -1 to -{ORDER_MAX} \
                 (last), but is {whole}."
            )
        };
        self.order = Some(order.ok_or_else(wrong)?);
        Ok(())
    }

    /// The width, in twelfths; where none was given, `span` in whole columns.
    pub(crate) fn width(&self, span: u8) -> u8 {
        self.span.unwrap_or_else(|| ((span + self.column / 2) / self.column).max(1) * self.column)
    }

    /// The classes that say so of height and place, each with a blank before it.
    pub(crate) fn classes(&self) -> String {
        let rows = self.rows.map(|rows| format!(" rows-{rows}"));
        let order = self.order.map(|order| match order {
            order if order < 0 => format!(" last-{}", -order),
            order => format!(" first-{order}"),
        });
        [rows, order].into_iter().flatten().collect()
    }
}

/// A component placed in a view. In its texts, what stands in braces is filled in.
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
    /// The room that it takes.
    pub(crate) size: Size,
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
            size: Size::in_columns(1),
            settings: Vec::new(),
            wrong: Vec::new(),
        }
    }

    /// The channels that it is bound to: its own, or those of its setting `channels`. The first is the one that it is about.
    pub(crate) fn channels(&self) -> Vec<String> {
        if let Some(channel) = self.channel.as_deref().filter(|channel| !channel.is_empty()) {
            return vec![channel.to_owned()];
        }
        let given = self.settings.iter().find(|given| given.name == "channels");
        let list = given.and_then(|given| match &given.value {
            Given::Value(value) => value.as_array().cloned(),
            Given::Text(text) => serde_json::from_str(text).ok(),
        });
        list.unwrap_or_default().iter().filter_map(Json::as_str).map(str::to_owned).collect()
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
        let parts = match &self.body {
            Body::Grid(parts) => parts.as_slice(),
            Body::Html { .. } => &[],
        };
        self.wrong.iter().chain(parts.iter().flat_map(Part::all_wrong))
    }

    /// A view of components alone.
    pub(crate) fn of_parts(name: &str, title: String, device: Option<String>, parts: Vec<Part>) -> Self {
        Self {
            name: name.to_owned(),
            label: title.clone(),
            title,
            device,
            devices: None,
            variables: Vec::new(),
            wrong: Vec::new(),
            body: Body::Grid(parts),
        }
    }
}

impl Part {
    fn all_wrong(&self) -> Vec<&Problem> {
        match self {
            Self::Component(placed) => placed.wrong.iter().collect(),
            Self::Section(section) => section.parts.iter().flat_map(Self::all_wrong).collect(),
            Self::Html(_) => Vec::new(),
            Self::Wrong(problem) => vec![problem],
        }
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
