//! Device connections: accepts them, drives the hub side of their conversations and hands what devices say to an
//! intake.
//!
//! A gateway decides nothing: what is taken, acked and answered is decided by [`protocol::session::HubSide`], and what
//! becomes of a message by the [`protocol::intake::Intake`]. It looks into no value, and knows no hub.
//!
//! | module | what it does |
//! |---|---|
//! | [`listen`] | the transports: accept, read, write, close |
//! | `connection` | what one connection is, over bytes, without a socket |
//! | `mailbox` | the way from the intake back to a connection |
//! | `register` | which connections there are |
//! | [`limits`] | how many, how much, how long |

mod clock;
mod connection;
pub mod limits;
pub mod listen;
mod mailbox;
mod register;

pub use limits::Limits;
pub use register::{Gateway, LiveConnection};
