//! What a panel has not seen yet: a cursor over a device's messages and one over its notices.
//!
//! Each message or gap that a panel is given says how many it passed over before it, counted from where the panel stood.
//! So received and skipped always add up to committed, whichever way the panel came forward: from the tail, from the
//! store, or in a jump to the latest values.

use super::device::Device;
use super::frame;
use crate::limits::{RECEIPTS_BYTES, RESUME_MESSAGES_MAX};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Where one panel stands at one device.
#[derive(Debug, Clone)]
pub struct Watch {
    /// The last message or gap it has; nothing where it needs a snapshot first.
    cursor: Option<u64>,
    /// Those before the cursor that it was moved past and not told of: the next message says so.
    skipped: u64,
    /// So many messages and gaps may still come from the store. One that is further behind is moved forward.
    stored: usize,
    /// The store had nothing behind this cursor.
    unreadable: Option<u64>,
    /// The last notice it has; `None`: it is told presence, description and receipts as they now stand.
    notice: Option<u64>,
    /// Commands whose receipts it is still to be told.
    untold: VecDeque<CommandName>,
}

/// What a command is known by: who asked, and the id.
type CommandName = (Arc<str>, Box<str>);

/// What a watch needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing: it has everything.
    Done,
    /// To be asked again: there is more than fits one look.
    More,
    /// From the store, the messages and gaps behind `after`, at most `limit`, given to [`Watch::read`]; then to be asked
    /// again.
    Read {
        /// The cursor that they follow.
        after: u64,
        /// How many there are to read, at least 1.
        limit: usize,
    },
}

impl Watch {
    /// A watch that begins with a snapshot.
    pub fn begin() -> Self {
        let untold = VecDeque::new();
        Self { cursor: None, skipped: 0, stored: 0, unreadable: None, notice: Some(0), untold }
    }

    /// Takes what was read for a [`Step::Read`]: cursors, ascending, and patches. Those that are missing were passed over.
    /// Where there is nothing, or it cannot be read, the watch does not ask again: it goes on with the latest values.
    pub fn read(&mut self, patches: impl IntoIterator<Item = (u64, Bytes)>, frames: &mut Vec<Bytes>) {
        let Some(before) = self.cursor else { return };
        for (at, patch) in patches.into_iter().filter(|(at, _)| *at > before) {
            self.give(at, patch, frames);
        }
        let taken = usize::try_from(self.cursor.unwrap_or(before) - before).unwrap_or(usize::MAX);
        self.stored = self.stored.saturating_sub(taken);
        if taken == 0 {
            (self.stored, self.unreadable) = (0, Some(before));
        }
    }

    /// The message or gap with the cursor `at` is next.
    fn give(&mut self, at: u64, patch: Bytes, frames: &mut Vec<Bytes>) {
        let passed = at - self.cursor.unwrap_or(at - 1) - 1;
        frames.push(frame::with_skipped(patch, passed + std::mem::take(&mut self.skipped)));
        self.cursor = Some(at);
    }

    /// Moves on to `cursor` without a word; the next message tells how many were passed over.
    fn pass_to(&mut self, cursor: u64) {
        self.skipped += cursor - self.cursor.unwrap_or(cursor);
        self.cursor = Some(cursor);
    }
}

impl Device {
    /// A watch that goes on behind `after`: with what is still here, or with what the store has where that is at most
    /// [`RESUME_MESSAGES_MAX`] messages, or with the latest values. Presence, description and receipts have no history,
    /// so it begins with those as they now stand. An `after` that this device has not reached is not its own.
    pub fn resume_watch(&self, after: u64) -> Watch {
        let Some(missing) = self.tail.head().checked_sub(after) else { return Watch::begin() };
        let stored = if missing <= RESUME_MESSAGES_MAX as u64 { RESUME_MESSAGES_MAX } else { 0 };
        Watch { cursor: Some(after), stored, notice: None, ..Watch::begin() }
    }

    /// Adds to `frames` what `watch` has not seen, as much as fits one look: the messages of the tail, or one for each
    /// channel where the panel fell behind it; the notices; and receipts up to [`RECEIPTS_BYTES`]. To be repeated until it
    /// is [`Step::Done`].
    #[must_use = "a watch that is not done has to be asked again"]
    pub fn catch_up(&self, watch: &mut Watch, frames: &mut Vec<Bytes>) -> Step {
        let step = match watch.cursor {
            None => self.begin(watch, frames),
            Some(cursor) => self.messages(watch, cursor, frames),
        };
        self.notices(watch, frames);
        match step {
            Step::Done if !watch.untold.is_empty() => Step::More,
            step => step,
        }
    }

    fn begin(&self, watch: &mut Watch, frames: &mut Vec<Bytes>) -> Step {
        let (snapshot, untold) = self.snapshot();
        frames.push(snapshot);
        *watch = Watch {
            cursor: Some(self.tail.head()),
            notice: Some(self.notices.head()),
            untold,
            ..Watch::begin()
        };
        Step::Done
    }

    fn messages(&self, watch: &mut Watch, cursor: u64, frames: &mut Vec<Bytes>) -> Step {
        if let Some(patches) = self.tail.after(cursor) {
            watch.stored = 0;
            for (at, patch) in (cursor + 1..).zip(patches) {
                watch.give(at, patch.clone(), frames);
            }
        } else if watch.stored > 0 {
            let missing = usize::try_from(self.tail.head() - cursor).unwrap_or(usize::MAX);
            return Step::Read { after: cursor, limit: watch.stored.min(missing) };
        } else if let Some(step) = self.jump(watch, cursor, frames) {
            return step;
        }
        Step::Done
    }

    /// The panel fell behind the tail: it gets the newest sample of each channel as the messages they came in, and then
    /// the newest message or gap itself, which may be nobody's latest. If only the store has that, it is to be read.
    fn jump(&self, watch: &mut Watch, cursor: u64, frames: &mut Vec<Bytes>) -> Option<Step> {
        let mut messages: BTreeMap<u64, Vec<frame::Shown>> = BTreeMap::new();
        for (name, channel) in self.channels.iter() {
            let Some(latest) = channel.latest.as_ref().filter(|latest| latest.cursor > cursor) else {
                continue;
            };
            let (channel, value) = (name.clone(), latest.value.clone());
            let shown = frame::Shown { channel, value, ts: latest.ts, late: false };
            messages.entry(latest.cursor).or_default().push(shown);
        }
        let head = self.tail.head();
        let newest = self.tail.after(head.saturating_sub(1)).and_then(|mut patches| patches.next());
        if newest.is_some() {
            messages.remove(&head);
        }
        for (at, samples) in &messages {
            watch.give(*at, frame::patch(self.id(), *at, samples[0].ts, samples), frames);
        }
        match newest {
            Some(newest) => watch.give(head, newest.clone(), frames),
            None if watch.cursor == Some(head) => {}
            None if watch.unreadable == Some(head - 1) => watch.pass_to(head),
            None => {
                watch.pass_to(head - 1);
                watch.stored = 1;
                return Some(Step::Read { after: head - 1, limit: 1 });
            }
        }
        None
    }

    fn notices(&self, watch: &mut Watch, frames: &mut Vec<Bytes>) {
        if watch.untold.is_empty() {
            let missed = watch.notice.map(|notice| self.notices.after(notice));
            watch.notice = Some(self.notices.head());
            return match missed {
                Some(Some(notices)) => frames.extend(notices.cloned()),
                // What it saw under way may be settled since: it must not wait for that for ever.
                Some(None) => self.standing(watch, self.commands.recent(), frames),
                None => self.standing(watch, std::iter::empty(), frames),
            };
        }
        let before = frames.len();
        let mut bytes = 0;
        while bytes < RECEIPTS_BYTES
            && let Some((by, id)) = watch.untold.pop_front()
        {
            // As it now stands; one that is forgotten is settled for long.
            frames.extend(self.receipt(&by, &id).map(|receipt| frame::receipt(self.id(), &receipt)));
            bytes = frames[before..].iter().map(Bytes::len).sum();
        }
    }

    /// Presence and description as they now stand; the receipts of `settled` and of commands under way are to follow.
    fn standing(
        &self,
        watch: &mut Watch,
        settled: impl Iterator<Item = crate::Receipt>,
        frames: &mut Vec<Bytes>,
    ) {
        frames.push(self.presence_frame());
        frames.push(frame::describe(self.id(), &self.channels.description()));
        frames.push(self.contested_frame());
        watch.untold = settled.chain(self.commands.unsettled()).map(|told| (told.by, told.id)).collect();
    }

    /// All that a panel needs to begin with: state, cursor, and the commands that are under way; those whose receipts
    /// do not fit [`RECEIPTS_BYTES`] come after it.
    fn snapshot(&self) -> (Bytes, VecDeque<CommandName>) {
        let mut text = format!(
            "{{\"snapshot\":{},\"cursor\":{},\"known\":true,\"key\":{},\"presence\":\"{}\",\"since\":{},\"name\":{}",
            frame::quoted(self.id()),
            self.tail.head(),
            self.identity.key.0,
            self.presence.as_str(),
            self.since,
            frame::quoted(self.name()),
        );
        if let Some(last_seen) = self.last_seen {
            text.push_str(&format!(",\"last_seen\":{last_seen}"));
        }
        text.push(',');
        frame::push_channels(&mut text, &self.channels);
        let (received, gaps) = self.counts();
        if let Some(since) = self.contested() {
            text.push_str(&format!(",\"contested\":{since}"));
        }
        let ledger = self.ledger().json();
        text.push_str(&format!(
            ",\"counts\":{{\"received\":{received},\"gaps\":{gaps}}},\"ledger\":{ledger},\"commands\":["
        ));
        let (begin, mut untold) = (text.len(), VecDeque::new());
        for receipt in self.commands.unsettled() {
            if text.len() - begin >= RECEIPTS_BYTES {
                untold.push_back((receipt.by, receipt.id));
                continue;
            }
            if text.len() > begin {
                text.push(',');
            }
            text.push_str(&String::from_utf8_lossy(&frame::receipt(self.id(), &receipt)));
        }
        text.push_str("]}");
        (text.into(), untold)
    }
}
