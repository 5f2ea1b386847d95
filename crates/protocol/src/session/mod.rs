//! The conversation of a device and its hub side, as two state machines that know no socket and no clock.
//!
//! Each is driven alike: **hand in one input with the time, take outputs until there are none, and call `timeout` when
//! `poll_timeout` says so.** The rules D1 to D9, H2 to H4, H6 and H8 of `spec/protocol.md` live here:
//!
//! | module | what it decides |
//! |---|---|
//! | [`hub_side`] | one connection at a hub or gateway: what is accepted, acked, asked again, answered (D7, H3, H4, H6, H8) |
//! | [`position`] | what outlives connections: which session an identify opens and from where (H2, H3) |
//! | [`device_side`] | a device: identify, outbox, stored or not, resume, commands (D1 to D8) |
//! | [`backoff`] | when a device comes back (D9) |

pub mod backoff;
pub mod device_side;
pub mod hub_side;
pub mod position;
pub(crate) mod timer;

pub use backoff::{Backoff, reconnect_delay};
pub use device_side::DeviceSide;
pub use hub_side::HubSide;
pub use position::{Opening, Position, Positions};
