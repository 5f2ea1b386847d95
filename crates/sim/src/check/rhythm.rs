//! Rhythms: when all is calm, each panel knows of each channel what the hub has learned of it.

use super::Verdict;
use std::collections::BTreeMap;

/// Compares what was learned of a device's channels (ms between two samples) with what each panel was told.
pub(crate) fn audit<'a>(
    device: &str,
    learned: &BTreeMap<String, u64>,
    mut shown: impl Iterator<Item = &'a BTreeMap<String, u64>>,
) -> Verdict {
    match shown.find(|shown| *shown != learned) {
        None => Ok(()),
        Some(shown) => {
            Err(format!("{device}: the rhythms {learned:?} were learned, and a panel knows {shown:?}"))
        }
    }
}
