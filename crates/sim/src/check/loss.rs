//! No loss without a recorded gap that covers exactly it.
//!
//! A content is owed from the moment on at which `publish` returned. It is owed no more when its program's memory was
//! reset, when the power went before its record was synced, or when the store was rolled back to a backup. What was
//! dropped for want of room is to be found in a gap. What was acked is to be found in the store: a gap for it counts only
//! where its line was garbled (`bad`).

use super::{CONTENTS, Verdict};
use crate::stored::{Entry, What};
use std::collections::{BTreeMap, BTreeSet};

/// What a program was told of one content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// It is in the outbox.
    Held,
    /// It was taken over.
    Acked,
    /// There was no room for it.
    Dropped,
    /// Nobody promised it.
    Exempt,
}

/// What all programs published.
#[derive(Debug, Default)]
pub(crate) struct Loss {
    /// By program, from its first content.
    journals: BTreeMap<usize, Vec<Told>>,
    /// The store went back behind them. What such a program had dropped and not declared by then may be declared twice: as
    /// part of the session that the store forgot, and by the program in its next one.
    gone_back: BTreeSet<usize>,
}

/// Numbers in the gaps behind one stored message.
#[derive(Debug, Default)]
struct Gaps {
    all: u64,
    bad: u64,
}

impl Loss {
    /// `publish` returned.
    pub(crate) fn accepted(&mut self, program: usize) {
        self.journals.entry(program).or_default().push(Told::Held);
    }

    pub(crate) fn acked(&mut self, content: u64) {
        self.tell(content, Told::Acked);
    }

    pub(crate) fn dropped(&mut self, content: u64) {
        self.tell(content, Told::Dropped);
    }

    /// The program's memory is gone. What was held and is not among `kept` was lost with it; so was what it had dropped and
    /// not declared, unless a file tells the next run of it: it does, but for the records that were `torn` off.
    pub(crate) fn reset(&mut self, program: usize, kept: &[u64], torn: Option<&[u64]>) {
        let first = program as u64 * CONTENTS;
        let Some(journal) = self.journals.get_mut(&program) else { return };
        for (content, told) in (first..).zip(journal) {
            let lost = match told {
                Told::Held => kept.binary_search(&content).is_err(),
                Told::Dropped => torn.is_none_or(|torn| torn.binary_search(&content).is_ok()),
                Told::Acked | Told::Exempt => false,
            };
            if lost {
                *told = Told::Exempt;
            }
        }
    }

    /// The store went back from what it held `before` to what it holds `now`. What it lost is owed only where its program
    /// holds it, and not where an ack for it may be under way.
    pub(crate) fn rolled_back(&mut self, programs: &[usize], before: &[Entry], now: &[Entry]) {
        let now: Vec<u64> = numbered(now).collect();
        self.gone_back.extend(programs);
        for program in programs {
            let first = *program as u64 * CONTENTS;
            let ackable = behind_last(first, before);
            for (content, told) in (first..).zip(self.journals.entry(*program).or_default()) {
                if now.binary_search(&content).is_err() && (content < ackable || *told != Told::Held) {
                    *told = Told::Exempt;
                }
            }
        }
    }

    fn tell(&mut self, content: u64, told: Told) {
        let journal = self.journals.entry(super::maker(content)).or_default();
        // What was dropped once stays declared, and what was lost stays lost, though a file may still hold it.
        if let Some(entry) =
            journal.get_mut((content % CONTENTS) as usize).filter(|told| **told == Told::Held)
        {
            *entry = told;
        }
    }

    /// Looks at the whole log of a device that one program alone speaks for. Where all is `calm`, nothing may be missing
    /// at its end either.
    pub(crate) fn audit(&self, device: &str, log: &[Entry], calm: bool) -> Verdict {
        let mut next: BTreeMap<usize, u64> = BTreeMap::new();
        let mut gaps = Gaps::default();
        for entry in log {
            match &entry.what {
                What::Gap { from, to, reason, .. } => {
                    gaps.all += to - from + 1;
                    gaps.bad += if reason == "bad" { to - from + 1 } else { 0 };
                }
                What::Message { .. } => {
                    let Some(content) = entry.content().filter(|_| entry.position.is_some()) else {
                        continue;
                    };
                    let expected = next
                        .entry(super::maker(content))
                        .or_insert_with(|| super::maker(content) as u64 * CONTENTS);
                    self.missing(device, *expected, content, std::mem::take(&mut gaps), false)?;
                    *expected = content + 1;
                }
            }
        }
        if let (true, Some((program, journal))) = (calm, self.journal_of(device)) {
            let first = program as u64 * CONTENTS;
            let expected = next.get(&program).copied().unwrap_or(first);
            self.missing(device, expected, first + journal as u64, gaps, true)?;
        }
        Ok(())
    }

    /// The program of a device that one alone speaks for, and how much it published.
    fn journal_of(&self, device: &str) -> Option<(usize, usize)> {
        let program = crate::stored::program_of(device)?;
        self.journals.get(&program).map(|journal| (program, journal.len()))
    }

    /// The contents from `from` to below `to` are not stored where they belong.
    fn missing(&self, device: &str, from: u64, to: u64, gaps: Gaps, end: bool) -> Verdict {
        let (mut acked, mut dropped, mut exempt, mut held) = (0, 0, 0, 0);
        for content in from..to {
            match self.told(content) {
                Told::Acked => acked += 1,
                Told::Dropped => dropped += 1,
                Told::Exempt => exempt += 1,
                Told::Held => held += 1,
            }
        }
        let Gaps { all, bad } = gaps;
        let place = if end { "at the end".to_owned() } else { format!("before {to}") };
        if acked + held > bad {
            return Err(format!(
                "{device}: {place} {acked} acked and {held} held of {from} to {} are missing, {bad} of them recorded as \
                 garbled",
                to.saturating_sub(1)
            ));
        }
        if acked + held + dropped > all {
            return Err(format!(
                "{device}: {place} {dropped} dropped are missing, and gaps cover {all} in all"
            ));
        }
        if all > acked + held + dropped + exempt && !self.gone_back.contains(&super::maker(from)) {
            return Err(format!(
                "{device}: {place} gaps cover {all}, and only {} are missing",
                to.saturating_sub(from)
            ));
        }
        Ok(())
    }

    fn told(&self, content: u64) -> Told {
        let journal = self.journals.get(&super::maker(content));
        journal
            .and_then(|journal| journal.get((content % CONTENTS) as usize).copied())
            .unwrap_or(Told::Exempt)
    }
}

fn numbered(log: &[Entry]) -> impl Iterator<Item = u64> {
    log.iter().filter(|entry| entry.position.is_some()).filter_map(Entry::content)
}

/// The content behind all that a log has or declares lost.
fn behind_last(first: u64, log: &[Entry]) -> u64 {
    log.iter().fold(first, |behind, entry| match &entry.what {
        What::Gap { from, to, .. } => behind + (to - from + 1),
        What::Message { .. } => match entry.content().filter(|_| entry.position.is_some()) {
            Some(content) => behind.max(content + 1),
            None => behind,
        },
    })
}
