//! What the store promises, through its public door. One program, because each would link SQLite again.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod commands;
mod crash;
mod failure;
mod folder;
mod history;
mod order;
mod removal;
mod reopen;
mod rig;
mod samples;
