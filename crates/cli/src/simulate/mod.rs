//! Simulated devices: real ones in all but the world around them. They connect through the device port, keep what is
//! not acked, and come back when the connection breaks.

mod drive;
mod random;
mod station;
mod weather;

pub(crate) use station::{Memory, weather};
