//! A device library for Glassline.
//!
//! `send` never blocks, never fails loudly, and says whether the message was accepted. Nothing accepted is lost silently:
//! an outbox in memory keeps it until the program ends, one in a folder across `kill -9` once `send` returned and across
//! a power cut once it is synced. Where an outbox is full its oldest samples go, counted, and declared to the hub; the
//! result of a command never does.
//!
//! ```no_run
//! # async fn run() -> Result<(), glassline_client::SetupError> {
//! use glassline_client::Device;
//!
//! let device = Device::new("tcp://127.0.0.1:7070", "boiler-7", "TOKEN")?;
//! device.on_command("fan", |on: bool| {
//!     println!("the fan is {}", if on { "on" } else { "off" });
//!     Ok(on)
//! });
//! device.connect();
//! device.send("temperature", 21.5);
//! # Ok(()) }
//! ```
//!
//! | | |
//! |---|---|
//! | [`Device`] | for programs on a tokio runtime; thousands of them share one |
//! | [`blocking::Device`] | for programs without: it brings a thread of its own |
//! | [`Settings`] | address, id, token, and what is not as usual: where the outbox is, how much it holds |
//! | [`outbox`] | the stored outbox by itself, and what is said of a damaged one |
//! | [`limits`] | every limit, and what happens at it |
//!
//! Addresses are `tcp://host:port`, `tls://host:port`, `ws://host:port` and `wss://host:port`.

mod address;
pub mod blocking;
mod core;
mod device;
mod drive;
mod handlers;
mod identity;
pub mod limits;
mod link;
mod live;
pub mod outbox;
mod reason;
mod secure;
mod settings;

pub use address::AddressError;
pub use core::Books;
pub use device::Device;
pub use handlers::Failure;
pub use reason::Reason;
pub use settings::{Settings, SetupError};
