//! A hub as its HTTP port shows it: real sockets, a real store, nothing in between.

mod accept;
mod commands;
mod devices;
mod gateways;
mod guard;
mod login;
mod operations;
mod pages;
mod people;
mod policy;
mod rig;
mod samples;
mod sockets;
mod tokens;
