//! Devices on real sockets, and an intake that does what the test says.

mod prompt;
mod scripted;

mod ending;
mod fairness;
mod many;
mod pressure;
mod tcp;
mod websocket;
