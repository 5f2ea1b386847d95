//! What comes to the hub through a gateway, and how the hub knows a gateway.
//!
//! A gateway's spool is one log of all its devices. How far the hub has come in it is written together with what that brought,
//! and refused together with it: so after any crash the uplink goes on with the entry behind the last one that is stored.

use protocol::uplink::message::SpoolCursor;

use crate::write::{DeviceKey, Position, TokenHash, Write};

/// The number of a gateway in this store. It is given by the hub, from [`crate::Loaded::next_gateway`] upwards, and never used
/// again, not even after the gateway was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GatewayKey(pub u64);

/// A gateway that is new to this store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGateway {
    /// Its number here.
    pub key: GatewayKey,
    /// The id that it identifies with. Unique.
    pub id: Box<str>,
    /// Its token.
    pub token: TokenHash,
    /// When it was made, ms since 1970.
    pub created: i64,
}

/// What an uplink brought.
///
/// It is refused whole where it does not follow what is stored of the spool ([`crate::CommitError::NotNextRelayed`]), and where
/// any of what it holds is refused. What it holds for devices that were removed goes nowhere, like any write for them. Where
/// the gateway itself was removed meanwhile, what it brought is stored, and no place in its spool.
#[derive(Clone, Debug, PartialEq)]
pub struct Relayed {
    /// Whose uplink.
    pub gateway: GatewayKey,
    /// Up to where its spool was taken over before this; nothing where nothing of it was.
    pub after: Option<SpoolCursor>,
    /// Up to where it is taken over with this: no further, where it is a part of what moves it later.
    pub cursor: SpoolCursor,
    /// Where a device's numbered log stands that this gateway issued, where this moves it. Only forward.
    pub position: Option<(DeviceKey, Position)>,
    /// What it brought, in order: messages and gaps, descriptions, and the devices that they are of. A message in here keeps its
    /// position for those who read it, and does not move where the log that this hub issued stands
    /// ([`crate::LoadedDevice::position`]).
    pub then: Vec<Write>,
}

/// Up to where a session that a gateway issued was taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayedPosition {
    /// Whose session.
    pub gateway: GatewayKey,
    /// The session and the last seq in it.
    pub position: Position,
    /// Which session of this device and gateway it is, from 1: the newest ones are kept.
    pub(crate) place: u64,
}
