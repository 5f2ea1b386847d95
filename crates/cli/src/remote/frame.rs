//! What a hub says to a panel (spec/panel.md), as far as a terminal is interested.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// One message. The members that are present tell which one it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    /// The welcome: this panel's id.
    pub(super) welcome: Option<String>,
    /// Seconds between heartbeats, in a welcome.
    pub(super) heartbeat: Option<u64>,
    /// A snapshot: the device's id.
    pub(super) snapshot: Option<String>,
    /// Whether there is such a device, in a snapshot.
    pub(super) known: Option<bool>,
    /// A patch, or a command's way: the device's id.
    pub(super) device: Option<String>,
    /// `online`, `offline` or `unreachable`.
    pub(super) presence: Option<String>,
    /// Since when, milliseconds since 1970.
    pub(super) since: Option<i64>,
    /// The newest sample of each channel, in a snapshot.
    pub(super) channels: Members<Latest>,
    /// One channel's sample, or the channel of a command.
    pub(super) channel: Option<String>,
    /// Its value. A `null` is one too.
    #[serde(deserialize_with = "present")]
    pub(super) value: Option<Box<RawValue>>,
    /// Several channels' samples.
    pub(super) values: Members<Box<RawValue>>,
    /// When they were taken, milliseconds since 1970.
    pub(super) ts: Option<i64>,
    /// So many older ones were passed over.
    pub(super) skipped: Option<u64>,
    /// The sample is not the latest.
    pub(super) late: bool,
    /// A recorded gap.
    pub(super) lost: Option<Lost>,
    /// The device was deleted.
    pub(super) removed: Option<String>,
    /// A command's id.
    pub(super) command: Option<String>,
    /// What became of it.
    pub(super) state: Option<String>,
    /// Why.
    pub(super) reason: Option<String>,
    /// Something was not taken.
    pub(super) error: Option<Refusal>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

/// The newest sample of a channel.
#[derive(Debug, Deserialize)]
pub(super) struct Latest {
    pub(super) value: Box<RawValue>,
    pub(super) ts: i64,
}

/// Numbers that will never come.
#[derive(Debug, Deserialize)]
pub(super) struct Lost {
    pub(super) from: u64,
    pub(super) to: u64,
    #[serde(default)]
    pub(super) reason: String,
}

/// Why something was not taken.
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    pub(super) code: String,
    #[serde(default)]
    pub(super) reason: String,
}

/// The members of an object in the order in which they were written.
#[derive(Debug)]
pub(super) struct Members<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Members<T>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Reader(std::marker::PhantomData))
    }
}

/// A message and the text it was read from.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) text: Box<RawValue>,
    pub(super) message: Message,
}

/// The messages of a frame: none in a heartbeat, one, or the elements of an array.
pub(super) fn read(frame: &str) -> serde_json::Result<Vec<Received>> {
    let trimmed = frame.trim_start();
    let texts: Vec<Box<RawValue>> = match trimmed.chars().next() {
        None => Vec::new(),
        Some('[') => serde_json::from_str(trimmed)?,
        Some(_) => vec![serde_json::from_str(trimmed)?],
    };
    let receive = |text: Box<RawValue>| {
        let message = serde_json::from_str(text.get())?;
        Ok(Received { text, message })
    };
    texts.into_iter().map(receive).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_a_heartbeat_a_message_or_several() {
        assert!(read("").expect("a heartbeat").is_empty());
        assert_eq!(read(r#"{"welcome":"p1"}"#).expect("one").len(), 1);
        assert_eq!(read(r#"[{"device":"a"},{"device":"b"}]"#).expect("two").len(), 2);
        assert!(read("[").is_err());
    }

    #[test]
    fn values_keep_their_digits_and_channels_their_order() {
        let frame = r#"{"device":"a","cursor":1,"values":{"z":21.50,"a":1e400},"ts":5}"#;
        let received = read(frame).expect("valid").remove(0);
        let values: Vec<(&str, &str)> =
            received.message.values.0.iter().map(|(channel, value)| (&**channel, value.get())).collect();
        assert_eq!(values, [("z", "21.50"), ("a", "1e400")]);
    }

    #[test]
    fn a_null_is_a_value() {
        let received = read(r#"{"device":"a","channel":"x","value":null,"ts":5}"#).expect("valid").remove(0);
        assert_eq!(received.message.value.map(|value| value.get().to_owned()).as_deref(), Some("null"));
    }
}
