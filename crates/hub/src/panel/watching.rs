//! What one panel watches and asks: its cursors, and its messages carried out.

use super::batch::Batch;
use super::list::List;
use super::message::{self, FromPanel, Unreadable};
use super::{Dirty, Slot, Waker, resume};
use crate::Hub;
use crate::allowance::Allowance;
use crate::auth::{Grant, Scope};
use crate::commands::CommandRequest;
use crate::limits::{PANEL_MESSAGES_MAX, PANEL_NAMES_MAX, PANEL_WATCHES_MAX};
use crate::registry::Cell;
use bytes::Bytes;
use protocol::id::DeviceId;
use protocol::limits::ID_CHARS_MAX;
use protocol::message::cut;
use router::{Step, Watch, frame};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use store::DeviceKey;

/// The state of one panel's conversation. Memory: an entry for each watched device; what the browser said last and is not
/// carried out yet; and the frame that is being made, which is bounded by [`Batch`].
pub(super) struct Watching {
    hub: Arc<Hub>,
    grant: Grant,
    waker: Arc<Waker>,
    devices: HashMap<DeviceKey, Watched>,
    list: Option<List>,
    /// Devices to watch once they are known, and what wakes when the device list changes.
    unknown: BTreeSet<String>,
    newcomers: Option<Arc<Slot>>,
    /// What the browser said and is not carried out yet. Nothing more is read from it before that.
    said: VecDeque<Said>,
    /// The next frame.
    batch: Batch,
    changed: bool,
    /// How many commands it has asked for lately.
    asked: Allowance,
}

struct Watched {
    cell: Arc<Cell>,
    slot: Arc<Slot>,
    watch: Watch,
}

/// Something that a browser said.
enum Said {
    /// Watch this device, from behind this cursor.
    Watch(String, Option<After>),
    Other(Box<FromPanel>),
    Unreadable(Unreadable),
}

/// How far a page has come with a device: a cursor, and the key of the device that it is of, where the page knows it.
#[derive(Clone, Copy)]
struct After {
    cursor: u64,
    key: Option<u64>,
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
            said: VecDeque::new(),
            batch: Batch::default(),
            changed: false,
            asked: Allowance::default(),
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

    /// Takes one frame of the browser; it is carried out as far as there is room for the answers.
    pub(super) fn hear(&mut self, text: &str) {
        let messages = match message::read(text) {
            Ok(messages) if messages.len() <= PANEL_MESSAGES_MAX => messages,
            Ok(_) => return self.complain("too_many", "too many messages in one frame", None),
            Err(reason) => return self.complain("bad_json", &reason, None),
        };
        let names = |message: &Result<FromPanel, _>| {
            let list = |list: &Option<Vec<String>>| list.as_ref().map_or(0, Vec::len);
            message.as_ref().map_or(0, |message| list(&message.watch) + list(&message.unwatch))
        };
        if messages.iter().map(names).sum::<usize>() > PANEL_NAMES_MAX {
            return self.complain("too_many", "too many devices are named in one frame", None);
        }
        messages.into_iter().for_each(|message| self.take(message));
    }

    fn take(&mut self, message: Result<FromPanel, Unreadable>) {
        match message {
            Ok(FromPanel { watch: Some(ids), log, after, keys, .. }) => {
                let ours = log.as_deref() == Some(self.hub.log());
                self.said.extend(ids.into_iter().map(|id| {
                    let cursor = after.get(&id).copied().filter(|_| ours);
                    let after = cursor.map(|cursor| After { cursor, key: keys.get(&id).copied() });
                    Said::Watch(id, after)
                }));
            }
            Ok(message) => self.said.push_back(Said::Other(Box::new(message))),
            Err(unreadable) => self.said.push_back(Said::Unreadable(unreadable)),
        }
    }

    /// Whether all that was heard is carried out: then the browser may say more.
    pub(super) fn may_hear(&self) -> bool {
        self.said.is_empty()
    }

    async fn carry_out(&mut self, said: Said) {
        match said {
            Said::Watch(id, after) => self.watch(&id, after),
            Said::Other(message) => self.carry_out_other(*message).await,
            Said::Unreadable(Unreadable { reason, about }) => {
                let about = about.as_ref().map(|(kind, value)| (*kind, value.as_str()));
                self.complain("bad_message", &reason, about);
            }
        }
    }

    async fn carry_out_other(&mut self, message: FromPanel) {
        if let Some(devices) = message.unwatch {
            devices.iter().for_each(|id| self.unwatch(id));
        } else if let Some(list) = message.watch_devices {
            self.watch_list(list);
        } else if let Some(id) = &message.ledger {
            self.ledger(id);
        } else if message.command.is_some() {
            self.command(message).await;
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
        self.batch.push(message::error(code, reason, about).as_bytes());
    }

    /// Tells the panel something that concerns no device.
    pub(super) fn tell(&mut self, message: &str) {
        self.batch.push(message.as_bytes());
    }

    /// Tells the books of a device as they stand now. Whoever shows them asks: most panels do not.
    fn ledger(&mut self, id: &str) {
        if !self.grant.may(Scope::View) {
            return self.complain("denied", "you may not look at devices", Some(("ledger", id)));
        }
        if let Some(cell) = self.hub.registry.by_id(id) {
            let books = cell.lock().device.ledger().json();
            let (id, now) = (frame::quoted(id), self.hub.now().wall);
            self.batch.push(format!("{{\"device\":{id},\"ledger\":{books},\"at\":{now}}}").as_bytes());
        }
    }

    fn watch(&mut self, id: &str, after: Option<After>) {
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
            // A device that was made anew under this id counts from the beginning again.
            let own = after.filter(|after| after.key.is_none_or(|key| key == cell.key.0));
            own.map_or_else(Watch::begin, |after| inner.device.resume_watch(after.cursor))
        };
        slot.wake();
        self.devices.insert(cell.key, Watched { cell, slot, watch });
        self.changed = true;
    }

    /// Watches a device that is not known once it is.
    fn await_device(&mut self, id: &str) {
        self.batch.push(&frame::unknown(cut(id, ID_CHARS_MAX), self.hub.now().wall));
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
            slot.end();
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
        self.list = None;
        if wanted {
            self.list = Some(List::begin(self.hub.clone(), &self.waker));
        }
    }

    async fn command(&mut self, message: FromPanel) {
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
        let about = request.id.clone();
        match self.hub.command_told(&self.grant, request, &mut self.asked).await {
            // Those who watch the device are told with everybody else; others, and those who ask again, here.
            Ok((_, true)) if watched => {}
            Ok((receipt, _)) => self.batch.push(&receipt),
            Err(undecided) => {
                self.complain(undecided.code(), &undecided.to_string(), Some(("command", &about)));
            }
        }
    }

    /// Returns when [`Watching::next_frame`] has something to do.
    pub(super) async fn woken(&self) {
        self.waker.notify.notified().await;
    }

    /// The next frame to write, or nothing when the panel has everything. What does not fit wakes the panel again: one
    /// wake-up stands for all marks that were set before it.
    pub(super) async fn next_frame(&mut self) -> Option<String> {
        while self.batch.has_room()
            && let Some(said) = self.said.pop_front()
        {
            self.carry_out(said).await;
        }
        while self.batch.has_room()
            && let Some(dirty) = self.waker.take()
        {
            match dirty {
                Dirty::Device(key) => self.catch_up(key).await,
                Dirty::List => self.list.iter_mut().for_each(|list| list.catch_up(&mut self.batch)),
                Dirty::Newcomers => self.look_for_newcomers(),
            }
        }
        if !self.said.is_empty() || self.waker.has_marked() {
            self.waker.notify.notify_one();
        }
        self.batch.take()
    }

    /// One look at a device, which is marked again where there is more to show of it.
    async fn catch_up(&mut self, key: DeviceKey) {
        // One that was removed is watched no longer.
        let Some(watched) = self.devices.get_mut(&key) else { return };
        watched.slot.unmark();
        let mut frames: Vec<Bytes> = Vec::new();
        let (step, removed) = {
            let inner = watched.cell.lock();
            (inner.device.catch_up(&mut watched.watch, &mut frames), inner.device.is_removed())
        };
        if let Step::Read { after, limit } = step {
            let stored = resume::read(&self.hub, &watched.cell, after, limit).await;
            watched.watch.read(stored, &mut frames);
        }
        frames.iter().for_each(|frame| self.batch.push(frame));
        if step != Step::Done {
            return watched.slot.wake();
        }
        // Another device may be made under its id.
        if removed && let Some(watched) = self.devices.remove(&key) {
            self.await_device(watched.cell.id.as_str());
            self.changed = true;
        }
    }
}

impl Watched {
    fn end(&self) {
        self.cell.lock().watchers.retain(|slot| !Arc::ptr_eq(slot, &self.slot));
        self.slot.end();
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.devices.values().for_each(Watched::end);
        if let Some(slot) = &self.newcomers {
            self.hub.roster.unwatch(slot);
        }
    }
}
