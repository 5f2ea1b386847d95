//! The hub as the one who takes over what devices say: who may identify, and the lane of each conversation.

use crate::Hub;
use crate::audit;
use crate::auth::{self, Enrolment, NotJoined};
use crate::joining::Pending;
use crate::registry::{Cell, Found};
use crate::renewing::own;
use protocol::code::{Bye, Fault};
use protocol::id::DeviceId;
use protocol::intake::{Intake, Lane, Outlet, Peer, Post, Said, StrangerLimit};
use protocol::message::Identify;
use router::Caller;
use std::sync::Arc;
use store::{LoadedDevice, TokenHash};

/// Who may come in.
pub(crate) struct Admitted {
    /// The device that it is.
    pub(crate) cell: Arc<Cell>,
    /// The token that it is to use from then on, where it is new or has not used its own yet.
    pub(crate) token: Option<String>,
    /// How often its tokens had been taken back by then.
    pub(crate) revocations: u16,
    /// What must be durable before anybody is told that it may.
    pub(crate) pending: Option<Pending>,
}

/// Why an identify is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The token does not count here.
    Auth,
    /// There is no room for another device.
    Full,
    /// What is known of it cannot be read or written now.
    Unstored,
}

impl From<NotJoined> for Refused {
    fn from(not: NotJoined) -> Self {
        match not {
            NotJoined::Auth => Refused::Auth,
            NotJoined::Full => Refused::Full,
        }
    }
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

    fn limit_hit(&self, limit: StrangerLimit, address: &str) {
        if let Some(from) = audit::address(address) {
            self.audit_limit(limit, from);
        }
    }
}

impl Hub {
    /// Lets the caller in or refuses it. Reads the store where the device sleeps.
    pub(crate) fn answer(self: &Arc<Self>, caller: Caller, presented: &str) {
        let outlet = caller.outlet.clone();
        let (id, address) = (caller.identify.device.clone(), caller.peer.address.clone());
        let presented = match presented {
            // Whoever is at this machine is taken for one who has the join token of this run.
            "" if caller.peer.is_local && self.auth.enrolment() == Enrolment::Open => {
                Ok(self.auth.join_of_run())
            }
            presented => auth::presented(presented).ok_or(Refused::Auth),
        };
        if let Err(refused) = presented.and_then(|presented| self.answer_hash(caller, &presented)) {
            if let Refused::Auth = refused {
                // What stands before it is what carries it.
                self.audit_refused(id.as_ref(), address.rsplit(' ').next().unwrap_or_default());
            }
            refuse(&outlet, refused);
        }
    }

    /// The same by the hash of what the caller showed.
    fn answer_hash(self: &Arc<Self>, mut caller: Caller, presented: &TokenHash) -> Result<(), Refused> {
        loop {
            let admitted = self.admit(caller.identify.device.as_ref(), presented, false)?;
            if admitted.pending.is_some() {
                self.enter_when_stored(admitted, caller, *presented);
                return Ok(());
            }
            match self.enter(admitted, caller) {
                // Removed between the two, or its tokens were taken back: whoever it is now is looked up again.
                Some(left) => caller = left,
                None => return Ok(()),
            }
        }
    }

    /// Lets the caller in once the use of its join token is durable.
    fn enter_when_stored(self: &Arc<Self>, mut admitted: Admitted, caller: Caller, presented: TokenHash) {
        let hub = self.clone();
        self.runtime.spawn(async move {
            let outlet = caller.outlet.clone();
            let entered = match hub.settled(&mut admitted).await {
                Ok(()) => match hub.enter(admitted, caller) {
                    None => Ok(()),
                    Some(left) => {
                        let again = move |hub: &Arc<Self>| hub.answer_hash(left, &presented);
                        hub.in_turn(again).await.unwrap_or(Err(Refused::Unstored))
                    }
                },
                Err(refused) => Err(refused),
            };
            if let Err(refused) = entered {
                refuse(&outlet, refused);
            }
        });
    }

    /// Lets the caller in; given back where the device was removed meanwhile, or its tokens were taken back.
    fn enter(self: &Arc<Self>, admitted: Admitted, caller: Caller) -> Option<Caller> {
        let Admitted { cell, token, revocations, .. } = admitted;
        let now = self.now();
        self.with(&cell, |inner, effects| {
            if inner.device.is_removed() || inner.revocations != revocations {
                return Some(Caller { token: None, ..caller });
            }
            // A device that was made meanwhile has not been told.
            inner.device.storage(self.storage_is_up(), effects);
            inner.device.identify(now, &self.issuer, Caller { token, ..caller }, effects);
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
        let known = match found.map_err(|_| Refused::Unstored)? {
            Found::Awake(cell) => Some(cell),
            Found::Asleep(sleeper) if self.opens(&sleeper.row, presented) => self.registry.wake(sleeper),
            // It sleeps on: whoever only knows ids does not fill the memory.
            Found::Asleep(_) => return Err(Refused::Auth),
            Found::Nothing => None,
        };
        match known {
            Some(cell) => self.admit_known(cell, presented),
            None => self.join(id, presented, kept),
        }
    }

    /// Whether the token is one that a device that sleeps may identify with.
    fn opens(&self, row: &LoadedDevice, presented: &TokenHash) -> bool {
        own(row.token.as_ref(), row.previous.as_ref(), presented).is_some()
            || self.may_send_as(&row.id, presented)
            || row.joined && !row.confirmed && self.auth.rejoins(presented, &row.id, self.now().wall)
    }

    pub(crate) fn admit_known(
        self: &Arc<Self>,
        cell: Arc<Cell>,
        presented: &TokenHash,
    ) -> Result<Admitted, Refused> {
        // Before it is looked whether a token counts: one that is taken back behind that is noticed when it enters.
        let revocations = cell.lock().revocations;
        let admitted = |cell| Admitted { cell, token: None, revocations, pending: None };
        // A token that it got by HTTP is its own too.
        if self.shows(&cell, presented).is_some() || self.may_send_as(cell.id.as_str(), presented) {
            return Ok(admitted(cell));
        }
        let (secret, pending) = self.rejoin(&cell, presented).ok_or(Refused::Auth)?;
        Ok(Admitted { token: Some(secret.into_text()), pending, ..admitted(cell) })
    }

    fn may_send_as(&self, id: &str, presented: &TokenHash) -> bool {
        let grant = self.auth.of_api(presented, self.now().wall);
        grant.is_some_and(|grant| grant.device() == Some(id) && grant.may_send_as(id))
    }
}

/// Refuses whoever is at the other end.
fn refuse(outlet: &Arc<dyn Outlet>, refused: Refused) {
    outlet.post(match refused {
        Refused::Auth => Post::Refused { fault: Some(Fault::Auth), bye: Bye::Auth },
        Refused::Unstored => Post::Refused { fault: None, bye: Bye::Failed },
        Refused::Full => Post::Refused { fault: None, bye: Bye::Full },
    });
}

/// One conversation of a device with the hub.
pub(crate) struct HubLane {
    hub: Arc<Hub>,
    cell: Arc<Cell>,
    generation: u64,
}

// One for each device that is connected, with the counts of its `Arc`.
const _: () = assert!(size_of::<HubLane>() + 2 * size_of::<usize>() <= 40);

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
