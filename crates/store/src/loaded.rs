//! What a store knew when it was opened: all that the hub keeps in memory.

use std::sync::Arc;

use protocol::uplink::message::SpoolCursor;

use crate::access::AccessRow;
use crate::relayed::{GatewayKey, RelayedPosition};
use crate::write::{Called, CommandRow, DeviceKey, Position, TokenHash, TokenRow};

/// What a store knew when it was opened.
#[derive(Debug)]
pub struct Loaded {
    /// Names this log. It changes whenever what was once committed may be gone: after a crash with a durability
    /// weaker than `Disk`.
    pub log: String,
    /// The issuer's tag of this start: random, new, up to 8 characters of `[a-z0-9]`.
    pub issuer: String,
    /// The tags of earlier starts under which sessions were issued, oldest first.
    pub earlier_issuers: Vec<String>,
    /// All devices, by key. With [`crate::Options::dormant`] only those of which something is under way.
    pub devices: Vec<LoadedDevice>,
    /// All tokens of people and programs.
    pub tokens: Vec<TokenRow>,
    /// All people, groups and join tokens, by kind and name.
    pub access: Vec<AccessRow>,
    /// Commands in a state of [`CommandRow::UNSETTLED`], oldest first.
    pub unfinished: Vec<CommandRow>,
    /// The lowest key that no device has ever had.
    pub next_key: u64,
    /// All gateways that may hold an uplink, by key.
    pub gateways: Vec<LoadedGateway>,
    /// The lowest key that no gateway has ever had.
    pub next_gateway: u64,
}

/// What is known of one gateway. How far its devices' sessions were taken over stands with the devices
/// ([`LoadedDevice::relayed`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedGateway {
    /// Its number here.
    pub key: GatewayKey,
    /// The id that it identifies with.
    pub id: Box<str>,
    /// Its token.
    pub token: TokenHash,
    /// The token before that, which counts until the gateway has shown the present one.
    pub previous: Option<TokenHash>,
    /// When it was made, ms since 1970.
    pub created: i64,
    /// Up to where its spool was taken over; nothing where nothing of it was.
    pub cursor: Option<SpoolCursor>,
}

/// What is known of one device.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedDevice {
    /// Its number here.
    pub key: DeviceKey,
    /// The id that it identifies with.
    pub id: Box<str>,
    /// What people call it, where they call it anything.
    pub called: Option<Box<Called>>,
    /// Its token.
    pub token: Option<TokenHash>,
    /// The token before that, which counts until the device has shown the present one.
    pub previous: Option<TokenHash>,
    /// Whether the device has shown that it has its token. Where it has none: its token was taken back.
    pub confirmed: bool,
    /// Whether it was made by a join token or an empty id.
    pub joined: bool,
    /// When it was made, ms since 1970.
    pub created: i64,
    /// What its channels are, raw JSON.
    pub describe: Option<Box<str>>,
    /// The cursor of its last message or gap; 0 when there is none.
    pub cursor: u64,
    /// The counter of the session that it will be given next; 1 for a device that had none.
    pub next_session: u64,
    /// Its current session and the last seq in it, of those that this hub issued.
    pub position: Option<Position>,
    /// The last sessions that gateways issued for it, of each gateway the newest
    /// [`RELAYED_SESSIONS_MAX`](crate::limits::RELAYED_SESSIONS_MAX); by gateway, oldest first.
    pub relayed: Vec<RelayedPosition>,
    /// Messages received.
    pub received: u64,
    /// Those of them that brought a late sample.
    pub late: u64,
    /// Gaps recorded, in the order of their reasons; see [`GapCount::count`].
    pub gaps: Vec<GapCount>,
    /// The number of its next command; 1 for a device that had none.
    pub next_command: u64,
    /// When something was last received from it, ms since 1970.
    pub last_seen: Option<i64>,
    /// Its channels, by the time at which each appeared first.
    pub channels: Vec<LoadedChannel>,
}

/// What lists and sums say of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DormantDevice<'a> {
    /// Its number here.
    pub key: DeviceKey,
    /// The id that it identifies with.
    pub id: &'a str,
    /// What people call it.
    pub name: Option<&'a str>,
    /// Its labels, one a line.
    pub labels: &'a str,
    /// When something was last received from it, or when it was made; ms since 1970.
    pub since: i64,
    /// How many channels it has.
    pub channels: u32,
    /// Messages received.
    pub received: u64,
    /// Those of them that brought a late sample.
    pub late: u64,
}

/// The gaps of a device that have one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GapCount {
    /// The reason, e.g. `overflow`.
    pub reason: Box<str>,
    /// How many gaps.
    pub gaps: u64,
    /// How many messages are missing in them together; at the greatest number it stands still.
    pub messages: u64,
}

/// What is known of one channel.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedChannel {
    /// Its name.
    pub name: Arc<str>,
    /// Its newest sample; `None` when all that ever came was late.
    pub latest: Option<Latest>,
    /// Its rhythm, where one was learned: ms between two samples.
    pub every: Option<u32>,
}

/// The newest sample of a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Latest {
    /// Raw JSON, exactly as sent.
    pub value: Arc<str>,
    /// Its time, ms since 1970.
    pub ts: i64,
    /// The cursor of its message.
    pub cursor: u64,
}
