//! The hub's storage as the hub sees it: writes go in, commits come back when they are durable, and a crash leaves what
//! was.
//!
//! Writes gather; a commit takes all of them at once, is under way for a while, and then is durable. A crash drops what
//! gathered; what is under way is durable or not, and nobody was told. What was durable stays, but for a `restore`, which
//! goes back to a backup. A commit may also fail: then it is under way until the disk is back, and a crash meanwhile
//! finds out whether it was durable after all.

use crate::field::spool::Spool;
use crate::files::Files;
use crate::random::Random;
use crate::stored::{self, Entry};
use store::limits::RESTORE_SKIPS_COMMANDS;
use store::{CommandRow, Commit, DeviceKey, Loaded, Memory, Write};

/// Who asks for commands.
pub(crate) const PERSON: &str = "ada";

/// The id under which a person asks for something.
pub(crate) fn command_id(value: u64) -> String {
    format!("c{value}")
}

/// What the hub writes to.
pub(crate) struct Storage {
    kept: Kept,
    /// Handed in, and in no commit yet.
    gathered: Vec<Write>,
    /// The commit under way.
    flying: Option<Vec<Write>>,
    /// The commit under way failed; whether it is durable after all.
    failed: Option<bool>,
    /// How often it was opened: makes the issuer's tags.
    opened: u64,
    letter: char,
}

/// Where it is kept.
enum Kept {
    /// By the store's own judgement, without a disk; and the backup.
    Memory(Box<Memory>, Option<Box<Memory>>),
    /// In files.
    Files(Box<Files>),
    /// A gateway's spool; and its backup.
    Spool(Box<Spool>, Option<Box<Spool>>),
}

impl Storage {
    pub(crate) fn new(in_files: bool) -> Self {
        let kept = match in_files {
            true => Kept::Files(Box::new(Files::new())),
            false => Kept::Memory(Box::default(), None),
        };
        Self { kept, gathered: Vec::new(), flying: None, failed: None, opened: 0, letter: 'i' }
    }

    /// The same in memory, with tags that begin with `letter`: no other hub takes them.
    pub(crate) fn with_letter(letter: char) -> Self {
        Self { letter, ..Self::new(false) }
    }

    /// A gateway's spool. Tags begin with `letter`, so that two gateways take different ones.
    pub(crate) fn spool(letter: char) -> Self {
        let kept = Kept::Spool(Box::new(Spool::new()), None);
        Self { kept, gathered: Vec::new(), flying: None, failed: None, opened: 0, letter }
    }

    /// The spool, where it is one.
    pub(crate) fn as_spool(&mut self) -> Option<&mut Spool> {
        match &mut self.kept {
            Kept::Spool(spool, _) => Some(spool),
            _ => None,
        }
    }

    /// A hub starts. Its tag is told apart by the number of the start, so that a seed gives the same trace each time.
    pub(crate) fn open(&mut self) -> Loaded {
        self.opened += 1;
        let issuer = format!("{}{}", self.letter, self.opened);
        match &mut self.kept {
            Kept::Memory(memory, _) => memory.loaded(&issuer),
            Kept::Files(files) => Loaded { issuer, ..files.open() },
            Kept::Spool(spool, _) => spool.open(&issuer),
        }
    }

    pub(crate) fn submit(&mut self, write: Write) {
        self.gathered.push(write);
    }

    pub(crate) fn is_flying(&self) -> bool {
        self.flying.is_some()
    }

    /// Whether nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.flying.is_none() && self.gathered.is_empty()
    }

    /// A commit begins with all that gathered, if none is under way.
    pub(crate) fn begin(&mut self) {
        if !self.is_flying() && !self.gathered.is_empty() {
            self.flying = Some(std::mem::take(&mut self.gathered));
        }
    }

    /// The commit under way is durable.
    pub(crate) fn finish(&mut self) -> Vec<Commit> {
        let Some(writes) = self.flying.take() else { return Vec::new() };
        self.kept.commit(writes)
    }

    /// The commit under way fails. It may be durable all the same: nobody knows before the disk is back.
    pub(crate) fn fail(&mut self, durable: bool) {
        if self.is_flying() {
            self.failed = Some(durable);
        }
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// The disk is back: what failed is found or written again, and handed back either way.
    pub(crate) fn mend(&mut self) -> Vec<Commit> {
        self.failed = None;
        self.finish()
    }

    /// The hub is gone. What was under way may be durable.
    pub(crate) fn crash(&mut self, random: &mut Random) {
        self.gathered.clear();
        let durable = self.failed.take();
        if let Some(writes) = self.flying.take()
            && durable.unwrap_or_else(|| random.one_in(2))
        {
            self.kept.commit(writes);
        }
        match &mut self.kept {
            Kept::Memory(memory, _) => memory.crash(),
            Kept::Files(files) => files.crash(),
            // What was handed back is durable.
            Kept::Spool(..) => {}
        }
    }

    pub(crate) fn has_backup(&self) -> bool {
        match &self.kept {
            Kept::Memory(_, backup) => backup.is_some(),
            Kept::Files(files) => files.has_backup(),
            Kept::Spool(_, backup) => backup.is_some(),
        }
    }

    pub(crate) fn back_up(&mut self) {
        match &mut self.kept {
            Kept::Memory(memory, backup) => *backup = Some(memory.clone()),
            Kept::Files(files) => files.back_up(),
            Kept::Spool(spool, backup) => *backup = Some(spool.clone()),
        }
    }

    /// Goes back to the backup, behind a crash.
    pub(crate) fn restore(&mut self, now: i64) {
        match &mut self.kept {
            Kept::Memory(memory, Some(backup)) => {
                *memory = backup.clone();
                memory.crash();
                let beyond = |next: u64| next + u64::from(RESTORE_SKIPS_COMMANDS);
                let devices = memory.loaded("").devices.into_iter();
                let counters = devices.map(|device| {
                    let next = beyond(device.next_command);
                    Write::CommandCounter { device: device.key, next }
                });
                memory.commit(counters.collect());
            }
            Kept::Memory(_, None) => {}
            Kept::Files(files) => files.restore(now),
            // Nobody tells a gateway: it is as if the disk had done it.
            Kept::Spool(spool, Some(backup)) => *spool = backup.clone(),
            Kept::Spool(_, None) => {}
        }
    }

    /// What is stored of a device, by cursor.
    pub(crate) fn log(&self, id: &str) -> Vec<Entry> {
        let Some(key) = self.key(id) else { return Vec::new() };
        match &self.kept {
            Kept::Memory(memory, _) => memory.entries(key).iter().map(stored::entry).collect(),
            Kept::Files(files) => files.log(key).iter().map(stored::entry).collect(),
            Kept::Spool(..) => Vec::new(),
        }
    }

    /// What is stored of a device behind a cursor, at most `limit` entries.
    pub(crate) fn behind(&self, device: DeviceKey, after: u64, limit: usize) -> Vec<store::Entry> {
        match &self.kept {
            Kept::Memory(memory, _) => {
                let entries = memory.entries(device);
                let first = entries.partition_point(|entry| entry.cursor <= after);
                entries[first..].iter().take(limit).cloned().collect()
            }
            Kept::Files(files) => files.behind(device, after, limit),
            Kept::Spool(..) => Vec::new(),
        }
    }

    /// All commands of a store in memory.
    pub(crate) fn commands(&self) -> &[CommandRow] {
        match &self.kept {
            Kept::Memory(memory, _) => memory.commands(),
            _ => &[],
        }
    }

    /// Commits something by itself, while nobody runs.
    pub(crate) fn put(&mut self, writes: Vec<Write>) {
        self.kept.commit(writes);
    }

    /// A command as it is stored.
    pub(crate) fn command(&self, device: DeviceKey, by: &str, id: &str) -> Option<CommandRow> {
        match &self.kept {
            Kept::Memory(memory, _) => {
                let mut rows = memory.commands().iter();
                rows.find(|row| row.device == device && &*row.by == by && &*row.id == id).cloned()
            }
            Kept::Files(files) => files.command(device, by, id),
            Kept::Spool(..) => None,
        }
    }

    /// The state in which a command is stored.
    pub(crate) fn state(&self, device: DeviceKey, value: u64) -> Option<Box<str>> {
        let row = self.command(device, PERSON, &command_id(value))?;
        (row.value.parse() == Ok(value)).then_some(row.state)
    }

    /// The same of a device by its id.
    pub(crate) fn state_of(&self, id: &str, value: u64) -> Option<Box<str>> {
        self.state(self.key(id)?, value)
    }

    fn key(&self, id: &str) -> Option<DeviceKey> {
        match &self.kept {
            Kept::Memory(memory, _) => {
                let devices = memory.loaded("").devices;
                devices.into_iter().find(|device| &*device.id == id).map(|device| device.key)
            }
            Kept::Files(files) => files.key(id),
            Kept::Spool(..) => None,
        }
    }
}

impl Kept {
    fn commit(&mut self, writes: Vec<Write>) -> Vec<Commit> {
        match self {
            Kept::Memory(memory, _) => memory.commit(writes),
            Kept::Files(files) => files.commit(writes),
            Kept::Spool(spool, _) => spool.commit(writes),
        }
    }
}
