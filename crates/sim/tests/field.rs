//! Gateways, uplinks and several hubs: with all rules kept no checker finds anything, and each rule of the uplink is needed.

use protocol::rule::Rule;
use sim::suite::first_failure;
use sim::{Options, run};
use std::fmt::Write;
use std::thread;

/// Simulations in each run of the tests.
const SEEDS: u64 = 5_000;
/// Seeds within which the first failure must come when a rule is off.
const SEEDS_WITHOUT_RULE: u64 = 5_000;

fn field() -> Options {
    Options { in_field: true, ..Options::default() }
}

#[test]
fn nothing_is_lost_doubled_or_reordered_over_gateways() {
    if let Some(failed) = first_failure(1..SEEDS + 1, field()) {
        panic!("{}", failed.explain());
    }
}

#[test]
fn each_rule_of_the_uplink_that_is_switched_off_makes_a_checker_fail() {
    let (mut table, mut unneeded) = (String::new(), Vec::new());
    for rule in Rule::OF_UPLINKS.iter().copied() {
        let options = Options { rule: Some(rule), ..field() };
        let failed = first_failure(1..SEEDS_WITHOUT_RULE + 1, options);
        match failed.and_then(|failed| Some((failed.seed, failed.outcome.finding?.1))) {
            Some((seed, finding)) => {
                let (name, checker, said) = (rule.name(), finding.checker, finding.said);
                writeln!(table, "{name:<4} {seed:>5}  {checker:<9} {said}").expect("a string takes all");
            }
            None => unneeded.push(rule.name()),
        }
    }
    // Shown by `cargo test -p sim --test field -- --nocapture`.
    eprintln!("rule  seed  checker   what it said\n{table}");
    assert!(unneeded.is_empty(), "nothing goes wrong without {unneeded:?} within {SEEDS_WITHOUT_RULE} seeds");
}

#[test]
fn the_same_seed_is_the_same_field_also_on_another_thread() {
    for seed in 1..100 {
        let here = run(seed, field());
        let there = thread::spawn(move || run(seed, field())).join().expect("it ends");
        assert_eq!(here.hash, there.hash, "seed {seed}");
    }
}

#[test]
fn what_a_field_is_for_happens_in_some_of_them() {
    let texts: Vec<String> =
        (1..200).map(|seed| run(seed, Options { readable: true, ..field() }).text).collect();
    for what in ["moves to site", "crashes", "goes back", "adds hub", "removes hub", "\"quota\"", "\"hand\""]
    {
        assert!(texts.iter().any(|text| text.contains(what)), "{what} never happens");
    }
}
