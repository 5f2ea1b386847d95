//! A spool that is killed: all that was handed back is there, in its order and whole.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use store::{Event, Quota, Spool, SpoolOptions, Write};

use super::{Rig, acked, add_hub};
use crate::model::seed;
use crate::random::Random;
use crate::rig::{PUMP, device, numbered};

/// Set for the process that is to be killed: its state folder.
const VICTIM: &str = "GLASSLINE_SPOOL_VICTIM";

/// Writes until it is killed, with as much in flight as a device's window allows, and says on standard error which cursors are
/// durable. A hub follows some way behind. Does nothing in an ordinary run of the tests.
#[test]
fn victim() {
    let Some(dir) = std::env::var_os(VICTIM) else { return };
    let (durable, from) = std::sync::mpsc::channel();
    let (spool, _) = Spool::open(Path::new(&dir), SpoolOptions::default(), move |event| {
        let Event::Commit(commit) = event else { return };
        commit.result.unwrap();
        if let Some(Write::Message(message)) = commit.writes.last() {
            writeln!(std::io::stderr(), "durable {}", message.cursor).unwrap();
        }
        durable.send(commit.writes.len()).unwrap();
    })
    .unwrap();
    spool.submit(device(PUMP, "pump-1"));
    spool.submit(add_hub("a", 1, Quota { bytes: 100_000, ms: u64::MAX }));
    let mut in_flight = 2;
    for cursor in 1.. {
        spool.submit(numbered(cursor, "t1-1", cursor, &[("flow", &cursor.to_string()), ("level", "2")]));
        in_flight += 1;
        if cursor % 50 == 0 {
            spool.submit(acked("a", cursor.saturating_sub(500)));
            in_flight += 1;
        }
        if in_flight >= 64 {
            // Also how this ends when the one who kills is gone.
            in_flight -= from.recv().unwrap();
        }
    }
}

#[test]
fn what_was_handed_back_survives_a_kill_whole_and_without_holes() {
    let dir = tempfile::tempdir().unwrap();
    for killed_after in [1, 10, 60] {
        let state = dir.path().join(killed_after.to_string());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "spool::crash::victim", "--nocapture"])
            .env(VICTIM, &state)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let durable: u64 = lines
            .filter_map(|line| line.unwrap().strip_prefix("durable ").map(|cursor| cursor.parse().unwrap()))
            .nth(killed_after - 1)
            .unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let rig = Rig::open(&state);
        assert_whole(&rig, durable);
        assert_eq!(rig.spooled.tags.rows().len(), 2);
    }
}

/// One entry for each cursor, at the place of the same number, and where the device stands is behind the last.
fn assert_whole(rig: &Rig, durable: u64) {
    let head = rig.spooled.held.head;
    assert!(head >= durable, "{durable} were durable, {head} are there");
    let pump = rig.spooled.devices.first();
    assert_eq!(pump.map_or(0, |pump| pump.cursor), head);
    let position = pump.and_then(|pump| pump.position.as_ref());
    assert_eq!(position.map_or(0, |position| position.seq), head);
    let mut next = rig.spooled.held.oldest;
    for (place, entry) in rig.entries(0) {
        assert_eq!(place, next);
        assert!(entry.contains(&format!("\"t1-1 {place}\"")), "{entry}");
        next += 1;
    }
    assert_eq!(next, head + 1);
    // What is missing at the front is acked, or known to be dropped.
    if let Some(hub) = rig.spooled.hubs.first() {
        let dropped = hub.dropped.as_ref().map_or(0, |dropped| dropped.to);
        assert!(rig.spooled.held.oldest <= hub.acked.max(dropped) + 1);
    }
}

#[test]
fn a_write_ahead_log_that_ends_anywhere_leaves_the_spool_as_of_a_commit() {
    let dir = tempfile::tempdir().unwrap();
    let running = dir.path().join("running");
    let rig = Rig::quick(&running, u64::MAX);
    let log = running.join("spool.db-wal");
    let mut handed = Vec::new();
    rig.write([device(PUMP, "pump-1"), add_hub("a", 1, Quota { bytes: 3_000, ms: u64::MAX })]);
    for cursor in 1..=300 {
        rig.write([numbered(cursor, "t1-1", cursor, &[("flow", "1.50")])]);
        handed.push((cursor, std::fs::metadata(&log).unwrap().len()));
    }
    let begin = handed[0].1;
    let seed = seed();
    eprintln!("seed {seed}");
    let mut random = Random::new(seed);
    for cut in 0..20 {
        let copy = dir.path().join(format!("cut-{cut}"));
        std::fs::create_dir(&copy).unwrap();
        for name in ["spool.db", "spool.db-wal"] {
            std::fs::copy(running.join(name), copy.join(name)).unwrap();
        }
        let length = begin + random.below(handed[299].1 - begin);
        let file = std::fs::OpenOptions::new().write(true).open(copy.join("spool.db-wal")).unwrap();
        file.set_len(length).unwrap();
        let durable = handed.iter().rev().find(|(_, at)| *at <= length).map_or(0, |(cursor, _)| *cursor);
        assert_whole(&Rig::quick(&copy, u64::MAX), durable);
    }
}
