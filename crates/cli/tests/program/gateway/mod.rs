//! A gateway between devices and hubs, all of them the real program.

mod commands;
mod fleet;
mod hubs;
mod outages;
mod relay;
mod rig;

pub(crate) use relay::Relay;
pub(crate) use rig::Gateway;
