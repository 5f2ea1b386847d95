//! The hub as pages see it.

use crate::auth::{Enrolment, Grant, Scope, Sight};
use crate::http::Site;
use crate::rights::{Check, asks};
use crate::view::limits::{COMMANDS_LISTED_MAX, GAPS_LISTED_MAX};
use crate::view::{
    ChannelData, CommandData, DeviceData, DeviceRow, GapData, GapsData, GatewayRow, Join, LedgerData, Look,
    PanelRow, Scene, StorageFailure, UplinkRow,
};
use crate::{DeviceState, DeviceSummary, Storage};
use router::Ledger;
use store::{CommandRow, GapRow, ReadError, Reader};

/// The state of the hub for one page, asked for while it is rendered.
pub(super) struct HubScene<'a> {
    site: &'a Site,
    now_ms: i64,
    /// What whoever looks may.
    grant: &'a Grant,
    query: String,
    look: Look,
}

impl<'a> HubScene<'a> {
    /// For somebody with this grant, at an address with `query` behind its `?`.
    pub(super) fn new(site: &'a Site, grant: &'a Grant, query: String) -> Self {
        Self { site, now_ms: site.hub.now().wall, grant, query, look: Look::default() }
    }

    /// The same for a page that is to look so.
    pub(super) fn looking(self, look: Look) -> Self {
        Self { look, ..self }
    }
}

impl Scene for HubScene<'_> {
    fn now_ms(&self) -> i64 {
        self.now_ms
    }

    fn look(&self) -> Look {
        self.look
    }

    fn device(&self, id: &str) -> Option<DeviceData> {
        let state = self.site.hub.device(&self.grant.sight(id)?)?;
        let cell = self.site.hub.registry.by_key(state.key)?;
        let (ledger, contested) = {
            let inner = cell.lock();
            (inner.device.ledger(), inner.device.contested())
        };
        Some(DeviceData { ledger: books(ledger), contested, ..device(state) })
    }

    fn each_device(&self, see: &mut dyn FnMut(DeviceRow)) {
        self.site.hub.each_device(self.grant, &mut |summary| see(row(summary)));
    }

    fn panels(&self) -> Vec<PanelRow> {
        let row = |panel: crate::panel::PanelInfo| PanelRow {
            id: panel.id,
            user: panel.user,
            page: panel.page,
            since: panel.since,
            devices: panel.devices,
            agent: String::new(),
            address: panel.address,
        };
        self.site.hub.panels(self.grant).into_iter().map(row).collect()
    }

    fn gateways(&self) -> Vec<GatewayRow> {
        let local = |gateway: super::GatewayInfo| GatewayRow {
            id: gateway.id,
            presence: gateway.presence,
            since: gateway.since,
            devices: gateway.devices,
            uplink: None,
        };
        let remote = |gateway: crate::uplink::GatewayState| GatewayRow {
            id: gateway.id.into(),
            presence: gateway.presence,
            since: gateway.since,
            devices: gateway.devices,
            uplink: Some(UplinkRow {
                address: gateway.address.unwrap_or_default().into(),
                behind: gateway.behind,
                lost: gateway.lost.values().sum(),
            }),
        };
        let gateways = self.site.local_gateways(self.grant).into_iter().map(local);
        gateways.chain(self.site.hub.gateways(self.grant).into_iter().map(remote)).collect()
    }

    fn join(&self) -> Option<Join> {
        let lines = self.site.lines.clone().filter(|_| self.grant.may(Scope::Admin))?;
        let auth = self.site.hub.auth();
        let is_closed = auth.enrolment() == Enrolment::Closed;
        Some(Join { lines, token: (!is_closed).then(|| auth.join_token().to_owned()) })
    }

    fn commands(&self, id: &str) -> Vec<CommandData> {
        let Some(sight) = self.grant.sight(id) else { return Vec::new() };
        let stored = self.read(&sight, |reader, device| reader.commands(device, COMMANDS_LISTED_MAX));
        let rows = self.site.hub.newest_commands(&sight, stored, COMMANDS_LISTED_MAX);
        rows.into_iter().map(command).collect()
    }

    fn gaps(&self, id: &str) -> Vec<GapData> {
        let Some(sight) = self.grant.sight(id) else { return Vec::new() };
        let gaps = self.read(&sight, |reader, device| {
            // Of no channel: its samples are not looked at.
            Ok(reader.history(device, "", i64::MIN, i64::MAX, 1)?.gaps)
        });
        gaps.into_iter().rev().take(GAPS_LISTED_MAX).map(gap).collect()
    }

    fn configuration(&self) -> crate::Configuration {
        self.site.hub.configuration()
    }

    fn durability(&self) -> &'static str {
        self.site.hub.durability().name()
    }

    fn storage(&self) -> Option<StorageFailure> {
        match &*self.site.hub.storage().borrow() {
            Storage::Up => None,
            Storage::Failed { since, reason } => {
                Some(StorageFailure { since: *since, reason: reason.to_string() })
            }
        }
    }

    fn query(&self) -> &str {
        &self.query
    }

    fn may_edit(&self, view: &str) -> bool {
        self.grant.may_view(Scope::Edit, view)
    }

    fn may_view(&self, view: &str) -> bool {
        self.grant.may_view(Scope::View, view) || !asks(Check::View)
    }

    fn may_command(&self, device: &str) -> bool {
        self.grant.may_device(Scope::Command, device)
    }

    fn may_look(&self) -> bool {
        self.grant.may(Scope::View)
    }

    fn may_admin(&self) -> bool {
        self.grant.may(Scope::Admin)
    }
}

impl HubScene<'_> {
    /// Reads from the disk; whoever renders does so where that may take its time. What cannot be read is left out of the
    /// page rather than being the end of it: the browser asks for it again.
    fn read<T>(
        &self,
        sight: &Sight,
        read: impl FnOnce(&Reader, store::DeviceKey) -> Result<Vec<T>, ReadError>,
    ) -> Vec<T> {
        let Some(device) = self.site.hub.device_key(sight) else { return Vec::new() };
        read(self.site.hub.reader(), device).unwrap_or_else(|error| {
            tracing::warn!(device = sight.id(), %error, "a page is shown without what is stored");
            Vec::new()
        })
    }
}

fn command(row: CommandRow) -> CommandData {
    CommandData {
        id: row.id.into(),
        by: row.by.into(),
        created: row.created,
        channel: row.channel.into(),
        value: row.value.into(),
        state: row.state.into(),
        reason: row.reason.map(Into::into),
    }
}

fn gap(row: GapRow) -> GapData {
    GapData { messages: row.to.saturating_sub(row.from) + 1, reason: row.reason.into(), at: row.at }
}

fn books(ledger: Ledger) -> LedgerData {
    let gaps = ledger.gaps.into_iter().map(|count| GapsData {
        reason: count.reason.into(),
        gaps: count.gaps,
        messages: count.messages,
    });
    LedgerData {
        received: ledger.received,
        committed: ledger.committed,
        in_flight: ledger.in_flight,
        duplicate: ledger.duplicate,
        skipped: ledger.skipped,
        late: ledger.late,
        gaps: gaps.collect(),
        outbox: ledger.outbox,
    }
}

fn device(state: DeviceState) -> DeviceData {
    let channels = state.channels.into_iter().map(|channel| {
        let latest = ChannelData { value: channel.value.to_string(), ts: channel.ts, every: channel.every };
        (channel.channel.to_string(), latest)
    });
    DeviceData {
        name: state.name.clone().into(),
        labels: state.labels.iter().map(|label| label.to_string()).collect(),
        id: state.id.to_string(),
        presence: state.presence,
        since: state.since,
        gateway: state.gateway.map(Into::into),
        channels: channels.collect(),
        describe: state.describe.into(),
        created: Some(state.created),
        last_seen: state.last_seen,
        received: state.ledger.committed,
        gaps: state.ledger.gap_count(),
        clock_wrong: state.clock_wrong,
        ledger: LedgerData::default(),
        contested: None,
    }
}

fn row(summary: DeviceSummary) -> DeviceRow {
    DeviceRow {
        name: summary.name.into(),
        labels: summary.labels.into_iter().map(String::from).collect(),
        id: summary.id.to_string(),
        presence: summary.presence,
        since: summary.since,
        gateway: summary.gateway.map(Into::into),
        channels: summary.channels,
    }
}
