//! Devices' own tokens: shown, renewed and taken back.
//!
//! A renewed token has the one before it beside it, which counts until the device has shown the new one: so a device that is
//! switched over at leisure is never locked out. One that is taken back takes everything with it at once: the connection, here or at
//! a gateway, the tokens of the API that the device got by it, and what gateways have learned of it.

use crate::audit::{Entry, What};
use crate::auth::{self, Grant, Scope, Secret, SecretKind};
use crate::registry::{Cell, Found};
use crate::{ChangeError, Hub};
use protocol::code::Bye;
use std::sync::Arc;
use store::{DeviceKey, TokenHash};
use tokio::sync::oneshot;

/// Which of a device's tokens was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    /// The present one.
    Present,
    /// The one before it, which still counts.
    Previous,
}

/// Which token of a device was presented, of which these are known.
pub(crate) fn own(
    present: Option<&TokenHash>,
    previous: Option<&TokenHash>,
    presented: &TokenHash,
) -> Option<Own> {
    let is = |kept: Option<&TokenHash>| kept.is_some_and(|kept| auth::same(kept, presented));
    // Both are compared, whichever it is.
    match (is(present), is(previous)) {
        (true, _) => Some(Own::Present),
        (false, true) => Some(Own::Previous),
        (false, false) => None,
    }
}

impl Hub {
    /// What a device may that shows this token for its own. It is found without being woken, unless its present token is shown
    /// first now.
    pub fn device_shows(self: &Arc<Self>, id: &str, token: &str) -> Option<Grant> {
        let presented = auth::presented(token)?;
        let (shown, is_new) = match self.registry.look(id).ok()? {
            Found::Awake(cell) => {
                let inner = cell.lock();
                let identity = &inner.device.identity;
                let shown = own(identity.token.as_ref(), identity.previous.as_deref(), &presented)?;
                (shown, identity.previous.is_some() || !identity.confirmed)
            }
            Found::Asleep(sleeper) => {
                let row = &sleeper.row;
                let shown = own(row.token.as_ref(), row.previous.as_ref(), &presented)?;
                (shown, row.previous.is_some() || !row.confirmed)
            }
            Found::Nothing => return None,
        };
        if shown == Own::Present && is_new {
            // Unless it was taken back meanwhile.
            self.registry.by_id(id).filter(|cell| self.shows(cell, &presented).is_some())?;
        }
        Some(self.auth.device(id))
    }

    /// Which of its tokens somebody shows for this device. With the present one the one before it ends.
    pub(crate) fn shows(self: &Arc<Self>, cell: &Arc<Cell>, presented: &TokenHash) -> Option<Own> {
        let (shown, ended) = self.with(cell, |inner, effects| {
            let identity = &inner.device.identity;
            let shown = own(identity.token.as_ref(), identity.previous.as_deref(), presented)?;
            Some((shown, shown == Own::Present && inner.device.confirm_token(effects)))
        })?;
        if ended {
            // Behind the device's lock, as that of a gateway is taken before it.
            self.gateways.forget(&cell.id, self.now().mono, false);
        }
        Some(shown)
    }

    /// Gives a device a new token, shown this once; returns once it is stored. The one before it counts until the device has shown
    /// the new one.
    ///
    /// # Errors
    /// The new one does not count, or is not known to, and why.
    pub async fn renew_token(self: &Arc<Self>, grant: &Grant, id: &str) -> Result<Secret, ChangeError> {
        let cell = self.to_change(grant, id)?;
        let secret = Secret::random(SecretKind::Device);
        let token = secret.hash();
        let stored = self.change_tokens(&cell, Some(token), |inner, effects| {
            inner.device.renew_token(token, effects);
        })?;
        self.audit(Entry::by(What::KeyRotated, grant).device(id));
        stored.await.unwrap_or(Err(ChangeError::UnknownDevice))?;
        Ok(secret)
    }

    /// Takes a device's tokens back: none counts any more, its connection ends, and it comes back with a new one alone. Returns once
    /// that is stored; it counts at once.
    ///
    /// # Errors
    /// Nothing is known to be changed for good, and why.
    pub async fn revoke_token(self: &Arc<Self>, grant: &Grant, id: &str) -> Result<(), ChangeError> {
        let cell = self.to_change(grant, id)?;
        let now = self.now();
        // Before its connection ends too: it may be back at once, and then its gateway is to ask.
        self.gateways.forget(&cell.id, now.mono, false);
        let stored = self.change_tokens(&cell, None, |inner, effects| {
            inner.revocations = inner.revocations.wrapping_add(1);
            inner.device.revoke_tokens(effects);
            inner.device.dismiss(now, Bye::Auth, effects);
        })?;
        self.auth.device_removed(id);
        self.gateways.forget(&cell.id, now.mono, true);
        self.audit(Entry::by(What::KeyRevoked, grant).device(id));
        stored.await.unwrap_or(Err(ChangeError::UnknownDevice))?;
        self.until_stored().await.map_err(|_| ChangeError::Storage)
    }

    /// Changes a device's tokens, of which the present one is `token` then; what is given back tells when that is stored.
    fn change_tokens(
        self: &Arc<Self>,
        cell: &Arc<Cell>,
        token: Option<TokenHash>,
        change: impl FnOnce(&mut crate::registry::Inner, &mut Vec<router::Effect>),
    ) -> Result<oneshot::Receiver<Result<(), ChangeError>>, ChangeError> {
        self.with(cell, |inner, effects| {
            if inner.device.is_removed() {
                return Err(ChangeError::UnknownDevice);
            }
            // Asked under the lock: whoever waits when it fails is told there.
            if !self.storage_is_up() {
                return Err(ChangeError::Storage);
            }
            // Its device is kept, so that the change is a write.
            inner.device.keep(effects);
            change(inner, effects);
            let (sender, stored) = oneshot::channel();
            inner.requests().tokens.push((token, sender));
            Ok(stored)
        })
    }

    /// The store has settled which tokens a device has.
    pub(crate) fn tokens_settled(&self, device: DeviceKey, token: Option<TokenHash>, durable: bool) {
        let Some(cell) = self.registry.by_key(device) else { return };
        let settled = if durable { Ok(()) } else { Err(ChangeError::Storage) };
        cell.lock().answer(|_, requests| {
            let place = requests.tokens.iter().position(|(awaited, _)| *awaited == token);
            if let Some((_, waiter)) = place.map(|place| requests.tokens.remove(place)) {
                // Whoever waited may have gone.
                let _ = waiter.send(settled);
            }
        });
    }

    /// The device, where the person may change it now.
    pub(crate) fn to_change(&self, grant: &Grant, id: &str) -> Result<Arc<Cell>, ChangeError> {
        let cell = self.registry.by_id(id).filter(|_| grant.may(Scope::Admin));
        let cell = cell.ok_or(ChangeError::UnknownDevice)?;
        if self.storage_is_up() { Ok(cell) } else { Err(ChangeError::Storage) }
    }
}
