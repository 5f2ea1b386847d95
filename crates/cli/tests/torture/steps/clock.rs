//! Clocks that jump: the hub's wall clock goes forward and back by hours under load. Only the hub's: the machine's own
//! clock is left alone.

use super::{Outcome, Run};
use crate::fleet::Load;
use crate::scene::Scene;
use std::fs;
use std::path::Path;

/// What lies to a program about the time, and the package that brings it.
#[cfg(target_arch = "x86_64")]
pub(super) const LIBRARIES: &[(&str, &str)] =
    &[("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "libfaketime")];
#[cfg(not(target_arch = "x86_64"))]
pub(super) const LIBRARIES: &[(&str, &str)] =
    &[("/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1", "libfaketime")];

/// Seconds by which it jumps at most, either way.
const JUMP_SECONDS: u64 = 100_000;
/// Seconds by which it must be behind for a device's time to be beyond belief.
const UNBELIEVABLE_SECONDS: u64 = 90;

/// The clock jumps, and does not stay where it is either.
pub(super) fn jumps(mut run: Run) -> Outcome {
    let times = run.times(1, 30);
    let home = tempfile::tempdir().expect("a folder");
    let clock = home.path().join("clock");
    set(&clock, "+0");
    let (library, _) = LIBRARIES[0];
    let (preload, file) =
        (format!("LD_PRELOAD={library}"), format!("FAKETIME_TIMESTAMP_FILE={}", clock.display()));
    // The monotonic clock does not jump, on any machine.
    let under = ["env", &preload, &file, "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"];
    let scene = Scene::begin_in(home, Load { devices: 12, rate: 50.0, heartbeat: 2 }, &under);
    for jump in 1..=times {
        scene.wire.passes(run.dice.between(50, 500));
        let sign = if run.dice.between(0, 1) == 0 { '+' } else { '-' };
        set(&clock, &format!("{sign}{}", run.dice.between(0, JUMP_SECONDS)));
        if jump == times {
            // So that it is known to have jumped at all.
            set(&clock, &format!("-{}", run.dice.between(UNBELIEVABLE_SECONDS, JUMP_SECONDS)));
            scene.clock_is_wrong();
        }
    }
    set(&clock, "+0");
    scene.wire.passes(run.dice.between(50, 500));
    Outcome {
        done: format!("{times} jumps of the hub's clock, up to {JUMP_SECONDS} s"),
        verdict: scene.end(),
    }
}

/// Written beside and renamed: the hub reads it at any moment.
fn set(clock: &Path, offset: &str) {
    let new = clock.with_extension("new");
    fs::write(&new, offset).and_then(|()| fs::rename(&new, clock)).expect("the folder is ours");
}
