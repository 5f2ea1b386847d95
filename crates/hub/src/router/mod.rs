//! What becomes of a message, a command, a connection: decided in plain synchronous code, one device at a time.
//!
//! A [`Device`] is one small state machine. Each of its inputs takes the time and a list to which it adds
//! [`Effect`]s; `crate::apply` is the only place that carries them out. Nothing here awaits, reads a clock, opens
//! anything or draws a random number, and devices know nothing of each other, so they are handled side by side.
//!
//! | file | decides |
//! |---|---|
//! | [`device`] | what a device is, and what is asked of it |
//! | [`conversation`] | identify, takeover, the end of a connection (rules H1, H2, H10) |
//! | [`intake`] | messages and gaps, from taken to committed (rules H3, H5, H6, H7) |
//! | [`command`], [`commands`] | what commands are, and their way |
//! | [`watch`] | what a panel has not seen yet |
//! | [`frame`] | how it is written to panels |

pub(crate) mod channels;
mod command;
mod commands;
mod conversation;
pub(crate) mod device;
mod effect;
pub(crate) mod frame;
mod intake;
mod tail;
#[cfg(test)]
mod tests;
mod watch;

pub(crate) use command::{Intent, Refusal, Request};
pub use command::{Receipt, State};
pub(crate) use conversation::Caller;
pub use device::Presence;
pub(crate) use device::{Device, Done, Identity, Issuer};
pub(crate) use effect::Effect;
pub(crate) use intake::TakeRefused;
pub(crate) use watch::Watch;
