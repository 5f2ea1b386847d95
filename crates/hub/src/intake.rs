//! The hub as the one who takes over what devices say: who may identify, and the lane of each conversation.

use crate::Hub;
use crate::auth::{self, Secret, SecretKind};
use crate::limits::{DEVICES_MAX, DEVICES_UNSTORED_MAX};
use crate::registry::{Cell, Found, NotAdded};
use protocol::code::{Bye, Fault};
use protocol::id::DeviceId;
use protocol::intake::{Intake, Lane, Outlet, Peer, Post, Said};
use protocol::message::Identify;
use router::{Caller, Device, Identity};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::{LoadedDevice, TokenHash};

/// Who may come in.
pub(crate) struct Admitted {
    /// The device that it is.
    pub(crate) cell: Arc<Cell>,
    /// The token that it is to use from then on, where it is new or has not used its own yet.
    pub(crate) token: Option<String>,
}

/// Why an identify is refused.
pub(crate) enum Refused {
    /// The token is unknown or not for this device.
    Auth,
    /// There is no room for another device.
    Full,
    /// What is known of it cannot be read now.
    Unreadable,
}

impl Intake for Hub {
    fn identify(&self, identify: Identify, peer: Peer, outlet: Arc<dyn Outlet>) {
        let Some(hub) = self.me.upgrade() else { return };
        let presented = identify.token.clone().unwrap_or_default();
        let sleeps = identify.device.as_ref().is_some_and(|id| hub.registry.sleeps(id.as_str()));
        let caller = Caller { identify, peer, outlet, token: None };
        match sleeps {
            true => hub.identify_asleep(caller, presented),
            false => hub.answer(caller, &presented),
        }
    }
}

impl Hub {
    /// Lets the caller in or refuses it. Reads the store where the device sleeps.
    pub(crate) fn answer(self: &Arc<Self>, mut caller: Caller, presented: &str) {
        let outlet = caller.outlet.clone();
        let refused = loop {
            let presented = auth::presented(presented).ok_or(Refused::Auth);
            let admit = |presented| self.admit(caller.identify.device.as_ref(), &presented, false);
            match presented.and_then(admit) {
                // Removed between the two: whoever it is now is looked up again.
                Ok(Admitted { cell, token }) => match self.enter(&cell, Caller { token, ..caller }) {
                    Some(left) => caller = left,
                    None => return,
                },
                Err(refused) => break refused,
            }
        };
        match refused {
            Refused::Auth => outlet.post(Post::Refused { fault: Some(Fault::Auth), bye: Bye::Auth }),
            Refused::Unreadable => outlet.post(Post::Refused { fault: None, bye: Bye::Failed }),
            Refused::Full => outlet.post(Post::Refused { fault: None, bye: Bye::Full }),
        }
    }

    /// Lets the caller in; given back where the device was removed meanwhile.
    fn enter(self: &Arc<Self>, cell: &Arc<Cell>, caller: Caller) -> Option<Caller> {
        let now = self.now();
        self.with(cell, |inner, effects| {
            if inner.device.is_removed() {
                return Some(caller);
            }
            // A device that was made meanwhile has not been told.
            inner.device.storage(self.storage_is_up(), effects);
            inner.device.identify(now, &self.issuer, caller, effects);
            None
        })
    }

    /// Whose credentials these are, of which the hash was `presented`; a join token makes the device where there is none.
    /// Whether it is `kept`: stored at once even where it asked for an id.
    pub(crate) fn admit(
        self: &Arc<Self>,
        id: Option<&DeviceId>,
        presented: &TokenHash,
        kept: bool,
    ) -> Result<Admitted, Refused> {
        let found = id.map_or(Ok(Found::Nothing), |id| self.registry.look(id.as_str()));
        let known = match found.map_err(|_| Refused::Unreadable)? {
            Found::Awake(cell) => Some(cell),
            Found::Asleep(sleeper) if self.opens(&sleeper.row, presented) => self.registry.wake(sleeper),
            // It sleeps on: whoever only knows ids does not fill the memory.
            Found::Asleep(_) => return Err(Refused::Auth),
            Found::Nothing => None,
        };
        match known {
            Some(cell) => self.admit_known(cell, presented),
            None if self.auth.is_join(presented) => self.join(id, presented, kept),
            None => Err(Refused::Auth),
        }
    }

    /// Whether the token is one that a device that sleeps may identify with.
    fn opens(&self, row: &LoadedDevice, presented: &TokenHash) -> bool {
        row.token.is_some_and(|kept| auth::same(&kept, presented))
            || self.may_send_as(&row.id, presented)
            || row.joined && !row.confirmed && self.auth.is_join(presented)
    }

    fn admit_known(self: &Arc<Self>, cell: Arc<Cell>, presented: &TokenHash) -> Result<Admitted, Refused> {
        let token = self.with(&cell, |inner, effects| {
            let identity = &inner.device.identity;
            match identity.token {
                Some(kept) if auth::same(&kept, presented) => {
                    if !identity.confirmed {
                        inner.device.set_token(kept, true, effects);
                    }
                    Ok(None)
                }
                // A token that it got by HTTP for its own.
                _ if self.may_send_as(cell.id.as_str(), presented) => Ok(None),
                _ if identity.joined && !identity.confirmed && self.auth.is_join(presented) => {
                    let own = Secret::random(SecretKind::Device);
                    inner.device.set_token(own.hash(), false, effects);
                    Ok(Some(own.into_text()))
                }
                _ => Err(Refused::Auth),
            }
        })?;
        Ok(Admitted { cell, token })
    }

    fn may_send_as(&self, id: &str, presented: &TokenHash) -> bool {
        let grant = self.auth.of_api(presented, self.now().wall);
        grant.is_some_and(|grant| grant.device() == Some(id) && grant.may_send_as(id))
    }

    /// Makes a device for a join token. One that names itself is stored at once; one that is given an id with the first
    /// that it says, so that whoever only looks leaves nothing behind.
    fn join(
        self: &Arc<Self>,
        id: Option<&DeviceId>,
        join_token: &TokenHash,
        kept: bool,
    ) -> Result<Admitted, Refused> {
        if self.registry.len() >= DEVICES_MAX || self.unstored.load(Ordering::Relaxed) >= DEVICES_UNSTORED_MAX
        {
            return Err(Refused::Full);
        }
        let own = Secret::random(SecretKind::Device);
        let is_kept = kept || id.is_some();
        let id = id.cloned().unwrap_or_else(new_id);
        let identity = Identity {
            key: self.registry.next_key(),
            id,
            called: None,
            token: Some(own.hash()),
            joined: true,
            confirmed: false,
            created: self.now().wall,
            stored: false,
        };
        match self.registry.add(Device::new(identity, self.sessions.load(Ordering::Relaxed))) {
            Ok(cell) => {
                self.with(&cell, |inner, effects| {
                    if is_kept {
                        inner.device.keep(effects);
                    }
                });
                Ok(Admitted { cell, token: Some(own.into_text()) })
            }
            Err(NotAdded::Taken(taken)) => self.admit_known(taken, join_token),
            Err(NotAdded::Unreadable) => Err(Refused::Unreadable),
        }
    }
}

/// `new-` and 10 random characters.
fn new_id() -> DeviceId {
    let random: String = Secret::random(SecretKind::Device)
        .text()
        .chars()
        .rev()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .take(10)
        .collect();
    DeviceId::parse(&format!("new-{random}")).expect("letters and digits make an id")
}

/// One conversation of a device with the hub.
pub(crate) struct HubLane {
    hub: Arc<Hub>,
    cell: Arc<Cell>,
    generation: u64,
}

impl HubLane {
    pub(crate) fn new(hub: &Arc<Hub>, cell: &Arc<Cell>, generation: u64) -> Self {
        Self { hub: hub.clone(), cell: cell.clone(), generation }
    }
}

impl Lane for HubLane {
    fn take(&self, line: u64, said: Said) {
        let now = self.hub.now();
        self.hub
            .with(&self.cell, |inner, effects| inner.device.said(now, self.generation, line, said, effects));
    }

    fn ended(&self) {
        self.hub.endings.report(self.cell.key, self.generation);
    }
}

impl Drop for HubLane {
    /// A welcome that never reached its connection ends its conversation too. It may be dropped under the device's
    /// lock, so the end is reported and not carried out here.
    fn drop(&mut self) {
        self.ended();
    }
}
