//! What an uplink says, carried out: connections and what the spool holds, each at its device.

use super::endpoint::{Joined, UplinkEnd};
use super::gateway::Taken;
use crate::Hub;
use crate::limits::DEVICES_MAX;
use crate::registry::{Cell, NotAdded};
use protocol::code::Bye;
use protocol::id::DeviceId;
use protocol::time::Time;
use protocol::uplink::hub_side::Output;
use protocol::uplink::message::{CommandOutcome, Connected, Skip, SkipReason, SpoolCursor};
use router::{Device, Identity};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

impl UplinkEnd {
    /// Carries out what the gateway said. Where that is of a device that sleeps, it is put back until the device is awake.
    pub(super) fn carry_out(&mut self, now: Time, joined: &Arc<Joined>, output: Output) -> Taken {
        if devices_of(&output).any(|id| self.hub.registry.sleeps(id.as_str())) {
            return self.wake(output);
        }
        self.has_woken = false;
        let hub = self.hub.clone();
        match output {
            Output::Opened { device, connected } => self.opened(now, joined, &device, connected),
            Output::Connected { device, connected } => self.opened(now, joined, &device, Some(connected)),
            Output::Disconnected { device, ago } => hub.gone_from_gateway(now, joined, &device, ago),
            Output::Restored => joined.gateway.restored(&hub, &joined.uplink, now),
            Output::Take { device, entry, cursor } => {
                let cell = hub.registry.awake_by_id(device.as_str());
                if cell.is_none() && hub.registry.len() >= DEVICES_MAX {
                    joined.gateway.left_out();
                }
                return joined.gateway.step(&joined.uplink, &cursor, |place| match cell {
                    Some(cell) => hub.with(&cell, |inner, effects| {
                        inner.device.relayed(now, place, entry, effects).is_ok()
                    }),
                    // Removed, or one too many: nothing may hold up the spool.
                    None => hub.write_alone(place),
                });
            }
            Output::Tag { cursor, lost } => {
                if lost {
                    tracing::warn!(gateway = %joined.gateway.id, "the gateway's spool is another one than before");
                }
                return joined.gateway.step(&joined.uplink, &cursor, |place| hub.write_alone(place));
            }
            Output::Skip { skip, cursor } => return hub.skip(now, joined, skip, &cursor),
            Output::Outcome(outcome) => hub.command_outcome(now, joined, outcome),
            Output::Admit { ask, device, hash } => hub.admit_at_gateway(&self.line, (ask, device, hash)),
            Output::Standing { behind, bytes, oldest } => {
                joined.gateway.hear(&joined.uplink, |inner| {
                    (inner.told.behind, inner.told.bytes, inner.told.oldest) = (behind, bytes, oldest);
                });
                hub.gateways.changed();
            }
            Output::Send(_) | Output::Identify(_) | Output::Close => {}
        }
        Taken::Yes
    }

    /// Has all devices woken that sleep and of which something is to be carried out, this one first.
    fn wake(&mut self, output: Output) -> Taken {
        // It was tried, and it cannot be read.
        if std::mem::replace(&mut self.has_woken, true) {
            return Taken::Unfit;
        }
        self.outputs.push_front(output);
        let ids = self.outputs.iter().flat_map(devices_of).map(|id| id.as_str().to_owned());
        let ids: Vec<String> = ids.filter(|id| self.hub.registry.sleeps(id)).collect();
        let (hub, line, done) = (self.hub.clone(), self.line.clone(), Arc::new(AtomicBool::new(false)));
        self.wakes = Some(done.clone());
        self.hub.runtime.spawn(async move {
            hub.wake(ids).await;
            done.store(true, Ordering::Release);
            line.wake();
        });
        Taken::Yes
    }

    /// A device has a stream, and is connected or not; it is made where there is none.
    fn opened(&mut self, now: Time, joined: &Arc<Joined>, id: &DeviceId, connected: Option<Connected>) {
        if let Some(connected) = &connected
            && self.hub.is_stale(id, now.mono.saturating_sub(connected.ago))
        {
            // It comes back, and is judged then by what it shows.
            self.side.forget(now, id.clone());
            return self.side.part(now, id, Bye::Replaced);
        }
        let cell = self.hub.registry.awake_by_id(id.as_str()).or_else(|| self.hub.make_relayed(id));
        let Some(cell) = cell else {
            return self.side.part(now, id, Bye::Full);
        };
        let (hub, uplink) = (&self.hub, &joined.uplink);
        joined.gateway.hear(uplink, |inner| {
            match connected.is_some() {
                true => drop(inner.connected.insert(cell.key, uplink.number)),
                false => drop(inner.connected.remove(&cell.key)),
            }
            hub.with(&cell, |inner, effects| match &connected {
                _ if inner.device.is_removed() => {}
                Some(connected) => inner.device.relay_connected(now, uplink, connected, effects),
                None => inner.device.relay_away(now, uplink, effects),
            });
        });
    }
}

impl Hub {
    /// Whether somebody who identified at a gateway so long ago may have shown a token that was taken back.
    fn is_stale(&self, id: &DeviceId, identified: u64) -> bool {
        let is_revoked = |cell: Arc<Cell>| cell.lock().device.identity.is_revoked();
        self.gateways.forgotten.is_stale(id, identified)
            || self.registry.awake_by_id(id.as_str()).is_some_and(is_revoked)
    }

    /// A device that a gateway brings and nobody knew: a gateway may send for any.
    fn make_relayed(self: &Arc<Self>, id: &DeviceId) -> Option<Arc<Cell>> {
        if self.registry.len() >= DEVICES_MAX {
            tracing::warn!(device = %id, "there are as many devices as this hub keeps: one at a gateway is left out");
            return None;
        }
        let identity = Identity {
            key: self.registry.next_key(),
            id: id.clone(),
            called: None,
            token: None,
            previous: None,
            joined: false,
            confirmed: false,
            created: self.now().wall,
            stored: false,
        };
        match self.registry.add(Device::new(identity, self.sessions.load(Ordering::Relaxed))) {
            Ok(cell) => {
                self.with(&cell, |inner, effects| inner.device.keep(effects));
                Some(cell)
            }
            Err(NotAdded::Taken(cell)) => Some(cell),
            Err(NotAdded::Unreadable) => None,
        }
    }

    fn gone_from_gateway(self: &Arc<Self>, now: Time, joined: &Joined, id: &DeviceId, ago: u64) {
        let Some(cell) = self.registry.awake_by_id(id.as_str()) else { return };
        joined.gateway.hear(&joined.uplink, |inner| {
            inner.connected.remove(&cell.key);
            self.with(&cell, |inner, effects| {
                inner.device.relay_disconnected(now, &joined.uplink, ago, effects);
            });
        });
    }

    /// A step in a spool that brings nothing to any device.
    fn write_alone(&self, place: router::Place) -> bool {
        self.store.submit(place.alone());
        true
    }

    /// Some of a spool will never come: each device's loss is recorded, and then the step is made.
    fn skip(self: &Arc<Self>, now: Time, joined: &Joined, skip: Skip, cursor: &SpoolCursor) -> Taken {
        joined.gateway.skipped(&skip);
        let reason = match skip.reason {
            SkipReason::Filter => "filter",
            SkipReason::Quota => "quota",
            SkipReason::Lost => "lost",
            SkipReason::Pruned => "pruned",
            SkipReason::Start => "start",
        };
        for lost in skip.lost {
            let Some(cell) = self.registry.awake_by_id(lost.device.as_str()) else { continue };
            let taken = joined.gateway.stand(&joined.uplink, |place| {
                self.with(&cell, |inner, effects| {
                    inner.device.relayed_loss(now, place, lost, reason, effects).is_ok()
                })
            });
            if taken != Taken::Yes {
                return taken;
            }
        }
        joined.gateway.step(&joined.uplink, cursor, |place| self.write_alone(place))
    }

    /// What became of a command. One that nobody knows of, or of a device that is no more, is of no interest.
    fn command_outcome(self: &Arc<Self>, now: Time, joined: &Joined, outcome: CommandOutcome) {
        joined.gateway.hear(&joined.uplink, |_| {
            let cell = self.registry.awake_by_id(outcome.command.device.as_str());
            match cell {
                Some(cell) => self.with(&cell, |inner, effects| {
                    inner.device.command_reported(now, &joined.uplink, outcome, effects);
                }),
                None => joined.uplink.outlet.post(router::RelayPost::Settled(outcome.command)),
            }
        });
    }
}

/// The devices without which something cannot be carried out: of a skip all of whom something is missing.
fn devices_of(output: &Output) -> impl Iterator<Item = &DeviceId> {
    let missing = match output {
        Output::Skip { skip, .. } => &skip.lost[..],
        _ => &[],
    };
    device_of(output).into_iter().chain(missing.iter().map(|lost| &lost.device))
}

fn device_of(output: &Output) -> Option<&DeviceId> {
    match output {
        Output::Opened { device, .. }
        | Output::Connected { device, .. }
        | Output::Disconnected { device, .. }
        | Output::Take { device, .. } => Some(device),
        Output::Outcome(outcome) => Some(&outcome.command.device),
        _ => None,
    }
}
