//! `component.toml`: what a component is called, which way it works, and the settings it takes.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;
use toml::Spanned;

use super::limits::{NAME_CHARS_MAX, SPAN_MAX};
use super::problem::{Place, Problem, did_you_mean, sentence};

/// Width of a component that does not say, in twelfths.
const SPAN_DEFAULT: u8 = 4;

/// Names that a setting cannot have: every template sees something else by them, or every component has them.
pub(crate) const RESERVED: &[&str] = &[
    "channel",
    "commands",
    "component",
    "describe",
    "device",
    "devices",
    "devices_total",
    "durability",
    "gaps",
    "gateways",
    "id",
    "info",
    "join",
    "kind",
    "label",
    "latest",
    "now",
    "panels",
    "presence",
    "settings",
    "span",
    "state",
    "ts",
    "value",
];

/// Which way a component works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// It displays what the device sends.
    Output,
    /// It sends to the device.
    Input,
    /// It does both.
    Both,
}

impl Direction {
    /// The word for it, as in `component.toml` and in `data-direction`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Input => "input",
            Self::Both => "both",
        }
    }
}

/// What a setting's value may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingType {
    /// A finite number.
    Number,
    /// Any text.
    Text,
    /// `true` or `false`.
    Boolean,
    /// One of these texts.
    Choice(Vec<String>),
    /// Any JSON value.
    Json,
}

impl SettingType {
    /// The value, if it is one of this type. The error says what was expected.
    pub fn accept(&self, value: &Json) -> Result<Json, String> {
        let fits = match self {
            Self::Number => value.is_number(),
            Self::Text => value.is_string(),
            Self::Boolean => value.is_boolean(),
            Self::Choice(choices) => return choose(choices, value),
            Self::Json => true,
        };
        if fits { Ok(value.clone()) } else { Err(format!("must be {}, but is {value}", self.expected())) }
    }

    /// The value that a text stands for, as in an HTML attribute.
    pub fn parse(&self, text: &str) -> Result<Json, String> {
        let wrong = || format!("must be {}, but is “{text}”", self.expected());
        match self {
            Self::Text => Ok(Json::from(text)),
            Self::Choice(choices) => choose(choices, &Json::from(text)),
            Self::Json => serde_json::from_str(text).map_err(|error| format!("must be JSON: {error}")),
            Self::Number => number(text.trim()).ok_or_else(wrong),
            // An attribute without a value, as in `<div data-wide>`, is the HTML way to say yes.
            Self::Boolean => match text.trim() {
                "true" | "" => Ok(Json::Bool(true)),
                "false" => Ok(Json::Bool(false)),
                _ => Err(wrong()),
            },
        }
    }

    fn expected(&self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Boolean => "true or false",
            Self::Choice(_) => "one of the choices",
            Self::Json => "JSON",
        }
    }
}

fn number(text: &str) -> Option<Json> {
    let whole = text.parse::<i64>().ok().map(Json::from);
    whole.or_else(|| text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Json::from))
}

fn choose(choices: &[String], value: &Json) -> Result<Json, String> {
    match value.as_str() {
        Some(text) if choices.iter().any(|choice| choice == text) => Ok(value.clone()),
        Some(text) => {
            let nearest = did_you_mean(text, choices.iter().map(String::as_str));
            Err(format!("must be one of {}, but is “{text}”.{nearest}", choices.join(", ")))
        }
        None => Err(format!("must be one of {}, but is {value}", choices.join(", "))),
    }
}

/// A setting that a component takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// What its value may be.
    pub kind: SettingType,
    /// Its value where a view gives none. Without one, the setting is then absent.
    pub default: Option<Json>,
    /// What it is for, for people.
    pub meaning: String,
}

/// A checked `component.toml`.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// Its name for people.
    pub title: String,
    /// What it is for, in a sentence; may be empty.
    pub description: String,
    /// Which way it works.
    pub direction: Direction,
    /// Its width where a view gives none, in twelfths.
    pub span: u8,
    /// Whether it stands in a frame with its label, state and age.
    pub frame: bool,
    /// The settings it takes, by name.
    pub settings: BTreeMap<String, Setting>,
}

impl Manifest {
    /// Reads and checks a manifest; `file` is named in problems. Every unknown key is one.
    pub fn parse(file: &str, source: &str) -> Result<Self, Problem> {
        let read: ManifestFile =
            toml::from_str(source).map_err(|error| Problem::from_toml(file, source, &error))?;
        let at = |offset: usize, what: String| Problem::new(Place::at(file, source, offset), what);
        let mut settings = BTreeMap::new();
        for (name, setting) in read.settings {
            check_setting_name(name.as_ref()).map_err(|what| at(name.span().start, what))?;
            let name = name.into_inner();
            let (start, checked) = (setting.span().start, setting.into_inner().check(&name));
            settings.insert(name, checked.map_err(|(offset, what)| at(offset.unwrap_or(start), what))?);
        }
        let span = match read.span {
            Some(span) => check_span(*span.as_ref()).map_err(|what| at(span.span().start, what))?,
            None => SPAN_DEFAULT,
        };
        Ok(Self {
            title: read.title,
            description: read.description,
            direction: read.direction,
            span,
            frame: read.frame,
            settings,
        })
    }
}

/// A width in twelfths, or what is wrong with it.
pub(crate) fn check_span(span: i64) -> Result<u8, String> {
    u8::try_from(span)
        .ok()
        .filter(|span| (1..=SPAN_MAX).contains(span))
        .ok_or_else(|| format!("“span” must be a whole number from 1 to {SPAN_MAX}, but is {span}."))
}

/// Whether a component can have this name: `[a-z][a-z0-9-]*`, for it becomes part of an element's name and of URLs.
///
/// # Errors
/// A sentence that says what a name must be.
pub fn check_component_name(name: &str) -> Result<(), String> {
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && name.len() <= NAME_CHARS_MAX;
    // Error tiles are `gl-error` elements.
    if name == "error" {
        return Err("A component cannot be named “error”: that is the name of error tiles.".to_owned());
    }
    if fits {
        return Ok(());
    }
    Err(format!(
        "“{name}” cannot be the name of a component: at most {NAME_CHARS_MAX} of a-z, 0-9 and “-”, a letter first."
    ))
}

fn check_setting_name(name: &str) -> Result<(), String> {
    if RESERVED.contains(&name) {
        return Err(format!(
            "A setting cannot be named “{name}”: every component has something else by that name."
        ));
    }
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && name.len() <= NAME_CHARS_MAX;
    if fits {
        return Ok(());
    }
    Err(format!(
        "“{name}” cannot be the name of a setting: at most {NAME_CHARS_MAX} of a-z, 0-9 and “_”, a letter first."
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestFile {
    title: String,
    #[serde(default)]
    description: String,
    direction: Direction,
    span: Option<Spanned<i64>>,
    #[serde(default = "framed")]
    frame: bool,
    #[serde(default)]
    settings: BTreeMap<Spanned<String>, Spanned<SettingFile>>,
}

fn framed() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingFile {
    #[serde(rename = "type")]
    kind: Spanned<TypeName>,
    default: Option<Spanned<toml::Value>>,
    meaning: String,
    choices: Option<Vec<String>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TypeName {
    Number,
    Text,
    Boolean,
    Choice,
    Json,
}

impl SettingFile {
    /// The setting, or what is wrong, with the offset where that is known.
    fn check(self, name: &str) -> Result<Setting, (Option<usize>, String)> {
        let kind_at = Some(self.kind.span().start);
        let kind = match (self.kind.into_inner(), self.choices) {
            (TypeName::Choice, Some(choices)) if !choices.is_empty() => SettingType::Choice(choices),
            (TypeName::Choice, _) => {
                return Err((kind_at, format!("“{name}” is a choice without “choices”.")));
            }
            (_, Some(_)) => {
                return Err((kind_at, format!("“{name}” has “choices”, so its type is “choice”.")));
            }
            (TypeName::Number, None) => SettingType::Number,
            (TypeName::Text, None) => SettingType::Text,
            (TypeName::Boolean, None) => SettingType::Boolean,
            (TypeName::Json, None) => SettingType::Json,
        };
        let default = match self.default {
            Some(default) => {
                let checked = to_json(default.as_ref()).and_then(|value| kind.accept(&value));
                Some(checked.map_err(|what| {
                    (Some(default.span().start), sentence(&format!("The default of “{name}” {what}")))
                })?)
            }
            None => None,
        };
        Ok(Setting { kind, default, meaning: self.meaning })
    }
}

/// A TOML value as JSON; a date or time becomes its text. JSON has no infinite numbers.
pub(crate) fn to_json(value: &toml::Value) -> Result<Json, String> {
    Ok(match value {
        toml::Value::String(text) => Json::from(text.as_str()),
        toml::Value::Integer(number) => Json::from(*number),
        toml::Value::Float(number) if number.is_finite() => Json::from(*number),
        toml::Value::Float(number) => return Err(format!("must be finite, but is {number}")),
        toml::Value::Boolean(truth) => Json::from(*truth),
        toml::Value::Datetime(moment) => Json::from(moment.to_string()),
        toml::Value::Array(values) => Json::Array(values.iter().map(to_json).collect::<Result<_, _>>()?),
        toml::Value::Table(table) => Json::Object(
            table
                .iter()
                .map(|(key, value)| Ok((key.clone(), to_json(value)?)))
                .collect::<Result<_, String>>()?,
        ),
    })
}
