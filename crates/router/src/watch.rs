//! What a panel has not seen yet: a cursor over a device's messages and one over its notices.
//!
//! Each message or gap that a panel is given says how many it passed over before it, counted from where the panel stood.
//! So received and skipped always add up to committed, whichever way the panel came forward: from the tail, from the
//! store, or in a jump to the latest values.

use super::channels::Latest;
use super::device::Device;
use super::frame;
use super::tail::{Gone, Run};
use crate::limits::{LOOK_BYTES_MAX, RECEIPTS_BYTES, RESUME_MESSAGES_MAX};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Where one panel stands at one device. A panel may have a thousand of them: what is rarely needed stands in a box.
#[derive(Debug, Clone)]
pub struct Watch {
    /// The last message or gap it has; nothing where it needs a snapshot first.
    cursor: Option<u64>,
    /// Those before the cursor that it was moved past and not told of: the next message says so.
    skipped: u64,
    /// The last notice it has; `None`: it is told presence, description and receipts as they now stand.
    notice: Option<u64>,
    behind: Option<Box<Behind>>,
}

/// What a panel is still to be given beside what the memory has for everybody.
#[derive(Debug, Clone, Default)]
struct Behind {
    /// So many messages and gaps may still come from the store. One that is further behind is moved forward.
    stored: usize,
    /// The store had nothing behind this cursor.
    unreadable: Option<u64>,
    /// Commands whose receipts it is still to be told.
    untold: VecDeque<CommandName>,
}

const _: () = assert!(size_of::<Watch>() <= 48);

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
        Self { cursor: None, skipped: 0, notice: Some(0), behind: None }
    }

    /// Takes what was read for a [`Step::Read`]: cursors, ascending, and patches. Those that are missing were passed over.
    /// Where there is nothing, or it cannot be read, the watch does not ask again: it goes on with the latest values.
    pub fn read(&mut self, patches: impl IntoIterator<Item = (u64, Bytes)>, runs: &mut Vec<Run>) {
        let Some(before) = self.cursor else { return };
        for (at, patch) in patches.into_iter().filter(|(at, _)| *at > before) {
            self.give(at, patch, runs);
        }
        let taken = usize::try_from(self.cursor.unwrap_or(before) - before).unwrap_or(usize::MAX);
        let behind = self.behind.get_or_insert_default();
        behind.stored = behind.stored.saturating_sub(taken);
        if taken == 0 {
            (behind.stored, behind.unreadable) = (0, Some(before));
        }
    }

    /// The message or gap with the cursor `at` is next.
    fn give(&mut self, at: u64, patch: Bytes, runs: &mut Vec<Run>) {
        let passed = at - self.cursor.unwrap_or(at - 1) - 1;
        runs.push(frame::with_skipped(patch, passed + std::mem::take(&mut self.skipped)).into());
        self.cursor = Some(at);
    }

    /// How many messages and gaps may still come from the store.
    fn stored(&self) -> usize {
        self.behind.as_ref().map_or(0, |behind| behind.stored)
    }

    /// It has come up to the tail: nothing is to come from the store any more.
    fn is_level(&mut self) {
        if let Some(behind) = &mut self.behind {
            (behind.stored, behind.unreadable) = (0, None);
        }
        self.shrink();
    }

    fn shrink(&mut self) {
        self.behind
            .take_if(|behind| behind.stored == 0 && behind.unreadable.is_none() && behind.untold.is_empty());
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
        let behind = (stored > 0).then(|| Box::new(Behind { stored, ..Behind::default() }));
        Watch { cursor: Some(after), skipped: 0, notice: None, behind }
    }

    /// Adds to `runs` what `watch` has not seen, as much as fits one look: the messages of the tail up to
    /// [`LOOK_BYTES_MAX`], or one for each channel where the panel fell behind it; the notices; and receipts up to
    /// [`RECEIPTS_BYTES`]. To be repeated until it is [`Step::Done`].
    #[must_use = "a watch that is not done has to be asked again"]
    pub fn catch_up(&mut self, watch: &mut Watch, runs: &mut Vec<Run>) -> Step {
        let step = match watch.cursor {
            None => self.begin(watch, runs),
            Some(cursor) => self.messages(watch, cursor, runs),
        };
        if watch.cursor == Some(self.tail.head()) {
            self.tail.seen();
        }
        self.notices(watch, runs);
        match step {
            Step::Done if watch.behind.as_ref().is_some_and(|behind| !behind.untold.is_empty()) => Step::More,
            step => step,
        }
    }

    fn begin(&self, watch: &mut Watch, runs: &mut Vec<Run>) -> Step {
        let (snapshot, untold) = self.snapshot();
        runs.push(snapshot.into());
        let behind = (!untold.is_empty()).then(|| Box::new(Behind { untold, ..Behind::default() }));
        let (cursor, notice) = (Some(self.tail.head()), Some(self.notices.head()));
        *watch = Watch { cursor, skipped: 0, notice, behind };
        Step::Done
    }

    fn messages(&mut self, watch: &mut Watch, cursor: u64, runs: &mut Vec<Run>) -> Step {
        match self.tail.behind(cursor, LOOK_BYTES_MAX) {
            Ok(run) => {
                watch.is_level();
                run.map_or(Step::Done, |run| self.walk(watch, cursor, run, runs))
            }
            Err(Gone) if watch.stored() > 0 => {
                let missing = usize::try_from(self.tail.head() - cursor).unwrap_or(usize::MAX);
                Step::Read { after: cursor, limit: watch.stored().min(missing) }
            }
            Err(Gone) => self.jump(watch, cursor, runs),
        }
    }

    /// The panel stands within the tail and gets `run`. Where it is to be told of others that it passed over, it gets the
    /// first message of it with that, and the rest with the next look.
    fn walk(&mut self, watch: &mut Watch, cursor: u64, run: Run, runs: &mut Vec<Run>) -> Step {
        if watch.skipped == 0 {
            watch.cursor = Some(cursor + run.messages as u64);
            runs.push(run);
        } else if let Some(patch) = self.tail.get(cursor + 1) {
            watch.give(cursor + 1, patch.clone(), runs);
        }
        if watch.cursor == Some(self.tail.head()) { Step::Done } else { Step::More }
    }

    /// The panel fell behind the tail: it gets the newest sample of each channel as the messages they came in, and then
    /// the newest message or gap itself, which may be nobody's latest. If only the store has that, it is to be read.
    fn jump(&self, watch: &mut Watch, cursor: u64, runs: &mut Vec<Run>) -> Step {
        let mut messages: BTreeMap<u64, Vec<(&Arc<str>, &Latest)>> = BTreeMap::new();
        for channel in self.channels.iter() {
            if let Some(latest) = channel.latest.as_ref().filter(|latest| latest.cursor > cursor) {
                messages.entry(latest.cursor).or_default().push((&channel.name, latest));
            }
        }
        let head = self.tail.head();
        let newest = self.tail.get(head);
        if newest.is_some() {
            messages.remove(&head);
        }
        for (at, samples) in &messages {
            if let Some(patch) = frame::latest(self.id(), samples) {
                watch.give(*at, patch, runs);
            }
        }
        let unreadable = watch.behind.as_ref().and_then(|behind| behind.unreadable);
        match newest {
            Some(newest) => watch.give(head, newest.clone(), runs),
            None if watch.cursor == Some(head) => {}
            None if unreadable == Some(head - 1) => watch.pass_to(head),
            None => {
                watch.pass_to(head - 1);
                watch.behind.get_or_insert_default().stored = 1;
                return Step::Read { after: head - 1, limit: 1 };
            }
        }
        watch.is_level();
        Step::Done
    }

    fn notices(&mut self, watch: &mut Watch, runs: &mut Vec<Run>) {
        let untold =
            watch.behind.as_mut().map(|behind| &mut behind.untold).filter(|untold| !untold.is_empty());
        if let Some(untold) = untold {
            self.tell_receipts(untold, runs);
            return watch.shrink();
        }
        let missed = watch.notice.map(|notice| self.notices.behind(notice, usize::MAX));
        watch.notice = Some(self.notices.head());
        match missed {
            Some(Ok(notices)) => runs.extend(notices),
            // What it saw under way may be settled since: it must not wait for that for ever.
            Some(Err(Gone)) => self.standing(watch, self.commands.recent(), runs),
            None => self.standing(watch, std::iter::empty(), runs),
        }
    }

    /// Receipts as they now stand, up to [`RECEIPTS_BYTES`]; one that is forgotten is settled for long.
    fn tell_receipts(&self, untold: &mut VecDeque<CommandName>, runs: &mut Vec<Run>) {
        let mut bytes = 0;
        while bytes < RECEIPTS_BYTES
            && let Some((by, id)) = untold.pop_front()
        {
            if let Some(receipt) = self.receipt(&by, &id) {
                let receipt = frame::receipt(self.id(), &receipt);
                bytes += receipt.len();
                runs.push(receipt.into());
            }
        }
    }

    /// Presence, description and rhythms as they now stand; the receipts of `settled` and of commands under way are to follow.
    fn standing(
        &self,
        watch: &mut Watch,
        settled: impl Iterator<Item = crate::Receipt>,
        runs: &mut Vec<Run>,
    ) {
        runs.push(self.presence_frame().into());
        runs.push(frame::describe(self.id(), &self.channels.description()).into());
        runs.push(self.contested_frame().into());
        let rhythms = self.channels.rhythms();
        if !rhythms.is_empty() {
            runs.push(frame::rhythms(self.id(), &rhythms).into());
        }
        let untold: VecDeque<CommandName> =
            settled.chain(self.commands.unsettled()).map(|told| (told.by, told.id)).collect();
        if !untold.is_empty() {
            watch.behind.get_or_insert_default().untold = untold;
        }
    }

    /// All that a panel needs to begin with: state, cursor, and the commands that are under way; those whose receipts
    /// do not fit [`RECEIPTS_BYTES`] come after it.
    fn snapshot(&self) -> (Bytes, VecDeque<CommandName>) {
        let mut text = format!(
            "{{\"snapshot\":{},\"cursor\":{},\"known\":true,\"key\":{},\"presence\":\"{}\",\"since\":{},\"name\":{}{}{}",
            frame::quoted(self.id()),
            self.tail.head(),
            self.identity.key.0,
            self.presence.as_str(),
            self.since,
            frame::quoted(self.name()),
            frame::labels_member(self.labels()),
            frame::gateway_member(self.gateway()),
        );
        if let Some(last_seen) = self.last_seen() {
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
