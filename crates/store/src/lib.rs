//! The hub's durable state: devices, what they sent, where their logs stand, commands and tokens, in SQLite.
//!
//! The hub decides and numbers; the store writes what it is told, in the order told, and hands the writes back
//! when they are durable:
//!
//! ```text
//! submit(Write) ─▶ queue ─▶ one writer thread: one transaction per batch ─▶ on_commit(Commit)
//! reader() ────────────────▶ a few reading connections, never waiting for the writer
//! ```
//!
//! - **Group commit.** A write is committed at once when the store is idle; otherwise with all that gathered
//!   while the last transaction ran, or for [`Options::gather`] longer under load.
//! - **All or nothing.** A message, its session's position and its cursor are one transaction (rule H5), and nothing is
//!   handed back as committed before the disk has it (rule H6), as far as the [`Durability`] goes.
//! - **Nothing is skipped.** After a failed commit, a message that would leave a hole in its device's log is refused.
//!
//! This crate knows nothing of sockets, of async, of the time of day, of what a session does or of what a value means.

mod connection;
mod error;
mod folder;
pub mod limits;
mod load;
mod loaded;
mod migration;
mod queue;
mod reader;
mod store;
mod tag;
mod write;
mod writer;

pub use error::{CommitError, Fault, OpenError, ReadError};
pub use loaded::{Latest, Loaded, LoadedChannel, LoadedDevice};
pub use reader::{Bucket, GapRow, History, Point, Reader, SampleRow, Series};
pub use store::{Durability, Options, Store};
pub use write::{
    CommandRow, Commit, DeviceKey, Gap, Message, NewDevice, Position, Sample, TokenHash, TokenRow, Write,
};
