//! What a page shows: the state of the hub as rendering sees it. Plain data, filled by whoever serves pages.

use std::collections::BTreeMap;

use crate::Presence;

/// The latest value of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelData {
    /// The value: JSON text exactly as the device sent it. It may be a number that no float holds.
    pub value: String,
    /// Its time, ms since 1970.
    pub ts: i64,
    /// The channel's usual interval, ms, once it is known.
    pub every: Option<u64>,
}

/// A device with everything a component may show of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceData {
    /// Its id.
    pub id: String,
    /// Its name for people; the id where it has none.
    pub name: String,
    /// Whether it can be reached.
    pub presence: Presence,
    /// Since when, ms since 1970.
    pub since: i64,
    /// The latest value of each channel, by the channel's name.
    pub channels: BTreeMap<String, ChannelData>,
    /// What its channels are: the text of a JSON object, in the device's own order; empty when it described nothing.
    pub describe: String,
    /// When it was created, ms since 1970.
    pub created: Option<i64>,
    /// When it was last heard, ms since 1970.
    pub last_seen: Option<i64>,
    /// How many messages were taken over from it.
    pub received: u64,
    /// How many gaps are recorded in its log.
    pub gaps: u64,
    /// Whether its clock is known to be wrong, so that receive times are shown instead.
    pub clock_wrong: bool,
}

/// A device as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRow {
    /// Its id.
    pub id: String,
    /// Its name for people; the id where it has none.
    pub name: String,
    /// Whether it can be reached.
    pub presence: Presence,
    /// Since when, ms since 1970.
    pub since: i64,
    /// How many channels it has.
    pub channels: usize,
}

/// An open page in somebody's browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanelRow {
    /// Its id.
    pub id: String,
    /// Who looks at it.
    pub user: String,
    /// The path of the page.
    pub page: String,
    /// Since when, ms since 1970.
    pub since: i64,
    /// The devices it watches.
    pub devices: Vec<String>,
    /// The browser, as it calls itself; empty when unknown.
    pub agent: String,
    /// Where it comes from; empty when unknown.
    pub address: String,
}

/// A gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayRow {
    /// Its id.
    pub id: String,
    /// Whether it is connected.
    pub presence: Presence,
    /// Since when, ms since 1970.
    pub since: i64,
    /// How many devices are connected to it.
    pub devices: usize,
}

/// How a new device gets in: what an empty list tells people to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// Where device lines are listened for, `host:port`.
    pub lines: String,
    /// A token with which a new device may identify.
    pub token: String,
}

/// Where a page's data comes from. Each method is asked at most once a page and device, and only for what the page
/// shows, so that a page with one gauge does not cost a list of all devices.
pub trait Scene {
    /// The hub's clock, ms since 1970: values are as old as this says.
    fn now_ms(&self) -> i64;
    /// A device, or nothing when the hub has never heard of it.
    fn device(&self, id: &str) -> Option<DeviceData>;
    /// All devices, in the order in which they are shown.
    fn devices(&self) -> Vec<DeviceRow> {
        Vec::new()
    }
    /// All open panels.
    fn panels(&self) -> Vec<PanelRow> {
        Vec::new()
    }
    /// All gateways.
    fn gateways(&self) -> Vec<GatewayRow> {
        Vec::new()
    }
    /// What lets a new device in, if whoever looks may know it.
    fn join(&self) -> Option<Join> {
        None
    }
}

/// A scene that stands still: everything is given beforehand. For tests, samples and checks.
#[derive(Clone, Debug, Default)]
pub struct StillScene {
    /// The time, ms since 1970.
    pub now_ms: i64,
    /// The devices, by id.
    pub devices: BTreeMap<String, DeviceData>,
    /// The open panels.
    pub panels: Vec<PanelRow>,
    /// The gateways.
    pub gateways: Vec<GatewayRow>,
    /// What lets a new device in.
    pub join: Option<Join>,
}

impl Scene for StillScene {
    fn now_ms(&self) -> i64 {
        self.now_ms
    }

    fn device(&self, id: &str) -> Option<DeviceData> {
        self.devices.get(id).cloned()
    }

    fn devices(&self) -> Vec<DeviceRow> {
        let row = |device: &DeviceData| DeviceRow {
            id: device.id.clone(),
            name: device.name.clone(),
            presence: device.presence,
            since: device.since,
            channels: device.channels.len(),
        };
        self.devices.values().map(row).collect()
    }

    fn panels(&self) -> Vec<PanelRow> {
        self.panels.clone()
    }

    fn gateways(&self) -> Vec<GatewayRow> {
        self.gateways.clone()
    }

    fn join(&self) -> Option<Join> {
        self.join.clone()
    }
}
