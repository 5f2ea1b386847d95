//! The uplink between a gateway and a hub: what they say to each other (spec/uplink.md).
//!
//! A gateway takes devices' messages over to its spool and forwards them, labelled, to each of its hubs; a hub takes them over
//! in the spool's order and acks.
//!
//! | file | what it is |
//! |---|---|
//! | [`message`] | what either side says |
//! | `read`, `write` | how it is read and written, a line each |
//! | [`frame`] | frames: several lines with their streams |
//! | [`filter`] | what a hub wants of a gateway |
//! | [`tags`] | how a gateway numbers over its starts (rule U2) |
//! | [`vouched`] | how long a gateway goes by what a hub said of a token (rule U7) |
//! | [`gateway_side`] | the gateway's end of the uplink to one hub |
//! | [`hub_side`] | the hub's end of one uplink |

pub mod filter;
pub mod frame;
pub mod gateway_side;
pub mod hub_side;
pub mod message;
mod read;
pub mod tags;
pub mod vouched;
mod write;

pub use gateway_side::GatewaySide;
pub use hub_side::UplinkHub;
pub use read::{read_from_gateway, read_from_hub, read_of_device};

use crate::code::Fault;
use crate::message::Fail;

/// What was said is against the uplink's rules.
fn wrong(reason: &str) -> Fail {
    Fail::new(Fault::BadMessage, 0, reason)
}
