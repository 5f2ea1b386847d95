//! Where whoever looks chooses the device of a view, and what its variables are: a form whose answer is an address, so that
//! what was chosen can be kept, sent to somebody, and gone back from.

use minijinja::Value;

use super::context::Lists;
use super::data::DeviceRow;
use super::definition::View;
use super::library::Library;
use super::limits::CHOICES_MAX;
use super::problem::Problem;
use super::query::Query;
use super::selection::Selection;
use super::shell::path_of;
use super::variable::{Values, Variable, text_of};

/// Its template.
const TEMPLATE: &str = "web/chooser.html";

/// The devices that a view may show, and the one that it shows.
pub(crate) struct Choice {
    /// Id and name of each, [`CHOICES_MAX`] at most.
    devices: Vec<(String, String)>,
    total: usize,
    /// The one that is shown; nothing where there is none, or the one that was asked for is none of them.
    pub(crate) chosen: Option<String>,
    /// The one that was asked for and is none of them.
    missing: Option<String>,
    said: String,
}

impl Choice {
    /// Chooses the one that was asked for; else `first`, if it is one of them; else the first there is.
    pub(crate) fn of(
        lists: &Lists<'_>,
        devices: &Selection,
        asked: Option<&str>,
        first: Option<&str>,
    ) -> Self {
        // Looked for on the way: it may stand behind those that are listed.
        let wanted = asked.or(first);
        let mut found = None;
        let fits = |row: &DeviceRow| {
            let fits = devices.fits(row);
            if fits && wanted == Some(&row.id) {
                found = Some(row.id.clone());
            }
            fits
        };
        let (fitting, total) = lists.devices_that(fits, CHOICES_MAX);
        let any = || fitting.first().map(|row| row.id.clone());
        let chosen = if asked.is_some() { found } else { found.or_else(any) };
        let missing = asked.filter(|_| chosen.is_none()).map(str::to_owned);
        Self {
            devices: fitting.into_iter().map(|row| (row.id, row.name)).collect(),
            total,
            chosen,
            missing,
            said: devices.said().to_owned(),
        }
    }

    fn value(&self) -> Value {
        let row = |(id, name): &(String, String)| {
            Value::from_pairs([("id", Value::from(id.as_str())), ("name", Value::from(name.as_str()))])
        };
        let text = |text: &Option<String>| text.as_deref().map_or(Value::UNDEFINED, Value::from);
        Value::from_pairs([
            ("devices", Value::from(self.devices.iter().map(row).collect::<Vec<_>>())),
            ("total", Value::from(self.total)),
            ("all", Value::from(self.total <= self.devices.len())),
            ("chosen", text(&self.chosen)),
            ("missing", text(&self.missing)),
            ("said", Value::from(self.said.as_str())),
        ])
    }
}

/// What can be chosen on a page.
pub(crate) struct Chooser<'a> {
    pub(crate) view: &'a View,
    pub(crate) choice: Option<&'a Choice>,
    pub(crate) values: &'a Values,
    pub(crate) query: &'a Query,
}

impl Chooser<'_> {
    /// Its form; empty where there is nothing to choose.
    pub(crate) fn html(&self, library: &Library) -> Result<String, Problem> {
        let chosen: Vec<&Variable> =
            self.view.variables.iter().filter(|variable| !variable.choices.is_empty()).collect();
        if self.choice.is_none() && chosen.is_empty() {
            return Ok(String::new());
        }
        let is_chosen = |name: &str| {
            name == "device" && self.choice.is_some() || chosen.iter().any(|variable| variable.name == name)
        };
        // What else the address says stays in it.
        let kept = self.query.iter().filter(|(name, _)| !is_chosen(name));
        let pair =
            |(name, text)| Value::from_pairs([("name", Value::from(name)), ("text", Value::from(text))]);
        let variables = Value::from_pairs([
            ("path", Value::from(path_of(&self.view.name))),
            ("choice", self.choice.map_or(Value::UNDEFINED, Choice::value)),
            ("variables", chosen.iter().map(|variable| self.variable(variable)).collect()),
            ("kept", kept.map(pair).collect()),
        ]);
        let template = library.templates.get_template(TEMPLATE);
        let template = template.map_err(|error| Problem::from_template(TEMPLATE, "", &error))?;
        let html = template.render(variables);
        html.map_err(|error| Problem::from_template(TEMPLATE, template.source(), &error))
    }

    fn variable(&self, variable: &Variable) -> Value {
        let value = self.values.get(&variable.name).unwrap_or(&variable.default);
        Value::from_pairs([
            ("name", Value::from(variable.name.as_str())),
            ("label", Value::from(variable.label.as_str())),
            ("value", Value::from(text_of(value))),
            ("choices", variable.choices.iter().map(text_of).collect()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Presence;
    use crate::view::data::{DeviceData, Scene};

    /// A boiler and two pumps.
    struct Three;

    impl Scene for Three {
        fn now_ms(&self) -> i64 {
            0
        }

        fn device(&self, _: &str) -> Option<DeviceData> {
            None
        }

        fn each_device(&self, see: &mut dyn FnMut(DeviceRow)) {
            for id in ["boiler-1", "pump-1", "pump-2"] {
                let (id, name, labels) = (id.to_owned(), id.to_owned(), Vec::new());
                let presence = Presence::Online;
                see(DeviceRow { id, name, labels, presence, since: 0, gateway: None, channels: 0 });
            }
        }
    }

    fn choice(asked: Option<&str>, first: Option<&str>) -> Choice {
        let pumps = Selection::of_ids(&["pump-*".to_owned()]).expect("a pattern");
        Choice::of(&Lists::new(&Three), &pumps, asked, first)
    }

    #[test]
    fn the_device_that_was_asked_for_is_shown() {
        assert_eq!(choice(Some("pump-2"), Some("pump-1")).chosen.as_deref(), Some("pump-2"));
        assert_eq!(choice(None, Some("pump-2")).chosen.as_deref(), Some("pump-2"));
        assert_eq!(choice(None, Some("boiler-1")).chosen.as_deref(), Some("pump-1"));
    }

    #[test]
    fn another_device_is_not_shown_in_its_place() {
        let choice = choice(Some("boiler-1"), Some("pump-1"));
        assert_eq!((choice.chosen, choice.missing.as_deref()), (None, Some("boiler-1")));
    }
}
