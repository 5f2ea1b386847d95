//! Every rule is needed: with it switched off, schedules aimed at it make a checker find what it prevents.

use protocol::rule::{Rule, switch_off};
use sim::Options;
use sim::check::storm;
use sim::suite::first_failure;
use std::fmt::Write;

/// Seeds within which the first failure must come.
const SEEDS: u64 = 5_000;

#[test]
fn each_rule_that_is_switched_off_makes_a_checker_fail() {
    let (mut table, mut unneeded) = (String::new(), Vec::new());
    // D9 is about many devices at once, and has a test of its own; what uplinks keep needs gateways.
    let here = |rule: &Rule| *rule != Rule::D9 && !Rule::OF_UPLINKS.contains(rule);
    for rule in Rule::ALL.iter().copied().filter(here) {
        let options = Options { rule: Some(rule), ..Options::default() };
        let failed = first_failure(1..SEEDS + 1, options);
        match failed.and_then(|failed| Some((failed.seed, failed.outcome.finding?.1))) {
            Some((seeds, finding)) => {
                let (name, checker, said) = (rule.name(), finding.checker, finding.said);
                writeln!(table, "{name:<4} {seeds:>5}  {checker:<9} {said}").expect("a string takes all");
            }
            None => unneeded.push(rule.name()),
        }
    }
    // Shown by `cargo test -p sim --test rules -- --nocapture`.
    eprintln!("rule seeds  checker   what it said\n{table}");
    assert!(unneeded.is_empty(), "nothing goes wrong without {unneeded:?} within {SEEDS} seeds");
}

#[test]
fn d9_devices_whose_hub_restarts_come_back_spread_over_the_time() {
    for seed in 1..4 {
        assert_eq!(storm::audit(seed), Ok(()), "seed {seed}");
    }
}

#[test]
fn d9_switched_off_they_come_all_at_once() {
    let _off = switch_off(Rule::D9);
    let said = storm::audit(1).expect_err("a storm");
    eprintln!("D9       1  storm     {said}");
}
