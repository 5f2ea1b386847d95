//! The devices as people and programs see them: who they are and where they stand, one by one or in lists.

use crate::Hub;
use crate::auth::{Grant, Scope, Sight};
use crate::registry::{Found, Listed, Listing};
use crate::rights::{Check, asks};
use protocol::id::DeviceId;
use router::{Device, Ledger, Presence};
use std::sync::Arc;
use store::{DeviceKey, ReadError};

/// One device in a list.
#[derive(Debug, Clone)]
pub struct DeviceSummary {
    /// Its id.
    pub id: DeviceId,
    /// What to call it: its name, or its id.
    pub name: Box<str>,
    /// Its labels.
    pub labels: Vec<Box<str>>,
    /// Whether it can be heard.
    pub presence: Presence,
    /// Since when, milliseconds since 1970.
    pub since: i64,
    /// The gateway that it is behind, where it is behind one.
    pub gateway: Option<Box<str>>,
    /// How many channels it has.
    pub channels: usize,
}

/// One device in full.
#[derive(Debug, Clone)]
pub struct DeviceState {
    /// Its number in the store.
    pub key: DeviceKey,
    /// Its id.
    pub id: DeviceId,
    /// What to call it: its name, or its id.
    pub name: Box<str>,
    /// Its labels.
    pub labels: Vec<Box<str>>,
    /// Whether it can be heard.
    pub presence: Presence,
    /// Since when, milliseconds since 1970.
    pub since: i64,
    /// The gateway that it is behind, where it is behind one.
    pub gateway: Option<Box<str>>,
    /// When it was made, milliseconds since 1970.
    pub created: i64,
    /// When something was last heard, milliseconds since 1970.
    pub last_seen: Option<i64>,
    /// What came from it, and what became of that.
    pub ledger: Ledger,
    /// Since when more than one device uses its id, milliseconds since 1970; nothing while none does (rule H11).
    pub contested: Option<i64>,
    /// The last time it sent could not be believed.
    pub clock_wrong: bool,
    /// Its channels with their newest samples, by name.
    pub channels: Vec<ChannelState>,
    /// What it says its channels are: a JSON object.
    pub describe: Box<str>,
}

/// The newest sample of a channel.
#[derive(Debug, Clone)]
pub struct ChannelState {
    /// The channel's name.
    pub channel: Arc<str>,
    /// The value's JSON text, exactly as sent.
    pub value: Arc<str>,
    /// Its time, milliseconds since 1970.
    pub ts: i64,
    /// Milliseconds between samples, as the device declared them.
    pub every: Option<u64>,
}

impl Hub {
    /// Has all devices seen that `grant` permits to see, in the order of their ids. There may be a million of them: who keeps
    /// all keeps much.
    pub fn each_device(&self, grant: &Grant, see: &mut dyn FnMut(DeviceSummary)) {
        let mut listing = self.registry.list();
        while let Some(listed) = listing.next(&self.registry) {
            if grant.may_device(Scope::View, listed.id()) || !asks(Check::PageList) {
                summary(&listed).into_iter().for_each(&mut *see);
            }
        }
    }

    /// All of them at once, for whoever knows that there are few; others see each of them.
    pub fn devices(&self, grant: &Grant) -> Vec<DeviceSummary> {
        let mut devices = Vec::new();
        self.each_device(grant, &mut |device| devices.push(device));
        devices
    }

    /// The next devices of a list that `grant` permits to see, at most so many; fewer at the end. Those that sleep are read from
    /// the store and sleep on: it blocks.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub(crate) fn next_devices(
        &self,
        grant: &Grant,
        listing: &mut Listing,
        at_most: usize,
    ) -> Result<Vec<DeviceState>, ReadError> {
        let mut states = Vec::new();
        while states.len() < at_most
            && let Some(listed) = listing.next(&self.registry)
        {
            if !grant.may_device(Scope::View, listed.id()) && asks(Check::Listing) {
                continue;
            }
            let cell = match listed {
                Listed::Awake(cell) => cell,
                Listed::Asleep(brief) => match self.registry.look(brief.id)? {
                    Found::Awake(cell) => cell,
                    Found::Asleep(sleeper) => {
                        states.extend(Device::restore(*sleeper.row).as_ref().map(DeviceState::of));
                        continue;
                    }
                    Found::Nothing => continue,
                },
            };
            let inner = cell.lock();
            if !inner.device.is_removed() {
                states.push(DeviceState::of(&inner.device));
            }
        }
        Ok(states)
    }

    /// The device that may be seen, if there is such a one.
    pub fn device(&self, sight: &Sight) -> Option<DeviceState> {
        let cell = self.registry.by_id(sight.id())?;
        let inner = cell.lock();
        Some(DeviceState::of(&inner.device))
    }

    /// Its number in the store.
    pub(crate) fn device_key(&self, sight: &Sight) -> Option<DeviceKey> {
        self.registry.by_id(sight.id()).map(|cell| cell.key)
    }

    /// Any device, for a test that is not about rights.
    #[cfg(test)]
    pub(crate) fn any_device(&self, id: &str) -> Option<DeviceState> {
        self.device(&self.auth.administrator(self.auth.admin_token())?.sight(id)?)
    }
}

impl DeviceState {
    fn of(device: &Device) -> Self {
        let (presence, since) = device.presence();
        let channels = device.latest().map(|(channel, latest, every)| ChannelState {
            channel: channel.clone(),
            value: latest.value.clone(),
            ts: latest.ts,
            every,
        });
        Self {
            key: device.identity.key,
            id: device.identity.id.clone(),
            name: device.name().into(),
            labels: device.labels().lines().map(Into::into).collect(),
            presence,
            since,
            gateway: device.gateway().map(Into::into),
            created: device.identity.created,
            last_seen: device.last_seen(),
            ledger: device.ledger(),
            contested: device.contested(),
            clock_wrong: device.is_clock_wrong(),
            channels: channels.collect(),
            describe: device.description().into(),
        }
    }
}

/// What a list says of a device; nothing of one whose id is none of ours.
fn summary(listed: &Listed<'_>) -> Option<DeviceSummary> {
    Some(match listed {
        Listed::Awake(cell) => {
            let inner = cell.lock();
            let (presence, since) = inner.device.presence();
            let device = &inner.device;
            DeviceSummary {
                id: cell.id.clone(),
                name: device.name().into(),
                labels: device.labels().lines().map(Into::into).collect(),
                presence,
                since,
                gateway: device.gateway().map(Into::into),
                channels: device.channel_count(),
            }
        }
        Listed::Asleep(brief) => DeviceSummary {
            id: DeviceId::parse(brief.id)?,
            name: brief.name().into(),
            labels: brief.labels().lines().map(Into::into).collect(),
            presence: Presence::Offline,
            since: brief.since,
            gateway: None,
            channels: brief.channels,
        },
    })
}
