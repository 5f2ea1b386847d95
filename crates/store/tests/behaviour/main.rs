//! What the store promises, through its public door. One program, because each would link SQLite again.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod around;
mod audit;
mod bounds;
mod commands;
mod copies;
mod crash;
mod cut;
mod dump;
mod failure;
mod folder;
mod history;
mod memory;
mod migration;
mod model;
mod order;
mod random;
mod recovery;
mod relayed;
mod removal;
mod reopen;
mod retention;
mod rig;
mod samples;
mod spool;
