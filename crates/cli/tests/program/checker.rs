//! The checker of the faults sees each of them.

use crate::rig::{Account, Gap, Patch, Shown, Stored, Verdict, judge};
use std::collections::BTreeMap;

const SESSION: &str = "k7-1";

/// Ten messages, all accepted, stored and shown.
fn good() -> Account {
    let patch = |cursor| Patch { cursor, skipped: 0, counter: Some(cursor) };
    Account {
        accepted: (1..=10).collect(),
        stored: (1..=10).map(|n| stored(n, n)).collect(),
        committed: 10,
        shown: vec![Shown { begin: Some(0), patches: (1..=10).map(patch).collect(), jumps: 0 }],
        ..Account::default()
    }
}

fn stored(counter: u64, seq: u64) -> Stored {
    Stored { counter, session: SESSION.to_owned(), seq }
}

fn gap(first: u64, last: u64) -> Gap {
    Gap { session: SESSION.to_owned(), first, last, reason: "overflow".to_owned() }
}

/// What is wrong after `change`: lost, doubled, reordered, foreign, misshown.
fn wrong(change: impl FnOnce(&mut Account)) -> [u64; 5] {
    let mut account = good();
    change(&mut account);
    let Verdict { lost, doubled, reordered, foreign, misshown, .. } = account.judge();
    [lost, doubled, reordered, foreign, misshown]
}

/// The same without a panel.
fn unseen(change: impl FnOnce(&mut Account)) -> [u64; 5] {
    wrong(|account| {
        account.shown.clear();
        change(account);
        account.committed = (account.stored.len() + account.gaps.len()) as u64;
    })
}

#[test]
fn books_that_balance_are_clean() {
    let verdict = good().judge();
    assert!(verdict.is_clean(), "{verdict}");
    assert_eq!((verdict.accepted, verdict.stored, verdict.shown), (10, 10, 10));
}

#[test]
fn the_verdict_on_a_fleet_is_that_on_its_devices() {
    let mut bad = good();
    bad.stored.truncate(7);
    let verdict = judge(&BTreeMap::from([("fleet-1".to_owned(), good()), ("fleet-2".to_owned(), bad)]));
    assert_eq!((verdict.accepted, verdict.stored, verdict.lost), (20, 17, 3));
    assert!(!verdict.is_clean(), "{verdict}");
}

#[test]
fn what_is_neither_stored_nor_declared_is_lost() {
    assert_eq!(unseen(|account| drop(account.stored.remove(4))), [1, 0, 0, 0, 0]);
    assert_eq!(unseen(|account| account.stored.truncate(7)), [3, 0, 0, 0, 0]);
    assert_eq!(unseen(|account| account.stored.clear()), [10, 0, 0, 0, 0]);
}

#[test]
fn a_gap_declares_what_is_missing_there_and_nowhere_else() {
    let missing = |declared: Gap| {
        unseen(move |account| {
            account.stored.drain(3..5);
            account.gaps.push(declared);
        })
    };
    assert_eq!(missing(gap(4, 5)), [0; 5]);
    assert_eq!(missing(gap(4, 4))[0], 1, "it declares one of two");
    assert_eq!(missing(gap(8, 9))[0], 2, "it declares others");
    let destroyed = |account: &mut Account| {
        account.stored.drain(3..5);
        account.destroyed.insert(4);
    };
    assert_eq!(unseen(destroyed)[0], 1, "what was destroyed may be missing, and nothing else");
}

#[test]
fn what_is_stored_twice_is_doubled() {
    assert_eq!(unseen(|account| account.stored.push(stored(10, 11)))[1], 1, "one message under two numbers");
    assert_eq!(unseen(|account| account.stored[9].seq = 9)[1], 1, "one number for two messages");
}

#[test]
fn what_is_stored_behind_a_later_one_is_reordered() {
    assert_eq!(unseen(|account| account.stored.swap(3, 4)), [0, 0, 1, 0, 0]);
}

#[test]
fn what_nobody_accepted_is_foreign() {
    assert_eq!(unseen(|account| account.accepted.truncate(9)), [0, 0, 0, 1, 0]);
    let unsure = |account: &mut Account| {
        account.accepted.truncate(9);
        account.unsure.insert(10);
    };
    assert_eq!(unseen(unsure), [0; 5], "unless it could not say so any more");
}

#[test]
fn a_panel_is_shown_everything_or_told_how_much_it_was_not() {
    let shown = |change: fn(&mut Shown)| wrong(|account| change(&mut account.shown[0]));
    let skip = |shown: &mut Shown| {
        shown.patches.drain(3..7);
        shown.patches[3].skipped = 4;
    };
    assert_eq!(shown(skip), [0; 5]);
    assert_ne!(shown(|shown| shown.patches.retain(|patch| patch.cursor != 4)), [0; 5], "one is missing");
    assert_ne!(shown(|shown| shown.patches.truncate(9)), [0; 5], "the last is missing");
    assert_ne!(shown(|shown| shown.patches.swap(3, 4)), [0; 5], "two are exchanged");
    assert_ne!(shown(|shown| shown.jumps = 1), [0; 5], "it began anew and nobody counted");
    assert_ne!(shown(|shown| *shown = Shown::default()), [0; 5], "it was shown nothing");
}

#[test]
fn a_panel_is_shown_nothing_that_is_not_committed() {
    let shown = |change: fn(&mut Shown)| wrong(|account| change(&mut account.shown[0]));
    assert_ne!(shown(|shown| shown.patches[9].counter = Some(11)), [0; 5]);
    let beyond = |shown: &mut Shown| shown.patches.push(Patch { cursor: 11, skipped: 0, counter: Some(11) });
    assert_ne!(shown(beyond), [0; 5]);
}

#[test]
fn the_hub_counts_what_it_stores() {
    assert_eq!(wrong(|account| account.shown.clear()), [0; 5]);
    let miscounted = wrong(|account| {
        account.shown.clear();
        account.committed = 11;
    });
    assert_eq!(miscounted[4], 1);
}
