//! The devices in memory, by id and by key.

use super::Cell;
use router::{Device, Ledger};
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};
use std::hash::{Hash, Hasher};
use std::ops::Bound;
use std::sync::Arc;
use store::DeviceKey;

/// What the lock of a [`super::Registry`] guards.
#[derive(Default)]
pub(super) struct Tables {
    /// In the order of the ids, so that whoever walks through them need only know how far they are.
    pub(super) by_id: BTreeSet<ById>,
    pub(super) by_key: HashSet<ByKey>,
    pub(super) next_key: u64,
    /// What devices had been through when they woke, which [`Dormant::ledger`] counts too.
    pub(super) woken: Ledger,
}

/// A device that is found by its id.
pub(super) struct ById(Arc<Cell>);

/// A device that is found by its key.
pub(super) struct ByKey(pub(super) Arc<Cell>);

impl Borrow<str> for ById {
    fn borrow(&self) -> &str {
        self.0.id.as_str()
    }
}

impl Borrow<DeviceKey> for ByKey {
    fn borrow(&self) -> &DeviceKey {
        &self.0.key
    }
}

impl Ord for ById {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.id.as_str().cmp(other.0.id.as_str())
    }
}

impl PartialOrd for ById {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for ByKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.key.hash(state);
    }
}

impl PartialEq for ById {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl PartialEq for ByKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.key == other.0.key
    }
}

impl Eq for ById {}
impl Eq for ByKey {}

impl Tables {
    /// The device with this id, if it is in memory.
    pub(super) fn awake(&self, id: &str) -> Option<Arc<Cell>> {
        self.by_id.get(id).map(|found| found.0.clone())
    }

    /// Those in memory whose ids come after `id`, which nothing comes before where it is empty.
    pub(super) fn behind(&self, id: &str) -> impl Iterator<Item = &Arc<Cell>> {
        self.by_id.range::<str, _>((Bound::Excluded(id), Bound::Unbounded)).map(|found| &found.0)
    }

    pub(super) fn put(&mut self, device: Device) -> Arc<Cell> {
        let cell = Arc::new(Cell::new(device));
        self.by_id.insert(ById(cell.clone()));
        self.by_key.insert(ByKey(cell.clone()));
        cell
    }
}
