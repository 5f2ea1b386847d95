//! The settings of a component as the gallery shows them: a field for each, and the lines of a view that say the same.

use minijinja::Value;
use minijinja::value::Serde;
use serde_json::{Map, Value as Json, json};

use super::super::manifest::{Direction, Manifest, Setting, SettingType};
use super::super::sample::Case;
use super::asked::{Instead, SETTING};

/// Channel in the example, as a person would name one.
const CHANNEL: &str = "temperature";

/// All settings, as the template of the gallery sees them. `given` is in the fields, or else what the case says.
pub(super) fn fields(manifest: &Manifest, case: &Case, given: Option<&Instead>) -> Value {
    let held = |name: &str| match given {
        Some(given) => given.settings.iter().find(|(said, _)| said == name).map(|(_, text)| text.clone()),
        None => case.settings.get(name).map(text_of),
    };
    let field = |(name, setting): (&String, &Setting)| {
        json!({
            "name": name,
            "query": format!("{SETTING}{name}"),
            "type": type_of(&setting.kind),
            "choices": choices(&setting.kind),
            "default": setting.default.as_ref().map(text_of),
            "meaning": setting.meaning,
            "held": held(name).unwrap_or_default(),
        })
    };
    let fields: Vec<Json> = manifest.settings.iter().map(field).collect();
    Value::from(Serde(&fields))
}

fn type_of(kind: &SettingType) -> &'static str {
    match kind {
        SettingType::Number => "number",
        SettingType::Text => "text",
        SettingType::Boolean => "boolean",
        SettingType::Choice(_) => "choice",
        SettingType::Json => "json",
    }
}

/// What may be chosen, where something is.
fn choices(kind: &SettingType) -> Vec<&str> {
    match kind {
        SettingType::Choice(choices) => choices.iter().map(String::as_str).collect(),
        SettingType::Boolean => vec!["true", "false"],
        _ => Vec::new(),
    }
}

/// As it would be written into a field: a text as itself, anything else as JSON.
fn text_of(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The lines of a view in TOML that place the component with these settings.
pub(super) fn lines(kind: &str, manifest: &Manifest, case: &Case, given: Option<&Instead>) -> String {
    let mut lines = vec!["[[component]]".to_owned(), line("kind", &Json::from(kind))];
    if case.channel().is_some() {
        let channel = if manifest.direction == Direction::Output { CHANNEL } else { "setpoint" };
        lines.push(line("channel", &Json::from(channel)));
    }
    let settings: Map<String, Json> = match given {
        None => case.settings.clone(),
        Some(given) => {
            let common = [("label", &given.label), ("span", &given.span)];
            let common = common.into_iter().filter(|(_, text)| !text.is_empty());
            lines.extend(common.map(|(name, text)| line(name, &number_or_text(text))));
            let said = given.settings.iter().filter(|(_, text)| !text.is_empty());
            said.filter_map(|(name, text)| {
                Some((name.clone(), manifest.settings.get(name)?.kind.parse(text).ok()?))
            })
            .collect()
        }
    };
    lines.extend(settings.iter().map(|(name, value)| line(name, value)));
    lines.join("\n")
}

fn number_or_text(text: &str) -> Json {
    text.parse::<u8>().map_or_else(|_| Json::from(text), Json::from)
}

fn line(name: &str, value: &Json) -> String {
    // What TOML has no word for (`null`) is left to the reader.
    let value = toml::Value::try_from(value).map_or_else(|_| value.to_string(), |value| value.to_string());
    format!("{name} = {value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_written_as_toml_has_it() {
        assert_eq!(line("unit", &json!("°C")), "unit = \"°C\"");
        assert_eq!(line("channels", &json!(["a", "b"])), "channels = [\"a\", \"b\"]");
        assert_eq!(line("min", &json!(-20)), "min = -20");
    }
}
