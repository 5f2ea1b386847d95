//! Opening, writing to and closing a store.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::error::OpenError;
use crate::folder::Folder;
use crate::loaded::Loaded;
use crate::queue::Queue;
use crate::reader::Reader;
use crate::write::{Commit, Write};
use crate::writer::Writer;

/// What a commit survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A power cut: each commit waits for the disk.
    #[default]
    Disk,
    /// A crash of the program, and a power cut but for the last seconds.
    Lazy,
    /// A crash of the program. After a power cut the database may be unusable.
    Memory,
}

impl Durability {
    /// As it is spelt in the configuration: `disk`, `lazy` or `memory`.
    pub fn name(self) -> &'static str {
        match self {
            Durability::Disk => "disk",
            Durability::Lazy => "lazy",
            Durability::Memory => "memory",
        }
    }
}

/// How a store is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// What a commit survives.
    pub durability: Durability,
    /// How much longer writes gather under load, to save disks that wear out; see [`crate::limits::GATHER_MAX`].
    /// A write that comes alone never waits.
    pub gather: Duration,
}

impl Default for Options {
    /// `Disk`, and 2 ms.
    fn default() -> Options {
        Options { durability: Durability::default(), gather: Duration::from_millis(2) }
    }
}

/// An open store. Dropping it closes it.
pub struct Store {
    queue: Arc<Queue>,
    reader: Reader,
    writer: Mutex<Option<JoinHandle<()>>>,
    durability: Durability,
}

impl Store {
    /// Opens the store in the folder `dir`, which is made if need be (for its owner only), migrates it to the newest
    /// version and reads what it knows.
    ///
    /// `on_commit` is called on the writer thread, in commit order, for all that is submitted. It should be quick:
    /// the next transaction waits for it.
    pub fn open(
        dir: &Path,
        options: Options,
        on_commit: impl FnMut(Commit) + Send + 'static,
    ) -> Result<(Store, Loaded), OpenError> {
        let folder = Folder::open(dir)?;
        let (writer, loaded) = Writer::open(folder, &options)?;
        let reader = Reader::new(writer.database());
        let queue = Arc::new(Queue::default());
        let thread = {
            let queue = queue.clone();
            std::thread::Builder::new()
                .name("store-writer".into())
                .spawn(move || writer.run(&queue, on_commit))
                .map_err(|cause| OpenError::Folder { dir: dir.to_owned(), cause })?
        };
        let store = Store { queue, reader, writer: Mutex::new(Some(thread)), durability: options.durability };
        Ok((store, loaded))
    }

    /// Hands over one write. Never blocks and never fails: what becomes of it comes back in a [`Commit`].
    ///
    /// The queue has no bound of its own. What is in it is what has not been acknowledged: the windows of the connections
    /// bound it. After [`Store::close`] a write is dropped, and never comes back.
    pub fn submit(&self, write: Write) {
        self.queue.push(write);
    }

    /// Reads, for any thread. The calls block: from async code they belong on a blocking thread.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// What a commit of this store survives.
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// Commits what was submitted, moves it all into the database and lets go of the folder. A second call does
    /// nothing.
    pub fn close(&self) {
        self.queue.close();
        self.reader.release();
        let thread = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        // The last owner may be dropped inside of `on_commit`: a thread cannot wait for its own end.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the store's writer thread had panicked");
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}
