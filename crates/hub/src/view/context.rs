//! Devices, panels and gateways as templates see them.

use std::cell::OnceCell;
use std::collections::HashSet;

use minijinja::Value;

use super::data::{DeviceData, DeviceRow, GatewayRow, Join, PanelRow, Scene};
use super::limits::LISTED_MAX;

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

    /// Those that a template names.
    pub(crate) fn named_in(&self, names: &HashSet<String>) -> impl Iterator<Item = (&'static str, Value)> {
        let all = ["devices", "devices_total", "panels", "gateways", "join"];
        all.into_iter().filter(|name| names.contains(*name)).map(|name| (name, self.get(name)))
    }

    fn get(&self, name: &str) -> Value {
        let devices = || {
            self.devices.get_or_init(|| {
                let rows = self.scene.devices();
                (list(&rows, device_row), rows.len())
            })
        };
        match name {
            "devices" => devices().0.clone(),
            "devices_total" => Value::from(devices().1),
            "panels" => self.panels.get_or_init(|| list(&self.scene.panels(), panel_row)).clone(),
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
        ("presence", Value::from(device.presence.as_str())),
        ("since", Value::from(device.since)),
        ("created", time(device.created)),
        ("last_seen", time(device.last_seen)),
        ("received", Value::from(device.received)),
        ("gaps", Value::from(device.gaps)),
        ("clock_wrong", Value::from(device.clock_wrong)),
    ])
}

fn list<T>(rows: &[T], value: impl Fn(&T) -> Value) -> Value {
    Value::from(rows.iter().take(LISTED_MAX).map(value).collect::<Vec<_>>())
}

fn device_row(row: &DeviceRow) -> Value {
    Value::from_pairs([
        ("id", Value::from(row.id.as_str())),
        ("name", Value::from(row.name.as_str())),
        ("presence", Value::from(row.presence.as_str())),
        ("since", Value::from(row.since)),
        ("channels", Value::from(row.channels)),
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
    ])
}

fn join(join: &Join) -> Value {
    Value::from_pairs([
        ("lines", Value::from(join.lines.as_str())),
        ("token", Value::from(join.token.as_str())),
    ])
}
