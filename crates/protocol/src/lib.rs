//! The device line protocol as plain synchronous Rust: what a line is, what it means, and how the two ends of a
//! conversation answer it.
//!
//! The contract of this crate in one sentence: **hand in one input with the time, then take outputs until there are
//! none, and come back when it says.** Nothing here opens a socket or a file, reads a clock, draws a random number or
//! waits; time is always an argument ([`time::Time`]). So the same code runs in the gateway, in device libraries and
//! in a simulation that plays years in seconds.
//!
//! Where to look:
//!
//! | module | what it decides |
//! |---|---|
//! | [`mod@line`] | where a line begins and ends, and that it stays in its bounds |
//! | [`message`] | what a line says ([`message::FromDevice`], [`message::ToDevice`]) |
//! | [`session`] | what each side answers, by the rules D1 to D9 and H1 to H10 |
//! | [`intake`] | the seam between those who hold connections and those who take messages over |
//! | [`rule`] | the rules by name; in the simulation each can be switched off |
//! | [`code`], [`limits`], [`id`] | the tables: codes and what a peer does next, every limit, every name |
//!
//! The rules and the wire are described in `spec/protocol.md`.

pub mod code;
pub mod digits;
pub mod id;
pub mod intake;
mod json;
pub mod limits;
pub mod line;
pub mod message;
mod plain;
pub mod rule;
pub mod session;
pub mod time;
pub mod uplink;
