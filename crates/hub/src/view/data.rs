//! What a page shows: the state of the hub as rendering sees it. Plain data, filled by whoever serves pages.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::Presence;
use crate::view::look::Look;
use crate::view::value::json_text;

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
    /// What people sort it by.
    pub labels: Vec<String>,
    /// Whether it can be reached.
    pub presence: Presence,
    /// Since when, ms since 1970.
    pub since: i64,
    /// The gateway that it is behind, where it is behind one.
    pub gateway: Option<String>,
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
    /// Its books.
    pub ledger: LedgerData,
    /// Since when more than one device uses its id, ms since 1970; nothing where none does.
    pub contested: Option<i64>,
}

/// The books of a device: what came from it and what became of that, in messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LedgerData {
    /// Received, and neither a duplicate nor refused.
    pub received: u64,
    /// Durable.
    pub committed: u64,
    /// On their way to the store.
    pub in_flight: u64,
    /// Came again and were dropped, since the start of the hub.
    pub duplicate: u64,
    /// Lost for good: the numbers in gaps.
    pub skipped: u64,
    /// Committed, with a sample that was older than the newest of its channel.
    pub late: u64,
    /// Recorded gaps by reason.
    pub gaps: Vec<GapsData>,
    /// How many the device still holds, where it tells.
    pub outbox: Option<u64>,
}

/// The recorded gaps of one reason.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GapsData {
    /// Why.
    pub reason: String,
    /// How many gaps.
    pub gaps: u64,
    /// How many messages are missing in them.
    pub messages: u64,
}

/// One recorded gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GapData {
    /// How many messages are missing.
    pub messages: u64,
    /// Why.
    pub reason: String,
    /// When that was learned, ms since 1970.
    pub at: i64,
}

/// A command and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandData {
    /// Its id.
    pub id: String,
    /// Who asked for it.
    pub by: String,
    /// When, ms since 1970.
    pub created: i64,
    /// The channel.
    pub channel: String,
    /// What was asked for: JSON text.
    #[serde(deserialize_with = "json_text")]
    pub value: String,
    /// Where it stands, as receipts say it.
    pub state: String,
    /// Why, where there is a reason.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Why nothing is taken over (rule H9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageFailure {
    /// Since when, ms since 1970.
    pub since: i64,
    /// What the system said.
    pub reason: String,
}

/// A device as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRow {
    /// Its id.
    pub id: String,
    /// Its name for people; the id where it has none.
    pub name: String,
    /// What people sort it by.
    pub labels: Vec<String>,
    /// Whether it can be reached.
    pub presence: Presence,
    /// Since when, ms since 1970.
    pub since: i64,
    /// The gateway that it is behind, where it is behind one.
    pub gateway: Option<String>,
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
    /// Its uplink; nothing for the one in the hub's own process.
    pub uplink: Option<UplinkRow>,
}

/// A gateway's uplink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UplinkRow {
    /// Where it comes from, or came from last.
    pub address: String,
    /// Entries in its spool that this hub has not taken over.
    pub behind: u64,
    /// Entries that will never come.
    pub lost: u64,
}

/// How a new device gets in: what an empty list tells people to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// Where device lines are listened for, `host:port`.
    pub lines: String,
    /// A token with which a new device may identify; nothing where the hub is closed to new ones.
    pub token: Option<String>,
}

/// Where a page's data comes from. Each method is asked at most once a page and device, and only for what the page
/// shows, so that a page with one gauge does not cost a list of all devices.
pub trait Scene {
    /// The hub's clock, ms since 1970: values are as old as this says.
    fn now_ms(&self) -> i64;
    /// A device, or nothing when the hub has never heard of it.
    fn device(&self, id: &str) -> Option<DeviceData>;
    /// How whoever asks wants the page to look.
    fn look(&self) -> Look {
        Look::default()
    }
    /// Has all devices seen, in the order in which they are shown; once for each list on the page. There may be very many.
    fn each_device(&self, _see: &mut dyn FnMut(DeviceRow)) {}
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
    /// The newest commands to a device, the newest first. It may read from the disk.
    fn commands(&self, _device: &str) -> Vec<CommandData> {
        Vec::new()
    }
    /// The newest recorded gaps of a device, the newest first. It may read from the disk.
    fn gaps(&self, _device: &str) -> Vec<GapData> {
        Vec::new()
    }
    /// What a commit survives, in a word: `disk`, `lazy` or `memory`; empty where nobody knows.
    fn durability(&self) -> &'static str {
        ""
    }
    /// Why the hub takes nothing over at the moment, if it does not.
    fn storage(&self) -> Option<StorageFailure> {
        None
    }
    /// What stands behind the `?` of the page's address, as it stands there.
    fn query(&self) -> &str {
        ""
    }
    /// Whether whoever looks may change the view of this name.
    fn may_edit(&self, _view: &str) -> bool {
        false
    }
    /// Whether they may look at anything.
    fn may_look(&self) -> bool {
        true
    }
    /// Whether they may look at the view of this name.
    fn may_view(&self, _view: &str) -> bool {
        true
    }
    /// Whether they may command the device.
    fn may_command(&self, _device: &str) -> bool {
        true
    }
    /// Whether they may administer the hub: then they are shown the way to the pages for that.
    fn may_admin(&self) -> bool {
        false
    }
    /// How the configuration stands.
    fn configuration(&self) -> crate::Configuration {
        crate::Configuration::Holds
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
    /// The commands of each device, the newest first.
    pub commands: BTreeMap<String, Vec<CommandData>>,
    /// The recorded gaps of each device, the newest first.
    pub gaps: BTreeMap<String, Vec<GapData>>,
    /// Why nothing is taken over.
    pub storage: Option<StorageFailure>,
    /// What stands behind the `?` of the page's address.
    pub query: String,
    /// Whether whoever looks may change views.
    pub may_edit: bool,
    /// How the page is to look.
    pub look: Look,
}

impl Scene for StillScene {
    fn now_ms(&self) -> i64 {
        self.now_ms
    }

    fn look(&self) -> Look {
        self.look
    }

    fn device(&self, id: &str) -> Option<DeviceData> {
        self.devices.get(id).cloned()
    }

    fn each_device(&self, see: &mut dyn FnMut(DeviceRow)) {
        let row = |device: &DeviceData| DeviceRow {
            id: device.id.clone(),
            name: device.name.clone(),
            labels: device.labels.clone(),
            presence: device.presence,
            since: device.since,
            gateway: device.gateway.clone(),
            channels: device.channels.len(),
        };
        self.devices.values().map(row).for_each(see);
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

    fn commands(&self, device: &str) -> Vec<CommandData> {
        self.commands.get(device).cloned().unwrap_or_default()
    }

    fn gaps(&self, device: &str) -> Vec<GapData> {
        self.gaps.get(device).cloned().unwrap_or_default()
    }

    fn storage(&self) -> Option<StorageFailure> {
        self.storage.clone()
    }

    fn query(&self) -> &str {
        &self.query
    }

    fn may_edit(&self, _: &str) -> bool {
        self.may_edit
    }
}
