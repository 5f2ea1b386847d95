//! A device's channels: the newest sample of each, and what the device says they are.

use protocol::limits::{DESCRIBE_BYTES_MAX, DEVICE_CHANNELS_MAX};
use protocol::message::Sample;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The newest sample of a channel that is committed.
#[derive(Debug, Clone)]
pub(crate) struct Latest {
    /// Its JSON text, exactly as sent.
    pub(crate) value: Arc<str>,
    /// Its time in milliseconds since 1970.
    pub(crate) ts: i64,
    /// The cursor of the message that brought it.
    pub(crate) cursor: u64,
}

/// What is known of one channel.
#[derive(Debug, Default)]
pub(super) struct Channel {
    pub(super) latest: Option<Latest>,
    /// The newest time taken so far, committed or under way: what comes with an older one is late.
    newest: Option<i64>,
}

/// All channels of a device.
#[derive(Debug, Default)]
pub(super) struct Channels {
    by_name: BTreeMap<Arc<str>, Channel>,
    describe: Vec<(Box<str>, Box<RawValue>)>,
    /// The next description replaces what is known.
    replace: bool,
}

impl Channels {
    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Channel)> {
        self.by_name.iter()
    }

    /// Adds a channel as the store knew it.
    pub(super) fn restore(&mut self, name: Arc<str>, latest: Option<Latest>) {
        let newest = latest.as_ref().map(|latest| latest.ts);
        self.by_name.insert(name, Channel { latest, newest });
    }

    /// The shared name of the channel, which is made if there is room for it.
    pub(super) fn name(&mut self, name: &str) -> Option<Arc<str>> {
        if let Some((known, _)) = self.by_name.get_key_value(name) {
            return Some(known.clone());
        }
        if self.by_name.len() >= DEVICE_CHANNELS_MAX {
            return None;
        }
        let name: Arc<str> = name.into();
        self.by_name.insert(name.clone(), Channel::default());
        Some(name)
    }

    /// Notes that a sample of time `ts` was taken; true where it is late.
    pub(super) fn is_late(&mut self, name: &str, ts: i64) -> bool {
        let Some(channel) = self.by_name.get_mut(name) else { return false };
        let late = channel.newest.is_some_and(|newest| ts < newest);
        if !late {
            channel.newest = Some(ts);
        }
        late
    }

    /// A sample is committed and not late: it is the latest now.
    pub(super) fn show(&mut self, name: &str, latest: Latest) {
        if let Some(channel) = self.by_name.get_mut(name) {
            channel.latest = Some(latest);
        }
    }

    /// What was under way is lost: lateness is judged by what is committed again.
    pub(super) fn forget_pending(&mut self) {
        for channel in self.by_name.values_mut() {
            channel.newest = channel.latest.as_ref().map(|latest| latest.ts);
        }
    }

    /// The first description after this replaces what is known.
    pub(super) fn begin_description(&mut self) {
        self.replace = true;
    }

    /// Takes a description, channel by channel; false where it would grow too large: then nothing changes.
    pub(super) fn describe(&mut self, channels: Vec<Sample>) -> bool {
        let mut next = if self.replace { Vec::new() } else { self.describe.clone() };
        for described in channels {
            next.retain(|(name, _)| *name != described.channel);
            next.push((described.channel, described.value));
        }
        let bytes: usize = next.iter().map(|(name, value)| name.len() + value.get().len() + 4).sum();
        if bytes > DESCRIBE_BYTES_MAX {
            return false;
        }
        self.describe = next;
        self.replace = false;
        true
    }

    /// Takes a description as the store kept it.
    pub(super) fn restore_description(&mut self, json: &str) {
        let line = format!("{{\"describe\":{json}}}");
        if let Ok(protocol::message::FromDevice::Describe(description)) =
            protocol::message::decode_from_device(line.as_bytes())
        {
            self.describe(description.channels);
        }
    }

    /// The description as one JSON object.
    pub(super) fn description(&self) -> String {
        let members: Vec<String> = self
            .describe
            .iter()
            .map(|(name, value)| format!("{}:{}", serde_json::Value::from(&**name), value.get()))
            .collect();
        format!("{{{}}}", members.join(","))
    }

    pub(super) fn is_described(&self) -> bool {
        !self.describe.is_empty()
    }

    /// Whether the device says that the channel takes commands.
    pub(super) fn is_input(&self, name: &str) -> bool {
        self.described(name).is_some_and(|about| about.input.is_some())
    }

    /// Milliseconds between samples of the channel, as the device declared them.
    pub(super) fn every(&self, name: &str) -> Option<u64> {
        self.described(name)?.every
    }

    fn described(&self, name: &str) -> Option<About> {
        let (_, about) = self.describe.iter().find(|(described, _)| &**described == name)?;
        serde_json::from_str(about.get()).ok()
    }
}

/// The members of a channel's description that the hub itself looks at; each of the wrong type counts as absent.
#[derive(serde::Deserialize)]
struct About {
    #[serde(default, deserialize_with = "lenient")]
    input: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    every: Option<u64>,
}

fn lenient<'de, D: serde::Deserializer<'de>, T: serde::de::DeserializeOwned>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let value: serde_json::Value = serde::Deserialize::deserialize(from)?;
    Ok(serde_json::from_value(value).ok())
}
