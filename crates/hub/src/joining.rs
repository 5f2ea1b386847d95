//! Devices that come with a join token: made, or let in again until they have used tokens of their own.
//!
//! With a join token that an administrator made nobody is told of the device before its use is durable, and with it the device: so
//! a crash gives no use back.

use crate::ChangeError;
use crate::Hub;
use crate::audit::{Entry, What};
use crate::auth::{Reserved, Secret, SecretKind};
use crate::intake::{Admitted, Refused};
use crate::limits::{DEVICES_MAX, DEVICES_UNSTORED_MAX};
use crate::registry::{Cell, NotAdded};
use protocol::id::DeviceId;
use router::{Device, Identity};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::TokenHash;
use tokio::sync::oneshot;

/// What a caller waits for before it is welcome.
pub(crate) enum Pending {
    /// The device that it made is being stored.
    Made(oneshot::Receiver<()>, Reserved),
    /// Its new token is.
    Token(oneshot::Receiver<Result<(), ChangeError>>),
}

impl Hub {
    /// Waits until it is durable that somebody may come in.
    pub(crate) async fn settled(self: &Arc<Self>, admitted: &mut Admitted) -> Result<(), Refused> {
        match admitted.pending.take() {
            None => Ok(()),
            Some(Pending::Token(stored)) => match stored.await {
                Ok(Ok(())) => Ok(()),
                _ => Err(Refused::Unstored),
            },
            Some(Pending::Made(stored, reserved)) => {
                if stored.await.is_ok() {
                    return Ok(());
                }
                self.with(&admitted.cell, |inner, effects| inner.device.remove(effects));
                self.forget(&admitted.cell);
                self.auth.release_join(reserved);
                Err(Refused::Unstored)
            }
        }
    }

    /// Gives a device that a join token made another token, as long as it has not used its own; nothing where this is not that one.
    pub(crate) fn rejoin(
        self: &Arc<Self>,
        cell: &Arc<Cell>,
        presented: &TokenHash,
    ) -> Option<(Secret, Option<Pending>)> {
        let is_kept = !crate::auth::same(&self.auth.join_of_run(), presented);
        self.with(cell, |inner, effects| {
            let identity = &inner.device.identity;
            let may = identity.joined
                && !identity.confirmed
                && self.auth.rejoins(presented, cell.id.as_str(), self.now().wall);
            if !may {
                return None;
            }
            let own = Secret::random(SecretKind::Device);
            inner.device.replace_token(own.hash(), effects);
            // Of one that is not stored nothing is written.
            let pending = (is_kept && inner.device.identity.stored).then(|| {
                let (sender, stored) = oneshot::channel();
                inner.requests().tokens.push((Some(own.hash()), sender));
                Pending::Token(stored)
            });
            Some((own, pending))
        })
    }

    /// Makes a device for a join token. One that names itself is stored at once, and so is any that a join token made of which the
    /// uses are counted; another that is given an id with the first that it says, so that whoever only looks leaves nothing
    /// behind.
    pub(crate) fn join(
        self: &Arc<Self>,
        id: Option<&DeviceId>,
        join_token: &TokenHash,
        kept: bool,
    ) -> Result<Admitted, Refused> {
        let has_room =
            self.registry.len() < DEVICES_MAX && self.unstored.load(Ordering::Relaxed) < DEVICES_UNSTORED_MAX;
        let names_itself = id.is_some();
        let id = id.cloned().unwrap_or_else(new_id);
        let now = self.now().wall;
        let reserved = self.auth.reserve_join(join_token, id.as_str(), now)?;
        let unfit = match (has_room, self.storage_is_up()) {
            (false, _) => Some(Refused::Full),
            // Nobody waits for a use that cannot be written down.
            (true, false) if reserved.is_kept() => Some(Refused::Unstored),
            _ => None,
        };
        if let Some(refused) = unfit {
            self.auth.release_join(reserved);
            return Err(refused);
        }
        let own = Secret::random(SecretKind::Device);
        let identity = Identity {
            key: self.registry.next_key(),
            id: id.clone(),
            called: None,
            token: Some(own.hash()),
            previous: None,
            joined: true,
            confirmed: false,
            created: now,
            stored: false,
        };
        match self.registry.add(Device::new(identity, self.sessions.load(Ordering::Relaxed))) {
            Ok(cell) => {
                self.audit(Entry::new(What::DeviceJoined).device(id.as_str()));
                Ok(self.keep_joined(cell, own, reserved, kept || names_itself))
            }
            Err(not) => {
                self.auth.release_join(reserved);
                match not {
                    // Somebody else was faster.
                    NotAdded::Taken(taken) => self.admit_known(taken, join_token),
                    NotAdded::Unreadable => Err(Refused::Unstored),
                }
            }
        }
    }

    fn keep_joined(
        self: &Arc<Self>,
        cell: Arc<Cell>,
        own: Secret,
        reserved: Reserved,
        kept: bool,
    ) -> Admitted {
        let pending = self.with(&cell, |inner, effects| {
            let pending = reserved.is_kept().then(|| {
                let (maker, stored) = oneshot::channel();
                inner.requests().maker = Some(maker);
                Pending::Made(stored, reserved)
            });
            if kept || pending.is_some() {
                inner.device.keep(effects);
            }
            pending
        });
        Admitted { cell, token: Some(own.into_text()), revocations: 0, pending }
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
