//! Event loops with real sockets, through their public surface.

mod breaking;
mod deadlines;
mod loops;
mod panics;
mod parting;
mod reading;
mod rig;
mod wakes;
mod writing;
