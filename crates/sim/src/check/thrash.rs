//! Two devices with one id (H11): takeovers that one device cannot need raise an alert, and become rare.

use super::Verdict;
use std::collections::{BTreeMap, VecDeque};

/// The minute in which takeovers are counted.
const MINUTE_MS: u64 = 60_000;
/// So many in a minute mean nothing.
const FEW: usize = 5;
/// With waits of 1, 2, 4 … 30 s no more than these fit into a minute: the few, and one for each wait up to a minute in all.
const MOST: usize = FEW + 6;

/// Takeovers, by device.
#[derive(Debug, Default)]
pub(crate) struct Thrash {
    takeovers: BTreeMap<u64, VecDeque<u64>>,
    welcomes: BTreeMap<u64, VecDeque<u64>>,
}

impl Thrash {
    /// The hub starts and knows of nothing.
    pub(crate) fn started(&mut self) {
        *self = Self::default();
    }

    /// One connection takes another's place; whether there is an alert now.
    pub(crate) fn takeover(&mut self, device: u64, now: u64, alert: bool) -> Verdict {
        let takeovers = last_minute(self.takeovers.entry(device).or_default(), now);
        match takeovers > FEW && !alert {
            true => Err(format!("device {device}: {takeovers} takeovers in a minute, and no alert")),
            false => Ok(()),
        }
    }

    /// A device is welcomed in the place of another connection.
    pub(crate) fn welcomed(&mut self, device: u64, now: u64) -> Verdict {
        if !self.takeovers.contains_key(&device) {
            return Ok(());
        }
        let welcomes = last_minute(self.welcomes.entry(device).or_default(), now);
        // Those that came without a takeover are among them.
        let takeovers = self.takeovers[&device].iter().filter(|at| **at + MINUTE_MS > now).count();
        match welcomes.min(takeovers) > MOST {
            true => Err(format!("device {device}: {welcomes} welcomes in a minute of {takeovers} takeovers")),
            false => Ok(()),
        }
    }
}

/// One more, now: how many there were within a minute.
fn last_minute(times: &mut VecDeque<u64>, now: u64) -> usize {
    times.push_back(now);
    times.retain(|at| at + MINUTE_MS > now);
    times.len()
}
