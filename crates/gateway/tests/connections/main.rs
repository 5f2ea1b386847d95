//! Devices on real sockets, and an intake that does what the test says.

mod scripted;

mod ending;
mod pressure;
mod tcp;
mod websocket;
