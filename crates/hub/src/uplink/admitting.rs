//! Devices that identify at a gateway, which cannot judge them alone (rule U7): the same as for those that identify here, by the
//! hash of what they showed.

use super::line::{Line, Post};
use crate::Hub;
use crate::intake::{Admitted, Refused};
use protocol::code::Bye;
use protocol::id::DeviceId;
use std::sync::Arc;
use store::TokenHash;

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
            let admit = move |hub: &Arc<Self>| hub.admit(device.as_ref(), &presented, true);
            line.put(match hub.in_turn(admit).await {
                Some(Ok(Admitted { cell, token })) => {
                    let own = token.as_deref().map(crate::auth::hash).unwrap_or(presented);
                    let (device, token) = (cell.id.clone(), token.map(Into::into));
                    Post::Admitted { ask, device, token, hash: write_hash(&own) }
                }
                Some(Err(Refused::Auth)) => Post::Denied(ask, Bye::Auth),
                Some(Err(Refused::Full)) => Post::Denied(ask, Bye::Full),
                Some(Err(Refused::Unreadable)) | None => Post::Denied(ask, Bye::Failed),
            });
        });
    }
}

/// A hash from its 64 hexadecimal digits.
fn read_hash(digits: &str) -> Option<TokenHash> {
    let mut hash = [0; 32];
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    for (byte, at) in hash.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(TokenHash(hash))
}

fn write_hash(hash: &TokenHash) -> Box<str> {
    hash.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}
