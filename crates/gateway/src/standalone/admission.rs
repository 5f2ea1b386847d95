//! Who may come in (rule U7): a device whose token a hub has vouched for at once, also while no hub is there; any other where
//! a hub says so.

use super::Standalone;
use super::asking::Verdict;
use super::limits::CONFIRM_AFTER_MS;
use super::registry::{Cell, Inner, Learned, NotAdded};
use protocol::code::{Bye, Fault};
use protocol::id::DeviceId;
use protocol::intake::{Outlet, Post};
use protocol::uplink::vouched;
use router::{Caller, Device, Identity};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use store::TokenHash;

impl Standalone {
    /// Lets the caller in, or refuses it; at once where its token is known.
    pub(super) fn admit(self: &Arc<Self>, caller: Caller) {
        let hash = hash_of(caller.identify.token.as_deref().unwrap_or_default());
        let known = caller.identify.device.as_ref().and_then(|id| self.registry.by_id(id.as_str()));
        if let Some(cell) = known
            && let Some(at) = self.vouched(&cell, hash)
        {
            let outlet = caller.outlet.clone();
            match self.enter(&cell, caller) {
                None if self.now().wall - at > CONFIRM_AFTER_MS => self.confirm(cell, hash, outlet),
                None => {}
                // It was forgotten just now.
                Some(caller) => self.ask_about(caller, hash),
            }
            return;
        }
        self.ask_about(caller, hash);
    }

    /// When a hub last said that this token is that of this device, if that still counts.
    fn vouched(&self, cell: &Cell, hash: TokenHash) -> Option<i64> {
        let learned = cell.lock().learned?;
        let counts = vouched::counts(learned.at, self.now().wall);
        (same(learned.hash, hash) && counts).then_some(learned.at)
    }

    /// Whether a hub has vouched for a token of this device, and that still counts.
    fn knows_token(&self, device: Option<&DeviceId>) -> bool {
        let cell = device.and_then(|id| self.registry.by_id(id.as_str()));
        let learned = cell.and_then(|cell| cell.lock().learned);
        learned.is_some_and(|learned| vouched::counts(learned.at, self.now().wall))
    }

    fn ask_about(self: &Arc<Self>, caller: Caller, hash: TokenHash) {
        let gateway = self.clone();
        self.runtime.spawn(async move {
            let device = caller.identify.device.as_ref();
            let verdict = match gateway.verdict(device, hash).await {
                // Some hub had let it in with another token, and no other hub lets it in with this one.
                Verdict::Nobody { denied: Some(Bye::Auth) } if gateway.knows_token(device) => {
                    Verdict::Denied(Bye::Auth)
                }
                verdict => verdict,
            };
            gateway.answer(caller, verdict);
        });
    }

    /// A hub has vouched long ago: it is asked again while the device is let in. Where all say no it goes.
    fn confirm(self: &Arc<Self>, cell: Arc<Cell>, hash: TokenHash, outlet: Arc<dyn Outlet>) {
        let gateway = self.clone();
        self.runtime.spawn(async move {
            match gateway.verdict(Some(&cell.id), hash).await {
                Verdict::Admitted { hash, .. } => gateway.learn(&cell, hash),
                Verdict::Denied(bye) => {
                    gateway.forget_token(&cell);
                    outlet.post(Post::Bye(bye));
                }
                Verdict::Nobody { .. } => {}
            }
        });
    }

    fn answer(self: &Arc<Self>, mut caller: Caller, verdict: Verdict) {
        let outlet = caller.outlet.clone();
        if outlet.is_gone() {
            return;
        }
        let (device, token, hash) = match verdict {
            Verdict::Admitted { device, token, hash } => (device, token, hash),
            Verdict::Denied(bye) => {
                let fault = (bye == Bye::Auth).then_some(Fault::Auth);
                return outlet.post(Post::Refused { fault, bye });
            }
            Verdict::Nobody { .. } => return outlet.post(Post::Refused { fault: None, bye: Bye::NoHub }),
        };
        caller.token = token.map(String::from);
        loop {
            let cell = match self.cell_of(&device, hash) {
                Ok(cell) => cell,
                Err(bye) => return outlet.post(Post::Refused { fault: None, bye }),
            };
            self.learn(&cell, hash);
            match self.enter(&cell, caller) {
                None => return,
                // It was forgotten in between.
                Some(left) => caller = left,
            }
        }
    }

    /// The device, made where it is new here.
    fn cell_of(&self, id: &DeviceId, hash: TokenHash) -> Result<Arc<Cell>, Bye> {
        if let Some(cell) = self.registry.by_id(id.as_str()) {
            return Ok(cell);
        }
        let identity = Identity {
            key: self.registry.next_key(),
            id: id.clone(),
            called: None,
            token: Some(hash),
            previous: None,
            joined: false,
            confirmed: true,
            created: self.now().wall,
            stored: false,
        };
        match self.registry.add(Device::new(identity, self.registry.sessions()), None) {
            Ok(cell) | Err(NotAdded::Taken(cell)) => Ok(cell),
            Err(NotAdded::Full) => Err(Bye::Full),
        }
    }

    /// A hub says that this is the device's token.
    fn learn(self: &Arc<Self>, cell: &Arc<Cell>, hash: TokenHash) {
        let at = self.now().wall;
        self.with(cell, |inner, _| {
            inner.learned = Some(Learned { hash, at, is_spooled: false });
            if inner.device.identity.stored {
                self.spool_learned(inner);
            }
        });
    }

    /// Puts what a hub has said of the device's token into the spool, behind the device itself.
    pub(super) fn spool_learned(&self, inner: &mut Inner) {
        let device = inner.device.identity.key;
        if let Some(learned) = &mut inner.learned
            && !std::mem::replace(&mut learned.is_spooled, true)
        {
            self.spool_token(device, Some(learned.hash), learned.at);
        }
    }

    /// What a hub has said of the device's token counts no more.
    pub(super) fn forget_token(self: &Arc<Self>, cell: &Arc<Cell>) {
        self.with(cell, |inner, _| {
            if inner.learned.take().is_some() && inner.device.identity.stored {
                self.spool_token(inner.device.identity.key, None, 0);
            }
        });
    }
}

/// SHA-256 of a token.
fn hash_of(token: &str) -> TokenHash {
    TokenHash(Sha256::digest(token).into())
}

/// Takes the same time wherever they differ.
fn same(one: TokenHash, other: TokenHash) -> bool {
    one.0.iter().zip(other.0).fold(0, |differs, (one, other)| differs | (one ^ other)) == 0
}
