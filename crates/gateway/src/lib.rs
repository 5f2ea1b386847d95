//! Device connections: accepts them, drives the hub side of their conversations and hands what devices say to an
//! intake.
//!
//! A gateway decides nothing: what is taken, acked and answered is decided by [`protocol::session::HubSide`], and what
//! becomes of a message by the [`protocol::intake::Intake`]. It looks into no value, and knows no hub. Its connections
//! live in the event loops of [`sockets`]: an idle one is two small objects, and no task and no buffer.
//!
//! | module | what it does |
//! |---|---|
//! | [`listen`] | the transports: accepts, turns bytes into lines and lines into bytes |
//! | `device` | our end of a device's connection in an event loop: turns, timers, how it ends |
//! | `connection` | what one connection is, over lines, without a socket |
//! | `buffers` | what a connection that is busy borrows from its thread |
//! | `mailbox` | the way from the intake back to a connection |
//! | `place` | what is known of a connection from outside |
//! | `register` | which connections there are |
//! | `serial_counts` | what came over serial lines, counted |
//! | `throttle` | how long a device that says too much is not read |
//! | `turned_away` | what the log has of those for which there is no room |
//! | [`trust`] | TLS to a hub: whose certificates are trusted |
//! | [`standalone`] | a gateway of its own: a spool as intake, uplinks to hubs |
//! | [`limits`] | how many, how much, how long |

mod buffers;
mod clock;
mod connection;
mod device;
pub mod limits;
pub mod listen;
mod mailbox;
mod place;
mod register;
mod serial_counts;
pub mod standalone;
mod throttle;
pub mod trust;
mod turned_away;

pub use limits::Limits;
pub use place::LiveConnection;
pub use register::Gateway;
pub use serial_counts::SerialCounts;
