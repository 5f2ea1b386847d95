//! The real program from outside: started, spoken to over its ports, and ended; never looked into.
//!
//! Everything waits for what it expects, with a deadline that is only reached when something is wrong.

mod rig;

mod audit;
mod backup;
mod bad_lines;
mod chaos;
mod checker;
mod configuration;
mod demo;
mod durability;
mod gateway;
mod listeners;
mod open_files;
mod over_tls;
mod pipe;
mod refusals;
mod retention;
mod secrets;
mod sockets;
mod strangers;
mod terminal;
mod tokens;
