//! What a store knows of gateways while it judges.

use std::collections::{HashMap, HashSet};

use protocol::rule::{Rule, holds};
use protocol::uplink::message::SpoolCursor;

use crate::error::CommitError;
use crate::loaded::LoadedGateway;
use crate::relayed::{GatewayKey, NewGateway, Relayed};

/// Gateways as they stand behind the last write that was judged.
#[derive(Clone, Debug)]
pub(crate) struct Gateways {
    known: HashMap<GatewayKey, Known>,
    /// The lowest key that no gateway had before this run.
    first_key: u64,
    removed: HashSet<GatewayKey>,
    /// Those whose spools were taken over further since this was last asked, perhaps more than once.
    moved: Vec<GatewayKey>,
}

#[derive(Clone, Debug)]
struct Known {
    id: Box<str>,
    cursor: Option<SpoolCursor>,
}

impl Gateways {
    /// Begins where a store stands; no gateway ever had `next_key` or a higher key.
    pub(crate) fn new(gateways: &[LoadedGateway], next_key: u64) -> Gateways {
        let mut all = Gateways {
            known: HashMap::new(),
            first_key: next_key,
            removed: HashSet::new(),
            moved: Vec::new(),
        };
        gateways.iter().for_each(|gateway| all.learn(gateway));
        all
    }

    /// Forgets all but which were removed in this run.
    pub(crate) fn forget(&mut self) {
        self.known.clear();
        self.moved.clear();
    }

    /// Whether it has an opinion on this gateway already.
    pub(crate) fn knows(&self, gateway: GatewayKey) -> bool {
        self.known.contains_key(&gateway) || self.removed.contains(&gateway)
    }

    /// Learns of a gateway where it stands, as it is stored.
    pub(crate) fn learn(&mut self, gateway: &LoadedGateway) {
        let known = Known { id: gateway.id.clone(), cursor: gateway.cursor.clone() };
        self.known.insert(gateway.key, known);
    }

    /// A new gateway; refused where its id is in use or its key was.
    pub(crate) fn add(&mut self, new: &NewGateway) -> Result<(), CommitError> {
        let is_free = !self.was_removed(new.key)
            && new.key.0 < i64::MAX as u64
            && !self.known.iter().any(|(key, known)| *key == new.key || known.id == new.id);
        if !is_free {
            return Err(CommitError::GatewayTaken { gateway: new.key, id: new.id.clone() });
        }
        self.known.insert(new.key, Known { id: new.id.clone(), cursor: None });
        Ok(())
    }

    /// Whether it is there; an error where it never was.
    pub(crate) fn is_there(&self, gateway: GatewayKey) -> Result<bool, CommitError> {
        let known = self.known.contains_key(&gateway);
        let is_sure = known || self.was_removed(gateway);
        if is_sure { Ok(known) } else { Err(CommitError::UnknownGateway(gateway)) }
    }

    /// Forgets one that is there.
    pub(crate) fn remove(&mut self, gateway: GatewayKey) {
        self.known.remove(&gateway);
        self.removed.insert(gateway);
    }

    /// Whether what an uplink brought follows what is known of the gateway's spool. Without rule U1 everything does.
    pub(crate) fn follows(&self, relayed: &Relayed) -> Result<(), CommitError> {
        let Some(known) = self.known.get(&relayed.gateway) else { return Ok(()) };
        let goes_on =
            |before: &SpoolCursor| before.tag != relayed.cursor.tag || before.number <= relayed.cursor.number;
        let follows = known.cursor == relayed.after && known.cursor.as_ref().is_none_or(goes_on);
        if follows || !holds(Rule::U1) {
            return Ok(());
        }
        let told = |cursor: &SpoolCursor| format!("{} of {}", cursor.number, cursor.tag);
        let stored = known.cursor.as_ref().map_or_else(|| "nothing".into(), told);
        Err(CommitError::NotNextRelayed { gateway: relayed.gateway, stored, got: told(&relayed.cursor) })
    }

    /// Its spool is taken over up to there.
    pub(crate) fn advance(&mut self, gateway: GatewayKey, cursor: &SpoolCursor) {
        if let Some(known) = self.known.get_mut(&gateway) {
            known.cursor = Some(cursor.clone());
            if self.moved.last() != Some(&gateway) {
                self.moved.push(gateway);
            }
        }
    }

    /// Up to where its spool is taken over.
    pub(crate) fn cursor(&self, gateway: GatewayKey) -> Option<&SpoolCursor> {
        self.known.get(&gateway)?.cursor.as_ref()
    }

    /// Those that moved since this was last asked, each once. Some may be gone.
    pub(crate) fn take_moved(&mut self) -> Vec<GatewayKey> {
        let mut moved = std::mem::take(&mut self.moved);
        moved.sort_unstable();
        moved.dedup();
        moved
    }

    fn was_removed(&self, gateway: GatewayKey) -> bool {
        gateway.0 < self.first_key && !self.known.contains_key(&gateway) || self.removed.contains(&gateway)
    }
}
