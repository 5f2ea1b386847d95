//! A device's channels: the newest sample of each, and what the device says they are.

use crate::limits::DEVICE_LATEST_BYTES_MAX;
use protocol::limits::{DESCRIBE_BYTES_MAX, DEVICE_CHANNELS_MAX};
use protocol::message::Sample;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

/// The newest sample of a channel that is committed.
#[derive(Debug, Clone)]
pub struct Latest {
    /// Its JSON text, exactly as sent.
    pub value: Arc<str>,
    /// Its time in milliseconds since 1970.
    pub ts: i64,
    /// The cursor of the message that brought it.
    pub cursor: u64,
}

/// What is known of one channel.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    pub(crate) latest: Option<Latest>,
    /// The newest time taken so far, committed or under way: what comes with an older one is late.
    newest: Option<i64>,
    /// Bytes of the value that came with it.
    bytes: usize,
}

/// What the device says a channel is.
#[derive(Debug, Clone)]
struct Described {
    channel: Box<str>,
    raw: Box<RawValue>,
    about: About,
}

/// All channels of a device.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    by_name: BTreeMap<Arc<str>, Channel>,
    describe: Vec<Described>,
    /// Bytes of the newest values together, committed or under way.
    bytes: usize,
    /// The next description replaces what is known.
    replace: bool,
}

impl Channels {
    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Channel)> {
        self.by_name.iter()
    }

    /// Adds a channel as the store knew it.
    pub(crate) fn restore(&mut self, name: Arc<str>, latest: Option<Latest>) {
        let newest = latest.as_ref().map(|latest| latest.ts);
        let bytes = latest.as_ref().map_or(0, |latest| latest.value.len());
        self.bytes += bytes;
        self.by_name.insert(name, Channel { latest, newest, bytes });
    }

    /// The shared name of the channel, which is made if there is room for it.
    pub(crate) fn name(&mut self, name: &str) -> Option<Arc<str>> {
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

    /// Notes that a sample of time `ts` with a value of `bytes` was taken; true where it is late.
    pub(crate) fn take(&mut self, name: &str, ts: i64, bytes: usize) -> bool {
        let Some(channel) = self.by_name.get_mut(name) else { return false };
        let late = channel.newest.is_some_and(|newest| ts < newest);
        if !late {
            channel.newest = Some(ts);
            self.bytes = self.bytes - channel.bytes + bytes;
            channel.bytes = bytes;
        }
        late
    }

    /// Whether the device keeps its bounds with all of these samples.
    pub(crate) fn have_room(&self, samples: &[Sample]) -> bool {
        let new = samples.iter().filter(|sample| !self.by_name.contains_key(&*sample.channel)).count();
        let bytes: usize = samples.iter().map(|sample| sample.value.get().len()).sum();
        self.by_name.len() + new <= DEVICE_CHANNELS_MAX && self.bytes + bytes <= DEVICE_LATEST_BYTES_MAX
    }

    /// Whether the newest values stay in their bounds when `channel` gets one of `bytes`.
    pub(crate) fn has_room(&self, channel: &str, bytes: usize) -> bool {
        let before = self.by_name.get(channel).map_or(0, |channel| channel.bytes);
        self.bytes - before + bytes <= DEVICE_LATEST_BYTES_MAX
    }

    /// The newest time of any of these channels, committed or under way.
    pub(crate) fn newest<'a>(&self, names: impl Iterator<Item = &'a str>) -> Option<i64> {
        names.filter_map(|name| self.by_name.get(name)?.newest).max()
    }

    /// A sample is committed and not late: it is the latest now.
    pub(crate) fn show(&mut self, name: &str, latest: Latest) {
        if let Some(channel) = self.by_name.get_mut(name) {
            channel.latest = Some(latest);
        }
    }

    /// Some of what was taken is lost: lateness and room are judged by what is committed and what is still `under_way`, in
    /// its order.
    pub(crate) fn forget_taken<'a>(&mut self, under_way: impl Iterator<Item = &'a (Arc<str>, Latest)>) {
        for channel in self.by_name.values_mut() {
            channel.newest = channel.latest.as_ref().map(|latest| latest.ts);
            channel.bytes = channel.latest.as_ref().map_or(0, |latest| latest.value.len());
        }
        self.bytes = self.by_name.values().map(|channel| channel.bytes).sum();
        for (name, latest) in under_way {
            self.take(name, latest.ts, latest.value.len());
        }
    }

    /// The first description after this replaces what is known.
    pub(crate) fn begin_description(&mut self) {
        self.replace = true;
    }

    /// Takes a description, channel by channel; false where it would grow too large: then nothing changes.
    pub(crate) fn describe(&mut self, channels: Vec<Sample>) -> bool {
        let said: Vec<Described> = channels.into_iter().map(Described::new).collect();
        let again: HashSet<&str> = said.iter().map(|described| &*described.channel).collect();
        let kept = self.describe.iter().filter(|known| !self.replace && !again.contains(&*known.channel));
        let next: Vec<Described> = kept.chain(&said).cloned().collect();
        let bytes: usize =
            next.iter().map(|described| described.channel.len() + described.raw.get().len() + 4).sum();
        if bytes > DESCRIBE_BYTES_MAX {
            return false;
        }
        self.describe = next;
        self.replace = false;
        true
    }

    /// Takes a description as the store kept it: one JSON object, as [`Channels::description`] wrote it.
    pub(crate) fn restore_description(&mut self, json: &str) -> Result<(), serde_json::Error> {
        let Members(members) = serde_json::from_str(json)?;
        self.describe = members.into_iter().map(Described::new).collect();
        Ok(())
    }

    /// The description as one JSON object.
    pub(crate) fn description(&self) -> String {
        let members: Vec<String> = self
            .describe
            .iter()
            .map(|Described { channel, raw, .. }| {
                format!("{}:{}", serde_json::Value::from(&**channel), raw.get())
            })
            .collect();
        format!("{{{}}}", members.join(","))
    }

    pub(crate) fn is_described(&self) -> bool {
        !self.describe.is_empty()
    }

    /// Whether the device says that the channel takes commands.
    pub(crate) fn is_input(&self, name: &str) -> bool {
        self.described(name).is_some_and(|about| about.input.is_some())
    }

    /// Milliseconds between samples of the channel, as the device declared them.
    pub(crate) fn every(&self, name: &str) -> Option<u64> {
        self.described(name)?.every
    }

    fn described(&self, name: &str) -> Option<&About> {
        self.describe.iter().find(|described| &*described.channel == name).map(|described| &described.about)
    }
}

impl Described {
    fn new(said: Sample) -> Self {
        let about = serde_json::from_str(said.value.get()).unwrap_or_default();
        Self { channel: said.channel, raw: said.value, about }
    }
}

/// The members of an object in their order.
struct Members(Vec<Sample>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some((channel, value)) = map.next_entry()? {
                    members.push(Sample { channel, value });
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// The members of a channel's description that the hub itself looks at; each of the wrong type counts as absent.
#[derive(Debug, Clone, Default, Deserialize)]
struct About {
    #[serde(default, deserialize_with = "lenient")]
    input: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    every: Option<u64>,
}

fn lenient<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let value: serde_json::Value = Deserialize::deserialize(from)?;
    Ok(serde_json::from_value(value).ok())
}
