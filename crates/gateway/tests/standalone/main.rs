//! A standalone gateway over real sockets, between devices and hubs that are the test.

mod hub;
mod log;
mod rig;

mod commands;
mod forwarding;
mod hubs;
mod knowing;
