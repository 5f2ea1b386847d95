//! `sample.json`: what a component looks like with values in it, for the gallery, for tests and for checks.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use crate::Presence;

use super::data::{ChannelData, CommandData, DeviceData, LedgerData, StillScene};
use super::definition::{Given, GivenSetting, Placement};
use super::library::Library;
use super::problem::{Place, Problem, sentence};
use super::render::Painter;

/// The device and the channel that samples are of, unless they say so.
pub(crate) const NAME: &str = "sample";

/// One way to show a component.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// What is to be seen in it, for people.
    pub(crate) title: Option<String>,
    /// Its settings, as a view would give them.
    #[serde(default)]
    pub(crate) settings: Map<String, Json>,
    /// The channel that the component is bound to: [`NAME`] unless it says so, none where this is empty or its settings name channels.
    channel: Option<String>,
    /// What the device says of the channel [`NAME`].
    describe: Option<Box<RawValue>>,
    /// What the device says of others.
    #[serde(default)]
    channels: BTreeMap<String, Box<RawValue>>,
    /// The samples, in their order; the last one of each channel is its latest.
    #[serde(default)]
    pub(crate) samples: Vec<Sample>,
    /// The commands of the device, the newest first.
    #[serde(default)]
    pub(crate) commands: Vec<CommandData>,
    /// The books of the device.
    #[serde(default)]
    ledger: LedgerData,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sample {
    #[serde(default = "bound_channel")]
    pub(crate) channel: String,
    pub(crate) value: Box<RawValue>,
    /// Ms; of the samples of a case only the distances count where they are shown as of now.
    pub(crate) ts: i64,
}

/// What holds for the device of a case while it is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// The time of its newest sample, ms since 1970; as the file says it where there is none given.
    pub(crate) newest: Option<i64>,
    /// The rhythm of its channels, ms, if there is one.
    pub(crate) every: Option<u64>,
    /// Whether it can be reached, and since when (ms since 1970).
    pub(crate) presence: (Presence, i64),
}

fn bound_channel() -> String {
    NAME.to_owned()
}

impl Library {
    /// A component rendered once for each case of its `sample.json` (or once without any values if it has none), and what
    /// went wrong. Nothing when there is no such component.
    pub fn samples(&self, component: &str) -> Option<(Vec<String>, Vec<Problem>)> {
        let cases = match self.cases(component)? {
            Ok(cases) => cases,
            Err(problem) => return Some((Vec::new(), vec![problem])),
        };
        let mut rendered = Vec::new();
        let mut problems = Vec::new();
        for case in cases {
            let scene = case.scene();
            let mut painter = Painter::new(self, &scene);
            rendered.push(painter.paint(&case.placement(component), Some(NAME)));
            problems.append(&mut painter.problems);
        }
        Some((rendered, problems))
    }

    /// The cases of a component's `sample.json`, or one that says nothing where there is none. Nothing when there is no such
    /// component.
    pub(crate) fn cases(&self, component: &str) -> Option<Result<Vec<Case>, Problem>> {
        let kind = self.kinds.get(component)?.as_ref().ok()?;
        let Some(source) = &kind.sample else { return Some(Ok(vec![Case::default()])) };
        let cases = serde_json::from_str::<Vec<Case>>(source);
        Some(cases.map_err(|error| misread(&file_of(component), &error)))
    }
}

impl Case {
    /// The component of this case, on no device of its own.
    pub(crate) fn placement(&self, component: &str) -> Placement {
        let place = Place::whole(&file_of(component));
        let settings = self.settings.iter().map(|(name, value)| GivenSetting {
            name: name.clone(),
            value: Given::Value(value.clone()),
            place: place.clone(),
        });
        let settings = settings.collect();
        Placement { channel: self.channel().map(str::to_owned), settings, ..Placement::new(component, place) }
    }

    /// The channel that the component is bound to.
    pub(crate) fn channel(&self) -> Option<&str> {
        match &self.channel {
            Some(channel) => Some(channel.as_str()).filter(|channel| !channel.is_empty()),
            None => Some(NAME).filter(|_| !self.settings.contains_key("channels")),
        }
    }

    /// The time of its newest sample or command as the file says it, ms; 0 where it has none.
    pub(crate) fn newest(&self) -> i64 {
        let commands = self.commands.iter().map(|command| command.created);
        self.samples.iter().map(|sample| sample.ts).chain(commands).max().unwrap_or_default()
    }

    /// Its commands, moved in time so that they stand to `moment` as the file has them stand to its newest sample.
    pub(crate) fn commands(&self, moment: Moment) -> Vec<CommandData> {
        let later = self.shift(moment);
        let moved =
            |command: &CommandData| CommandData { created: command.created + later, ..command.clone() };
        self.commands.iter().map(moved).collect()
    }

    /// Its device.
    pub(crate) fn device(&self, id: &str, moment: Moment) -> DeviceData {
        let later = self.shift(moment);
        let latest = self.samples.iter().map(|sample| {
            let (value, ts) = (sample.value.get().to_owned(), sample.ts + later);
            (sample.channel.clone(), ChannelData { value, ts, every: moment.every })
        });
        let newest = self.samples.iter().map(|sample| sample.ts + later).max();
        DeviceData {
            id: id.to_owned(),
            name: NAME.to_owned(),
            labels: Vec::new(),
            presence: moment.presence.0,
            since: moment.presence.1,
            gateway: None,
            channels: latest.collect(),
            describe: self.described(),
            created: None,
            last_seen: newest,
            received: self.samples.len() as u64,
            gaps: 0,
            clock_wrong: false,
            ledger: self.ledger.clone(),
            contested: None,
        }
    }

    /// What the device says of its channels, as the text of a JSON object; empty where it says nothing.
    pub(crate) fn described(&self) -> String {
        let bound = self.describe.iter().map(|described| (NAME, described));
        let others = self.channels.iter().map(|(name, described)| (name.as_str(), described));
        let members =
            bound.chain(others).map(|(name, described)| format!("{}:{described}", Json::from(name)));
        let members: Vec<String> = members.collect();
        if members.is_empty() { String::new() } else { format!("{{{}}}", members.join(",")) }
    }

    /// How much later than in the file everything is, ms.
    fn shift(&self, moment: Moment) -> i64 {
        moment.newest.map_or(0, |newest| newest - self.newest())
    }

    fn scene(&self) -> StillScene {
        let now_ms = self.newest();
        let moment = Moment { newest: None, every: None, presence: (Presence::Online, now_ms) };
        StillScene {
            now_ms,
            devices: [(NAME.to_owned(), self.device(NAME, moment))].into(),
            commands: [(NAME.to_owned(), self.commands.clone())].into(),
            ..StillScene::default()
        }
    }
}

fn file_of(component: &str) -> String {
    format!("components/{component}/sample.json")
}

fn misread(file: &str, error: &serde_json::Error) -> Problem {
    let place = Place { file: file.into(), line: error.line(), column: error.column() };
    let what = error.to_string();
    // The parser repeats the place at the end of its sentence.
    let what = what.split(" at line ").next().unwrap_or_default();
    Problem::new(place, sentence(what))
}
