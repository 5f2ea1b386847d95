//! Judges what is to be written, before any of it is: pure, without a database.
//!
//! It knows of each device where its log stands ([`Standing`]), and of each write it says whether it follows. The writer
//! then carries out as SQL what was accepted, and [`crate::Memory`] keeps it as it is: both ask the same code.

mod standing;

use std::collections::HashSet;

pub(crate) use standing::Standing;

use crate::error::CommitError;
use crate::key_map::KeyMap;
use crate::loaded::LoadedDevice;
use crate::write::{CommandRow, DeviceKey, NewDevice, Write};

/// What becomes of a write that is not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is to be stored.
    Store,
    /// Its device was removed: it has nowhere to go, and nobody minds.
    Drop,
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
    pub(crate) fn new(devices: &[LoadedDevice], next_key: u64) -> Judge {
        let known = |device: &LoadedDevice| (device.key, Known::new(device.id.clone(), Standing::of(device)));
        Judge {
            devices: devices.iter().map(known).collect(),
            ids: devices.iter().map(|device| device.id.clone()).collect(),
            first_key: next_key,
            removed: HashSet::new(),
            moved: Vec::new(),
        }
    }

    /// Forgets all devices: what is stored counts. Which were removed in this run is not forgotten.
    pub(crate) fn forget(&mut self) {
        let removed = std::mem::take(&mut self.removed);
        *self = Judge { removed, ..Judge::new(&[], self.first_key) };
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
            Write::Message(message) => self.change(message.device, |standing| standing.message(message)),
            Write::Gap(gap) => self.change(gap.device, |standing| standing.gap(gap)),
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
            Write::Token(_) | Write::TokenUsed { .. } | Write::TokenRevoked { .. } | Write::Prune { .. } => {
                Ok(Verdict::Store)
            }
        }
    }

    /// What becomes of a write for a device that is not there.
    fn absent(&self, device: DeviceKey) -> Result<Verdict, CommitError> {
        if self.was_removed(device) { Ok(Verdict::Drop) } else { Err(CommitError::UnknownDevice(device)) }
    }

    /// Where a device's log stands, unless it was removed or never was.
    pub(crate) fn standing(&self, device: DeviceKey) -> Option<&Standing> {
        self.devices.get(&device).map(|known| &known.standing)
    }

    /// The devices that moved since this was last asked, each once. Some may be gone.
    pub(crate) fn take_moved(&mut self) -> Vec<DeviceKey> {
        let moved = std::mem::take(&mut self.moved);
        for device in &moved {
            if let Some(known) = self.devices.get_mut(device) {
                known.moved = false;
            }
        }
        moved
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
