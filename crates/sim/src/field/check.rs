//! What checkers of the field look at: each hub's log against what programs published and were told, commands, and whether all
//! comes to rest. They know only what somebody outside could see.

use crate::check::{CONTENTS, Finding, Verdict, maker};
use crate::stored::{Entry, What};
use protocol::uplink::gateway_side::Stored;
use protocol::uplink::message::Content;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a program was told of a numbered content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Held,
    Acked,
    /// Dropped for want of room, or its program's memory is gone: nobody owes it.
    Given,
}

/// All checkers of one simulation.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    /// By program, from its first content.
    journals: BTreeMap<usize, Vec<Told>>,
    /// Where a content stood in the sessions of gateways.
    positions: BTreeMap<u64, BTreeSet<(Arc<str>, u64)>>,
    /// Contents that a device may have repeated at another issuer.
    doubtful: BTreeSet<u64>,
    /// Contents that a spool had and lost.
    rolled_back: BTreeSet<u64>,
    /// By hub: contents that it need not have, because it begins behind them or was put back.
    excused: BTreeMap<usize, BTreeSet<u64>>,
    /// How often each command was begun, and how it was answered.
    begun: BTreeMap<u64, (u32, Option<bool>)>,
    finding: Option<Finding>,
}

impl Checks {
    pub(crate) fn finding(&self) -> Option<&Finding> {
        self.finding.as_ref()
    }

    pub(crate) fn note(&mut self, checker: &'static str, verdict: Verdict) {
        if let Err(said) = verdict
            && self.finding.is_none()
        {
            self.finding = Some(Finding { checker, said });
        }
    }

    /// `publish` returned.
    pub(crate) fn accepted(&mut self, program: usize) {
        self.journals.entry(program).or_default().push(Told::Held);
    }

    pub(crate) fn acked(&mut self, content: u64) {
        self.tell(content, Told::Acked);
    }

    pub(crate) fn dropped(&mut self, content: u64) {
        self.tell(content, Told::Given);
    }

    /// The program's memory is gone: what it held is owed by nobody.
    pub(crate) fn reset(&mut self, program: usize) {
        for told in self.journals.entry(program).or_default() {
            if *told == Told::Held {
                *told = Told::Given;
            }
        }
    }

    fn tell(&mut self, content: u64, told: Told) {
        let journal = self.journals.entry(maker(content)).or_default();
        if let Some(entry) = journal.get_mut((content % CONTENTS) as usize).filter(|it| **it == Told::Held) {
            *entry = told;
        }
    }

    /// The device identifies elsewhere, or its issuer went back: what is not acked may be said twice.
    pub(crate) fn in_doubt(&mut self, program: usize) {
        let first = program as u64 * CONTENTS;
        let held = (first..).zip(self.journals.entry(program).or_default());
        self.doubtful.extend(held.filter(|(_, told)| **told == Told::Held).map(|(content, _)| content));
    }

    /// What is in a spool now.
    pub(crate) fn spooled<'a>(&mut self, entries: impl Iterator<Item = &'a Stored>) {
        for stored in entries {
            if let Some((content, position)) = content_of(stored) {
                self.positions.entry(content).or_default().insert(position);
            }
        }
    }

    /// A spool went back: it had these once, and not now.
    pub(crate) fn spool_lost(&mut self, before: &BTreeSet<u64>, now: &BTreeSet<u64>) {
        self.rolled_back.extend(before.difference(now));
    }

    /// A hub begins behind all that was published so far.
    pub(crate) fn begins_here(&mut self, hub: usize) {
        let excused = self.excused.entry(hub).or_default();
        for (program, journal) in &self.journals {
            let first = *program as u64 * CONTENTS;
            excused.extend(first..first + journal.len() as u64);
        }
    }

    /// What a hub took over from devices themselves no other hub has to have.
    pub(crate) fn taken_directly(&mut self, hub: usize, log: &[Entry], hubs: usize) {
        let direct: Vec<u64> = numbered(log)
            .filter(|(_, session, _)| session.starts_with(['i', 'j', 'k']))
            .map(|(content, ..)| content)
            .collect();
        for other in (0..hubs).filter(|other| *other != hub) {
            self.excused.entry(other).or_default().extend(&direct);
        }
    }

    /// A hub was put back: what it had and has not any more may have left the spools.
    pub(crate) fn hub_put_back(&mut self, hub: usize, before: &[Entry], now: &[Entry]) {
        let now: BTreeSet<u64> = numbered(now).map(|(content, ..)| content).collect();
        let gone = numbered(before).map(|(content, ..)| content).filter(|content| !now.contains(content));
        let excused = self.excused.entry(hub).or_default();
        excused.extend(gone);
        // What it had been told to be lost is told as pruned, of which nobody knows whose it was.
        let told = self.positions.iter().filter(|(_, positions)| {
            positions.iter().any(|(session, seq)| is_declared(before, session, *seq))
        });
        excused.extend(told.map(|(content, _)| *content));
    }

    /// Looks at what a hub has of a device.
    pub(crate) fn audit(&mut self, hub: usize, program: usize, log: &[Entry], calm: bool) {
        self.note("once", self.once(hub, log));
        self.note("order", order(hub, log));
        if calm {
            self.note("loss", self.loss(hub, program, log));
        }
    }

    fn once(&self, hub: usize, log: &[Entry]) -> Verdict {
        let mut seen = BTreeMap::new();
        for (content, session, seq) in numbered(log) {
            if let Some((before, at)) = seen.insert(content, (session, seq))
                && (before == session || !self.doubtful.contains(&content))
            {
                let again = format!("as {at} of {before} and as {seq} of {session}");
                return Err(format!("hub {hub} has {content} twice, {again}"));
            }
        }
        Ok(())
    }

    fn loss(&self, hub: usize, program: usize, log: &[Entry]) -> Verdict {
        let has: BTreeSet<u64> = numbered(log).map(|(content, ..)| content).collect();
        let Some(journal) = self.journals.get(&program) else { return Ok(()) };
        let first = program as u64 * CONTENTS;
        for (content, told) in (first..).zip(journal) {
            let excused = self.excused.get(&hub).is_some_and(|excused| excused.contains(&content));
            if has.contains(&content)
                || excused
                || *told == Told::Given
                || self.rolled_back.contains(&content)
            {
                continue;
            }
            let declared = self.positions.get(&content).is_some_and(|positions| {
                positions.iter().any(|(session, seq)| is_declared(log, session, *seq))
            });
            if !declared {
                return Err(format!("hub {hub} has no {content}, which was {told:?}, and no gap for it"));
            }
        }
        Ok(())
    }

    /// A program begins a command.
    pub(crate) fn begins(&mut self, value: u64) {
        let begun = self.begun.entry(value).or_default();
        begun.0 += 1;
        if begun.0 > 1 {
            self.note("commands", Err(format!("the command {value} is begun a second time")));
        }
    }

    pub(crate) fn answered(&mut self, value: u64, ok: bool) {
        self.begun.entry(value).or_default().1 = Some(ok);
    }

    /// How a command stands at its hub, once all is calm.
    pub(crate) fn stands(&mut self, value: u64, state: &str, calm: bool) {
        let (begun, answer) = self.begun.get(&value).copied().unwrap_or_default();
        let fits = match state {
            "done" => answer == Some(true),
            "failed" => answer == Some(false),
            "expired" | "cancelled" | "refused" => begun == 0,
            "unknown" => true,
            _ => !calm,
        };
        if !fits {
            let what =
                format!("the command {value} is {state}, was begun {begun} times and answered {answer:?}");
            self.note("commands", Err(what));
        }
    }
}

/// Each session's numbers grow, and what was said first stands first in it.
fn order(hub: usize, log: &[Entry]) -> Verdict {
    let mut last: BTreeMap<Arc<str>, (u64, u64)> = BTreeMap::new();
    for entry in log {
        let Some((session, seq)) = &entry.position else { continue };
        let from = match &entry.what {
            What::Gap { from, .. } => *from,
            What::Message { .. } => *seq,
        };
        let content = entry.content();
        let before = last.entry(session.clone()).or_default();
        if !session.is_empty() && (from <= before.0 || content.is_some_and(|content| content < before.1)) {
            let what = format!("{from} ({content:?}) of {session} behind {} ({})", before.0, before.1);
            return Err(format!("hub {hub} has {what}"));
        }
        *before = (*seq, content.map_or(before.1, |content| content + 1));
    }
    Ok(())
}

/// Numbered contents with their places.
fn numbered(log: &[Entry]) -> impl Iterator<Item = (u64, &Arc<str>, u64)> {
    log.iter().filter_map(|entry| {
        let (session, seq) = entry.position.as_ref()?;
        Some((entry.content()?, session, *seq))
    })
}

fn is_declared(log: &[Entry], session: &str, seq: u64) -> bool {
    log.iter().any(|entry| match (&entry.what, &entry.position) {
        (What::Gap { from, to, .. }, Some((of, _))) => **of == *session && (*from..=*to).contains(&seq),
        _ => false,
    })
}

/// The numbered content of an entry of a spool, and its place in its session.
pub(crate) fn content_of(stored: &Stored) -> Option<(u64, (Arc<str>, u64))> {
    let Content::Samples { position: Some((session, seq)), samples, .. } = &stored.content else {
        return None;
    };
    let content = samples.first()?.value.get().parse().ok()?;
    Some((content, (session.name().clone(), *seq)))
}
