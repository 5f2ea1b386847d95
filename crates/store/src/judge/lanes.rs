//! How far the sessions that gateways issued for one device were taken over.

use protocol::rule::{Rule, holds};

use crate::error::CommitError;
use crate::limits::RELAYED_SESSIONS_MAX;
use crate::relayed::{GatewayKey, RelayedPosition};
use crate::write::Position;

/// Moves where a session of a gateway stands, or refuses to move it back. The place of the session.
pub(crate) fn advance(
    lanes: &mut Vec<RelayedPosition>,
    gateway: GatewayKey,
    to: &Position,
) -> Result<u64, CommitError> {
    let of_gateway = |lane: &&mut RelayedPosition| lane.gateway == gateway;
    let same = |lane: &&mut RelayedPosition| lane.position.session == to.session;
    if let Some(lane) = lanes.iter_mut().filter(of_gateway).find(same) {
        if to.seq <= lane.position.seq && holds(Rule::U1) {
            let told = |seq: u64| format!("{seq} of session {}", to.session);
            let (stored, got) = (told(lane.position.seq), told(to.seq));
            return Err(CommitError::NotNextRelayed { gateway, stored, got });
        }
        lane.position.seq = to.seq;
        return Ok(lane.place);
    }
    let newest = lanes.iter().filter(|lane| lane.gateway == gateway).map(|lane| lane.place).max();
    let place = newest.unwrap_or(0) + 1;
    let oldest_kept = oldest_kept(place);
    lanes.retain(|lane| lane.gateway != gateway || lane.place >= oldest_kept);
    lanes.push(RelayedPosition { gateway, position: to.clone(), place });
    lanes.sort_unstable_by_key(|lane| (lane.gateway, lane.place));
    Ok(place)
}

/// The oldest place that is kept with `newest`.
pub(crate) fn oldest_kept(newest: u64) -> u64 {
    (newest + 1).saturating_sub(RELAYED_SESSIONS_MAX as u64)
}
