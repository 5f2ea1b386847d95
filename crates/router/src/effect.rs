//! The closed list of what a decision may ask for.

use crate::relay::{RelayPost, Uplink};
use protocol::intake::{Outlet, Post};
use protocol::message::Welcome;
use std::sync::Arc;
use store::Write;

/// One thing to be done, in the order decided. Only what touches the world is an effect; everything else is state.
pub enum Effect {
    /// Write this; the device is told when it is durable.
    Record(Write),
    /// Hand this to the device's connection.
    Post(Arc<dyn Outlet>, Post),
    /// Welcome the connection into a new conversation, which has this generation.
    Welcome(Arc<dyn Outlet>, Welcome, u64),
    /// Those who watch the device have something to take.
    Wake {
        /// They should come soon: half of what the device keeps for them has been seen by none of them. Said once until
        /// one of them came.
        hurry: bool,
    },
    /// Those who watch the list of devices have something to take: presence or name changed.
    List,
    /// Say this to the device's gateway.
    Relay(Arc<Uplink>, RelayPost),
    /// The device was never stored and its connection is over: forget it.
    Forget,
}

impl Effect {
    /// [`Effect::Wake`] for something that can wait until panels are written to anyway.
    pub(crate) const WAKE: Effect = Effect::Wake { hurry: false };
}
