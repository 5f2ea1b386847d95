//! What of a spool's own a judge knows.

use std::collections::BTreeSet;

use super::{Judge, Verdict};
use crate::error::CommitError;
use crate::limits::SPOOL_HUBS_MAX;
use crate::spool::SpoolWrite;

/// What a spool tells its judge before each batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct OfSpool {
    /// The hubs that are there.
    pub(crate) hubs: BTreeSet<Box<str>>,
    /// It is beyond what it may hold: no more entries.
    pub(crate) refuses: bool,
}

impl Judge {
    /// From now on it judges for a spool that stands so.
    pub(crate) fn judge_for(&mut self, spool: OfSpool) {
        self.spool = Some(spool);
    }

    /// Whether entries are refused.
    pub(super) fn has_room(&self) -> Result<(), CommitError> {
        match &self.spool {
            Some(spool) if spool.refuses => Err(CommitError::Full),
            _ => Ok(()),
        }
    }

    pub(super) fn spool(&mut self, write: &SpoolWrite) -> Result<Verdict, CommitError> {
        let Some(spool) = &mut self.spool else { return Err(CommitError::NoSpool) };
        match write {
            SpoolWrite::AddHub(row) => {
                if !spool.hubs.contains(&row.name) && spool.hubs.len() >= SPOOL_HUBS_MAX {
                    return Err(CommitError::TooManyHubs);
                }
                spool.hubs.insert(row.name.clone());
                Ok(Verdict::Store)
            }
            SpoolWrite::RemoveHub { name } => Ok(Verdict::of(spool.hubs.remove(name))),
            SpoolWrite::Acked { name, .. } => Ok(Verdict::of(spool.hubs.contains(name))),
            SpoolWrite::Learned { device, .. } if !self.devices.contains_key(device) => self.absent(*device),
            SpoolWrite::Learned { .. }
            | SpoolWrite::RaiseEnd { .. }
            | SpoolWrite::Damaged { .. }
            | SpoolWrite::Now { .. } => Ok(Verdict::Store),
        }
    }
}
