//! Gateways and their uplinks (spec/uplink.md): what gateways have taken over from devices comes to the hub.
//!
//! An uplink is a socket of the event loops. What it brings goes, in the order of the gateway's spool, through the devices' states
//! to the store, each entry with its place in the spool; what is durable is acked. A gateway that is gone leaves its devices
//! unreachable.
//!
//! | file | what it does |
//! |---|---|
//! | `endpoint` | the socket: frames in and out, around [`protocol::uplink::UplinkHub`] |
//! | `line` | how others reach it |
//! | `gateway` | one gateway: its uplink, how far its spool was taken over (rules H1, U1 and U6) |
//! | `taking` | what an uplink says, carried out on devices |
//! | `forgotten` | devices of whose tokens gateways may know too much |
//! | `admitting` | devices that identify at a gateway (rule U7) |
//! | `made` | making and removing gateways, and listing them |

mod admitting;
mod endpoint;
mod forgotten;
mod gateway;
mod line;
mod made;
mod taking;
#[cfg(test)]
mod tests;

pub use made::{GatewayError, GatewayState};

use self::forgotten::Forgotten;
use self::gateway::Gateway;
use crate::Hub;
use protocol::code::Bye;
use protocol::id::DeviceId;
use protocol::uplink::message::GatewayIdentify;
use sockets::{Endpoint, Remote};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use store::{CommandRow, Commit, GatewayKey, LoadedGateway, Write};

/// All gateways that may hold an uplink.
pub(crate) struct Gateways {
    by_id: RwLock<BTreeMap<Arc<str>, Arc<Gateway>>>,
    next_key: AtomicU64,
    /// How many uplinks there were in this run.
    uplinks: AtomicU64,
    /// Grows with each change of what people are shown of them.
    changes: AtomicU64,
    forgotten: Forgotten,
}

impl Gateways {
    /// As the store knew them; the next one gets `next_key`.
    pub(crate) fn new(loaded: Vec<LoadedGateway>, next_key: u64, now: i64) -> Self {
        let gateways = loaded.into_iter().map(|loaded| Arc::new(Gateway::restore(loaded, now)));
        Self {
            by_id: RwLock::new(gateways.map(|gateway| (gateway.id.clone(), gateway)).collect()),
            next_key: next_key.into(),
            uplinks: 0.into(),
            changes: 0.into(),
            forgotten: Forgotten::default(),
        }
    }

    /// A command goes to a gateway, or is about to.
    pub(crate) fn note(&self, row: &CommandRow) {
        if let Some(handed) = &row.handed
            && let Some(gateway) = self.by_key(handed.gateway)
        {
            gateway.note_handed(row.device);
        }
    }

    /// The device's token is another one, or it is no more: gateways that have learned it forget it, those that are away when they
    /// are back. Where it was taken back, whoever identified before that does not stay (`parts`). At the monotonic millisecond `at`.
    pub(crate) fn forget(&self, device: &DeviceId, at: u64, parts: bool) {
        self.forgotten.note(device, at, parts);
        self.all().iter().for_each(|gateway| gateway.forget(device));
    }

    /// The hub stops: gateways are told.
    pub(crate) fn stopping(&self) {
        self.all().iter().for_each(|gateway| gateway.end(Bye::Stopping));
    }

    fn all(&self) -> Vec<Arc<Gateway>> {
        self.read().values().cloned().collect()
    }

    fn by_id(&self, id: &str) -> Option<Arc<Gateway>> {
        self.read().get(id).cloned()
    }

    /// There are few.
    fn by_key(&self, key: GatewayKey) -> Option<Arc<Gateway>> {
        self.read().values().find(|gateway| gateway.key == key).cloned()
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Arc<str>, Arc<Gateway>>> {
        self.by_id.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What people are shown of some gateway has changed.
    fn changed(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }
}

impl Hub {
    /// Our end of a gateway's socket, for an event loop. `remote` is the way to it there.
    pub fn uplink(self: &Arc<Self>, address: SocketAddr, remote: Remote) -> Box<dyn Endpoint> {
        Box::new(endpoint::UplinkEnd::open(self, address, remote))
    }

    /// What became of what uplinks brought, and of gateways that were made.
    pub(crate) fn gateways_settled(self: &Arc<Self>, commit: &Commit) {
        let is_durable = commit.result.is_ok();
        for write in &commit.writes {
            match write {
                Write::Relayed(relayed) => {
                    if let Some(gateway) = self.gateways.by_key(relayed.gateway) {
                        gateway.settled(self, &relayed.cursor, is_durable);
                    }
                }
                Write::Gateway(new) => {
                    if let Some(gateway) = self.gateways.by_key(new.key)
                        && let Some(maker) = gateway.lock().maker.take()
                        && is_durable
                    {
                        // Whoever made it may have gone.
                        let _ = maker.send(());
                    }
                }
                Write::GatewayToken { gateway, token, .. } => {
                    if let Some(gateway) = self.gateways.by_key(*gateway) {
                        gateway.lock().renewed(token, is_durable);
                    }
                }
                _ => {}
            }
        }
    }

    /// Whose uplink it is to be.
    fn gateway_of(&self, identify: &GatewayIdentify) -> Result<Arc<Gateway>, Bye> {
        if *self.stopping.borrow() {
            return Err(Bye::Stopping);
        }
        self.gateways.by_id(&identify.gateway).ok_or(Bye::Auth)
    }
}
