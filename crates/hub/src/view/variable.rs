//! What whoever looks at a view may set, in its address: `{limit}` in the texts of the view stands for what was said, or else
//! for the default. What braces mean is known to [`super::braces`].

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::braces;
use super::definition::{Given, Placement};
use super::problem::{Place, Problem};
use super::query::Query;

/// Names that every view has beside its variables: the id and the name of its device, or of that of the section.
pub(crate) const OWN_NAMES: &[&str] = &["device", "name"];

/// Something that can be set.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Variable {
    /// Its name.
    pub(crate) name: String,
    /// Its value where nothing was said: a text, a number, or true or false. What is said is read as one of the same.
    pub(crate) default: Json,
    /// What people call it.
    pub(crate) label: String,
    /// What it may be; anything where it is empty.
    pub(crate) choices: Vec<Json>,
    /// Where it was written.
    pub(crate) place: Place,
}

impl Variable {
    /// What was said of it, or else its default; and what is wrong with what was said.
    fn value(&self, query: &Query) -> (Json, Option<Problem>) {
        let Some(said) = query.get(&self.name) else { return (self.default.clone(), None) };
        let wrong = |expected: &str| {
            let what = format!("“{}” must be {expected}, but the address says “{said}”.", self.name);
            (self.default.clone(), Some(Problem::new(self.place.clone(), what)))
        };
        let Some(value) = read_as(&self.default, said) else { return wrong(kind_of(&self.default)) };
        if self.choices.is_empty() || self.choices.contains(&value) {
            return (value, None);
        }
        let choices: Vec<String> = self.choices.iter().map(text_of).collect();
        wrong(&format!("one of {}", choices.join(", ")))
    }
}

/// A text as the same kind of value as `like`.
fn read_as(like: &Json, text: &str) -> Option<Json> {
    match like {
        Json::Number(_) => serde_json::from_str(text.trim()).ok().filter(Json::is_number),
        Json::Bool(_) => serde_json::from_str(text.trim()).ok().filter(Json::is_boolean),
        _ => Some(Json::from(text)),
    }
}

fn kind_of(value: &Json) -> &'static str {
    match value {
        Json::Number(_) => "a number",
        Json::Bool(_) => "true or false",
        _ => "a text",
    }
}

/// A value as it stands in a text.
pub(crate) fn text_of(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What each name of a view stands for at the moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Values(BTreeMap<String, Json>);

impl Values {
    /// What was said of these variables, or else their defaults; and what is wrong with what was said.
    pub(crate) fn of(variables: &[Variable], query: &Query) -> (Self, Vec<Problem>) {
        let mut wrong = Vec::new();
        let value = |variable: &Variable| {
            let (value, problem) = variable.value(query);
            wrong.extend(problem);
            (variable.name.clone(), value)
        };
        let values = variables.iter().map(value).collect();
        (Self(values), wrong)
    }

    /// The same for a device: its id and its name.
    pub(crate) fn for_device(&self, id: &str, name: &str) -> Self {
        let mut values = self.0.clone();
        values.insert("device".to_owned(), Json::from(id));
        values.insert("name".to_owned(), Json::from(name));
        Self(values)
    }

    /// The same with others, which outrank them.
    pub(crate) fn with(&self, others: impl IntoIterator<Item = (String, Json)>) -> Self {
        let mut values = self.0.clone();
        values.extend(others);
        Self(values)
    }

    /// The value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// A text, filled in. An own name that stands for nothing yet is nothing.
    pub(crate) fn fill(&self, text: &str) -> String {
        braces::fill(text, true, |name| match self.0.get(name) {
            None if OWN_NAMES.contains(&name) => Some(String::new()),
            value => value.map(text_of),
        })
    }

    /// A value with its texts filled in; one that is nothing but a name is the value of that name, as it is.
    pub(crate) fn fill_value(&self, value: &Json) -> Json {
        map_texts(value, &|text| self.only(text).unwrap_or_else(|| Json::from(self.fill(text))))
    }

    fn only(&self, text: &str) -> Option<Json> {
        braces::only_name(text).and_then(|name| self.0.get(name)).cloned()
    }

    /// A component with its texts filled in.
    pub(crate) fn fill_placement(&self, placed: &Placement) -> Placement {
        let mut filled = placed.clone();
        for text in [&mut filled.device, &mut filled.channel, &mut filled.label].into_iter().flatten() {
            *text = self.fill(text);
        }
        for setting in &mut filled.settings {
            if let Given::Value(value) = &setting.value {
                setting.value = Given::Value(self.fill_value(value));
            }
        }
        filled
    }

    /// What an included file is told, put into one of its texts. What else is in braces stays for later.
    pub(crate) fn fill_told(&self, text: &str) -> String {
        braces::fill(text, false, |name| self.0.get(name).map(text_of))
    }

    /// The same for a value.
    pub(crate) fn fill_told_value(&self, value: &Json) -> Json {
        map_texts(value, &|text| self.only(text).unwrap_or_else(|| Json::from(self.fill_told(text))))
    }
}

impl FromIterator<(String, Json)> for Values {
    fn from_iter<I: IntoIterator<Item = (String, Json)>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

/// A value with something else in the place of each text in it.
fn map_texts(value: &Json, text: &dyn Fn(&str) -> Json) -> Json {
    match value {
        Json::String(content) => text(content),
        Json::Array(values) => values.iter().map(|value| map_texts(value, text)).collect(),
        Json::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), map_texts(value, text))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn values() -> Values {
        let values = [("limit", json!(80)), ("room", json!("north"))];
        values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    #[test]
    fn a_name_in_braces_is_filled_in_and_nothing_else() {
        let values = values().for_device("pump-7", "Pump 7");
        assert_eq!(values.fill("{room}: {name} ({device}) over {limit}"), "north: Pump 7 (pump-7) over 80");
        assert_eq!(
            values.fill("{{room}} {Room} { room } {\"a\":1} {} {"),
            "{room} {Room} { room } {\"a\":1} {} {"
        );
        assert_eq!(values.fill("{other}"), "{other}");
    }

    #[test]
    fn a_text_that_is_a_name_alone_is_its_value() {
        assert_eq!(values().fill_value(&json!(["{limit}", "{limit} °C"])), json!([80, "80 °C"]));
    }

    #[test]
    fn a_device_that_is_not_there_has_no_name() {
        assert_eq!(values().fill("Pump {device}"), "Pump ");
    }

    #[test]
    fn what_is_said_is_read_as_what_the_default_is() {
        let place = Place::whole("views/a.toml");
        let variable = |default: Json, choices: Vec<Json>| Variable {
            name: "x".to_owned(),
            default,
            label: String::new(),
            choices,
            place: place.clone(),
        };
        let said = |variable: &Variable, text: &str| {
            let (value, problem) = variable.value(&Query::new([("x".to_owned(), text.to_owned())]));
            (value, problem.map(|problem| problem.what))
        };
        let number = variable(json!(5), Vec::new());
        assert_eq!(said(&number, "7.5"), (json!(7.5), None));
        let what = "“x” must be a number, but the address says “many”.".to_owned();
        assert_eq!(said(&number, "many"), (json!(5), Some(what)));
        let choice = variable(json!("north"), vec![json!("north"), json!("south")]);
        assert_eq!(said(&choice, "south").0, json!("south"));
        let what = "“x” must be one of north, south, but the address says “west”.".to_owned();
        assert_eq!(said(&choice, "west"), (json!("north"), Some(what)));
    }

    #[test]
    fn an_included_file_is_told_first_and_filled_in_later() {
        let told: Values = [("n".to_owned(), json!(3))].into_iter().collect();
        assert_eq!(told.fill_told("{room} {n} {{n}}"), "{room} 3 {{n}}");
        assert_eq!(braces::names_in("{a} {{b}} {c}"), ["a", "c"]);
    }
}
