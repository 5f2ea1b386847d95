//! A store without a disk: the same judgements, kept in memory. For simulations and as a model in tests.

mod content;

use protocol::rule::{Rule, holds};
use protocol::uplink::message::SpoolCursor;

use self::content::Content;
use crate::entry::Entry;
use crate::judge::{Judge, Standing, Verdict};
use crate::loaded::Loaded;
use crate::relayed::GatewayKey;
use crate::write::{CommandRow, Commit, DeviceKey, Write};

/// A store that keeps everything in memory and judges writes by the code that the real one uses.
///
/// What [`Memory::commit`] hands back is durable: a [`Memory::crash`] takes nothing of it. That is so because of rules H5,
/// H6 and U1, which can be switched off here, and only here: a switch counts for one thread, and the real store writes on one
/// of its own.
///
/// - without H5 a message is stored by one commit, and where its device's log then stands by the next: a crash in between
///   leaves messages behind a position that does not know of them;
/// - without U1 the same goes for a gateway's place in its spool, and what does not follow that is stored all the same;
/// - without H6 writes are handed back before they are durable: a crash takes the last batch.
#[derive(Clone, Debug)]
pub struct Memory {
    /// Knows of all that was handed back.
    judge: Judge,
    /// What a crash leaves.
    durable: Content,
    /// Without H5: where logs stand, which the next commit makes durable.
    standings: Vec<(DeviceKey, Standing)>,
    /// The same of gateways' spools, also without U1.
    cursors: Vec<(GatewayKey, SpoolCursor)>,
    /// Without H6: what was handed back and becomes durable with the next commit.
    behind: Vec<Write>,
}

impl Memory {
    /// A store in which nothing is.
    pub fn new() -> Memory {
        let durable = Content::default();
        let judge = durable.judge();
        Memory { judge, durable, standings: Vec::new(), cursors: Vec::new(), behind: Vec::new() }
    }

    /// One transaction with all of `writes`, in their order: what was stored first, then one [`Commit`] for each write that
    /// was refused.
    pub fn commit(&mut self, writes: Vec<Write>) -> Vec<Commit> {
        self.sync();
        let mut stored = Vec::with_capacity(writes.len());
        let mut refused = Vec::new();
        for write in writes {
            match self.judge.judge(&write) {
                // Where there is no device any more nothing is stored.
                Ok(Verdict::Store | Verdict::Drop) => stored.push(write),
                Err(error) => refused.push(Commit { writes: vec![write], result: Err(error) }),
            }
        }
        if holds(Rule::H6) {
            self.apply(&stored);
        } else {
            self.behind = stored.clone();
        }
        let mut commits = Vec::with_capacity(1 + refused.len());
        if !stored.is_empty() {
            commits.push(Commit { writes: stored, result: Ok(()) });
        }
        commits.append(&mut refused);
        commits
    }

    /// Makes durable all that was handed back. It is so already unless H5 or H6 is switched off.
    pub fn sync(&mut self) {
        self.put_standings();
        self.put_cursors();
        let behind = std::mem::take(&mut self.behind);
        if !behind.is_empty() {
            self.apply(&behind);
            self.put_standings();
            self.put_cursors();
        }
    }

    /// The program ends here, without notice: what is not durable is gone.
    pub fn crash(&mut self) {
        self.standings.clear();
        self.cursors.clear();
        self.behind.clear();
        self.judge = self.durable.judge();
    }

    /// What a start finds, with `issuer` as the tag of that start. A start after a crash is told by [`Memory::crash`] before.
    pub fn loaded(&self, issuer: &str) -> Loaded {
        self.durable.loaded(issuer)
    }

    /// The log of a device as it is durable, in the order in which it was written: messages and gaps. Empty when there is no
    /// such device.
    pub fn entries(&self, device: DeviceKey) -> &[Entry] {
        self.durable.entries(device)
    }

    /// All commands as they are durable, in the order in which they were first written.
    pub fn commands(&self) -> &[CommandRow] {
        self.durable.commands()
    }

    fn apply(&mut self, writes: &[Write]) {
        for write in writes {
            self.durable.apply(write);
        }
        let moved = self.judge.take_moved();
        let lanes = moved.lanes.iter().map(|(device, ..)| *device);
        for device in moved.devices.iter().copied().chain(lanes) {
            if let Some(standing) = self.judge.standing(device) {
                self.standings.push((device, standing.clone()));
            }
        }
        for gateway in moved.gateways {
            if let Some(cursor) = self.judge.gateways().cursor(gateway) {
                self.cursors.push((gateway, cursor.clone()));
            }
        }
        if holds(Rule::H5) {
            self.put_standings();
            if holds(Rule::U1) {
                self.put_cursors();
            }
        }
    }

    fn put_standings(&mut self) {
        for (device, standing) in self.standings.drain(..) {
            self.durable.stands(device, standing);
        }
    }

    fn put_cursors(&mut self) {
        for (gateway, cursor) in self.cursors.drain(..) {
            self.durable.taken_over(gateway, cursor);
        }
    }
}

impl Default for Memory {
    fn default() -> Memory {
        Memory::new()
    }
}
