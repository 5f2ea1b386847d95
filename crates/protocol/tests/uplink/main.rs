//! The uplink between a gateway and a hub: its messages, each end alone, and both over a pipe that is cut anywhere.

mod ends;
mod lines;
mod pair;
mod pipe;
