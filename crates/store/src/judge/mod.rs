//! Judges what is to be written, before any of it is: pure, without a database.
//!
//! It knows of each device where its log stands ([`Standing`]), and of each write it says whether it follows. The writer
//! then carries out as SQL what was accepted, and [`crate::Memory`] keeps it as it is: both ask the same code.

mod gateways;
mod lanes;
mod relayed;
mod spool;
mod standing;

use std::collections::HashSet;

pub(crate) use gateways::Gateways;
pub(crate) use lanes::oldest_kept;
pub(crate) use spool::OfSpool;
pub(crate) use standing::Standing;

use crate::error::CommitError;
use crate::key_map::KeyMap;
use crate::loaded::{LoadedDevice, LoadedGateway};
use crate::relayed::GatewayKey;
use crate::write::{CommandRow, DeviceKey, NewDevice, Write};

/// What becomes of a write that is not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is to be stored.
    Store,
    /// Its device was removed: it has nowhere to go, and nobody minds.
    Drop,
}

impl Verdict {
    /// On a write about something that is there, or was removed.
    fn of(is_there: bool) -> Verdict {
        if is_there { Verdict::Store } else { Verdict::Drop }
    }
}

/// Devices as they stand behind the last write that was judged: those of which writes are to be judged, at least. Of any other it
/// believes that it is not there.
#[derive(Clone, Debug)]
pub(crate) struct Judge {
    devices: KeyMap<DeviceKey, Known>,
    /// Their ids.
    ids: HashSet<Box<str>>,
    /// The lowest key that no device had before this run. The hub gives keys in order and has devices stored in any:
    /// with the first thing that they say.
    first_key: u64,
    /// Devices from `first_key` on that were removed.
    removed: HashSet<DeviceKey>,
    /// Devices whose standing was changed by writes judged since [`Judge::take_moved`], each once.
    moved: Vec<DeviceKey>,
    /// Sessions of gateways that were, perhaps more than once.
    lanes: Vec<Lane>,
    gateways: Gateways,
    /// Where it judges for a spool: how that stands.
    spool: Option<OfSpool>,
}

/// One session that a gateway issued for a device, and its place among them.
pub(crate) type Lane = (DeviceKey, GatewayKey, u64);

/// What stands elsewhere than before.
#[derive(Default)]
pub(crate) struct Moved {
    /// Each once.
    pub(crate) devices: Vec<DeviceKey>,
    /// Each once, in their order.
    pub(crate) lanes: Vec<Lane>,
    /// Each once.
    pub(crate) gateways: Vec<GatewayKey>,
}

/// A device that is there.
#[derive(Clone, Debug)]
struct Known {
    id: Box<str>,
    standing: Standing,
    /// Whether it is among those that moved.
    moved: bool,
}

impl Known {
    fn new(id: Box<str>, standing: Standing) -> Known {
        Known { id, standing, moved: false }
    }
}

impl Judge {
    /// Begins where a store stands; no device ever had `next_key` or a higher key.
    pub(crate) fn new(devices: &[LoadedDevice], next_key: u64, gateways: Gateways) -> Judge {
        let known = |device: &LoadedDevice| (device.key, Known::new(device.id.clone(), Standing::of(device)));
        Judge {
            devices: devices.iter().map(known).collect(),
            ids: devices.iter().map(|device| device.id.clone()).collect(),
            first_key: next_key,
            removed: HashSet::new(),
            moved: Vec::new(),
            lanes: Vec::new(),
            gateways,
            spool: None,
        }
    }

    /// Forgets all devices and gateways: what is stored counts. Which were removed in this run is not forgotten.
    pub(crate) fn forget(&mut self) {
        self.gateways.forget();
        self.devices.clear();
        self.ids.clear();
        self.moved.clear();
        self.lanes.clear();
    }

    /// Whether it has an opinion on this device already.
    pub(crate) fn knows(&self, device: DeviceKey) -> bool {
        self.devices.contains_key(&device) || self.removed.contains(&device)
    }

    /// Whether it knows a device with this id.
    pub(crate) fn knows_id(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Learns of a device where it stands, as it is stored.
    pub(crate) fn learn(&mut self, device: &LoadedDevice) {
        self.ids.insert(device.id.clone());
        self.devices.insert(device.key, Known::new(device.id.clone(), Standing::of(device)));
    }

    /// Whether it has an opinion on this gateway already.
    pub(crate) fn knows_gateway(&self, gateway: GatewayKey) -> bool {
        self.gateways.knows(gateway)
    }

    /// Learns of a gateway where it stands, as it is stored.
    pub(crate) fn learn_gateway(&mut self, gateway: &LoadedGateway) {
        self.gateways.learn(gateway);
    }

    /// How gateways stand.
    pub(crate) fn gateways(&self) -> &Gateways {
        &self.gateways
    }

    /// How many devices it knows.
    pub(crate) fn len(&self) -> usize {
        self.devices.len()
    }

    /// Judges one write; an accepted one counts from then on.
    ///
    /// # Errors
    /// When it is refused; then it changed nothing.
    pub(crate) fn judge(&mut self, write: &Write) -> Result<Verdict, CommitError> {
        match write {
            Write::Message(message) => {
                self.has_room()?;
                self.change(message.device, |standing| standing.message(message, message.position.as_ref()))
            }
            Write::Gap(gap) => {
                self.has_room()?;
                self.change(gap.device, |standing| standing.gap(gap, gap.position.as_ref()))
            }
            Write::Session { device, counter, .. } => self.change(*device, |standing| {
                standing.next_session = counter.saturating_add(1);
                Ok(())
            }),
            Write::CommandCounter { device, next } => self.change(*device, |standing| {
                standing.next_command = *next;
                Ok(())
            }),
            Write::Device(new) => self.device(new),
            Write::RemoveDevice { device } => self.remove(*device),
            Write::DeviceToken { device, .. }
            | Write::Describe { device, .. }
            | Write::Called { device, .. }
            | Write::Rhythm { device, .. }
            | Write::Command(CommandRow { device, .. }) => match self.devices.contains_key(device) {
                true => Ok(Verdict::Store),
                false => self.absent(*device),
            },
            Write::Token(_)
            | Write::TokenUsed { .. }
            | Write::TokenRevoked { .. }
            | Write::Access(_)
            | Write::RemoveAccess { .. }
            | Write::Audit(_)
            | Write::Prune { .. } => Ok(Verdict::Store),
            Write::Gateway(new) => self.gateways.add(new).map(|()| Verdict::Store),
            Write::GatewayToken { gateway, .. } => self.gateways.is_there(*gateway).map(Verdict::of),
            Write::RemoveGateway { gateway } => {
                let is_there = self.gateways.is_there(*gateway)?;
                self.gateways.remove(*gateway);
                for known in self.devices.values_mut() {
                    known.standing.relayed.retain(|lane| lane.gateway != *gateway);
                }
                Ok(Verdict::of(is_there))
            }
            Write::Relayed(relayed) => self.relayed(relayed),
            Write::Spool(write) => self.spool(write),
        }
    }

    /// What becomes of a write for a device that is not there.
    fn absent(&self, device: DeviceKey) -> Result<Verdict, CommitError> {
        if self.was_removed(device) { Ok(Verdict::Drop) } else { Err(CommitError::UnknownDevice(device)) }
    }

    /// The id of a device, unless it was removed or never was.
    pub(crate) fn id(&self, device: DeviceKey) -> Option<&str> {
        self.devices.get(&device).map(|known| &*known.id)
    }

    /// Where a device's log stands, unless it was removed or never was.
    pub(crate) fn standing(&self, device: DeviceKey) -> Option<&Standing> {
        self.devices.get(&device).map(|known| &known.standing)
    }

    /// What moved since this was last asked. Some of it may be gone.
    pub(crate) fn take_moved(&mut self) -> Moved {
        let devices = std::mem::take(&mut self.moved);
        for device in &devices {
            if let Some(known) = self.devices.get_mut(device) {
                known.moved = false;
            }
        }
        let mut lanes = std::mem::take(&mut self.lanes);
        lanes.sort_unstable();
        lanes.dedup();
        Moved { devices, lanes, gateways: self.gateways.take_moved() }
    }

    /// Changes where a device stands.
    fn change(
        &mut self,
        device: DeviceKey,
        change: impl FnOnce(&mut Standing) -> Result<(), CommitError>,
    ) -> Result<Verdict, CommitError> {
        let Some(known) = self.devices.get_mut(&device) else { return self.absent(device) };
        change(&mut known.standing)?;
        if !known.moved {
            known.moved = true;
            self.moved.push(device);
        }
        Ok(Verdict::Store)
    }

    fn device(&mut self, new: &NewDevice) -> Result<Verdict, CommitError> {
        if self.ids.contains(&new.id) || !self.is_free(new.key) {
            return Err(CommitError::DeviceTaken { device: new.key, id: new.id.clone() });
        }
        self.ids.insert(new.id.clone());
        let known = Known { moved: true, ..Known::new(new.id.clone(), Standing::default()) };
        self.devices.insert(new.key, known);
        self.moved.push(new.key);
        Ok(Verdict::Store)
    }

    fn remove(&mut self, device: DeviceKey) -> Result<Verdict, CommitError> {
        let Some(known) = self.devices.remove(&device) else { return self.absent(device) };
        self.ids.remove(&known.id);
        self.removed.insert(device);
        Ok(Verdict::Store)
    }

    /// Whether a device that is not here once was.
    fn was_removed(&self, device: DeviceKey) -> bool {
        device.0 < self.first_key || self.removed.contains(&device)
    }

    /// Whether a new device may have this key: none ever had it, and SQLite can count beyond it.
    fn is_free(&self, device: DeviceKey) -> bool {
        !self.was_removed(device) && !self.devices.contains_key(&device) && device.0 < i64::MAX as u64
    }
}
