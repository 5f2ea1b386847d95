//! Seeds in which every rule is kept: no checker finds anything, and the same seed is the same simulation.

use sim::suite::first_failure;
use sim::{Options, run};
use std::thread;

/// Simulations in each run of the tests.
const SEEDS: u64 = 100_000;
/// The same over real files.
const SEEDS_IN_FILES: u64 = 500;

fn check(seeds: u64, options: Options) {
    if let Some(failed) = first_failure(1..seeds + 1, options) {
        panic!("{}", failed.explain());
    }
}

#[test]
fn nothing_is_lost_doubled_or_reordered() {
    check(SEEDS, Options::default());
}

#[test]
fn nothing_is_lost_doubled_or_reordered_over_sqlite_files() {
    check(SEEDS_IN_FILES, Options { in_files: true, ..Options::default() });
}

#[test]
fn the_same_seed_is_the_same_simulation_also_on_another_thread() {
    for seed in 1..200 {
        let here = run(seed, Options::default());
        let there = thread::spawn(move || run(seed, Options::default())).join().expect("it ends");
        assert_eq!(here.hash, there.hash, "seed {seed}");
    }
}

#[test]
fn a_trace_that_can_be_read_is_the_same_simulation() {
    for seed in 1..50 {
        let read = run(seed, Options { readable: true, ..Options::default() });
        assert_eq!(read.hash, run(seed, Options::default()).hash, "seed {seed}");
        assert!(read.text.contains("the hub starts as i1"), "{}", read.text);
    }
}

#[test]
fn other_seeds_are_other_simulations() {
    let mut hashes: Vec<u64> = (1..200).map(|seed| run(seed, Options::default()).hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 199);
}

/// The store's judgement in memory is what the real store does: but for a restore, where only the real one gives up the
/// commands that are under way, nobody outside can tell one from the other.
#[test]
fn the_store_in_memory_and_the_one_in_files_are_the_same_simulation() {
    let mut compared = 0;
    for seed in 1..100 {
        let memory = run(seed, Options { readable: true, ..Options::default() });
        if memory.text.contains("goes back to its backup") {
            continue;
        }
        let files = run(seed, Options { in_files: true, readable: true, ..Options::default() });
        let differs = memory.text.lines().zip(files.text.lines()).find(|(memory, files)| memory != files);
        assert_eq!((memory.hash, differs), (files.hash, None), "seed {seed}");
        compared += 1;
    }
    assert!(compared > 50, "{compared} seeds were compared");
}
