//! What browsers say on the panel socket (spec/panel.md).

use serde::Deserialize;
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
    pub(super) unwatch: Option<Vec<String>>,
    pub(super) watch_devices: Option<bool>,
    pub(super) command: Option<String>,
    pub(super) cancel: Option<String>,
    pub(super) device: Option<String>,
    pub(super) channel: Option<String>,
    pub(super) value: Option<Box<RawValue>>,
    pub(super) intent: Option<String>,
    pub(super) ttl: Option<u64>,
}

/// Reads a frame: one message or an array of them.
pub(super) fn read(frame: &str) -> Result<Vec<FromPanel>, String> {
    let result = match frame.trim_start().starts_with('[') {
        true => serde_json::from_str(frame),
        false => serde_json::from_str(frame).map(|one| vec![one]),
    };
    result.map_err(|error| error.to_string())
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
        assert_eq!(two[0].after["a"], 7);
        assert_eq!(two[1].watch_devices, Some(true));
        assert!(read("nonsense").is_err());
    }

    #[test]
    fn a_commands_value_stays_as_it_came() {
        let message = read(r#"{"command":"c1","device":"d","channel":"c","value":1.50}"#).expect("one");
        assert_eq!(message[0].value.as_ref().map(|value| value.get()), Some("1.50"));
    }
}
