//! The hub as pages see it.

use crate::http::Site;
use crate::view::{ChannelData, DeviceData, DeviceRow, GatewayRow, Join, PanelRow, Scene};
use crate::{DeviceState, DeviceSummary};

/// The state of the hub for one page, asked for while it is rendered.
pub(super) struct HubScene<'a> {
    site: &'a Site,
    now_ms: i64,
    /// Whether whoever looks may let new devices in.
    joins: bool,
}

impl<'a> HubScene<'a> {
    /// For somebody who may see everything but how devices get in, unless `joins`.
    pub(super) fn new(site: &'a Site, joins: bool) -> Self {
        Self { site, now_ms: site.hub.now().wall, joins }
    }
}

impl Scene for HubScene<'_> {
    fn now_ms(&self) -> i64 {
        self.now_ms
    }

    fn device(&self, id: &str) -> Option<DeviceData> {
        self.site.hub.device(id).map(device)
    }

    fn devices(&self) -> Vec<DeviceRow> {
        self.site.hub.devices().into_iter().map(row).collect()
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
        self.site.hub.panels().into_iter().map(row).collect()
    }

    fn gateways(&self) -> Vec<GatewayRow> {
        let row = |gateway: super::GatewayInfo| GatewayRow {
            id: gateway.id,
            presence: gateway.presence,
            since: gateway.since,
            devices: gateway.devices,
        };
        (self.site.gateways)().into_iter().map(row).collect()
    }

    fn join(&self) -> Option<Join> {
        let lines = self.site.lines.clone().filter(|_| self.joins)?;
        Some(Join { lines, token: self.site.hub.auth().join_token().to_owned() })
    }
}

fn device(state: DeviceState) -> DeviceData {
    let channels = state.channels.into_iter().map(|channel| {
        let latest = ChannelData { value: channel.value.to_string(), ts: channel.ts, every: channel.every };
        (channel.channel.to_string(), latest)
    });
    DeviceData {
        name: state.name.as_deref().unwrap_or(state.id.as_str()).to_owned(),
        id: state.id.to_string(),
        presence: state.presence,
        since: state.since,
        channels: channels.collect(),
        describe: state.describe.into(),
        created: Some(state.created),
        last_seen: state.last_seen,
        received: state.received,
        gaps: state.gaps,
        clock_wrong: state.clock_wrong,
    }
}

fn row(summary: DeviceSummary) -> DeviceRow {
    DeviceRow {
        name: summary.name.as_deref().unwrap_or(summary.id.as_str()).to_owned(),
        id: summary.id.to_string(),
        presence: summary.presence,
        since: summary.since,
        channels: summary.channels,
    }
}
