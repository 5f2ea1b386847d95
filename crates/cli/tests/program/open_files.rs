//! The limit of open files: raised as far as it may be, said where it is too low, and shown.
#![cfg(target_os = "linux")]

use crate::rig::Hub;

/// The value of a metric.
fn metric(hub: &Hub, name: &str) -> u64 {
    let text = hub.get("/metrics").body;
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
}

#[test]
fn a_low_soft_limit_is_raised_and_a_low_hard_one_is_complained_of() {
    let home = || tempfile::tempdir().expect("a folder");
    let limited = |limits: &'static str| {
        let under = ["prlimit", limits];
        Hub::begin_under(&under, home(), &["serve"])
    };
    let hub = limited("--nofile=200:1500");
    assert_eq!(metric(&hub, "process_max_fds"), 1_500);
    let before = metric(&hub, "process_open_fds");
    assert!(
        before < 200,
        "before any device there are some for the hub itself, and for whoever asks: {before}"
    );
    let devices: Vec<_> = (0..300).map(|number| hub.plain(&format!("boiler-{number}"))).collect();
    let after = metric(&hub, "process_open_fds");
    assert!(after > devices.len() as u64, "each device is one: {before} before, {after} after");
    let (ended, _) = hub.stop("TERM");
    assert!(ended.complained.contains("this process may have 1500 files open"), "{}", ended.complained);
}
