//! A stored outbox whose files are cut off, flipped, zeroed and removed. `cargo run -p glassline-client --example
//! outbox_faults` does the same as often as one likes.

mod faults;

use faults::{Tally, case, cuts, flips, place};
use std::fs;

/// Cases of the seeded mixture.
const CASES: u64 = 400;

#[test]
fn whatever_happens_to_the_files_nothing_is_lost_silently_doubled_or_out_of_order() {
    let folder = place("cases");
    let mut all = Tally::default();
    for seed in 0..CASES {
        all += case(seed, &folder).unwrap_or_else(|finding| panic!("seed {seed}: {finding}"));
    }
    fs::remove_dir_all(&folder).expect("it is ours");
    assert!(all.balances() && all.declared > 0 && all.unpromised > 0, "{all:?}");
}

#[test]
fn a_log_cut_off_at_any_byte_starts_with_all_whole_messages_before_it() {
    let folder = place("cuts");
    assert!(cuts(&folder).expect("each goes well") > 300);
    fs::remove_dir_all(&folder).expect("it is ours");
}

#[test]
fn a_flipped_bit_anywhere_costs_at_most_two_messages_which_are_declared() {
    let folder = place("flips");
    assert!(flips(&folder, 3).expect("each goes well") > 800);
    fs::remove_dir_all(&folder).expect("it is ours");
}
