//! What becomes of a message, a command, a connection: decided in plain synchronous code, one device at a time.
//!
//! A [`Device`] is one small state machine. Each of its inputs takes the time and a list to which it adds
//! [`Effect`]s; the hub has one place that carries them out, and so has the simulation. Nothing here awaits, reads a
//! clock, opens anything or draws a random number, and devices know nothing of each other, so they are handled side by
//! side.
//!
//! | file | decides |
//! |---|---|
//! | [`device`] | what a device is, and what is asked of it |
//! | `conversation` | identify, takeover, the end of a connection (rules H1, H2, H10) |
//! | `intake` | messages and gaps, from taken to committed (rules H3, H5, H6, H7) |
//! | `relay`, `relayed` | a device behind a gateway (rule U6); what an uplink brings of it (rule U1) |
//! | `under_way` | what is on its way to the store |
//! | `rhythm` | how often a channel says something |
//! | `takeover` | two devices with one id (rule H11) |
//! | `command`, `order`, `commands` | what commands are; asked for, taken, taken back |
//! | `sending` | their way to the device and back (rules C1 to C9) |
//! | `handing` | their way to a gateway and back (rule U5) |
//! | `ledger` | what came, what became of it, and whether it adds up |
//! | `watch` | what a panel has not seen yet |
//! | [`frame`] | how it is written to panels |
//! | [`limits`] | every bound |

pub mod channels;
mod command;
mod commands;
mod conversation;
pub mod device;
mod effect;
pub mod frame;
mod handing;
mod intake;
mod ledger;
pub mod limits;
mod order;
mod relay;
mod relayed;
mod rhythm;
mod sending;
mod tail;
mod takeover;
#[cfg(test)]
mod tests;
mod under_way;
mod watch;

pub use command::{Intent, Receipt, Refusal, Request, State};
pub use conversation::Caller;
pub use device::{Device, Done, Identity, Issuer, Presence};
pub use effect::Effect;
pub use intake::TakeRefused;
pub use ledger::Ledger;
pub use relay::{RelayOutlet, RelayPost, Uplink};
pub use relayed::{Place, Unfit};
pub use tail::Run;
pub use watch::{Step, Watch};
