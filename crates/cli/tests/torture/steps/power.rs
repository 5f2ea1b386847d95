//! Power cuts: a machine of its own runs the hub and its load, and is turned off at random moments.
//!
//! The console says each ack. What was read from it before the cut is what must be there after it.

use super::{Outcome, Run};
use crate::guest;
use crate::machine::{Machine, Power};
use crate::rig::{Account, Stored, Verdict, judge};
use std::collections::{BTreeMap, BTreeSet};

/// With the default durability nothing that was acked is lost.
pub(super) fn cuts(mut run: Run) -> Outcome {
    let pulls = run.times(1, 20);
    let machine = Machine::new("disk");
    let mut books = Books::default();
    for boot in 1..=pulls {
        // Now and then while the hub is still starting after the last one.
        let when =
            if run.dice.between(1, 5) == 1 { When::Early } else { When::Acks(run.dice.between(1, 400)) };
        pull(&machine, boot, &mut books, when);
    }
    // Once more, to see what the last cut has left.
    pull(&machine, pulls + 1, &mut books, When::Acks(0));
    let done = format!("{pulls} power cuts; {} messages were acked before one", books.acked());
    Outcome { done, verdict: judge(&books.accounts()) }
}

/// Without durability the same cuts lose what was acked; if they did not, the step above would show nothing.
pub(super) fn control(mut run: Run) -> Outcome {
    let pulls = run.times(1, 5);
    let (mut acked, mut lost) = (0, 0);
    for _ in 0..pulls {
        let machine = Machine::new("memory");
        let mut books = Books::default();
        pull(&machine, 1, &mut books, When::Acks(run.dice.between(100, 400)));
        pull(&machine, 2, &mut books, When::Acks(0));
        acked += books.acked();
        lost += judge(&books.accounts()).lost;
    }
    assert!(lost > 0, "power cuts lose nothing here, whatever the durability: this machine proves nothing");
    let done =
        format!("{pulls} power cuts with durability = \"memory\" lost {lost} of {acked} acked, as they must");
    Outcome { done, verdict: Verdict::default() }
}

/// When the power is cut.
enum When {
    /// While the hub starts: nothing is heard but that the disk was mounted.
    Early,
    /// After what is stored was listed, and so many lines about acks.
    Acks(u64),
}

/// One boot, from its beginning to the cut.
fn pull(machine: &Machine, boot: u64, books: &mut Books, when: When) {
    let mut power = machine.turn_on(boot);
    power.hears(guest::MOUNTED);
    if let When::Acks(acks) = when {
        books.stored.clear();
        listed(&mut power, books);
        for _ in 0..acks {
            let Some(line) = power.next_line() else { break };
            books.hear_ack(&line);
        }
    }
    // What the console has said by now counts.
    power.cut().iter().for_each(|line| books.hear_ack(line));
}

/// What the hub has stored. One that cannot read its store any more has nothing.
fn listed(power: &mut Power, books: &mut Books) {
    while let Some(line) = power.next_line().filter(|line| line != guest::LISTED) {
        books.hear_stored(&line);
    }
}

/// What the console has said over all boots.
#[derive(Default)]
struct Books {
    acked: BTreeMap<String, BTreeSet<u64>>,
    stored: BTreeMap<String, Vec<Stored>>,
}

impl Books {
    /// `acked ID FIRST LAST`; one that the cut has cut names none.
    fn hear_ack(&mut self, line: &str) {
        if let ["acked", id, first, last] = line.split(' ').collect::<Vec<_>>()[..] {
            self.acked.entry(id.to_owned()).or_default().extend(number(first)..=number(last));
        }
    }

    /// `stored ID COUNTER SESSION SEQ`.
    fn hear_stored(&mut self, line: &str) {
        if let ["stored", id, counter, session, seq] = line.split(' ').collect::<Vec<_>>()[..] {
            let stored = Stored { counter: number(counter), session: session.to_owned(), seq: number(seq) };
            self.stored.entry(id.to_owned()).or_default().push(stored);
        }
    }

    fn acked(&self) -> usize {
        self.acked.values().map(BTreeSet::len).sum()
    }

    /// What was stored without the world knowing of an ack is no fault.
    fn accounts(&self) -> BTreeMap<String, Account> {
        let account = |number| {
            let id = guest::device(number);
            let stored = self.stored.get(&id).cloned().unwrap_or_default();
            let mut accepted = self.acked.get(&id).cloned().unwrap_or_default();
            accepted.extend(stored.iter().map(|stored| stored.counter));
            let (accepted, committed) = (accepted.into_iter().collect(), stored.len() as u64);
            (id, Account { accepted, stored, committed, ..Account::default() })
        };
        (1..=guest::DEVICES).map(account).collect()
    }
}

fn number(word: &str) -> u64 {
    word.parse().expect("a number")
}
