//! What a program sees of its device, against a hub that the test plays on a real socket.

mod commands;
mod connection;
mod disk;
mod hub;
mod keeping;
mod secure;
mod stored;
