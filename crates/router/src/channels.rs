//! A device's channels: the newest sample of each, and what the device says they are.

use crate::limits::DEVICE_LATEST_BYTES_MAX;
use protocol::code::Fault;
use protocol::limits::{DESCRIBE_BYTES_MAX, DEVICE_CHANNELS_MAX};
use protocol::message::Sample;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::HashSet;
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

impl Latest {
    /// A value stands in a line: four bytes are enough for how long it is.
    fn bytes(&self) -> u32 {
        self.value.len() as u32
    }
}

/// What is known of one channel.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) name: Arc<str>,
    pub(crate) latest: Option<Latest>,
    /// The newest time taken so far, committed or under way: what comes with an older one is late.
    newest: Option<i64>,
    /// Bytes of the value that came with it.
    bytes: u32,
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
    /// In the order of their names.
    list: Vec<Channel>,
    /// In the order they were described in; most devices describe nothing, or are not described any more than once.
    #[expect(clippy::box_collection, reason = "a million devices have none")]
    described: Option<Box<Vec<Described>>>,
    /// Bytes of the newest values together, committed or under way.
    bytes: u32,
    /// The next description replaces what is known.
    replace: bool,
}

impl Channels {
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Channel> {
        self.list.iter()
    }

    /// The place of the channel, or the one that it would have.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.list.binary_search_by(|channel| (*channel.name).cmp(name))
    }

    fn get(&self, name: &str) -> Option<&Channel> {
        self.place(name).ok().map(|place| &self.list[place])
    }

    /// Adds the channels as the store knew them.
    pub(crate) fn restore(&mut self, channels: impl ExactSizeIterator<Item = (Arc<str>, Option<Latest>)>) {
        self.list.reserve_exact(channels.len());
        for (name, latest) in channels {
            let newest = latest.as_ref().map(|latest| latest.ts);
            let bytes = latest.as_ref().map_or(0, Latest::bytes);
            self.bytes += bytes;
            self.list.push(Channel { name, latest, newest, bytes });
        }
        self.list.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    }

    /// Takes a sample of time `ts` with a value of `bytes`, on a channel that is made where it is new. Gives its shared name
    /// and whether it is late.
    ///
    /// # Errors
    /// It would go beyond the device's bounds.
    pub(crate) fn take(&mut self, name: &str, ts: i64, bytes: usize) -> Result<(Arc<str>, bool), Fault> {
        let place = self.place(name);
        let before = place.map_or(0, |place| self.list[place].bytes);
        if (self.bytes - before) as usize + bytes > DEVICE_LATEST_BYTES_MAX {
            return Err(Fault::TooLong);
        }
        let place = place.or_else(|place| self.make(place, name))?;
        let late = self.note(place, ts, bytes);
        Ok((self.list[place].name.clone(), late))
    }

    /// Notes that a sample was taken; true where it is late.
    fn note(&mut self, place: usize, ts: i64, bytes: usize) -> bool {
        let channel = &mut self.list[place];
        let late = channel.newest.is_some_and(|newest| ts < newest);
        if !late {
            self.bytes = self.bytes - channel.bytes + bytes as u32;
            (channel.newest, channel.bytes) = (Some(ts), bytes as u32);
        }
        late
    }

    fn make(&mut self, place: usize, name: &str) -> Result<usize, Fault> {
        if self.list.len() >= DEVICE_CHANNELS_MAX {
            return Err(Fault::TooMany);
        }
        if self.list.capacity() == 0 {
            // Most devices have a few: what is made for more would never be needed.
            self.list.reserve_exact(1);
        }
        self.list.insert(place, Channel { name: name.into(), latest: None, newest: None, bytes: 0 });
        Ok(place)
    }

    /// Whether the device keeps its bounds with all of these samples.
    pub(crate) fn have_room(&self, samples: &[Sample]) -> bool {
        let new = samples.iter().filter(|sample| self.get(&sample.channel).is_none()).count();
        let bytes: usize = samples.iter().map(|sample| sample.value.get().len()).sum();
        self.len() + new <= DEVICE_CHANNELS_MAX && self.bytes as usize + bytes <= DEVICE_LATEST_BYTES_MAX
    }

    /// The newest time of any of these channels, committed or under way.
    pub(crate) fn newest<'a>(&self, names: impl Iterator<Item = &'a str>) -> Option<i64> {
        names.filter_map(|name| self.get(name)?.newest).max()
    }

    /// A sample is committed and not late: it is the latest now.
    pub(crate) fn show(&mut self, name: &str, latest: Latest) {
        if let Ok(place) = self.place(name) {
            self.list[place].latest = Some(latest);
        }
    }

    /// Some of what was taken is lost: lateness and room are judged by what is committed and what is still `under_way`, in
    /// its order.
    pub(crate) fn forget_taken<'a>(&mut self, under_way: impl Iterator<Item = (&'a str, &'a Latest)>) {
        for channel in &mut self.list {
            channel.newest = channel.latest.as_ref().map(|latest| latest.ts);
            channel.bytes = channel.latest.as_ref().map_or(0, Latest::bytes);
        }
        self.bytes = self.list.iter().map(|channel| channel.bytes).sum();
        for (name, latest) in under_way {
            if let Ok(place) = self.place(name) {
                self.note(place, latest.ts, latest.value.len());
            }
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
        let kept =
            self.descriptions().iter().filter(|known| !self.replace && !again.contains(&*known.channel));
        let next: Vec<Described> = kept.chain(&said).cloned().collect();
        let bytes: usize =
            next.iter().map(|described| described.channel.len() + described.raw.get().len() + 4).sum();
        if bytes > DESCRIBE_BYTES_MAX {
            return false;
        }
        self.described = Some(Box::new(next));
        self.replace = false;
        true
    }

    /// Takes a description as the store kept it: one JSON object, as [`Channels::description`] wrote it.
    pub(crate) fn restore_description(&mut self, json: &str) -> Result<(), serde_json::Error> {
        let Members(members) = serde_json::from_str(json)?;
        let described: Vec<Described> = members.into_iter().map(Described::new).collect();
        self.described = (!described.is_empty()).then(|| Box::new(described));
        Ok(())
    }

    /// The description as one JSON object.
    pub(crate) fn description(&self) -> String {
        let members: Vec<String> = self
            .descriptions()
            .iter()
            .map(|Described { channel, raw, .. }| {
                format!("{}:{}", serde_json::Value::from(&**channel), raw.get())
            })
            .collect();
        format!("{{{}}}", members.join(","))
    }

    pub(crate) fn is_described(&self) -> bool {
        !self.descriptions().is_empty()
    }

    fn descriptions(&self) -> &[Described] {
        self.described.as_ref().map_or(&[], |described| described)
    }

    /// Whether the device says that the channel takes commands.
    pub(crate) fn is_input(&self, name: &str) -> bool {
        self.about(name).is_some_and(|about| about.input.is_some())
    }

    /// Milliseconds between samples of the channel, as the device declared them.
    pub(crate) fn every(&self, name: &str) -> Option<u64> {
        self.about(name)?.every
    }

    fn about(&self, name: &str) -> Option<&About> {
        self.descriptions()
            .iter()
            .find(|described| &*described.channel == name)
            .map(|described| &described.about)
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
