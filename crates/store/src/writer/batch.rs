//! The writes of one transaction, judged: what is to be stored, again and again until it is, and what was refused.

use crate::error::CommitError;
use crate::judge::{Judge, Moved, Verdict};
use crate::queue::Submitted;
use crate::write::{Commit, Event, Write};

/// The writes of one transaction.
pub(crate) struct Batch {
    /// The number of its commit: one above that of the commit before.
    pub(crate) number: i64,
    /// All of them, in their order.
    writes: Vec<Write>,
    /// By their places, those that are not stored: with no error, because their device was removed.
    left_out: Vec<(usize, Option<CommitError>)>,
    /// What was said of all of them when they were submitted.
    pub(crate) said: Submitted,
    /// What stands elsewhere after it.
    pub(crate) moved: Moved,
}

impl Batch {
    /// Judges `writes`, which are then what the judge goes on from.
    pub(crate) fn judged(number: i64, writes: Vec<Write>, said: Submitted, judge: &mut Judge) -> Batch {
        let mut left_out = Vec::new();
        for (place, write) in writes.iter().enumerate() {
            match judge.judge(write) {
                Ok(Verdict::Store) => {}
                Ok(Verdict::Drop) => left_out.push((place, None)),
                Err(error) => left_out.push((place, Some(error))),
            }
        }
        Batch { number, writes, left_out, said, moved: judge.take_moved() }
    }

    /// Writes that nobody judges any more, because they are not going to be stored.
    pub(crate) fn unjudged(writes: Vec<Write>, said: Submitted) -> Batch {
        Batch { number: 0, writes, left_out: Vec::new(), said, moved: Moved::default() }
    }

    /// Adds such writes, to be handed back with the others.
    pub(crate) fn extend_unjudged(&mut self, writes: Vec<Write>) {
        self.writes.extend(writes);
    }

    /// How many writes it holds.
    pub(crate) fn len(&self) -> usize {
        self.writes.len()
    }

    /// Whether there is nothing to commit: what was dropped has a commit too, so that its number is one that is stored.
    pub(crate) fn is_empty(&self) -> bool {
        self.writes.len() == self.left_out.iter().filter(|(_, error)| error.is_some()).count()
    }

    /// What is to be stored.
    pub(crate) fn stored(&self) -> impl Iterator<Item = &Write> {
        let mut left_out = self.left_out.iter().map(|(place, _)| *place).peekable();
        let stored = move |(place, write)| left_out.next_if_eq(&place).is_none().then_some(write);
        self.writes.iter().enumerate().filter_map(stored)
    }

    /// Hands back what was accepted as committed, or not for the reason given; then what was refused, each for its own. What
    /// was done already is committed without a word.
    pub(crate) fn hand_back(self, result: Result<(), CommitError>, on_event: &mut impl FnMut(Event)) {
        let refused = self.left_out.into_iter().filter_map(|(place, error)| Some((place, error?)));
        let mut refused = refused.peekable();
        let mut others = Vec::new();
        let mut writes = self.writes;
        if refused.peek().is_some() {
            let mut accepted = Vec::with_capacity(writes.len());
            for (place, write) in writes.into_iter().enumerate() {
                match refused.next_if(|(refused, _)| *refused == place) {
                    Some((_, error)) => others.push((write, error)),
                    None => accepted.push(write),
                }
            }
            writes = accepted;
        }
        let said = self.said;
        let event =
            |commit| if said == Submitted::Done { Event::Lost(commit) } else { Event::Commit(commit) };
        if !writes.is_empty() && (said == Submitted::Waits || result.is_err()) {
            on_event(event(Commit { writes, result }));
        }
        for (write, error) in others {
            tracing::warn!(%error, "a write was refused");
            on_event(event(Commit { writes: vec![write], result: Err(error) }));
        }
    }
}
