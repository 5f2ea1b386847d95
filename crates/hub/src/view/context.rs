//! Devices, panels and gateways as templates see them.

use std::cell::OnceCell;
use std::collections::HashSet;

use minijinja::Value;

use super::data::{
    CommandData, DeviceData, DeviceRow, GapData, GatewayRow, Join, LedgerData, PanelRow, Scene,
    StorageFailure,
};
use super::filters::humanize;
use super::limits::LISTED_MAX;
use super::render::state_of;
use super::value::{from_json, members};

/// What is the same for all components of a page. Each list is asked for when the first template names it.
pub(crate) struct Lists<'a> {
    scene: &'a dyn Scene,
    devices: OnceCell<(Value, usize)>,
    panels: OnceCell<Value>,
    gateways: OnceCell<Value>,
    join: OnceCell<Value>,
}

impl<'a> Lists<'a> {
    pub(crate) fn new(scene: &'a dyn Scene) -> Self {
        Self {
            scene,
            devices: OnceCell::new(),
            panels: OnceCell::new(),
            gateways: OnceCell::new(),
            join: OnceCell::new(),
        }
    }

    /// The devices that `fits`, in the order in which they are shown: the first of them, `at_most` so many, and how many there
    /// are in all.
    pub(crate) fn devices_that(
        &self,
        mut fits: impl FnMut(&DeviceRow) -> bool,
        at_most: usize,
    ) -> (Vec<DeviceRow>, usize) {
        let (mut first, mut total) = (Vec::new(), 0);
        self.scene.each_device(&mut |row| {
            if fits(&row) {
                total += 1;
                if first.len() < at_most {
                    first.push(row);
                }
            }
        });
        (first, total)
    }

    /// Those that a template names.
    pub(crate) fn named_in(&self, names: &HashSet<String>) -> impl Iterator<Item = (&'static str, Value)> {
        let all = ["devices", "devices_total", "panels", "gateways", "join", "durability"];
        all.into_iter().filter(|name| names.contains(*name)).map(|name| (name, self.get(name)))
    }

    fn get(&self, name: &str) -> Value {
        let devices = || {
            self.devices.get_or_init(|| {
                let (rows, total) = self.devices_that(|_| true, LISTED_MAX);
                (list(&rows, device_row), total)
            })
        };
        match name {
            "devices" => devices().0.clone(),
            "devices_total" => Value::from(devices().1),
            "panels" => self.panels.get_or_init(|| list(&self.scene.panels(), panel_row)).clone(),
            "durability" => Value::from(self.scene.durability()),
            "gateways" => self.gateways.get_or_init(|| list(&self.scene.gateways(), gateway_row)).clone(),
            _ => self.join.get_or_init(|| self.scene.join().as_ref().map_or(Value::UNDEFINED, join)).clone(),
        }
    }
}

/// A device, as `info`.
pub(crate) fn device(device: &DeviceData) -> Value {
    let time = |ms: Option<i64>| ms.map_or(Value::UNDEFINED, Value::from);
    Value::from_pairs([
        ("id", Value::from(device.id.as_str())),
        ("name", Value::from(device.name.as_str())),
        ("labels", Value::from(device.labels.clone())),
        ("presence", Value::from(device.presence.as_str())),
        ("since", Value::from(device.since)),
        ("created", time(device.created)),
        ("last_seen", time(device.last_seen)),
        ("received", Value::from(device.received)),
        ("gaps", Value::from(device.gaps)),
        ("clock_wrong", Value::from(device.clock_wrong)),
        ("ledger", ledger(&device.ledger)),
        ("contested", time(device.contested)),
        ("gateway", device.gateway.as_deref().map_or(Value::UNDEFINED, Value::from)),
    ])
}

fn ledger(ledger: &LedgerData) -> Value {
    let gaps = ledger.gaps.iter().map(|gaps| {
        Value::from_pairs([
            ("reason", Value::from(gaps.reason.as_str())),
            ("gaps", Value::from(gaps.gaps)),
            ("messages", Value::from(gaps.messages)),
        ])
    });
    Value::from_pairs([
        ("received", Value::from(ledger.received)),
        ("committed", Value::from(ledger.committed)),
        ("in_flight", Value::from(ledger.in_flight)),
        ("duplicate", Value::from(ledger.duplicate)),
        ("skipped", Value::from(ledger.skipped)),
        ("late", Value::from(ledger.late)),
        ("gaps", Value::from(gaps.collect::<Vec<_>>())),
        ("outbox", ledger.outbox.map_or(Value::UNDEFINED, Value::from)),
    ])
}

/// What of a device a template may have to ask for, and names: `commands`, `gaps`.
pub(crate) fn asked_for(
    scene: &dyn Scene,
    device: &DeviceData,
    names: &HashSet<String>,
) -> Vec<(&'static str, Value)> {
    let mut found = Vec::new();
    if names.contains("commands") {
        found.push(("commands", list(&scene.commands(&device.id), command)));
    }
    if names.contains("gaps") {
        found.push(("gaps", list(&scene.gaps(&device.id), gap)));
    }
    if names.contains("latest") {
        found.push(("latest", latest(device, scene.now_ms())));
    }
    found
}

/// The newest value of each channel that has one: those that are described in the device's order, then the others by name.
fn latest(device: &DeviceData, now: i64) -> Value {
    let described = members(&device.describe);
    let is_described = |name: &str| described.iter().any(|(described, _)| described == name);
    let first = described.iter().map(|(name, text)| (name.as_str(), from_json(text)));
    let others = device.channels.keys().filter(|name| !is_described(name));
    let all = first.chain(others.map(|name| (name.as_str(), Value::UNDEFINED)));
    let rows = all.filter_map(|(name, describe)| {
        let newest = device.channels.get(name)?;
        let label = describe.get_attr("label").ok().and_then(|label| label.as_str().map(str::to_owned));
        Some(Value::from_pairs([
            ("channel", Value::from(name)),
            ("label", Value::from(label.unwrap_or_else(|| humanize(name)))),
            ("value", from_json(&newest.value)),
            ("ts", Value::from(newest.ts)),
            ("state", Value::from(state_of(Some(device.presence), Some(newest), now))),
            ("describe", describe),
        ]))
    });
    Value::from(rows.take(LISTED_MAX).collect::<Vec<_>>())
}

fn command(command: &CommandData) -> Value {
    Value::from_pairs([
        ("id", Value::from(command.id.as_str())),
        ("by", Value::from(command.by.as_str())),
        ("created", Value::from(command.created)),
        ("channel", Value::from(command.channel.as_str())),
        ("value", from_json(&command.value)),
        ("state", Value::from(command.state.as_str())),
        ("reason", command.reason.as_deref().map_or(Value::UNDEFINED, Value::from)),
    ])
}

fn gap(gap: &GapData) -> Value {
    Value::from_pairs([
        ("messages", Value::from(gap.messages)),
        ("reason", Value::from(gap.reason.as_str())),
        ("at", Value::from(gap.at)),
    ])
}

/// Why nothing is taken over, as the shell says it.
pub(crate) fn storage(failure: &StorageFailure) -> Value {
    Value::from_pairs([
        ("since", Value::from(failure.since)),
        ("reason", Value::from(failure.reason.as_str())),
    ])
}

fn list<T>(rows: &[T], value: impl Fn(&T) -> Value) -> Value {
    Value::from(rows.iter().take(LISTED_MAX).map(value).collect::<Vec<_>>())
}

fn device_row(row: &DeviceRow) -> Value {
    Value::from_pairs([
        ("id", Value::from(row.id.as_str())),
        ("name", Value::from(row.name.as_str())),
        ("labels", Value::from(row.labels.clone())),
        ("presence", Value::from(row.presence.as_str())),
        ("since", Value::from(row.since)),
        ("channels", Value::from(row.channels)),
        ("gateway", row.gateway.as_deref().map_or(Value::UNDEFINED, Value::from)),
    ])
}

fn panel_row(row: &PanelRow) -> Value {
    Value::from_pairs([
        ("id", Value::from(row.id.as_str())),
        ("user", Value::from(row.user.as_str())),
        ("page", Value::from(row.page.as_str())),
        ("since", Value::from(row.since)),
        ("devices", Value::from(row.devices.iter().map(Value::from).collect::<Vec<_>>())),
        ("agent", Value::from(row.agent.as_str())),
        ("address", Value::from(row.address.as_str())),
    ])
}

fn gateway_row(row: &GatewayRow) -> Value {
    Value::from_pairs([
        ("id", Value::from(row.id.as_str())),
        ("presence", Value::from(row.presence.as_str())),
        ("since", Value::from(row.since)),
        ("devices", Value::from(row.devices)),
        ("remote", Value::from(row.uplink.is_some())),
        (
            "address",
            row.uplink.as_ref().map_or(Value::UNDEFINED, |uplink| Value::from(uplink.address.as_str())),
        ),
        ("behind", Value::from(row.uplink.as_ref().map_or(0, |uplink| uplink.behind))),
        ("lost", Value::from(row.uplink.as_ref().map_or(0, |uplink| uplink.lost))),
    ])
}

fn join(join: &Join) -> Value {
    Value::from_pairs([
        ("lines", Value::from(join.lines.as_str())),
        ("token", join.token.as_deref().map_or(Value::UNDEFINED, Value::from)),
    ])
}
