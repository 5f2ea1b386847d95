//! Opening, writing to and closing a store.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::error::OpenError;
use crate::folder::{self, Folder};
use crate::loaded::Loaded;
use crate::queue::{Change, Queue, Submitted};
use crate::reader::Reader;
use crate::retention::Retention;
use crate::spool::Shared;
use crate::write::{Event, Write};
use crate::writer::{Database, Writer};

/// What a commit survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A power cut: each commit waits for the disk.
    #[default]
    Disk,
    /// A crash of the program, and a power cut but for the last seconds.
    Lazy,
    /// Nothing: it is in this process's memory, and written within [`crate::limits::MEMORY_GATHER`]. A crash of the program
    /// takes no more than that; after a power cut the database may be unusable. See [`Store::take_over`].
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

/// How much a store or spool keeps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keeping {
    /// For how long samples are kept; not in a spool.
    pub(crate) retention: Vec<Retention>,
    /// What a spool may hold, bytes; not in a store.
    pub(crate) bytes_max: u64,
    /// What a spool says to those who read; not in a store.
    pub(crate) shared: Arc<Mutex<Shared>>,
}

/// How a store is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// What a commit survives.
    pub durability: Durability,
    /// How much longer writes gather under load, to save disks that wear out; see [`crate::limits::GATHER_MAX`].
    /// A write that comes alone never waits, and neither do those of somebody who waits for each commit before the next write.
    pub gather: Duration,
    /// Whether devices stay in the database until they are asked for ([`crate::Reader::dormant`],
    /// [`crate::Reader::device`]), so that a start hardly takes longer the more there are.
    pub dormant: bool,
    /// For how long samples are kept: the first that fits a channel counts, and one that none fits is kept for ever. Kept
    /// to each time that [`Write::Prune`] says what time it is, a piece with each of the commits that follow.
    pub retention: Vec<Retention>,
}

impl Default for Options {
    /// `Disk`, 4 ms, all devices at the start, and everything for ever.
    fn default() -> Options {
        Options {
            durability: Durability::default(),
            gather: Duration::from_millis(4),
            dormant: false,
            retention: Vec::new(),
        }
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
    /// `on_event` is called on the writer thread: with what became of writes, and when the store fails and recovers. It
    /// should be quick: the next transaction waits for it. Writes that are committed come back in the order of their
    /// submission, over all devices. What is refused comes out of that order: at the end of its batch, and what found no room
    /// ([`crate::CommitError::Full`]) even before what its device has waiting from earlier. Of each device
    /// what found no room comes in its order, and nothing that was submitted behind it is committed before that.
    ///
    /// # Errors
    /// As [`OpenError`] says: the folder is in use, of a newer program, or cannot be read or written.
    pub fn open(
        dir: &Path,
        options: Options,
        on_event: impl FnMut(Event) + Send + 'static,
    ) -> Result<(Store, Loaded), OpenError> {
        let folder = Folder::open(dir, folder::STORE)?;
        let (writer, loaded) = Writer::<Database>::open(folder, &options)?;
        let early = options.durability == Durability::Memory;
        let queue = Arc::new(Queue::new(early));
        let reader = Reader::new(writer.database(), early.then(|| queue.clone()));
        let thread = {
            let queue = queue.clone();
            std::thread::Builder::new()
                .name("store-writer".into())
                .spawn(move || writer.run(&queue, on_event))
                .map_err(|cause| OpenError::Folder { dir: dir.to_owned(), cause })?
        };
        let store = Store { queue, reader, writer: Mutex::new(Some(thread)), durability: options.durability };
        Ok((store, loaded))
    }

    /// Hands over one write. Never blocks and never fails: what becomes of it comes back in an [`Event::Commit`].
    ///
    /// What waits is what has not been acknowledged: the windows of the connections bound it, also while the store has
    /// failed. What has no window is bounded by [`crate::limits::QUEUE_WRITES_MAX`] and [`crate::limits::QUEUE_BYTES_MAX`]:
    /// beyond them a message or gap is handed back as [`crate::CommitError::Full`], and with it what its device submits until
    /// it has heard of that. All other writes always find room. After [`Store::close`] a write is dropped, and never comes
    /// back.
    pub fn submit(&self, write: Write) {
        // Who does not ask hears of it later.
        let _ = self.queue.push(write, false);
    }

    /// Hands over one write that need not be written before it counts. With [`Durability::Memory`] it is
    /// [`Submitted::Done`] with this call, as long as the store works and no more than
    /// [`crate::limits::EARLY_WRITES_MAX`] and [`crate::limits::EARLY_BYTES_MAX`] wait. Everything else is as with
    /// [`Store::submit`], also with any other durability.
    ///
    /// Not to be asked for a write that follows one of the same device which waits: what becomes of that is not known.
    /// Should one that was done be refused after all, [`crate::Event::Lost`] says so.
    pub fn take_over(&self, write: Write) -> Submitted {
        self.queue.push(write, true)
    }

    /// Changes how long writes gather and for how long samples are kept, as of the next transaction.
    pub fn change(&self, gather: Duration, retention: Vec<Retention>) {
        self.queue.change(Change { gather, keeping: Keeping { retention, ..Keeping::default() } });
    }

    /// Reads, for any thread. The calls block: from async code they belong on a blocking thread.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// What a commit of this store survives.
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// Commits what was submitted, moves it all into the database and lets go of the folder. A store that has failed tries
    /// once more; if that is in vain, everything that waits is handed back. A second call does nothing.
    pub fn close(&self) {
        self.queue.close();
        self.reader.release();
        let thread = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        // The last owner may be dropped inside of `on_event`: a thread cannot wait for its own end.
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
