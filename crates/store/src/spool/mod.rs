//! A gateway's durable outbox: what its devices said, in one order, until every hub has it.
//!
//! ```text
//! submit(Write) ─▶ the store's queue and writer ─▶ one transaction per batch ─▶ on_event(Commit)
//!                                                     │ entries in rows, by place      ▲ then devices are acked
//!                                                     ▼
//!                            read(after a hub's cursor) ─▶ uplink ─▶ Acked ─▶ what every hub is past leaves
//! ```
//!
//! - **An entry has a place**, dense from 1 over the spool's whole life. What it is called towards hubs is told by the tags
//!   ([`protocol::uplink::tags`]); each opening begins a new one, durable before anything is written under it.
//! - **One log, a cursor for each hub.** A hub that is away holds back what it has not acked, as far as its quota goes; what is
//!   beyond is dropped for it alone, and kept in mind until it was told so. All of that is done behind the commits, a piece with
//!   each.
//! - **Written like the store**: by the same thread, the same judge and the same recovery (rule H9). A write that no spool has
//!   a use for, such as one about people's tokens, is committed and forgotten.
//! - **Full** is a state, not an error: [`SpoolEvent::Full`] asks to hold devices back, [`SpoolEvent::Room`] ends that.
//!
//! [`SpoolMemory`] is a spool without a disk.

mod blob;
mod books;
mod database;
mod memory;
mod open;
mod rows;
mod table;
mod take;
mod write;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use protocol::uplink::gateway_side::Stored;
use protocol::uplink::message::Lost;
use protocol::uplink::tags::{Held, Tags};

use self::books::Extent;
pub(crate) use self::books::Shared;
use self::database::Database;
pub use self::memory::SpoolMemory;
use self::table::Table;
pub use self::write::{Behind, Dropped, HubRow, Quota, SpoolEvent, SpoolWrite};
use crate::error::{OpenError, ReadError};
use crate::folder::{self, Folder};
use crate::loaded::LoadedDevice;
use crate::queue::{Change, Queue};
use crate::reader::Reader;
use crate::store::{Durability, Keeping};
use crate::write::{DeviceKey, Event, TokenHash, Write};
use crate::writer::Writer;

/// How a spool is run.
#[derive(Clone, Debug)]
pub struct SpoolOptions {
    /// What a commit survives.
    pub durability: Durability,
    /// How much longer writes gather under load; see [`crate::Options::gather`].
    pub gather: Duration,
    /// How many bytes of entries it may hold. The database takes a little more than that, and its write-ahead log beside it.
    pub bytes_max: u64,
}

impl Default for SpoolOptions {
    /// `Disk`, 4 ms, 1 GiB.
    fn default() -> SpoolOptions {
        let gather = Duration::from_millis(4);
        SpoolOptions { durability: Durability::default(), gather, bytes_max: 1024 * 1024 * 1024 }
    }
}

/// What a spool knew when it was opened.
#[derive(Debug)]
pub struct Spooled {
    /// The tag of this start, which is also that of the sessions issued in it: random, new, up to 8 characters of `[a-z0-9]`.
    pub tag: Arc<str>,
    /// The tags of earlier starts under which sessions were issued, oldest first.
    pub earlier: Vec<String>,
    /// All tags that are remembered, this one too.
    pub tags: Tags,
    /// All devices, by key; without channels.
    pub devices: Vec<LoadedDevice>,
    /// The lowest key that no device has ever had.
    pub next_key: u64,
    /// Devices' tokens as hubs confirmed them, and when they last did, ms since 1970.
    pub learned: HashMap<DeviceKey, (TokenHash, i64)>,
    /// All hubs, by name.
    pub hubs: Vec<HubRow>,
    /// What is there.
    pub held: Held,
}

/// An open spool. Dropping it closes it.
pub struct Spool {
    queue: Arc<Queue>,
    reader: Reader,
    writer: Mutex<Option<JoinHandle<()>>>,
    shared: Arc<Mutex<Shared>>,
}

impl Spool {
    /// Opens the spool in the folder `dir`, which is made if need be (for its owner only), and reads what it knows. A new tag
    /// is durable with that.
    ///
    /// `on_event` is called on the writer thread; see [`crate::Store::open`].
    ///
    /// # Errors
    /// As [`OpenError`] says: the folder is in use, of a newer program, or cannot be read or written.
    pub fn open(
        dir: &Path,
        options: SpoolOptions,
        on_event: impl FnMut(Event) + Send + 'static,
    ) -> Result<(Spool, Spooled), OpenError> {
        let folder = Folder::open(dir, folder::SPOOL)?;
        let keeping = Keeping { bytes_max: options.bytes_max, ..Keeping::default() };
        let shared = keeping.shared.clone();
        let (writer, spooled): (Writer<Database>, Spooled) = open::open(folder, &options, keeping)?;
        let queue = Arc::new(Queue::new(options.durability == Durability::Memory));
        let reader = Reader::new(writer.database(), None);
        let thread = {
            let queue = queue.clone();
            std::thread::Builder::new()
                .name("spool-writer".into())
                .spawn(move || writer.run(&queue, on_event))
                .map_err(|cause| OpenError::Folder { dir: dir.to_owned(), cause })?
        };
        Ok((Spool { queue, reader, writer: Mutex::new(Some(thread)), shared }, spooled))
    }

    /// Hands over one write. Never blocks and never fails: what becomes of it comes back in an [`Event::Commit`]. Messages, gaps
    /// and descriptions become entries. See [`crate::Store::submit`]; beyond what the spool may hold, and a sixteenth of that,
    /// messages and gaps come back as [`crate::CommitError::Full`].
    pub fn submit(&self, write: Write) {
        let _ = self.queue.push(write, false);
    }

    /// The same for what only a spool is asked.
    pub fn change(&self, write: SpoolWrite) {
        self.submit(Write::Spool(Box::new(write)));
    }

    /// Waits until all that was submitted is committed or handed back; not while the spool has failed, and not longer than
    /// [`FLUSH_WAIT_MAX`](crate::limits::FLUSH_WAIT_MAX).
    pub fn flush(&self) {
        self.queue.flush();
    }

    /// Changes how long writes gather and how much may be held, as of the next transaction.
    pub fn change_options(&self, gather: Duration, bytes_max: u64) {
        let keeping = Keeping { bytes_max, shared: self.shared.clone(), ..Keeping::default() };
        self.queue.change(Change { gather, keeping });
    }

    /// What is there, as of the last commit. Cheap.
    pub fn held(&self) -> Held {
        self.extent().held
    }

    /// What that takes, and what it may take, bytes. Cheap.
    pub fn bytes(&self) -> (u64, u64) {
        let extent = self.extent();
        (extent.total - extent.gone, extent.bytes_max)
    }

    /// The entries behind the place `after` in their order, until they take about `bytes_max`; one at least, where there is
    /// one. Nothing where the first of them is damaged: then it is told as dropped to the hubs that come to it. Blocks.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn read(&self, after: u64, bytes_max: usize) -> Result<Vec<Stored>, ReadError> {
        let reading = self.reader.with(|connection| rows::read(&Table(connection), after, bytes_max))?;
        if let Some((from, to)) = reading.damaged.filter(|_| reading.entries.is_empty()) {
            self.change(SpoolWrite::Damaged { from, to });
        }
        Ok(reading.entries)
    }

    /// What lies behind a place. Blocks.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn behind(&self, after: u64) -> Result<Behind, ReadError> {
        let extent = self.extent();
        self.reader.with(|connection| rows::behind(&Table(connection), extent, after))
    }

    /// What would be lost without the entries behind `after` and up to `up_to`; beyond
    /// [`SPOOL_LOST_MAX`](crate::limits::SPOOL_LOST_MAX) devices and sessions not all of it. Blocks.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn losses(&self, after: u64, up_to: u64) -> Result<Vec<Lost>, ReadError> {
        self.reader.with(|connection| Ok(rows::losses(&Table(connection), after, up_to)?.told()))
    }

    /// All hubs as they are stored, by name. Blocks.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn hubs(&self) -> Result<Vec<HubRow>, ReadError> {
        self.reader.with(|connection| Ok(table::books(connection, 0)?.rows()))
    }

    /// Commits what was submitted and lets go of the folder; see [`crate::Store::close`]. A second call does nothing.
    pub fn close(&self) {
        self.queue.close();
        self.reader.release();
        let thread = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        // The last owner may be dropped inside of `on_event`: a thread cannot wait for its own end.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the spool's writer thread had panicked");
        }
    }

    fn extent(&self) -> Extent {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).extent
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.close();
    }
}
