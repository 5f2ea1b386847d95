//! `sample.json`: what a component looks like with values in it, for galleries and for checks.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use crate::Presence;

use super::data::{ChannelData, CommandData, DeviceData, LedgerData, StillScene};
use super::definition::{Given, GivenSetting, Placement};
use super::library::Library;
use super::problem::{Place, Problem, sentence};
use super::render::Painter;

/// The device and the channel that samples are of.
const NAME: &str = "sample";

/// One way to show a component.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// Its settings, as a view would give them.
    #[serde(default)]
    settings: Map<String, Json>,
    /// What the device says of the channel.
    describe: Option<Box<RawValue>>,
    /// The samples of the channel, in their order; the last one is the latest.
    #[serde(default)]
    samples: Vec<Sample>,
    /// The commands of the device, the newest first.
    #[serde(default)]
    commands: Vec<CommandData>,
    /// The books of the device.
    #[serde(default)]
    ledger: LedgerData,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    value: Box<RawValue>,
    ts: i64,
}

impl Library {
    /// A component rendered once for each case of its `sample.json` (or once without any values if it has none), and what
    /// went wrong. Nothing when there is no such component.
    pub fn samples(&self, component: &str) -> Option<(Vec<String>, Vec<Problem>)> {
        let kind = self.kinds.get(component)?.as_ref().ok()?;
        let file = format!("components/{component}/sample.json");
        let cases = match &kind.sample {
            None => vec![Case::default()],
            Some(source) => match serde_json::from_str::<Vec<Case>>(source) {
                Ok(cases) => cases,
                Err(error) => return Some((Vec::new(), vec![misread(&file, &error)])),
            },
        };
        let mut rendered = Vec::new();
        let mut problems = Vec::new();
        for case in cases {
            let scene = case.scene();
            let mut painter = Painter::new(self, &scene);
            rendered.push(painter.paint(&case.placement(component, &file), Some(NAME)));
            problems.append(&mut painter.problems);
        }
        Some((rendered, problems))
    }
}

impl Case {
    fn placement(&self, component: &str, file: &str) -> Placement {
        let place = Place::whole(file);
        let settings = self.settings.iter().map(|(name, value)| GivenSetting {
            name: name.clone(),
            value: Given::Value(value.clone()),
            place: place.clone(),
        });
        let settings = settings.collect();
        Placement { channel: Some(NAME.to_owned()), settings, ..Placement::new(component, place) }
    }

    fn scene(&self) -> StillScene {
        let latest = self.samples.last();
        let now_ms = latest.map_or(0, |sample| sample.ts);
        let channel = latest.map(|sample| {
            (
                NAME.to_owned(),
                ChannelData { value: sample.value.get().to_owned(), ts: sample.ts, every: None },
            )
        });
        let describe = self.describe.as_ref().map(|described| format!("{{\"{NAME}\":{described}}}"));
        let device = DeviceData {
            id: NAME.to_owned(),
            name: NAME.to_owned(),
            presence: Presence::Online,
            since: now_ms,
            channels: channel.into_iter().collect(),
            describe: describe.unwrap_or_default(),
            created: None,
            last_seen: latest.map(|sample| sample.ts),
            received: self.samples.len() as u64,
            gaps: 0,
            clock_wrong: false,
            ledger: self.ledger.clone(),
            contested: None,
        };
        StillScene {
            now_ms,
            devices: [(NAME.to_owned(), device)].into(),
            commands: [(NAME.to_owned(), self.commands.clone())].into(),
            ..StillScene::default()
        }
    }
}

fn misread(file: &str, error: &serde_json::Error) -> Problem {
    let place = Place { file: file.into(), line: error.line(), column: error.column() };
    let what = error.to_string();
    // The parser repeats the place at the end of its sentence.
    let what = what.split(" at line ").next().unwrap_or_default();
    Problem::new(place, sentence(what))
}
