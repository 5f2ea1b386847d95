//! A message in words and the same as JSON.

use serde_json::value::RawValue;
use std::collections::BTreeMap;

type Members = BTreeMap<String, Box<RawValue>>;

/// Members whose value is `true` when none follows.
const FLAGS: [&str; 2] = ["boot", "ok"];

/// The line that a message in words stands for, without its end.
pub(crate) fn line(words: &str) -> String {
    if words.starts_with('{') {
        return words.to_owned();
    }
    let words: Vec<&str> = words.split_whitespace().collect();
    match words[..] {
        ["heartbeat"] => String::new(),
        ["error", ref rest @ ..] => format!("{{\"error\":{{{}}}}}", members(rest)),
        [number, ref rest @ ..] if number.parse::<u64>().is_ok() => numbered(number, rest),
        ref rest => format!("{{{}}}", members(rest)),
    }
}

/// `1 temperature 20.0 humidity 40 ts 5`.
fn numbered(seq: &str, rest: &[&str]) -> String {
    let (rest, ts) = match rest {
        [rest @ .., "ts", ts] => (rest, format!(",\"ts\":{ts}")),
        rest => (rest, String::new()),
    };
    match rest {
        [channel, value] => {
            format!("{{\"seq\":{seq},\"channel\":\"{channel}\",\"value\":{}{ts}}}", json(value))
        }
        many => format!("{{\"seq\":{seq},\"values\":{{{}}}{ts}}}", members(many)),
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

/// Whether `said` is the message `words`: every member that the words name is there, letter for letter. What they leave
/// out is not compared.
pub(crate) fn matches(words: &str, said: &[u8]) -> bool {
    let expected = line(words);
    let said = std::str::from_utf8(said).expect("what is said is UTF-8").trim_end_matches('\n');
    if words.starts_with('{') || expected.is_empty() || said.is_empty() {
        return expected == said;
    }
    includes(&expected, said)
}

fn includes(expected: &str, said: &str) -> bool {
    let expected: Members = serde_json::from_str(expected).expect("an expected message is JSON");
    let said: Members = serde_json::from_str(said).expect("what is said is JSON");
    expected.iter().all(|(key, value)| match said.get(key) {
        Some(other) if key == "error" => includes(value.get(), other.get()),
        Some(other) => value.get() == other.get(),
        None => false,
    })
}
