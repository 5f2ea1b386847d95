//! What people and programs do with devices: sending for them, making, naming and removing them.

use crate::Hub;
use crate::audit::{Entry, What};
use crate::auth::{Grant, Scope, Secret, SecretKind};
use crate::called;
use crate::limits::DEVICES_MAX;
use crate::registry::{Cell, NotAdded};
use protocol::code::Bye;
use protocol::id::DeviceId;
use protocol::message::Samples;
use router::{Device, Effect, Identity, TakeRefused, frame};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::{DeviceKey, Write};
use tokio::sync::oneshot;

/// Why a message that came without a connection was not taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TakeError {
    /// There is no such device.
    #[error("there is no such device")]
    UnknownDevice,
    /// As many messages as allowed are on their way to the store.
    #[error("too many messages of this device are on their way to the store")]
    Busy,
    /// It would go beyond the device's bounds: its channels, or the bytes of its newest values.
    #[error("the device has as many channels, or as large values, as it may have")]
    Bounds,
    /// The storage has failed. What had been handed over by then may still be taken over when it is back.
    #[error("the storage has failed; what was on its way may still be taken over when it is back")]
    Storage,
    /// The store refused it.
    #[error("the store refused it")]
    Failed,
}

/// Why a device was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// The person may not.
    #[error("you may not make devices")]
    Denied,
    /// It is no id.
    #[error("a device id is 1 to 64 letters, digits, _ or -")]
    BadId,
    /// There is one by that id.
    #[error("there is a device by that id already")]
    Exists,
    /// There are as many as may be.
    #[error("there are as many devices as this hub keeps")]
    Full,
    /// The storage has failed.
    #[error("the storage has failed")]
    Storage,
    /// The store could not keep it.
    #[error("the store could not keep it")]
    Failed,
}

/// Why a device was not changed or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// There is none of this id, or the person may not.
    #[error("there is no such device that you may change")]
    UnknownDevice,
    /// The storage has failed: whoever was told that it is done could find it undone after a crash.
    #[error("the storage has failed")]
    Storage,
}

/// Why a device is not called something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// As for other changes.
    #[error(transparent)]
    Unchanged(#[from] ChangeError),
    /// The name or a label is none, and why.
    #[error("{0}")]
    Bad(String),
}

impl Hub {
    /// Takes over a message without number; returns once it is committed, or the storage failed.
    pub async fn take_samples(self: &Arc<Self>, id: &str, samples: Samples) -> Result<(), TakeError> {
        let cell = self.woken(id).await.ok_or(TakeError::UnknownDevice)?;
        let now = self.now();
        let committed = self.with(&cell, |inner, effects| {
            if inner.device.is_removed() {
                return Err(TakeError::UnknownDevice);
            }
            // Asked under the lock: whoever waits when it fails is told there.
            if !self.storage_is_up() {
                return Err(TakeError::Storage);
            }
            let cursor = inner.device.take_loose(now, samples, effects).map_err(|refused| match refused {
                TakeRefused::Busy => TakeError::Busy,
                TakeRefused::Bounds => TakeError::Bounds,
            })?;
            let (sender, receiver) = oneshot::channel();
            inner.requests().waiting.push((cursor, sender));
            Ok(receiver)
        })?;
        committed.await.unwrap_or(Err(TakeError::Failed))
    }

    /// Makes a device; returns once it is stored. Its token is shown this once.
    pub async fn create_device(self: &Arc<Self>, grant: &Grant, id: &str) -> Result<Secret, CreateError> {
        if !grant.may(Scope::Admin) {
            return Err(CreateError::Denied);
        }
        let id = DeviceId::parse(id).ok_or(CreateError::BadId)?;
        if self.registry.len() >= DEVICES_MAX {
            return Err(CreateError::Full);
        }
        if !self.storage_is_up() {
            return Err(CreateError::Storage);
        }
        let secret = Secret::random(SecretKind::Device);
        let identity = Identity {
            key: self.registry.next_key(),
            id,
            called: None,
            token: Some(secret.hash()),
            previous: None,
            joined: false,
            confirmed: false,
            created: self.now().wall,
            stored: false,
        };
        let cell = self.registry.add(Device::new(identity, self.sessions.load(Ordering::Relaxed))).map_err(
            |not| match not {
                NotAdded::Taken(_) => CreateError::Exists,
                NotAdded::Unreadable => CreateError::Storage,
            },
        )?;
        let (maker, stored) = oneshot::channel();
        self.with(&cell, |inner, effects| {
            inner.requests().maker = Some(maker);
            inner.device.keep(effects);
            effects.push(Effect::List);
        });
        if stored.await.is_err() {
            self.with(&cell, |inner, effects| inner.device.remove(effects));
            self.forget(&cell);
            return Err(CreateError::Failed);
        }
        self.audit(Entry::by(What::DeviceMade, grant).device(cell.id.as_str()));
        Ok(secret)
    }

    /// Calls a device something else: what is given of its name and its labels replaces what was. An empty name is none. Returns
    /// once that is stored.
    ///
    /// # Errors
    /// Nothing is known to be changed, and why.
    pub async fn call_device(
        self: &Arc<Self>,
        grant: &Grant,
        id: &str,
        name: Option<&str>,
        labels: Option<&[String]>,
    ) -> Result<(), CallError> {
        let name = name.map(called::name).transpose()?;
        let labels = labels.map(called::labels).transpose()?;
        let cell = self.to_change(grant, id)?;
        let stored = self.with(&cell, |inner, effects| {
            if inner.device.is_removed() {
                return Err(ChangeError::UnknownDevice);
            }
            // Asked under the lock: whoever waits when it fails is told there.
            if !self.storage_is_up() {
                return Err(ChangeError::Storage);
            }
            // A name is kept, so its device is: then each change is one write.
            inner.device.keep(effects);
            let mut called = inner.device.identity.called.as_deref().cloned().unwrap_or_default();
            called.name = name.unwrap_or(called.name);
            called.labels = labels.unwrap_or(called.labels);
            inner.device.call(called, effects);
            let (sender, stored) = oneshot::channel();
            inner.requests().calling.push_back(Some(sender));
            Ok(stored)
        })?;
        // Removed meanwhile, whoever could tell is gone.
        stored.await.unwrap_or(Err(ChangeError::UnknownDevice))?;
        self.audit(Entry::by(What::DeviceRenamed, grant).device(cell.id.as_str()));
        Ok(())
    }

    /// The store has settled what people called a device, in the order in which they did.
    pub(crate) fn called_settled(&self, device: DeviceKey, durable: bool) {
        let Some(cell) = self.registry.by_key(device) else { return };
        let settled = if durable { Ok(()) } else { Err(ChangeError::Storage) };
        cell.lock().answer(|_, requests| {
            if let Some(Some(waiter)) = requests.calling.pop_front() {
                // Whoever waited may have gone.
                let _ = waiter.send(settled);
            }
        });
    }

    /// Removes a device and all that is stored of it.
    ///
    /// # Errors
    /// Nothing was removed, and why.
    pub fn remove_device(self: &Arc<Self>, grant: &Grant, id: &str) -> Result<(), ChangeError> {
        let cell = self.to_change(grant, id)?;
        let now = self.now();
        // Before its connection ends too: it may be back at once, and then its gateway is to ask.
        self.gateways.forget(&cell.id, now.mono, false);
        let removed = self.with(&cell, |inner, effects| {
            if inner.device.is_removed() {
                return false;
            }
            inner.device.remove(effects);
            self.sessions.fetch_max(inner.device.sessions(), Ordering::Relaxed);
            inner.device.dismiss(now, Bye::Removed, effects);
            if inner.device.identity.stored {
                effects.push(Effect::Record(Write::RemoveDevice { device: cell.key }));
            }
            inner.answer(|_, requests| {
                requests.waiting.clear();
                requests.ends.clear();
                requests.calling.clear();
                requests.tokens.clear();
            });
            true
        });
        if !removed {
            return Err(ChangeError::UnknownDevice);
        }
        self.auth.device_removed(id);
        self.auth.forget_joined(id);
        self.gateways.forget(&cell.id, now.mono, true);
        self.forget(&cell);
        self.audit(Entry::by(What::DeviceRemoved, grant).device(id));
        Ok(())
    }

    /// Takes a device out of the list; those who watch it or the list are told.
    pub(crate) fn forget(&self, cell: &Cell) {
        self.registry.remove(cell.key);
        self.roster.push(&cell.id, frame::removed(cell.id.as_str()));
    }
}
