//! The checker: compares what the producers were promised, what the store holds, and what a panel was shown.
//!
//! Every message carries a counter that its device never uses twice, so the three can be told apart without knowing how
//! they came about.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

/// A sample as the store gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) counter: u64,
    pub(crate) session: String,
    pub(crate) seq: u64,
}

/// A declared loss: the messages `first` to `last` of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) session: String,
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) reason: String,
}

impl Shown {
    fn skipped(&self) -> u64 {
        self.patches.iter().map(|patch| patch.skipped).sum()
    }
}

impl Gap {
    fn messages(&self) -> u64 {
        self.last + 1 - self.first
    }
}

/// What a panel was shown of one device.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    /// The cursor of its first snapshot: what lies before it was not for this panel.
    pub(crate) begin: Option<u64>,
    /// Patches with a place in the log, in the order in which they came.
    pub(crate) patches: Vec<Patch>,
    /// Later snapshots, each a jump that nobody counted.
    pub(crate) jumps: u64,
}

/// One patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Patch {
    pub(crate) cursor: u64,
    pub(crate) skipped: u64,
    /// The counter; nothing for a declared loss.
    pub(crate) counter: Option<u64>,
}

/// Everything that is known of one device's messages.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    /// Counters that were accepted, in this order.
    pub(crate) accepted: Vec<u64>,
    /// Counters that may have been accepted: the producer was killed before it could tell.
    pub(crate) unsure: BTreeSet<u64>,
    /// Counters whose only copy was destroyed on purpose. They may be missing.
    pub(crate) destroyed: BTreeSet<u64>,
    /// What the store holds, in the order of commit.
    pub(crate) stored: Vec<Stored>,
    /// What was declared lost.
    pub(crate) gaps: Vec<Gap>,
    /// Messages and gaps in its log, as the hub counts them.
    pub(crate) committed: u64,
    /// What panels were shown, each on its own.
    pub(crate) shown: Vec<Shown>,
}

/// What the books say in the end. The sums come first; everything from `lost` on is to be 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Messages that a producer was told are accepted.
    pub(crate) accepted: u64,
    /// Messages that the store holds.
    pub(crate) stored: u64,
    /// Accepted messages that are not stored and whose loss was declared.
    pub(crate) declared: u64,
    /// Patches that panels were shown.
    pub(crate) shown: u64,
    /// Messages that panels were told they were not shown.
    pub(crate) skipped: u64,
    /// Accepted messages of which nothing is known.
    pub(crate) lost: u64,
    /// Messages that are stored twice.
    pub(crate) doubled: u64,
    /// Messages that are stored behind a later one.
    pub(crate) reordered: u64,
    /// Messages that are stored and that nobody sent.
    pub(crate) foreign: u64,
    /// What a panel saw and should not have, or should have seen and did not; and wrong sums of the hub.
    pub(crate) misshown: u64,
}

impl Verdict {
    /// Whether nothing was lost, doubled, reordered, made up or shown wrongly.
    pub(crate) fn is_clean(&self) -> bool {
        self.lost + self.doubled + self.reordered + self.foreign + self.misshown == 0
    }

    /// The sum of two.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            accepted: self.accepted + other.accepted,
            stored: self.stored + other.stored,
            declared: self.declared + other.declared,
            shown: self.shown + other.shown,
            skipped: self.skipped + other.skipped,
            lost: self.lost + other.lost,
            doubled: self.doubled + other.doubled,
            reordered: self.reordered + other.reordered,
            foreign: self.foreign + other.foreign,
            misshown: self.misshown + other.misshown,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, stored, declared, shown, skipped, .. } = self;
        let Self { lost, doubled, reordered, foreign, misshown, .. } = self;
        write!(
            out,
            "accepted {accepted}, stored {stored}, declared {declared}, shown {shown}, skipped {skipped}, \
             lost {lost}, doubled {doubled}, reordered {reordered}, foreign {foreign}, misshown {misshown}"
        )
    }
}

/// Judges every account.
pub(crate) fn judge(accounts: &BTreeMap<String, Account>) -> Verdict {
    accounts.values().map(Account::judge).fold(Verdict::default(), Verdict::and)
}

impl Account {
    /// The verdict on one device.
    pub(crate) fn judge(&self) -> Verdict {
        let stored: BTreeSet<u64> = self.stored.iter().map(|stored| stored.counter).collect();
        let accepted: BTreeSet<u64> = self.accepted.iter().copied().collect();
        let (declared, undeclared) = self.declared(&accepted, &stored);
        let lost = undeclared.iter().filter(|counter| !self.destroyed.contains(counter)).count() as u64;
        let foreign = stored.difference(&accepted).filter(|counter| !self.unsure.contains(counter)).count();
        Verdict {
            accepted: self.accepted.len() as u64,
            stored: self.stored.len() as u64,
            declared,
            shown: self.shown.iter().map(|shown| shown.patches.len() as u64).sum(),
            skipped: self.shown.iter().map(Shown::skipped).sum(),
            lost,
            doubled: self.doubled(),
            reordered: self.reordered(),
            foreign: foreign as u64,
            misshown: self.shown.iter().map(|shown| self.misshown(shown)).sum::<u64>() + self.miscounted(),
        }
    }

    /// How many of the missing are declared, and which are not. A gap declares only what lies where it lies: behind the
    /// stored message before it in its session, and before the one after it.
    fn declared(&self, accepted: &BTreeSet<u64>, stored: &BTreeSet<u64>) -> (u64, Vec<u64>) {
        let place = |stored: &'_ Stored| (stored.counter, (stored.session.clone(), stored.seq));
        let places: BTreeMap<u64, (String, u64)> = self.stored.iter().map(place).collect();
        let mut left: Vec<(&Gap, u64)> = self.gaps.iter().map(|gap| (gap, gap.messages())).collect();
        let (mut declared, mut undeclared) = (0, Vec::new());
        for counter in accepted.difference(stored) {
            let before = places.range(..counter).next_back().map(|(_, place)| place);
            let after = places.range(counter..).next().map(|(_, place)| place);
            let fits = |gap: &Gap| {
                before.is_none_or(|(session, seq)| *session != gap.session || *seq < gap.first)
                    && after.is_none_or(|(session, seq)| *session != gap.session || *seq > gap.last)
            };
            match left.iter_mut().find(|(gap, messages)| *messages > 0 && fits(gap)) {
                Some((_, messages)) => {
                    *messages -= 1;
                    declared += 1;
                }
                None => undeclared.push(*counter),
            }
        }
        (declared, undeclared)
    }

    fn doubled(&self) -> u64 {
        let counters: HashSet<u64> = self.stored.iter().map(|stored| stored.counter).collect();
        // The identity of a message never denotes two contents.
        let places: HashSet<(&str, u64)> =
            self.stored.iter().map(|stored| (stored.session.as_str(), stored.seq)).collect();
        (self.stored.len() - counters.len().min(places.len())) as u64
    }

    fn reordered(&self) -> u64 {
        let mut newest = 0;
        let behind = |stored: &&Stored| {
            let is_behind = stored.counter < newest;
            newest = newest.max(stored.counter);
            is_behind
        };
        self.stored.iter().filter(behind).count() as u64
    }

    fn miscounted(&self) -> u64 {
        u64::from(self.committed != (self.stored.len() + self.gaps.len()) as u64)
    }

    /// Received + skipped = committed, in dense order, and nothing that is not stored in that very place.
    fn misshown(&self, shown: &Shown) -> u64 {
        let Some(begin) = shown.begin else { return u64::from(self.committed > 0) };
        let stored: HashSet<u64> = self.stored.iter().map(|stored| stored.counter).collect();
        let (mut wrong, mut at) = (shown.jumps, begin);
        for patch in &shown.patches {
            wrong += u64::from(patch.cursor != at + patch.skipped + 1);
            at = patch.cursor;
            // Without gaps the log is the samples, one by one.
            let place = usize::try_from(patch.cursor - 1).ok().and_then(|place| self.stored.get(place));
            wrong += match patch.counter {
                Some(counter) if self.gaps.is_empty() => {
                    u64::from(place.is_none_or(|stored| stored.counter != counter))
                }
                Some(counter) => u64::from(!stored.contains(&counter)),
                None => u64::from(self.gaps.is_empty()),
            };
        }
        let received = shown.patches.len() as u64;
        wrong + u64::from(begin + received + shown.skipped() != self.committed)
    }
}
