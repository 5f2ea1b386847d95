//! Simulated devices: real ones in all but the world around them. They use the Rust client, as anybody's program would.

mod destination;
pub(crate) mod fleet;
mod journal;
mod random;
mod station;
pub(crate) mod stations;
mod weather;

pub(crate) use random::Random;
pub(crate) use station::{Memory, weather};
