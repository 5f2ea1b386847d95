//! The devices of the gallery: they live in the page alone. What they are at first paint is said here, and how the page
//! plays on when it has come to life.

use serde_json::{Value as Json, json};

use crate::Presence;

use super::super::data::{
    CommandData, DeviceData, DeviceRow, GatewayRow, LedgerData, Scene, StillScene, UplinkRow,
};
use super::super::sample::{Case, NAME};
use super::play::Play;

/// A list of devices shows these: id, name, presence, number of channels.
const LISTED: &[(&str, &str, Presence, usize)] = &[
    ("boiler-7", "Boiler, north wing", Presence::Online, 12),
    ("pump-3", "pump-3", Presence::Unreachable, 4),
    ("weather-1", "Weather station", Presence::Offline, 6),
];

/// Everything that the components of a page are bound to.
pub(super) struct Stage {
    play: Play,
    still: StillScene,
    scripts: serde_json::Map<String, Json>,
}

impl Stage {
    pub(super) fn new(play: Play, now_ms: i64) -> Self {
        let still = StillScene { now_ms, ..StillScene::default() };
        Self { play, still, scripts: serde_json::Map::new() }
    }

    /// Puts the device of a case on the stage.
    pub(super) fn add(&mut self, id: &str, case: &Case) {
        let moment = self.play.moment(self.still.now_ms);
        let (device, commands) = (case.device(id, moment), case.commands(moment));
        self.scripts.insert(id.to_owned(), self.script(case, &device, &commands));
        self.still.commands.insert(id.to_owned(), commands);
        self.still.devices.insert(id.to_owned(), device);
    }

    /// How the page plays on: JSON, by the ids of the devices.
    pub(super) fn script_of_all(&self) -> String {
        Json::Object(self.scripts.clone()).to_string()
    }

    fn script(&self, case: &Case, device: &DeviceData, commands: &[CommandData]) -> Json {
        let moment = self.play.moment(self.still.now_ms);
        let later = moment.newest.map_or(0, |newest| newest - case.newest());
        let samples = case.samples.iter().map(|sample| {
            json!({ "channel": sample.channel, "value": parsed(sample.value.get()), "ts": sample.ts + later })
        });
        json!({
            "name": device.name,
            "presence": device.presence.as_str(),
            "since": device.since,
            "every": moment.every,
            "pace": self.play.pace(),
            "outcome": self.play.outcome(),
            "channel": case.channel(),
            "samples": samples.collect::<Vec<_>>(),
            "describe": parsed(&device.describe),
            "commands": commands.iter().map(receipt).collect::<Vec<_>>(),
            "ledger": ledger(&device.ledger),
        })
    }
}

/// JSON as a browser would read it. A number that no float holds is nothing to play with.
fn parsed(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or(Json::Null)
}

fn receipt(command: &CommandData) -> Json {
    json!({
        "command": command.id, "by": command.by, "created": command.created, "channel": command.channel,
        "asked": parsed(&command.value), "state": command.state, "reason": command.reason,
    })
}

fn ledger(ledger: &LedgerData) -> Json {
    let gaps = ledger.gaps.iter();
    let gaps =
        gaps.map(|gaps| json!({ "reason": gaps.reason, "gaps": gaps.gaps, "messages": gaps.messages }));
    json!({
        "received": ledger.received, "committed": ledger.committed, "in_flight": ledger.in_flight,
        "duplicate": ledger.duplicate, "skipped": ledger.skipped, "late": ledger.late,
        "gaps": gaps.collect::<Vec<_>>(), "outbox": ledger.outbox,
    })
}

impl Scene for Stage {
    fn now_ms(&self) -> i64 {
        self.still.now_ms
    }

    fn device(&self, id: &str) -> Option<DeviceData> {
        self.still.device(id)
    }

    fn each_device(&self, see: &mut dyn FnMut(DeviceRow)) {
        let row = |(id, name, presence, channels): &(&str, &str, Presence, usize)| DeviceRow {
            id: (*id).to_owned(),
            name: (*name).to_owned(),
            labels: Vec::new(),
            presence: *presence,
            since: self.still.now_ms - 3_600_000,
            gateway: None,
            channels: *channels,
        };
        LISTED.iter().map(row).for_each(see);
    }

    fn gateways(&self) -> Vec<GatewayRow> {
        let since = self.still.now_ms - 3_600_000;
        let uplink = Some(UplinkRow { address: "websocket 10.0.0.5:40112".to_owned(), behind: 12, lost: 0 });
        vec![GatewayRow {
            id: NAME.to_owned(),
            presence: Presence::Online,
            since,
            devices: LISTED.len(),
            uplink,
        }]
    }

    fn commands(&self, device: &str) -> Vec<CommandData> {
        self.still.commands(device)
    }

    fn durability(&self) -> &'static str {
        "disk"
    }
}
