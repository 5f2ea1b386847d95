//! The hub's durable state: devices, what they sent, where their logs stand, commands, tokens and who may what, in SQLite.
//!
//! The hub decides and numbers; the store writes what it is told, in the order told, and hands the writes back
//! when they are durable:
//!
//! ```text
//! submit(Write) ─▶ queue ─▶ one writer thread: judge ─▶ one transaction per batch ─▶ on_event(Commit)
//!                                                          │ samples: one journal row per commit
//!                                                          ▼
//!                                                  folded into chunks behind ─▶ sums of what is too old
//! reader() ─▶ a few reading connections, never waiting for the writer: chunks and journal as one
//! ```
//!
//! - **Judged apart.** What follows and what does not, where logs stand and what the ledger counts is decided in pure code
//!   (`judge`). [`Memory`] is a store that has only that.
//! - **Group commit.** A write is committed at once when the store is idle; otherwise with all that gathered
//!   while the last transaction ran, or for [`Options::gather`] longer under load.
//! - **Or taken over at once.** Where memory is durable enough ([`Durability::Memory`]) a write counts when it is in the queue
//!   ([`Store::take_over`]), and the writer writes what has gathered when it is time.
//! - **All or nothing.** A message, its session's position and its cursor are one transaction (rule H5), and nothing is
//!   handed back as committed before the disk has it (rule H6), as far as the [`Durability`] goes.
//! - **Cheap first, small later.** A commit writes its samples as one blob ([`limits::FOLD_COMMITS`] and its neighbours say when
//!   that is folded). In [`chunk`]s some hundred samples of a channel are one row, packed by columns, each value exactly as
//!   it was sent.
//! - **Nothing is skipped.** A message that would leave a hole in its device's log is refused.
//! - **A failed commit is a very long one** (rule H9): its writes are kept, the database is opened anew until it can be
//!   believed, and they are found in it or written again. See [`Event::Failed`].
//!
//! This crate knows nothing of sockets, of async, of the time of day, of what a session does or of what a value means.

mod access;
mod audit;
mod backup;
pub mod chunk;
mod chunk_table;
mod connection;
mod conversion;
mod entry;
mod error;
mod folder;
mod journal;
mod judge;
mod key_map;
pub mod limits;
mod load;
mod loaded;
mod memory;
mod migration;
mod queue;
mod reader;
mod relayed;
mod retention;
mod spool;
mod store;
mod tag;
mod write;
mod writer;

pub use access::{AccessKind, AccessRow};
pub use audit::{AuditBreak, AuditEntry, AuditHash, AuditPlace, AuditRow, AuditVerdict};
pub use backup::{Copied, CopyError, backup, restore};
pub use entry::{Entry, EntryContent};
pub use error::{CommitError, Fault, OpenError, ReadError};
pub use folder::database;
pub use loaded::{DormantDevice, GapCount, Latest, Loaded, LoadedChannel, LoadedDevice, LoadedGateway};
pub use memory::Memory;
pub use protocol::uplink::message::SpoolCursor;
pub use queue::Submitted;
pub use reader::{Around, AuditQuery, Bucket, GapRow, History, Point, Reader, SampleRow, Series};
pub use relayed::{GatewayKey, NewGateway, Relayed, RelayedPosition};
pub use retention::{NoChannel, Pattern, Retention};
pub use spool::{
    Behind, Dropped, HubRow, Quota, Spool, SpoolEvent, SpoolMemory, SpoolOptions, SpoolWrite, Spooled,
};
pub use store::{Durability, Options, Store};
pub use write::{
    Called, CommandRow, Commit, DeviceKey, Event, Gap, Handed, Message, NewDevice, Position, Sample,
    TokenHash, TokenRow, Write,
};
