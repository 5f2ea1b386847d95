//! Warnings and alarms: how a number stands to the limits that a view gives or a device describes. `web/alarm.js` says the same
//! of every value that comes later.

use minijinja::Environment;
use minijinja::value::{Value, ValueKind};

/// The limits from the gravest: the setting, how grave it is to be beyond it, and on which side that is.
const LIMITS: &[(&str, &str, &str)] = &[
    ("alarm_above", "alarm", "above"),
    ("alarm_below", "alarm", "below"),
    ("warn_above", "warning", "above"),
    ("warn_below", "warning", "below"),
];

/// The settings that are limits.
pub(crate) const SETTINGS: &[&str] = &["alarm_above", "alarm_below", "warn_above", "warn_below"];

/// Makes the filter `alarm(settings)` known: the gravest limit that a number is beyond, as `{level, side, limit}`. Undefined where it is
/// beyond none, and for what is no number. A number that is exactly at a limit is not beyond it.
pub(crate) fn add_to(templates: &mut Environment<'static>) {
    templates.add_filter("alarm", alarm);
}

fn alarm(value: &Value, settings: &Value) -> Value {
    let Some(number) = number(value) else { return Value::UNDEFINED };
    let beyond = LIMITS.iter().find_map(|(name, level, side)| {
        let limit = number_of(settings, name)?;
        let is_beyond = if *side == "above" { number > limit } else { number < limit };
        is_beyond.then(|| {
            Value::from_pairs([
                ("level", Value::from(*level)),
                ("side", Value::from(*side)),
                ("limit", Value::from(limit)),
            ])
        })
    });
    beyond.unwrap_or(Value::UNDEFINED)
}

fn number_of(settings: &Value, name: &str) -> Option<f64> {
    number(&settings.get_attr(name).ok()?)
}

fn number(value: &Value) -> Option<f64> {
    (value.kind() == ValueKind::Number).then(|| f64::try_from(value.clone()).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    fn rendered(value: Value) -> String {
        let mut templates = Environment::new();
        add_to(&mut templates);
        let settings = context! { warn_below => 10, warn_above => 60, alarm_above => 80.5 };
        let template =
            "{% set a = v|alarm(settings) %}{% if a %}{{ a.level }} {{ a.side }} {{ a.limit }}{% endif %}";
        templates.render_str(template, context! { v => value, settings => settings }).expect("it renders")
    }

    #[test]
    fn the_gravest_limit_that_a_number_is_beyond_is_told() {
        assert_eq!(rendered(Value::from(81)), "alarm above 80.5");
        assert_eq!(rendered(Value::from(80.5)), "warning above 60.0");
        assert_eq!(rendered(Value::from(9)), "warning below 10.0");
    }

    #[test]
    fn what_is_within_or_no_number_is_no_alarm() {
        for value in
            [Value::from(10), Value::from(60), Value::from("hot"), Value::UNDEFINED, Value::from(true)]
        {
            assert_eq!(rendered(value.clone()), "", "{value}");
        }
    }
}
