//! The standalone gateway as the one who takes over what devices say: the lane of each conversation.

use super::Standalone;
use super::registry::{Call, Cell};
use protocol::intake::{Intake, Lane, Outlet, Peer, Said};
use protocol::message::Identify;
use router::Caller;
use std::sync::Arc;

impl Intake for Standalone {
    fn identify(&self, identify: Identify, peer: Peer, outlet: Arc<dyn Outlet>) {
        let Some(gateway) = self.me.upgrade() else { return };
        gateway.admit(Caller { identify, peer, outlet, token: None });
    }
}

impl Standalone {
    /// Lets the caller in as the device of `cell`; given back where that was forgotten meanwhile.
    pub(super) fn enter(self: &Arc<Self>, cell: &Arc<Cell>, caller: Caller) -> Option<Caller> {
        let now = self.now();
        self.with(cell, |inner, effects| {
            if inner.device.is_removed() {
                return Some(caller);
            }
            // A device that was made meanwhile has not been told.
            inner.device.storage(self.storage_is_up(), effects);
            let identify = &caller.identify;
            inner.call = Some(Box::new(Call {
                address: caller.peer.address.as_str().into(),
                plain: identify.is_plain(),
                line_max: identify.line_max.and_then(|bytes| u32::try_from(bytes).ok()),
                heartbeat: 0,
                at: now.mono,
            }));
            inner.device.identify(now, &self.issuer, caller, effects);
            None
        })
    }
}

/// One conversation of a device.
pub(super) struct SpoolLane {
    gateway: Arc<Standalone>,
    cell: Arc<Cell>,
    generation: u64,
}

impl SpoolLane {
    pub(super) fn new(gateway: &Arc<Standalone>, cell: &Arc<Cell>, generation: u64) -> Self {
        Self { gateway: gateway.clone(), cell: cell.clone(), generation }
    }
}

impl Lane for SpoolLane {
    fn take(&self, line: u64, said: Said) {
        let now = self.gateway.now();
        let generation = self.generation;
        self.gateway
            .with(&self.cell, |inner, effects| inner.device.said(now, generation, line, said, effects));
    }

    fn ended(&self) {
        self.gateway.endings.report(self.cell.key, self.generation);
    }
}

impl Drop for SpoolLane {
    /// A welcome that never reached its connection ends its conversation too. It may be dropped under the device's
    /// lock, so the end is reported and not carried out here.
    fn drop(&mut self) {
        self.ended();
    }
}
