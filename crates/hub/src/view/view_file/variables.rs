//! The variables of a view: a name with its default alone, or a table that says more.

use serde_json::Value as Json;
use toml::de::DeValue;

use super::entry::{Entry, Source, kind_of};
use crate::view::braces::is_name;
use crate::view::filters::humanize;
use crate::view::limits::{NAME_CHARS_MAX, VARIABLES_MAX};
use crate::view::problem::{Problem, did_you_mean, nearest};
use crate::view::variable::{OWN_NAMES, Variable, text_of};

/// The keys of a variable that is a table.
const KEYS: &[&str] = &["choices", "default", "label"];

/// Names that mean something in the address of any page.
const TAKEN: &[&str] = &["good", "kiosk", "query", "theme"];

/// The variables, and what is wrong with some of them.
pub(super) fn read(file: &Source<'_>, entry: &Entry<'_>) -> Result<(Vec<Variable>, Vec<Problem>), String> {
    let table = entry.value.get_ref().as_table();
    let table = table.ok_or_else(|| {
        format!("“variables” must be a table, but is {}: write [variables] above them.", kind_of(entry.value))
    })?;
    let (mut variables, mut wrong) = (Vec::new(), Vec::new());
    for (at, entry) in file.entries(table).iter().enumerate() {
        let read = match at {
            at if at >= VARIABLES_MAX => Err(format!("A view has at most {VARIABLES_MAX} variables.")),
            _ => variable(file, entry),
        };
        match read {
            Ok(variable) => variables.push(variable),
            Err(what) => wrong.push(Problem::new(entry.place.clone(), what)),
        }
    }
    Ok((variables, wrong))
}

fn variable(file: &Source<'_>, entry: &Entry<'_>) -> Result<Variable, String> {
    check_name(entry.name)?;
    let mut variable = Variable {
        name: entry.name.to_owned(),
        default: Json::Null,
        label: humanize(entry.name),
        choices: Vec::new(),
        place: entry.place.clone(),
    };
    match entry.value.get_ref() {
        DeValue::Table(table) => {
            for key in file.entries(table) {
                match key.name {
                    "default" => variable.default = key.json()?,
                    "label" => variable.label = key.text()?,
                    "choices" => variable.choices = choices(&key)?,
                    name => return Err(unknown_key(name)),
                }
            }
        }
        _ => variable.default = entry.json()?,
    }
    if variable.default.is_null() {
        variable.default = variable.choices.first().cloned().unwrap_or_else(|| Json::from(""));
    }
    check_values(&variable)?;
    Ok(variable)
}

fn choices(entry: &Entry<'_>) -> Result<Vec<Json>, String> {
    let choices = entry.json()?.as_array().cloned().unwrap_or_default();
    if choices.is_empty() { Err("“choices” must be a list of values.".to_owned()) } else { Ok(choices) }
}

fn unknown_key(name: &str) -> String {
    let near = nearest(name, KEYS.iter().copied());
    match near {
        Some(_) => format!("A variable has no key “{name}”.{}", did_you_mean(name, KEYS.iter().copied())),
        None => format!("A variable has no key “{name}”, but {}.", KEYS.join(", ")),
    }
}

fn check_name(name: &str) -> Result<(), String> {
    if OWN_NAMES.contains(&name) || TAKEN.contains(&name) {
        return Err(format!("A variable cannot be named “{name}”: that name means something else already."));
    }
    if is_name(name) && name.len() <= NAME_CHARS_MAX {
        return Ok(());
    }
    Err(format!(
        "“{name}” cannot be the name of a variable: at most {NAME_CHARS_MAX} of a-z, 0-9 and “_”, a letter first."
    ))
}

/// All values of a variable are of one kind, so that what the address says can be read as that.
fn check_values(variable: &Variable) -> Result<(), String> {
    let name = &variable.name;
    let kind = std::mem::discriminant(&variable.default);
    if !(variable.default.is_string() || variable.default.is_number() || variable.default.is_boolean()) {
        return Err(format!("“{name}” must be a text, a number, or true or false."));
    }
    if variable.choices.iter().any(|choice| std::mem::discriminant(choice) != kind) {
        return Err(format!("The choices of “{name}” must be of the same kind as its default."));
    }
    if !variable.choices.is_empty() && !variable.choices.contains(&variable.default) {
        return Err(format!("“{}” is not one of the choices of “{name}”.", text_of(&variable.default)));
    }
    Ok(())
}
