//! What one panel watches and asks: its cursors, and its messages carried out.

use super::message::{self, FromPanel, Unreadable};
use super::{Dirty, Slot, Waker};
use crate::Hub;
use crate::auth::{Grant, Scope};
use crate::commands::CommandRequest;
use crate::limits::{PANEL_BATCH_BYTES_MAX, PANEL_MESSAGES_MAX, PANEL_WATCHES_MAX};
use crate::registry::Cell;
use bytes::Bytes;
use protocol::id::DeviceId;
use protocol::limits::ID_CHARS_MAX;
use protocol::message::cut;
use router::{Watch, frame};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use store::DeviceKey;

/// The state of one panel's conversation. Memory: one entry per watched device, and what is about to be written.
pub(super) struct Watching {
    hub: Arc<Hub>,
    grant: Grant,
    waker: Arc<Waker>,
    devices: HashMap<DeviceKey, Watched>,
    list: Option<(Arc<Slot>, u64)>,
    /// Devices to watch once they are known, and what wakes when the device list changes.
    unknown: BTreeSet<String>,
    newcomers: Option<Arc<Slot>>,
    /// What is to be written, each a message.
    frames: Vec<Bytes>,
    /// Watches that were taken as marked and do not fit the frame that is about to leave.
    due: Vec<Dirty>,
    changed: bool,
}

struct Watched {
    cell: Arc<Cell>,
    slot: Arc<Slot>,
    watch: Watch,
}

impl Watching {
    pub(super) fn new(hub: Arc<Hub>, grant: Grant, waker: Arc<Waker>) -> Self {
        Self {
            hub,
            grant,
            waker,
            devices: HashMap::new(),
            list: None,
            unknown: BTreeSet::new(),
            newcomers: None,
            frames: Vec::new(),
            due: Vec::new(),
            changed: false,
        }
    }

    /// The ids of the devices it watches, in order.
    pub(super) fn devices(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.devices.values().map(|watched| watched.cell.id.to_string()).collect();
        ids.sort_unstable();
        ids
    }

    /// Whether it watches others than when this was last asked.
    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Carries out one frame of the browser.
    pub(super) fn hear(&mut self, text: &str) {
        let messages = match message::read(text) {
            Ok(messages) if messages.len() <= PANEL_MESSAGES_MAX => messages,
            Ok(_) => return self.complain("too_many", "too many messages in one frame", None),
            Err(reason) => return self.complain("bad_json", &reason, None),
        };
        for message in messages {
            match message {
                Ok(message) => self.carry_out(message),
                Err(Unreadable { reason, about }) => {
                    let about = about.as_ref().map(|(kind, value)| (*kind, value.as_str()));
                    self.complain("bad_message", &reason, about);
                }
            }
        }
    }

    fn carry_out(&mut self, mut message: FromPanel) {
        if let Some(devices) = message.watch.take() {
            let ours = message.log.as_deref() == Some(self.hub.log());
            devices.iter().for_each(|id| self.watch(id, message.after.get(id).copied().filter(|_| ours)));
        } else if let Some(devices) = message.unwatch {
            devices.iter().for_each(|id| self.unwatch(id));
        } else if let Some(list) = message.watch_devices {
            self.watch_list(list);
        } else if message.command.is_some() {
            self.command(message);
        } else if let Some(id) = &message.cancel {
            match &message.device {
                Some(device) => self.hub.cancel(&self.grant, device, id),
                None => self.complain("bad_message", "a cancel has a device", Some(("cancel", id))),
            }
        } else {
            self.complain("bad_message", "nothing in it that a panel says", None)
        }
    }

    fn complain(&mut self, code: &str, reason: &str, about: Option<(&str, &str)>) {
        self.frames.push(message::error(code, reason, about).into());
    }

    fn watch(&mut self, id: &str, after: Option<u64>) {
        if !self.grant.may(Scope::View) {
            self.complain("denied", "you may not look at devices", Some(("watch", id)));
            return;
        }
        let known = self.hub.registry.by_id(id);
        let watched = known.as_ref().is_some_and(|cell| self.devices.contains_key(&cell.key));
        if !watched && self.devices.len() + self.unknown.len() >= PANEL_WATCHES_MAX {
            self.complain("too_many", "a panel watches no more devices at once", Some(("watch", id)));
            return;
        }
        let Some(cell) = known else { return self.await_device(id) };
        self.unwatch(id);
        let slot = Slot::new(Dirty::Device(cell.key), &self.waker);
        let watch = {
            let mut inner = cell.lock();
            inner.watchers.push(slot.clone());
            after.map_or_else(Watch::begin, |after| inner.device.resume_watch(after))
        };
        slot.wake();
        self.devices.insert(cell.key, Watched { cell, slot, watch });
        self.changed = true;
    }

    /// Watches a device that is not known once it is.
    fn await_device(&mut self, id: &str) {
        self.frames.push(frame::unknown(cut(id, ID_CHARS_MAX), self.hub.now().wall));
        if DeviceId::parse(id).is_none() {
            return;
        }
        self.unknown.insert(id.to_owned());
        if self.newcomers.is_none() {
            let slot = Slot::new(Dirty::Newcomers, &self.waker);
            self.hub.roster.watch(slot.clone());
            self.newcomers = Some(slot.clone());
            // It may have come in between.
            slot.wake();
        }
    }

    fn look_for_newcomers(&mut self) {
        let Some(slot) = &self.newcomers else { return };
        slot.unmark();
        let known: Vec<String> =
            self.unknown.iter().filter(|id| self.hub.registry.by_id(id).is_some()).cloned().collect();
        for id in &known {
            self.unknown.remove(id);
            self.watch(id, None);
        }
        if self.unknown.is_empty()
            && let Some(slot) = self.newcomers.take()
        {
            self.hub.roster.unwatch(&slot);
        }
    }

    fn unwatch(&mut self, id: &str) {
        self.unknown.remove(id);
        // Not by the registry: the device may just have been removed from there.
        let key =
            self.devices.iter().find(|(_, watched)| watched.cell.id.as_str() == id).map(|(key, _)| *key);
        if let Some(watched) = key.and_then(|key| self.devices.remove(&key)) {
            watched.end();
            self.changed = true;
        }
    }

    fn watch_list(&mut self, wanted: bool) {
        if let Some((slot, _)) = self.list.take() {
            self.hub.roster.unwatch(&slot);
        }
        if wanted {
            let slot = Slot::new(Dirty::List, &self.waker);
            let cursor = self.hub.roster.watch(slot.clone());
            self.frames.push(self.hub.device_list());
            self.list = Some((slot, cursor));
        }
    }

    fn command(&mut self, message: FromPanel) {
        let id = message.command.unwrap_or_default();
        let (Some(device), Some(channel), Some(value)) = (message.device, message.channel, message.value)
        else {
            self.complain(
                "bad_message",
                "a command has a device, a channel and a value",
                Some(("command", &id)),
            );
            return;
        };
        let watched = self.devices.values().any(|watched| watched.cell.id.as_str() == device);
        let request = CommandRequest { id, device, channel, value, intent: message.intent, ttl: message.ttl };
        let (receipt, told) = self.hub.command_told(&self.grant, request);
        // Those who watch the device are told with everybody else; others, and those who ask again, here.
        if !(watched && told) {
            self.frames.push(receipt);
        }
    }

    /// The next frame to write, or nothing when the panel has everything. One frame holds what gathered, as one
    /// message or an array, up to [`PANEL_BATCH_BYTES_MAX`] and a device's worth.
    pub(super) fn next_frame(&mut self) -> Option<String> {
        if self.due.is_empty() {
            self.due = self.waker.take();
        }
        let mut bytes: usize = self.frames.iter().map(Bytes::len).sum();
        while bytes < PANEL_BATCH_BYTES_MAX
            && let Some(dirty) = self.due.pop()
        {
            let before = self.frames.len();
            match dirty {
                Dirty::Device(key) => self.catch_up(key),
                Dirty::List => self.catch_up_list(),
                Dirty::Newcomers => self.look_for_newcomers(),
            }
            bytes += self.frames[before..].iter().map(Bytes::len).sum::<usize>();
        }
        let frames = std::mem::take(&mut self.frames);
        join(&frames)
    }

    /// Whether watches that are marked did not fit the last frame.
    pub(super) fn is_behind(&self) -> bool {
        !self.due.is_empty()
    }

    fn catch_up(&mut self, key: DeviceKey) {
        // A watch that ended while it was marked has nothing more to say.
        let Some(watched) = self.devices.get_mut(&key) else { return };
        watched.slot.unmark();
        let removed = {
            let inner = watched.cell.lock();
            inner.device.catch_up(&mut watched.watch, &mut self.frames);
            inner.device.is_removed()
        };
        // Another device may be made under its id.
        if removed && let Some(watched) = self.devices.remove(&key) {
            self.await_device(watched.cell.id.as_str());
        }
    }

    fn catch_up_list(&mut self) {
        let Some((slot, cursor)) = &mut self.list else { return };
        slot.unmark();
        if !self.hub.roster.catch_up(cursor, &mut self.frames) {
            self.frames.push(self.hub.device_list());
        }
    }
}

impl Watched {
    fn end(&self) {
        self.cell.lock().watchers.retain(|slot| !Arc::ptr_eq(slot, &self.slot));
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.devices.values().for_each(Watched::end);
        for slot in self.list.iter().map(|(slot, _)| slot).chain(&self.newcomers) {
            self.hub.roster.unwatch(slot);
        }
    }
}

/// One message as it is, several as an array.
fn join(messages: &[Bytes]) -> Option<String> {
    let text = |message: &Bytes| String::from_utf8_lossy(message).into_owned();
    match messages {
        [] => None,
        [one] => Some(text(one)),
        many => {
            let mut frame =
                String::with_capacity(many.iter().map(|message| message.len() + 1).sum::<usize>() + 1);
            for message in many {
                frame.push(if frame.is_empty() { '[' } else { ',' });
                frame.push_str(&String::from_utf8_lossy(message));
            }
            frame.push(']');
            Some(frame)
        }
    }
}
