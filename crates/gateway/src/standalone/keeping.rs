//! What the spool is told so that it can keep its bounds: how far hubs are, and what time it is. It drops by itself what is
//! beyond a hub's quota, for that hub alone, and lets go of what every hub is past (rule U3).

use super::Standalone;
use super::drops::messages;
use super::limits::{LOOK_EVERY, LOOKS_BETWEEN_TIMES};
use super::uplink::{Behind, Uplink};
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use store::{Dropped, SpoolWrite};

/// Looks after the spool until the gateway is gone.
pub(super) async fn keep(gateway: Weak<Standalone>) {
    let mut every = tokio::time::interval(LOOK_EVERY);
    // Up to which place each hub's ack was written down.
    let mut written = BTreeMap::new();
    for look in 0_u64.. {
        every.tick().await;
        let Some(gateway) = gateway.upgrade() else { return };
        if *gateway.stopping.borrow() {
            return;
        }
        let looked = tokio::task::spawn_blocking(move || {
            if look.is_multiple_of(LOOKS_BETWEEN_TIMES) {
                gateway.spool.change(SpoolWrite::Now { at: gateway.now().wall });
            }
            gateway.write_acks(&mut written);
            written
        });
        // Its panic is reported; then all is written down once more.
        written = looked.await.unwrap_or_default();
    }
}

impl Standalone {
    /// Writes down how far hubs are, which need not be exact: their own word counts (rule U2). Blocks.
    fn write_acks(&self, written: &mut BTreeMap<Arc<str>, u64>) {
        for uplink in self.uplinks() {
            let place = uplink.acked();
            if written.insert(uplink.name().clone(), place) != Some(place) {
                self.spool.change(SpoolWrite::Acked { name: (&**uplink.name()).into(), place });
            }
            uplink.is_behind(self.behind(uplink.passed()));
            uplink.tell_drops(self.now().mono);
            if self.held().oldest > uplink.furthest() + 1 {
                self.look_for_losses(&uplink);
            }
        }
    }

    /// Tells a hub what was dropped for it, as the spool has it written down. Blocks.
    pub(super) fn look_for_losses(&self, uplink: &Uplink) {
        let oldest = self.held().oldest;
        let Ok(rows) = self.spool.hubs() else { return };
        let row = rows.into_iter().find(|row| *row.name == **uplink.name());
        if let Some(dropped) = row.and_then(|row| row.dropped) {
            uplink.dropped(dropped);
        }
        // That is all that is known: a hub that went back learns of the rest that it is not there.
        uplink.knows_losses_up_to(oldest.saturating_sub(1));
        uplink.spool_changed();
    }

    /// How much of the spool lies behind a place. Blocks.
    pub(super) fn behind(&self, place: u64) -> Behind {
        match self.spool.behind(place) {
            Ok(behind) => Behind { entries: behind.entries, bytes: behind.bytes, oldest: behind.oldest },
            Err(error) => {
                tracing::warn!(%error, "how full the spool is cannot be read");
                Behind::default()
            }
        }
    }

    /// The spool has dropped what was beyond a hub's quota.
    pub(super) fn dropped(&self, hub: &str, dropped: Dropped) {
        let uplinks = self.uplinks();
        if let Some(uplink) = uplinks.iter().find(|uplink| &**uplink.name() == hub) {
            uplink.dropped(dropped);
            uplink.tell_drops(self.now().mono);
        }
        self.tell_growth();
    }
}

impl Uplink {
    /// Up to which place nothing is to come of the spool any more, by ack or because it was dropped.
    fn passed(&self) -> u64 {
        self.acked().max(self.dropped_to())
    }

    /// Logs what was dropped for it, where it is time for that.
    fn tell_drops(&self, mono: u64) {
        if let Some(count) = self.drops().take(mono) {
            let dropped = messages(count);
            tracing::warn!(hub = %self.name(), up_to = self.dropped_to(), %dropped, "dropped what was beyond a hub's quota");
        }
    }
}
