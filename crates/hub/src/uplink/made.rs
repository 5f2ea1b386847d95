//! Gateways as people see them: making, removing and listing them.

use super::gateway::{Gateway, Told};
use crate::Hub;
use crate::audit::{Entry, What};
use crate::auth::{Grant, Scope, Secret, SecretKind};
use crate::limits::GATEWAYS_MAX;
use crate::registry::Cell;
use protocol::code::Bye;
use protocol::id::DeviceId;
use router::Presence;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use store::{GatewayKey, NewGateway, Write};
use tokio::sync::oneshot;

/// A gateway that holds an uplink to this hub, or may.
#[derive(Debug, Clone, serde::Serialize)]
pub struct GatewayState {
    /// Its id.
    pub id: Box<str>,
    /// `online` while its uplink stands, else `offline`.
    #[serde(serialize_with = "word")]
    pub presence: Presence,
    /// Since when, milliseconds since 1970; since the hub was started, where it was not there since.
    pub since: i64,
    /// When it was made, milliseconds since 1970.
    pub created: i64,
    /// Where its uplink comes from, or came from last.
    pub address: Option<Box<str>>,
    /// Its tag in its last run.
    pub tag: Option<Box<str>>,
    /// Devices that are connected to it, or were when its uplink was lost.
    pub devices: usize,
    /// Entries in its spool that this hub has not taken over, as it said last.
    pub behind: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the oldest of them was received, milliseconds since 1970.
    pub oldest: Option<i64>,
    /// Entries taken over in this run of the hub.
    pub entries: u64,
    /// Entries that will never come, found in this run of the hub, by reason.
    pub lost: BTreeMap<&'static str, u64>,
}

fn word<S: serde::Serializer>(presence: &Presence, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(presence.as_str())
}

/// Why a gateway was not made or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// The person may not.
    #[error("you may not make or remove gateways")]
    Denied,
    /// It is no id.
    #[error("a gateway id is 1 to 64 letters, digits, _ or -")]
    BadId,
    /// There is one by that id.
    #[error("there is a gateway by that id already")]
    Exists,
    /// There is none by that id.
    #[error("there is no such gateway")]
    Unknown,
    /// There are as many as may be.
    #[error("there are as many gateways as this hub keeps")]
    Full,
    /// The storage has failed.
    #[error("the storage has failed")]
    Storage,
}

impl Hub {
    /// The gateways that hold an uplink to this hub, or may, by id. Whoever may not see all devices is told of those gateways
    /// alone that one of their devices is behind: how many of them, and nothing of what is not theirs.
    pub fn gateways(&self, grant: &Grant) -> Vec<GatewayState> {
        let all = self.gateways.all();
        let states = all.iter().map(|gateway| gateway.state());
        if grant.may_all_devices(Scope::View) {
            return states.collect();
        }
        let seen = self.seen_behind(grant);
        let of_some = |state: GatewayState| {
            let devices = *seen.get(&*state.id)?;
            Some(state.of_some(devices))
        };
        states.filter_map(of_some).collect()
    }

    /// All of them, for totals: whoever shows one of them asks [`Hub::gateways`].
    pub(crate) fn every_gateway(&self) -> Vec<GatewayState> {
        self.gateways.all().iter().map(|gateway| gateway.state()).collect()
    }

    /// How many of the devices that `grant` permits to see are connected to the gateway in this process.
    pub(crate) fn online_here(&self, grant: &Grant) -> usize {
        let is_here = |cell: &Cell| {
            let inner = cell.lock();
            inner.device.gateway().is_none() && inner.device.presence().0 == Presence::Online
        };
        let seen = self.registry.awake().into_iter();
        seen.filter(|cell| grant.may_device(Scope::View, cell.id.as_str()) && is_here(cell)).count()
    }

    /// Of each gateway with one of their devices behind it, how many of those there are. It looks at all devices in memory.
    fn seen_behind(&self, grant: &Grant) -> BTreeMap<Box<str>, usize> {
        let mut seen = BTreeMap::new();
        for cell in self.registry.awake() {
            if grant.may_device(Scope::View, cell.id.as_str())
                && let Some(gateway) = cell.lock().device.gateway()
            {
                *seen.entry(gateway.into()).or_default() += 1;
            }
        }
        seen
    }

    /// Makes a gateway; returns once it is stored. Its token is shown this once.
    ///
    /// # Errors
    /// It was not made, and why.
    pub async fn create_gateway(self: &Arc<Self>, grant: &Grant, id: &str) -> Result<Secret, GatewayError> {
        if !grant.may(Scope::Admin) {
            return Err(GatewayError::Denied);
        }
        // The same letters as for devices.
        let id = DeviceId::parse(id).ok_or(GatewayError::BadId)?;
        if !self.storage_is_up() {
            return Err(GatewayError::Storage);
        }
        let secret = Secret::random(SecretKind::Gateway);
        let (maker, stored) = oneshot::channel();
        let gateway = {
            let mut all = self.gateways.by_id.write().unwrap_or_else(PoisonError::into_inner);
            if all.contains_key(id.as_str()) {
                return Err(GatewayError::Exists);
            }
            if all.len() >= GATEWAYS_MAX {
                return Err(GatewayError::Full);
            }
            let key = GatewayKey(self.gateways.next_key.fetch_add(1, Ordering::Relaxed));
            let gateway = Arc::new(Gateway::new(key, id.name().clone(), secret.hash(), self.now().wall));
            gateway.lock().maker = Some(maker);
            all.insert(id.name().clone(), gateway.clone());
            gateway
        };
        let (key, token, created) = (gateway.key, secret.hash(), gateway.created);
        self.store.submit(Write::Gateway(NewGateway { key, id: id.as_str().into(), token, created }));
        if stored.await.is_err() {
            self.gateways.by_id.write().unwrap_or_else(PoisonError::into_inner).remove(&gateway.id);
            return Err(GatewayError::Storage);
        }
        self.gateways.changed();
        self.audit(Entry::by(What::GatewayMade, grant).say("gateway", id.as_str()));
        Ok(secret)
    }

    /// Gives a gateway a new token, shown this once; returns once it is stored. The one before it counts until the gateway has shown
    /// the new one.
    ///
    /// # Errors
    /// The new one does not count, or is not known to, and why.
    pub async fn renew_gateway_token(
        self: &Arc<Self>,
        grant: &Grant,
        id: &str,
    ) -> Result<Secret, GatewayError> {
        let gateway = self.gateway_to_change(grant, id)?;
        let secret = Secret::random(SecretKind::Gateway);
        let stored = gateway.renew(self, secret.hash(), true);
        self.audit(Entry::by(What::KeyRotated, grant).say("gateway", id));
        if stored.await == Ok(true) { Ok(secret) } else { Err(GatewayError::Storage) }
    }

    /// Takes a gateway's tokens back: none counts any more, its uplink ends, and it comes back with a new one alone. Returns once that
    /// is stored; it counts at once.
    ///
    /// # Errors
    /// Nothing is known to be changed for good, and why.
    pub async fn revoke_gateway_token(self: &Arc<Self>, grant: &Grant, id: &str) -> Result<(), GatewayError> {
        let gateway = self.gateway_to_change(grant, id)?;
        // One that nobody is told.
        let nobodys = Secret::random(SecretKind::Gateway).hash();
        let stored = gateway.renew(self, nobodys, false);
        gateway.end(Bye::Auth);
        self.audit(Entry::by(What::KeyRevoked, grant).say("gateway", id));
        if stored.await == Ok(true) { Ok(()) } else { Err(GatewayError::Storage) }
    }

    fn gateway_to_change(&self, grant: &Grant, id: &str) -> Result<Arc<Gateway>, GatewayError> {
        if !grant.may(Scope::Admin) {
            return Err(GatewayError::Denied);
        }
        if !self.storage_is_up() {
            return Err(GatewayError::Storage);
        }
        self.gateways.by_id(id).ok_or(GatewayError::Unknown)
    }

    /// Removes a gateway: its uplink ends, and its devices are offline. What it brought stays.
    ///
    /// # Errors
    /// Nothing was removed, and why.
    pub fn remove_gateway(self: &Arc<Self>, grant: &Grant, id: &str) -> Result<(), GatewayError> {
        if !grant.may(Scope::Admin) {
            return Err(GatewayError::Denied);
        }
        if !self.storage_is_up() {
            return Err(GatewayError::Storage);
        }
        let removed = self.gateways.by_id.write().unwrap_or_else(PoisonError::into_inner).remove(id);
        let gateway = removed.ok_or(GatewayError::Unknown)?;
        self.store.submit(Write::RemoveGateway { gateway: gateway.key });
        gateway.removed(self);
        self.gateways.changed();
        self.audit(Entry::by(What::GatewayRemoved, grant).say("gateway", id));
        Ok(())
    }
}

impl GatewayState {
    /// The same for somebody who may see so many of its devices.
    fn of_some(self, devices: usize) -> Self {
        let Self { id, presence, since, created, .. } = self;
        let (address, tag, oldest, lost) = (None, None, None, BTreeMap::new());
        Self {
            id,
            presence,
            since,
            created,
            address,
            tag,
            devices,
            behind: 0,
            bytes: 0,
            oldest,
            entries: 0,
            lost,
        }
    }
}

impl Gateway {
    fn state(&self) -> GatewayState {
        let presence = self.presence();
        let inner = self.lock();
        let Told { since, address, tag, behind, bytes, oldest, entries, lost } = inner.told.clone();
        GatewayState {
            id: (&*self.id).into(),
            presence,
            since,
            created: self.created,
            address,
            tag: tag.as_deref().map(Into::into),
            devices: inner.connected.len(),
            behind,
            bytes,
            oldest,
            entries,
            lost,
        }
    }
}
