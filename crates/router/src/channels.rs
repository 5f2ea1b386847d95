//! A device's channels: the newest sample of each, and what the device says they are.

use crate::limits::DEVICE_LATEST_BYTES_MAX;
use crate::rhythm::{Beat, Rhythm};
use protocol::code::Fault;
use protocol::limits::{DESCRIBE_BYTES_MAX, DEVICE_CHANNELS_MAX};
use protocol::message::Sample;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::{HashMap, HashSet};
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
    rhythm: Rhythm,
}

// So a million of them are not too many.
const _: () = assert!(size_of::<Channel>() <= 96);

/// What was taken of a sample.
pub(crate) struct Taken {
    /// The channel's shared name.
    pub(crate) channel: Arc<str>,
    /// It is older than another one of its channel.
    pub(crate) late: bool,
    /// The channel's rhythm, where this sample made it another one: ms between two samples.
    pub(crate) every: Option<u64>,
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
    /// When rhythms last changed, in steps of [`RHYTHM_STEP_MS`]; it may begin anew.
    changed: u16,
    /// The next description replaces what is known.
    replace: bool,
    /// Some channel has a rhythm that panels were not told.
    has_news: bool,
}

/// Rhythms of a device that are known change at most once in a step of so many milliseconds.
const RHYTHM_STEP_MS: i64 = 1 << 10;

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
    pub(crate) fn restore(
        &mut self,
        channels: impl ExactSizeIterator<Item = (Arc<str>, Option<Latest>, Option<u32>)>,
    ) {
        self.list.reserve_exact(channels.len());
        for (name, latest, every) in channels {
            let newest = latest.as_ref().map(|latest| latest.ts);
            let bytes = latest.as_ref().map_or(0, Latest::bytes);
            self.bytes += bytes;
            let rhythm = Rhythm::restore(every.unwrap_or(0));
            self.list.push(Channel { name, latest, newest, bytes, rhythm });
        }
        self.list.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    }

    /// A message comes at `now` (ms since 1970) in this generation of the device's connection. What its samples may say of
    /// rhythms: nothing, unless their time `counts`.
    pub(crate) fn beat(&self, now: i64, generation: u64, counts: bool) -> Beat {
        let may_change = self.has_news || self.changed != step(now);
        Beat { run: generation as u8, counts, may_change }
    }

    /// Takes a sample of time `ts` with a value of `bytes`, on a channel that is made where it is new.
    ///
    /// # Errors
    /// It would go beyond the device's bounds.
    pub(crate) fn take(&mut self, name: &str, ts: i64, bytes: usize, beat: Beat) -> Result<Taken, Fault> {
        let place = self.place(name);
        let before = place.map_or(0, |place| self.list[place].bytes);
        if (self.bytes - before) as usize + bytes > DEVICE_LATEST_BYTES_MAX {
            return Err(Fault::TooLong);
        }
        let place = place.or_else(|place| self.make(place, name))?;
        let every = self.listen(place, ts, beat);
        let late = self.note(place, ts, bytes);
        Ok(Taken { channel: self.list[place].name.clone(), late, every })
    }

    /// Learns the channel's rhythm from a sample that is to be taken; the rhythm, where it is another one then.
    fn listen(&mut self, place: usize, ts: i64, beat: Beat) -> Option<u64> {
        let Channel { newest, rhythm, .. } = &mut self.list[place];
        let Some(newest) = *newest else {
            rhythm.begin(beat);
            return None;
        };
        let ms = ts.checked_sub(newest).filter(|ms| *ms >= 0)?;
        let every = rhythm.take(ms, beat).then(|| rhythm.every())?;
        self.has_news = true;
        every
    }

    /// Whether panels are to be told of a rhythm at `now`.
    pub(crate) fn has_news(&self) -> bool {
        self.has_news
    }

    /// The rhythms that panels were not told, which they are then, at `now` (ms since 1970). Where a device declares one,
    /// that holds, and nothing is to be told.
    pub(crate) fn take_news(&mut self, now: i64) -> Vec<(Arc<str>, Option<u64>)> {
        (self.has_news, self.changed) = (false, step(now));
        let mut news = Vec::new();
        for Channel { name, rhythm, latest, .. } in &mut self.list {
            // A channel that is not shown yet is told of when it is.
            match latest {
                None => self.has_news |= rhythm.is_news(),
                Some(_) if rhythm.take_news() => news.push((name.clone(), rhythm.every())),
                Some(_) => {}
            }
        }
        news.retain(|(name, _)| self.declared(name).is_none());
        news
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
        let (name, rhythm) = (name.into(), Rhythm::default());
        self.list.insert(place, Channel { name, latest: None, newest: None, bytes: 0, rhythm });
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

    /// Takes a whole description in the place of what is known.
    ///
    /// # Errors
    /// It is too large, or none, in words: then nothing changes.
    pub(crate) fn replace_description(&mut self, json: &str) -> Result<(), &'static str> {
        let Members(members) = serde_json::from_str(json).map_err(|_| "it is no object")?;
        let replace = std::mem::replace(&mut self.replace, true);
        if self.describe(members) {
            return Ok(());
        }
        self.replace = replace;
        Err("it is too large")
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

    /// Says what the rhythm of a channel is, ms between two samples: as the device declared it, or else as it was learned.
    pub(crate) fn every(&self) -> impl Fn(&Channel) -> Option<u64> {
        let declared = |described: &Described| Some((described.channel.clone(), described.about.every?));
        let declared: HashMap<Box<str>, u64> = self.descriptions().iter().filter_map(declared).collect();
        move |channel| declared.get(&*channel.name).copied().or_else(|| channel.rhythm.every())
    }

    /// The rhythms of all channels that have a value.
    pub(crate) fn rhythms(&self) -> Vec<(Arc<str>, Option<u64>)> {
        let every = self.every();
        let shown = self.list.iter().filter(|channel| channel.latest.is_some());
        shown.map(|channel| (channel.name.clone(), every(channel))).collect()
    }

    fn declared(&self, name: &str) -> Option<u64> {
        self.about(name)?.every
    }

    fn about(&self, name: &str) -> Option<&About> {
        self.descriptions()
            .iter()
            .find(|described| &*described.channel == name)
            .map(|described| &described.about)
    }
}

/// The time as [`Channels::changed`] has it.
fn step(now: i64) -> u16 {
    (now / RHYTHM_STEP_MS) as u16
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
