//! The books balance: what a device's ledger says is what the store holds of it, and its sums add up at any moment.

use super::Verdict;
use crate::stored::{Entry, What};
use router::{Device, Ledger};
use std::collections::BTreeMap;

/// The sums of a ledger, after each commit.
pub(crate) fn balance(device: &Device) -> Verdict {
    device.books_balance()
}

/// Compares a ledger with the log, when nothing is under way.
pub(crate) fn audit(device: &str, ledger: &Ledger, log: &[Entry]) -> Verdict {
    let (mut messages, mut late, mut skipped) = (0, 0, 0);
    let mut gaps: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for entry in log {
        match &entry.what {
            What::Message { late: is_late, .. } => {
                messages += 1;
                late += u64::from(*is_late);
            }
            What::Gap { from, to, reason } => {
                let count = gaps.entry(reason).or_default();
                *count = (count.0 + 1, count.1 + to - from + 1);
                skipped += to - from + 1;
            }
        }
    }
    let said: BTreeMap<&str, (u64, u64)> =
        ledger.gaps.iter().map(|count| (&*count.reason, (count.gaps, count.messages))).collect();
    let sums = [
        ("received", ledger.received, messages),
        ("committed", ledger.committed, messages),
        ("in flight", ledger.in_flight, 0),
        ("late", ledger.late, late),
        ("skipped", ledger.skipped, skipped),
    ];
    for (name, said, counted) in sums {
        if said != counted {
            return Err(format!("{device}: the ledger says {name} {said}, and the store holds {counted}"));
        }
    }
    match said == gaps {
        true => Ok(()),
        false => Err(format!("{device}: the ledger has the gaps {said:?}, and the store holds {gaps:?}")),
    }
}

/// A start finds that a device's log ends at `cursor`: it holds that much.
pub(crate) fn standing(device: &str, cursor: u64, log: &[Entry]) -> Verdict {
    match log.len() as u64 == cursor {
        true => Ok(()),
        false => {
            Err(format!("{device}: a start finds cursor {cursor}, and the store holds {} entries", log.len()))
        }
    }
}
