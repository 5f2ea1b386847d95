//! A hub with its real store, and devices without sockets.

mod commands;
mod identify;
mod joining;
mod tokens;
mod wire;
