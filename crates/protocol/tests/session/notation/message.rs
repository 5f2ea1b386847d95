//! A message in words and the same as JSON.

use serde_json::value::RawValue;
use std::collections::BTreeMap;

type Members = BTreeMap<String, Box<RawValue>>;

/// Members whose value is `true` when none follows.
const FLAGS: [&str; 2] = ["boot", "ok"];

/// What begins a message that names its members; anything else is samples.
const KINDS: [&str; 14] = [
    "identify", "welcome", "ack", "nak", "window", "need", "error", "bye", "command", "result", "skip",
    "describe", "channel", "values",
];

/// The line that a message in words stands for, without its end.
pub(crate) fn line(words: &str) -> String {
    if words.starts_with('{') {
        return words.to_owned();
    }
    if let Some(text) = words.strip_prefix("raw ") {
        return text.to_owned();
    }
    let words: Vec<&str> = words.split_whitespace().collect();
    match words[..] {
        ["heartbeat"] => String::new(),
        ["error", ref rest @ ..] => format!("{{\"error\":{{{}}}}}", members(rest)),
        [number, ref rest @ ..] if number.parse::<u64>().is_ok() => numbered(number, rest),
        ref rest => format!("{{{}}}", members(rest)),
    }
}

/// `1 temperature 20.5 humidity 40 ts 5 outbox 9`.
fn numbered(seq: &str, rest: &[&str]) -> String {
    let (values, others) =
        rest.split_at(rest.iter().position(|word| ["ts", "outbox"].contains(word)).unwrap_or(rest.len()));
    let others = match others {
        [] => String::new(),
        others => format!(",{}", members(others)),
    };
    match values {
        [channel, value] => {
            format!("{{\"seq\":{seq},\"channel\":\"{channel}\",\"value\":{}{others}}}", json(value))
        }
        many => format!("{{\"seq\":{seq},\"values\":{{{}}}{others}}}", members(many)),
    }
}

fn members(words: &[&str]) -> String {
    let mut members = Vec::new();
    let mut rest = words.iter().copied().peekable();
    while let Some(key) = rest.next() {
        let flag = FLAGS.contains(&key) && rest.peek() != Some(&"false");
        let value =
            if flag { "true".to_owned() } else { json(rest.next().unwrap_or_else(|| panic!("{key} what?"))) };
        members.push(format!("\"{key}\":{value}"));
    }
    members.join(",")
}

/// A word as JSON: as it is where it is some, else as text.
fn json(word: &str) -> String {
    match serde_json::from_str::<&RawValue>(word) {
        Ok(raw) => raw.get().to_owned(),
        Err(_) => serde_json::Value::from(word).to_string(),
    }
}

/// Whether `said` is the message `words`: every member that the words name is there, letter for letter, and none that
/// they exclude (`no session`). What they leave out is not compared. Samples may be said in any of their forms. A
/// message that is given as JSON is compared whole.
pub(crate) fn matches(words: &str, said: &[u8]) -> bool {
    let said = std::str::from_utf8(said).expect("what is said is UTF-8").trim_end_matches('\n');
    let (words, absent) = without_excluded(words);
    let expected = line(&words);
    if expected.is_empty() || said.is_empty() {
        return expected == said;
    }
    let (expected, mut said_members) = (read(&expected), read(said));
    if words.starts_with('{') {
        let text = |members: &Members| -> Vec<(String, String)> {
            members.iter().map(|(key, value)| (key.clone(), value.get().to_owned())).collect()
        };
        return text(&expected) == text(&said_members);
    }
    let first = words.split_whitespace().next().unwrap_or_default();
    if KINDS.contains(&first) {
        return absent.iter().all(|key| !said_members.contains_key(key))
            && includes(&expected, &said_members);
    }
    let numbered = first.parse::<u64>().is_ok();
    let in_order = !numbered || said.starts_with("{\"seq\":");
    let (values, said_values) = (values_of(expected), values_of(std::mem::take(&mut said_members)));
    in_order && values.1 == said_values.1 && includes(&values.0, &said_values.0)
}

/// Cuts `no session` and the like out of the words of a message that names its members.
fn without_excluded(words: &str) -> (String, Vec<String>) {
    let first = words.split_whitespace().next().unwrap_or_default();
    if !KINDS.contains(&first) {
        return (words.to_owned(), Vec::new());
    }
    let (mut kept, mut excluded) = (Vec::new(), Vec::new());
    let mut rest = words.split_whitespace();
    while let Some(word) = rest.next() {
        match word {
            "no" => excluded.push(rest.next().expect("no what?").to_owned()),
            word => kept.push(word),
        }
    }
    (kept.join(" "), excluded)
}

fn read(line: &str) -> Members {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// The members of a message of samples, and its values, in whichever of their forms they stand.
fn values_of(mut members: Members) -> (Members, BTreeMap<String, String>) {
    let values: Members = if let Some(values) = members.remove("values") {
        serde_json::from_str(values.get()).expect("values are an object")
    } else if let (Some(channel), Some(value)) = (members.remove("channel"), members.remove("value")) {
        let channel: String = serde_json::from_str(channel.get()).expect("a channel is text");
        BTreeMap::from([(channel, value)])
    } else {
        let is_value = |key: &String| !["seq", "ts", "outbox"].contains(&key.as_str());
        let (values, others) = std::mem::take(&mut members).into_iter().partition(|(key, _)| is_value(key));
        members = others;
        values
    };
    (members, values.into_iter().map(|(channel, value)| (channel, value.get().to_owned())).collect())
}

fn includes(expected: &Members, said: &Members) -> bool {
    expected.iter().all(|(key, value)| match said.get(key) {
        Some(other) if key == "error" => includes(&read(value.get()), &read(other.get())),
        Some(other) => value.get() == other.get(),
        None => false,
    })
}

/// The value of member `key`, a whole number, in a line or in words.
pub(crate) fn whole(line: &str, key: &str) -> Option<u64> {
    read(line).get(key)?.get().parse().ok()
}
