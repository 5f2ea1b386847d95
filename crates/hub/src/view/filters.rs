//! What templates can do with values, beside what the template language brings. The browser runtime says the same of the
//! same value, in the reader's own conventions, so that nothing jumps when it takes over.

use std::fmt::Write;

use minijinja::value::{Kwargs, StringInput, Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State};

use super::deadline;
use super::escape::escape;
use super::limits::{JSON_BYTES_MAX, VALUE_DEPTH_MAX};
use super::look::Numbers;
use super::value::Digits;

/// Most decimals shown unless `digits` asks for more.
const DECIMALS_MAX: usize = 3;

/// From this size on numbers are written with a power of ten.
const SCIENTIFIC_FROM: f64 = 1e12;

/// Most decimals that can be asked for.
const DIGITS_MAX: i64 = 20;

/// The variable of a template that says how numbers are written. Within a macro it is not seen: English is written there.
pub(crate) const NUMBERS: &str = "reader_numbers";

const DAY_MS: i64 = 86_400_000;

/// Adds all filters to an environment.
pub(crate) fn add_to(templates: &mut Environment<'static>) {
    templates.add_filter("number", number_filter);
    templates.add_filter("json", json);
    templates.add_filter("time", time_filter);
    templates.add_filter("scale", scale);
    templates.add_filter("humanize", humanize_filter);
    // The template language's own write whatever they are given, however large that becomes.
    templates.add_filter("tojson", to_json);
    templates.add_filter("string", string);
    templates.add_filter("join", join);
    templates.remove_filter("pprint");
    templates.remove_global("debug");
}

/// How expressions are written: as HTML expects it, `true` rather than `True`, and nothing for what is absent.
pub(crate) fn write(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    deadline::check()?;
    check_size(value)?;
    match value.kind() {
        ValueKind::None => Ok(()),
        ValueKind::Bool => out.write_str(if value.is_true() { "true" } else { "false" }).map_err(Error::from),
        // A whole number without a point, as browsers write it.
        ValueKind::Number if as_float(value).is_some_and(|number| number.abs() < SCIENTIFIC_FROM) => {
            write!(out, "{}", as_float(value).unwrap_or_default()).map_err(Error::from)
        }
        ValueKind::Undefined => minijinja::escape_formatter(out, state, value),
        _ if value.is_safe() || *state.auto_escape() == AutoEscape::None => {
            write!(out, "{value}").map_err(Error::from)
        }
        _ => out.write_str(&escape(&value.to_string())).map_err(Error::from),
    }
}

/// `wind_speed` → `Wind speed`.
pub(crate) fn humanize(name: &str) -> String {
    let words: Vec<&str> = name.split(['_', '-', ' ']).filter(|word| !word.is_empty()).collect();
    let words = words.join(" ");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Milliseconds since 1970 as `2025-11-22T21:44:07.123Z`; nothing beyond the years that ISO 8601 can write.
pub(crate) fn time(ms: i64) -> String {
    let (year, month, day) = date(ms.div_euclid(DAY_MS));
    if !(0..=9999).contains(&year) {
        return String::new();
    }
    let of_day = ms.rem_euclid(DAY_MS);
    let (hours, minutes, seconds) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", of_day % 1000)
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar. Counts in eras of 400 years that
/// begin on the first of March, so that the leap day is the last of its year.
fn date(day: i64) -> (i64, i64, i64) {
    let from_march_of_0 = day.saturating_add(719_468);
    let era = from_march_of_0.div_euclid(146_097);
    let of_era = from_march_of_0.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// A number as people read it, with as many decimals as say something or exactly `digits`.
pub(crate) fn number(number: f64, digits: Option<usize>) -> String {
    if !number.is_finite() {
        return "–".to_owned();
    }
    let digits = digits.unwrap_or_else(|| decimals(number));
    let size = number.abs();
    let smallest = 10f64.powi(-i32::try_from(digits.max(DECIMALS_MAX)).unwrap_or(i32::MAX));
    let text = if size != 0.0 && (size >= SCIENTIFIC_FROM || size < smallest) {
        scientific(number)
    } else {
        grouped(&rounded(number, digits))
    };
    text.replace('-', "−")
}

/// With exactly `digits` decimals, a tie rounded away from zero as browsers do it.
fn rounded(number: f64, digits: usize) -> String {
    // The digits of a tie end right behind the last one wanted; this many more would show it if they did not.
    const MORE: usize = 60;
    let exact = format!("{:.1$}", number.abs(), digits + MORE);
    let is_tie = exact[exact.len() - MORE..].trim_end_matches('0') == "5";
    let number = match (is_tie, number < 0.0) {
        (false, _) => number,
        (true, false) => number.next_up(),
        (true, true) => number.next_down(),
    };
    format!("{number:.digits$}")
}

/// How many decimals a number has as written, at most [`DECIMALS_MAX`]; fewer for large ones, where they say nothing.
fn decimals(number: f64) -> usize {
    let most = match number.abs() {
        size if size >= 10_000.0 => 0,
        size if size >= 1000.0 => 1,
        size if size >= 100.0 => 2,
        _ => DECIMALS_MAX,
    };
    let text = rounded(number, most);
    text.split_once('.').map_or(0, |(_, decimals)| decimals.trim_end_matches('0').len())
}

fn scientific(number: f64) -> String {
    let text = format!("{number:.DECIMALS_MAX$e}");
    match text.split_once('e') {
        Some((mantissa, power)) if mantissa.contains('.') => {
            format!("{}E{power}", mantissa.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text,
    }
}

/// Thousands apart, from five digits on.
fn grouped(text: &str) -> String {
    let (whole, decimals) = text.find('.').map_or((text, ""), |at| text.split_at(at));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let mut grouped = sign.to_owned();
    for (index, digit) in whole.char_indices() {
        if index > 0 && whole.len() > 4 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + decimals
}

fn number_filter(state: &State, value: &Value, digits: Option<i64>) -> String {
    let digits = digits.map(|digits| usize::try_from(digits.clamp(0, DIGITS_MAX)).unwrap_or_default());
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => "–".to_owned(),
        ValueKind::Bool => if value.is_true() { "On" } else { "Off" }.to_owned(),
        _ => as_float(value).map_or_else(
            || value.to_string(),
            |value| {
                let numbers = state.lookup(NUMBERS);
                Numbers::of_text(numbers.as_ref().and_then(Value::as_str)).write(&number(value, digits))
            },
        ),
    }
}

fn as_float(value: &Value) -> Option<f64> {
    value.is_number().then(|| f64::try_from(value.clone()).ok()).flatten()
}

fn time_filter(value: &Value) -> String {
    // A time that came through arithmetic in a template may be a float.
    value.as_i64().or_else(|| as_float(value).map(|ms| ms as i64)).map(time).unwrap_or_default()
}

fn humanize_filter(name: &str) -> String {
    humanize(name)
}

/// Where a value lies between `min` and `max`, mapped to `to_min` … `to_max` and never beyond; `to_min` when it is no
/// number. Rounded to three decimals: it goes into SVG attributes.
fn scale(value: &Value, min: f64, max: f64, to_min: f64, to_max: f64) -> f64 {
    let part = as_float(value).map_or(0.0, |value| (value - min) / (max - min));
    let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 };
    let scaled = to_min + part * (to_max - to_min);
    (scaled * 1000.0).round() / 1000.0
}

/// A value as JSON text, one member a line. What the template language cannot say in JSON is a text.
pub(crate) fn json(value: &Value) -> Result<String, Error> {
    deadline::check()?;
    let mut out = String::new();
    write_json(&mut out, value, 0)?;
    Ok(out)
}

fn write_json(out: &mut String, value: &Value, depth: usize) -> Result<(), Error> {
    if depth > VALUE_DEPTH_MAX {
        return Err(too_deep());
    }
    if out.len() > JSON_BYTES_MAX {
        return Err(too_long());
    }
    if let Some(Digits(digits)) = value.downcast_object_ref() {
        out.push_str(digits);
        return Ok(());
    }
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => out.push_str("null"),
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        // `{}` writes a whole float without a point, as browsers do.
        ValueKind::Number => match as_float(value).filter(|_| !value.is_integer()) {
            Some(number) => write!(out, "{number}")?,
            None => write!(out, "{value}")?,
        },
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter()?.map(|item| (None, item));
            write_items(out, ['[', ']'], items, depth)?;
        }
        ValueKind::Map => {
            let keys = value.try_iter()?;
            let items = keys.map(|key| (Some(key.to_string()), value.get_item(&key).unwrap_or_default()));
            write_items(out, ['{', '}'], items, depth)?;
        }
        _ => out.push_str(&quoted(&value.to_string())),
    }
    Ok(())
}

fn to_json(value: &Value, indent: Option<Value>, options: Kwargs) -> Result<Value, Error> {
    check_size(value)?;
    minijinja::filters::tojson(value, indent, options)
}

fn string(state: &State, value: &Value) -> Result<Value, Error> {
    check_size(value)?;
    minijinja::filters::string(state, value)
}

fn join(
    state: &mut State,
    value: &Value,
    joiner: Option<StringInput<'_>>,
    attribute: Option<&str>,
    options: Kwargs,
) -> Result<Value, Error> {
    check_size(value)?;
    minijinja::filters::join(state, value, joiner, attribute, options)
}

fn too_deep() -> Error {
    let what = format!("Lists and objects lie more than {VALUE_DEPTH_MAX} deep in each other here");
    Error::new(ErrorKind::InvalidOperation, what)
}

fn too_long() -> Error {
    let what = format!("As text this is longer than {JSON_BYTES_MAX} bytes");
    Error::new(ErrorKind::InvalidOperation, what)
}

/// Looks whether a value can be written as text: the template language itself knows no end there. A few lists that lie in each
/// other twice each are a text without end, and one that lies deep is too.
fn check_size(value: &Value) -> Result<(), Error> {
    let holds = |kind| matches!(kind, ValueKind::Seq | ValueKind::Map | ValueKind::Iterable);
    if !holds(value.kind()) {
        return Ok(());
    }
    let mut bytes = 0;
    let mut open = vec![(value.clone(), 0)];
    while let Some((value, depth)) = open.pop() {
        if depth > VALUE_DEPTH_MAX && holds(value.kind()) {
            return Err(too_deep());
        }
        bytes += value.as_str().map_or(1, str::len);
        if bytes + open.len() > JSON_BYTES_MAX {
            return Err(too_long());
        }
        let (true, Ok(items)) = (holds(value.kind()), value.try_iter()) else { continue };
        let is_map = value.kind() == ValueKind::Map;
        let within = items.map(|item| if is_map { value.get_item(&item).unwrap_or_default() } else { item });
        open.extend(within.map(|item| (item, depth + 1)));
    }
    Ok(())
}

fn write_items(
    out: &mut String,
    [open, close]: [char; 2],
    items: impl Iterator<Item = (Option<String>, Value)>,
    depth: usize,
) -> Result<(), Error> {
    out.push(open);
    let mut empty = true;
    for (key, item) in items {
        out.push_str(if empty { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        empty = false;
        if let Some(key) = key {
            write!(out, "{}: ", quoted(&key))?;
        }
        write_json(out, &item, depth + 1)?;
    }
    if !empty {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    }
    out.push(close);
    Ok(())
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::value::from_json;

    #[test]
    fn numbers_read_well() {
        let auto = [
            (21.5, "21.5"),
            (0.1 + 0.2, "0.3"),
            (-4.0, "−4"),
            (1013.25, "1013.3"),
            (101_325.4, "101,325"),
            (0.0, "0"),
            (1234.0, "1234"),
            (0.00012, "1.2E−4"),
            (1.5e15, "1.5E15"),
            (f64::NAN, "–"),
        ];
        for (value, text) in auto {
            assert_eq!(number(value, None), text, "{value}");
        }
        assert_eq!(number(21.5, Some(2)), "21.50");
        assert_eq!(number(20.5, Some(0)), "21");
        assert_eq!(number(-0.125, Some(2)), "−0.13");
        assert_eq!(number(0.15, Some(1)), "0.1", "which is a little less than it looks");
    }

    #[test]
    fn times_are_iso_8601() {
        assert_eq!(time(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(time(1_763_846_847_123), "2025-11-22T21:27:27.123Z");
        assert_eq!(time(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(time(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(time(i64::MAX), "");
    }

    #[test]
    fn scale_stays_within() {
        assert_eq!(scale(&Value::from(15), -20.0, 50.0, 0.0, 100.0), 50.0);
        assert_eq!(scale(&Value::from(99), -20.0, 50.0, 0.0, 100.0), 100.0);
        assert_eq!(scale(&Value::UNDEFINED, -20.0, 50.0, 7.0, 100.0), 7.0);
        assert_eq!(scale(&Value::from(1), 1.0, 1.0, 7.0, 100.0), 7.0);
    }

    #[test]
    fn json_keeps_order_and_digits() {
        let text = "{\n  \"b\": 1e400,\n  \"a\": [\n    1.5,\n    2,\n    {}\n  ],\n  \"s\": \"x\\\"\"\n}";
        assert_eq!(json(&from_json(text)).expect("it can be written"), text);
    }

    #[test]
    fn names_read_well() {
        assert_eq!(humanize("wind_speed"), "Wind speed");
        assert_eq!(humanize("__"), "");
    }
}
