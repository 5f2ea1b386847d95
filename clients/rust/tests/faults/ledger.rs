//! What was accepted, and what became of it.

use super::damage::{self, Damaged};
use super::hub::Entry;
use super::{Random, Tally, content};
use protocol::session::device_side::Kept;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

#[derive(Default)]
pub(crate) struct Ledger {
    /// Contents are 1, 2, 3 … in the order in which they were accepted.
    accepted: u64,
    /// What stands at each position. One that was lost without a trace may be used again.
    at: HashMap<u64, u64>,
    /// Contents that damages took without leaving a trace.
    unpromised: BTreeSet<u64>,
    /// Damages so far.
    damages: u64,
}

impl Ledger {
    /// The content of the message that is now put in at `position`.
    pub(crate) fn accept(&mut self, position: u64) -> u64 {
        self.accepted += 1;
        self.at.insert(position, self.accepted);
        self.accepted
    }

    /// Something happens to the files in `folder`.
    pub(crate) fn damage(&mut self, folder: &Path, random: &mut Random) -> Damaged {
        let damaged = damage::at_random(folder, random);
        self.note(&damaged);
        damaged
    }

    /// Notes what a damage took.
    pub(crate) fn note(&mut self, damaged: &Damaged) {
        self.damages += u64::from(!damaged.is_none());
        self.unpromised.extend(damaged.traceless().iter().filter_map(|position| self.at.get(position)));
    }

    /// What is restored is what was put in, each at its place.
    pub(crate) fn check_restored(&self, kept: &Kept) -> Result<(), String> {
        for (position, message) in (kept.first..).zip(&kept.messages) {
            let restored = message.as_ref().map(content);
            if restored.is_some() && restored != self.at.get(&position).copied() {
                return Err(format!("{restored:?} is restored at {position}"));
            }
        }
        Ok(())
    }

    /// Everything that was accepted is at the hub, once and in order, or declared.
    pub(crate) fn judge(&self, log: &[Entry]) -> Result<Tally, String> {
        let mut tally = Tally { accepted: self.accepted, ..Tally::default() };
        let (mut last, mut gap, mut spare) = (0, 0, 0);
        for entry in log {
            match entry {
                Entry::Gap(numbers) => gap += numbers,
                Entry::Message(content) if *content <= last => {
                    return Err(format!("{content} after {last}: doubled or out of order"));
                }
                Entry::Message(content) => {
                    let lost: Vec<u64> = (last + 1..*content).collect();
                    let traceless = lost.iter().filter(|lost| self.unpromised.contains(lost)).count() as u64;
                    if lost.len() as u64 > gap + traceless {
                        return Err(format!("of {lost:?} only {gap} are declared"));
                    }
                    spare += gap.saturating_sub(lost.len() as u64);
                    tally.delivered += 1;
                    tally.declared += gap.min(lost.len() as u64);
                    tally.unpromised += (lost.len() as u64).saturating_sub(gap);
                    (last, gap) = (*content, 0);
                }
            }
        }
        if last != self.accepted {
            return Err(format!("{} were accepted last, and {last} arrived", self.accepted));
        }
        if spare > self.damages {
            return Err(format!("{spare} are declared lost that never were, by {} damages", self.damages));
        }
        Ok(tally)
    }
}
