//! What browsers say on the panel socket (spec/panel.md).

use crate::Storage;
use crate::auth::{Grant, Scope, Scopes};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// One message of a browser; its kind is told by which member is there.
#[derive(Debug, Deserialize)]
pub(super) struct FromPanel {
    pub(super) authenticate: Option<String>,
    pub(super) page: Option<String>,
    pub(super) watch: Option<Vec<String>>,
    pub(super) log: Option<String>,
    #[serde(default)]
    pub(super) after: BTreeMap<String, u64>,
    #[serde(default)]
    pub(super) keys: BTreeMap<String, u64>,
    pub(super) unwatch: Option<Vec<String>>,
    pub(super) watch_devices: Option<bool>,
    pub(super) ledger: Option<String>,
    pub(super) broken: Option<String>,
    pub(super) library: Option<String>,
    pub(super) command: Option<String>,
    pub(super) cancel: Option<String>,
    pub(super) device: Option<String>,
    pub(super) channel: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) value: Option<Box<RawValue>>,
    pub(super) intent: Option<String>,
    pub(super) ttl: Option<u64>,
    pub(super) at: Option<u64>,
}

/// A message that cannot be read, and what of it can.
#[derive(Debug)]
pub(super) struct Unreadable {
    /// A sentence for people.
    pub(super) reason: String,
    /// What it was about: `command` or `watch`, and which.
    pub(super) about: Option<(&'static str, String)>,
}

/// Reads a frame: one message or an array of them. One that cannot be read does not take the others with it.
///
/// # Errors
/// The frame is no JSON, and why.
pub(super) fn read(frame: &str) -> Result<Vec<Result<FromPanel, Unreadable>>, String> {
    if frame.trim_start().starts_with('[') {
        let raw: Vec<&RawValue> = serde_json::from_str(frame).map_err(|error| error.to_string())?;
        return Ok(raw.into_iter().map(read_one).collect());
    }
    // Mostly there is nothing to complain about.
    if let Ok(one) = serde_json::from_str(frame) {
        return Ok(vec![Ok(one)]);
    }
    let raw: &RawValue = serde_json::from_str(frame).map_err(|error| error.to_string())?;
    Ok(vec![read_one(raw)])
}

fn read_one(raw: &RawValue) -> Result<FromPanel, Unreadable> {
    serde_json::from_str(raw.get()).map_err(|_| {
        let members: Value = serde_json::from_str(raw.get()).unwrap_or_default();
        let about = |kind| Some((kind, members.get(kind)?.as_str()?.to_owned()));
        let reason = match members.as_object() {
            None => "a message is a JSON object".to_owned(),
            Some(members) => {
                let wrong: Vec<&str> =
                    TYPES.iter().filter(|of| of.is_wrong(members)).map(|of| of.member).collect();
                format!("a member is not of its type: {}", wrong.join(", "))
            }
        };
        Unreadable { reason, about: about("command").or_else(|| about("cancel")) }
    })
}

/// What a member must be.
struct Type {
    member: &'static str,
    is: fn(&Value) -> bool,
}

impl Type {
    fn is_wrong(&self, members: &serde_json::Map<String, Value>) -> bool {
        members.get(self.member).is_some_and(|value| !value.is_null() && !(self.is)(value))
    }
}

fn is_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
}

fn is_cursors(value: &Value) -> bool {
    value.as_object().is_some_and(|members| members.values().all(Value::is_u64))
}

const TYPES: [Type; 18] = [
    Type { member: "authenticate", is: Value::is_string },
    Type { member: "page", is: Value::is_string },
    Type { member: "watch", is: is_texts },
    Type { member: "log", is: Value::is_string },
    Type { member: "after", is: is_cursors },
    Type { member: "keys", is: is_cursors },
    Type { member: "unwatch", is: is_texts },
    Type { member: "watch_devices", is: Value::is_boolean },
    Type { member: "ledger", is: Value::is_string },
    Type { member: "broken", is: Value::is_string },
    Type { member: "library", is: Value::is_string },
    Type { member: "command", is: Value::is_string },
    Type { member: "cancel", is: Value::is_string },
    Type { member: "device", is: Value::is_string },
    Type { member: "channel", is: Value::is_string },
    Type { member: "intent", is: Value::is_string },
    Type { member: "ttl", is: Value::is_u64 },
    Type { member: "at", is: Value::is_u64 },
];

/// A member that is there, `null` too.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Deserialize::deserialize(from).map(Some)
}

/// Whether the hub's storage works, for every panel (rule H9).
pub(super) fn storage(storage: &Storage) -> String {
    match storage {
        Storage::Up => serde_json::json!({ "storage": "ok" }),
        Storage::Failed { since, reason } => {
            serde_json::json!({ "storage": "failed", "reason": &**reason, "since": since })
        }
    }
    .to_string()
}

/// What whoever looks may on anything at all, after it changed.
pub(super) fn scopes(scopes: Scopes) -> String {
    serde_json::json!({ "scopes": scopes.words() }).to_string()
}

/// What they may with a device that they watch.
pub(super) fn may(device: &str, grant: &Grant) -> String {
    let about_devices = [Scope::View, Scope::Command].into_iter();
    let may: Vec<&str> =
        about_devices.filter(|scope| grant.may_device(*scope, device)).map(Scope::as_str).collect();
    serde_json::json!({ "device": device, "may": may }).to_string()
}

/// An answer to something that could not be done. `about` is what it answers: `watch`, `command` …, with its value.
pub(super) fn error(code: &str, reason: &str, about: Option<(&str, &str)>) -> String {
    let mut message = serde_json::json!({ "error": { "code": code, "reason": reason } });
    if let Some((kind, value)) = about {
        message[kind] = value.into();
    }
    message.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_one_message_or_an_array_of_them() {
        assert_eq!(read(r#"{"watch":["a"]}"#).expect("one").len(), 1);
        let two = read(r#"[{"watch":["a"],"after":{"a":7},"log":"x"},{"watch_devices":true}]"#).expect("two");
        assert_eq!(two[0].as_ref().expect("readable").after["a"], 7);
        assert_eq!(two[1].as_ref().expect("readable").watch_devices, Some(true));
        assert!(read("nonsense").is_err());
    }

    #[test]
    fn a_member_of_the_wrong_type_is_named_and_spoils_only_its_message() {
        let read =
            read(r#"[{"command":"c1","device":"d","channel":"c","value":1,"ttl":"x"},{"watch":["a"]}]"#);
        let read = read.expect("an array");
        let wrong = read[0].as_ref().expect_err("ttl is no number");
        assert_eq!(wrong.reason, "a member is not of its type: ttl");
        assert_eq!(wrong.about, Some(("command", "c1".to_owned())));
        assert!(read[1].is_ok());
        let read = super::read(r#"{"watch":["a"],"after":{"a":-1}}"#).expect("a message");
        assert_eq!(read[0].as_ref().expect_err("no cursor").reason, "a member is not of its type: after");
    }

    #[test]
    fn a_commands_value_stays_as_it_came() {
        for value in ["1.50", "null"] {
            let frame = format!(r#"{{"command":"c1","device":"d","channel":"c","value":{value}}}"#);
            let message = read(&frame).expect("a frame").remove(0).expect("a message");
            assert_eq!(message.value.as_ref().map(|value| value.get()), Some(value));
        }
    }
}
