//! Devices on real sockets, and an intake that does what the test says.

mod prompt;
mod scripted;

mod ending;
mod fairness;
mod many;
mod pressure;
#[cfg(unix)]
mod serial;
mod tcp;
mod tls;
#[cfg(unix)]
mod unix;
mod websocket;
