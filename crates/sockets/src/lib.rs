//! Thousands of sockets in a few threads: event loops, and the frames of WebSockets.
//!
//! A task or a thread for each connection costs some KB each, and a system call for each message. Here a connection is an
//! entry in a list: what is read goes through one buffer that all connections of a loop share, and what a turn of the loop
//! brought to a socket leaves in one write.
//!
//! | module | what it does |
//! |---|---|
//! | [`endpoint`] | what is at our end of a connection: told what came, asked what to write |
//! | `event_loop` | the loop: waits, reads, tells, writes |
//! | `socket` | one connection of it |
//! | `stream` | what carries it: TCP or a Unix socket |
//! | `loops` | several of them, and handing sockets over to them |
//! | `remote` | how others wake what lives in a loop |
//! | `outgoing` | what is being written |
//! | [`slots`] | the list: entries by numbers |
//! | [`doorway`] | strangers: how many at a time, from where, and who waits |
//! | [`patience`] | how long the system waits for a peer to take what it was told |
//! | `turns` | how many turns a loop has made, and how long they took |
//! | `pace`, `nap`, `timers` | pure: when to flush, when to nap, what is due |
//! | [`tls`] | TLS between a socket and its endpoint |
//! | [`websocket`] | the server's side of WebSockets over bytes |
//! | [`limits`] | how much, how long |

pub mod doorway;
pub mod endpoint;
mod event_loop;
pub mod limits;
mod loops;
mod nap;
mod outgoing;
mod pace;
pub mod patience;
mod remote;
pub mod slots;
mod socket;
mod stream;
mod timers;
pub mod tls;
mod turns;
pub mod websocket;

pub use doorway::{Doorway, Stay};
pub use endpoint::Endpoint;
pub use loops::{EventLoops, Handle};
pub use outgoing::Outgoing;
pub use remote::Remote;
pub use stream::Stream;
pub use turns::Turns;
