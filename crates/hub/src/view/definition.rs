//! What a view is made of: the components placed in it and what each was given, from `views/NAME.toml`.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use serde_json::Value as Json;
use toml::Spanned;

use super::limits::NAME_CHARS_MAX;
use super::manifest::{check_span, to_json};
use super::problem::{Place, Problem, did_you_mean};

/// The definition that a panel shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct View {
    /// Its name: that of its file.
    pub(crate) name: String,
    /// Its title, for people.
    pub(crate) title: String,
    /// The device of every component that names none.
    pub(crate) device: Option<String>,
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
    /// The name of the component.
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
    /// Reads `views/NAME.toml`. An unknown key of the view is a problem; those of a component are its settings, which are
    /// judged when it is rendered, so that one wrong component is one tile.
    pub(crate) fn from_toml(name: &str, file: &str, source: &str) -> Result<Self, Problem> {
        let read: ViewFile =
            toml::from_str(source).map_err(|error| Problem::from_toml(file, source, &error))?;
        let placements = read.component.iter().map(|table| placement(file, source, table));
        Ok(Self {
            name: name.to_owned(),
            title: read.title.unwrap_or_else(|| super::filters::humanize(name)),
            device: read.device,
            body: Body::Grid(placements.collect::<Result<_, _>>()?),
        })
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ViewFile {
    title: Option<String>,
    device: Option<String>,
    #[serde(default)]
    component: Vec<Spanned<Table>>,
}

type Table = BTreeMap<Spanned<String>, Spanned<toml::Value>>;

fn placement(file: &str, source: &str, table: &Spanned<Table>) -> Result<Placement, Problem> {
    let at = |offset: usize| Place::at(file, source, offset);
    let mut placed = Placement::new("", at(table.span().start));
    for (key, value) in table.as_ref() {
        let (name, place) = (key.as_ref().as_str(), at(key.span().start));
        let text = || match value.as_ref() {
            toml::Value::String(text) => Ok(text.clone()),
            other => Err(Problem::new(place.clone(), format!("“{name}” must be a text, but is {other}."))),
        };
        match name {
            "kind" => {
                placed.kind = text()?;
                placed.place = at(value.span().start);
            }
            "device" => placed.device = Some(text()?),
            "channel" => placed.channel = Some(text()?),
            "label" => placed.label = Some(text()?),
            "span" => placed.span = Some(span(value.as_ref()).map_err(|what| Problem::new(place, what))?),
            _ => {
                let value = to_json(value.as_ref());
                let value = value.map_err(|what| Problem::new(place.clone(), format!("“{name}” {what}.")))?;
                placed.settings.push(GivenSetting {
                    name: name.to_owned(),
                    value: Given::Value(value),
                    place,
                });
            }
        }
    }
    if placed.kind.is_empty() {
        let near = did_you_mean("kind", placed.settings.iter().map(|setting| setting.name.as_str()));
        return Err(Problem::new(placed.place, format!("This component has no “kind”.{near}")));
    }
    Ok(placed)
}

fn span(value: &toml::Value) -> Result<u8, String> {
    value
        .as_integer()
        .ok_or_else(|| format!("“span” must be a whole number, but is {value}."))
        .and_then(check_span)
}
