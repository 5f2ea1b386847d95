//! Devices that identify at a gateway, which cannot judge them alone (rule U7): the same as for those that identify here, by the
//! hash of what they showed.

use super::line::{Line, Post};
use crate::Hub;
use crate::auth::{hex, read_hash};
use crate::intake::{Admitted, Refused};
use protocol::code::Bye;
use protocol::id::DeviceId;
use std::sync::Arc;

impl Hub {
    /// Looks whether somebody who identified at a gateway may come in; the answer goes to its uplink. It may read the store, so
    /// that it takes its turn on a thread that may wait.
    pub(super) fn admit_at_gateway(
        self: &Arc<Self>,
        line: &Arc<Line>,
        (ask, device, hash): (u64, Option<DeviceId>, Box<str>),
    ) {
        let Some(presented) = read_hash(&hash) else { return line.put(Post::Denied(ask, Bye::Auth)) };
        let (hub, line) = (self.clone(), line.clone());
        self.runtime.spawn(async move {
            let asked = device.clone();
            let admit = move |hub: &Arc<Self>| hub.admit(device.as_ref(), &presented, true);
            let mut admitted = hub.in_turn(admit).await.unwrap_or(Err(Refused::Unstored));
            if let Ok(one) = &mut admitted
                && let Err(refused) = hub.settled(one).await
            {
                admitted = Err(refused);
            }
            line.put(match admitted {
                Ok(Admitted { cell, token, .. }) => {
                    let own = token.as_deref().map(crate::auth::hash).unwrap_or(presented);
                    let (device, token) = (cell.id.clone(), token.map(Into::into));
                    Post::Admitted { ask, device, token, hash: hex(&own.0).into() }
                }
                Err(Refused::Auth) => {
                    hub.audit_refused(asked.as_ref(), "");
                    Post::Denied(ask, Bye::Auth)
                }
                Err(Refused::Full) => Post::Denied(ask, Bye::Full),
                Err(Refused::Unstored) => Post::Denied(ask, Bye::Failed),
            });
        });
    }
}
