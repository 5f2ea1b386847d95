//! The real store over SQLite files, for the slower suite.
//!
//! A commit is handed to the store's own writer thread and waited for. A crash is a copy of the files as they are after the
//! last commit, without a word to the store that has them open, and a start is one that opens the copy: so the write-ahead
//! log is read and nothing was tidied up. Hardly anything is synced ([`Durability::Lazy`]): what a copy of open files holds does
//! not depend on it, and 500 simulations are not to wait for a disk. Backup and restore are the store's own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use store::{CommandRow, Commit, DeviceKey, Durability, Entry, Event, Loaded, Options, Store, Write};
use tempfile::TempDir;

/// Entries read at once.
const PAGE: usize = 1000;

/// A folder in memory, where the system has one.
const MEMORY: &str = "/dev/shm";

/// A store in files.
pub(crate) struct Files {
    /// All folders of this simulation.
    root: TempDir,
    /// How many there have been; the newest is the one in use.
    folders: u32,
    store: Option<Store>,
    events: Option<Receiver<Event>>,
    /// What the store was opened with, until the hub starts.
    loaded: Option<Loaded>,
    keys: BTreeMap<Box<str>, DeviceKey>,
    backup: Option<PathBuf>,
}

impl Files {
    pub(crate) fn new() -> Self {
        let in_memory = Path::new(MEMORY);
        let root = if in_memory.is_dir() { tempfile::tempdir_in(in_memory) } else { tempfile::tempdir() };
        let root = root.expect("a temporary folder can be made");
        let (keys, backup) = (BTreeMap::new(), None);
        let mut files = Self { root, folders: 0, store: None, events: None, loaded: None, keys, backup };
        files.reopen();
        files
    }

    fn folder(&self) -> PathBuf {
        self.root.path().join(self.folders.to_string())
    }

    /// The hub starts: what the store knew when it was opened.
    pub(crate) fn open(&mut self) -> Loaded {
        self.loaded.take().expect("a hub starts once behind each crash")
    }

    /// Opens what is in the folder now. It can be looked at before a hub starts.
    fn reopen(&mut self) {
        // The store before it may be slow to close: it has a folder of its own.
        (self.store, self.events) = (None, None);
        let (sender, events) = channel();
        let options = Options { durability: Durability::Lazy, ..Options::default() };
        let on_event = move |event| drop(sender.send(event));
        let (store, loaded) =
            Store::open(&self.folder(), options, on_event).expect("what a crash leaves opens");
        self.keys = loaded.devices.iter().map(|device| (device.id.clone(), device.key)).collect();
        (self.store, self.events, self.loaded) = (Some(store), Some(events), Some(loaded));
    }

    /// Hands in all of it, and waits until it is settled.
    pub(crate) fn commit(&mut self, writes: Vec<Write>) -> Vec<Commit> {
        let (Some(store), Some(events)) = (&self.store, &self.events) else { return Vec::new() };
        let mut waiting = writes.len();
        for write in writes {
            if let Write::Device(device) = &write {
                self.keys.insert(device.id.clone(), device.key);
            }
            store.submit(write);
        }
        // The writer may make several transactions of it: here it is one.
        let mut whole = Commit { writes: Vec::new(), result: Ok(()) };
        let mut refused = Vec::new();
        while waiting > 0 {
            match events.recv().expect("the writer lives as long as the store") {
                Event::Commit(mut commit) => {
                    waiting -= commit.writes.len();
                    match commit.result {
                        Ok(()) => whole.writes.append(&mut commit.writes),
                        Err(_) => refused.push(commit),
                    }
                }
                Event::Failed { reason } => panic!("the files cannot be written: {reason}"),
                Event::Lost(_) => panic!("nothing is taken over before it is committed"),
                Event::Recovered | Event::Spool(_) => {}
            }
        }
        let mut commits = vec![whole];
        commits.append(&mut refused);
        commits
    }

    /// The process is gone: what it leaves is a copy of its files.
    pub(crate) fn crash(&mut self) {
        let before = self.folder();
        self.folders += 1;
        let after = self.folder();
        std::fs::create_dir(&after).expect("a folder can be made");
        for file in std::fs::read_dir(&before).expect("the folder is there") {
            let file = file.expect("the folder can be read");
            std::fs::copy(file.path(), after.join(file.file_name())).expect("a file can be copied");
        }
        self.reopen();
        std::fs::remove_dir_all(before).expect("the folder is ours");
    }

    pub(crate) fn back_up(&mut self) {
        if self.store.is_some() {
            let to = self.root.path().join("backup.db");
            store::backup(&self.folder(), &to, true).expect("a running store can be backed up");
            self.backup = Some(to);
        }
    }

    pub(crate) fn has_backup(&self) -> bool {
        self.backup.is_some()
    }

    /// Puts the backup in the place of what a crash left.
    pub(crate) fn restore(&mut self, now: i64) {
        if let Some(from) = &self.backup {
            self.folders += 1;
            store::restore(from, &self.folder(), now, false).expect("a backup can be restored");
            self.reopen();
        }
    }

    pub(crate) fn key(&self, id: &str) -> Option<DeviceKey> {
        self.keys.get(id).copied()
    }

    pub(crate) fn behind(&self, device: DeviceKey, after: u64, limit: usize) -> Vec<Entry> {
        let Some(store) = &self.store else { return Vec::new() };
        store.reader().messages(device, after, limit).expect("the store can be read")
    }

    pub(crate) fn log(&self, device: DeviceKey) -> Vec<Entry> {
        let mut log: Vec<Entry> = Vec::new();
        loop {
            let after = log.last().map_or(0, |entry| entry.cursor);
            let page = self.behind(device, after, PAGE);
            let whole = page.len() < PAGE;
            log.extend(page);
            if whole {
                return log;
            }
        }
    }

    pub(crate) fn command(&self, device: DeviceKey, by: &str, id: &str) -> Option<CommandRow> {
        self.store.as_ref()?.reader().command(device, Some(by), id).expect("the store can be read")
    }
}
