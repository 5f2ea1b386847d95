use std::io::{BufRead, BufReader, Write as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};

use store::{Durability, Event, Options, Store, Write};

use crate::rig::{PUMP, Rig, device, numbered};

/// Set for the process that is to be killed: its state folder.
const VICTIM: &str = "GLASSLINE_STORE_VICTIM";

/// Writes until it is killed, with as much in flight as a device's window allows, and says on standard error which
/// cursors are durable. Does nothing in an ordinary run of the tests.
#[test]
fn victim() {
    let Some(dir) = std::env::var_os(VICTIM) else { return };
    let (durable, acked) = std::sync::mpsc::channel();
    let (store, _) = Store::open(Path::new(&dir), Options::default(), move |event| {
        let Event::Commit(commit) = event else { return };
        commit.result.unwrap();
        if let Some(Write::Message(message)) = commit.writes.last() {
            writeln!(std::io::stderr(), "durable {}", message.cursor).unwrap();
        }
        durable.send(commit.writes.len()).unwrap();
    })
    .unwrap();
    store.submit(device(PUMP, "pump-1"));
    let mut in_flight = 1;
    for cursor in 1.. {
        store.submit(numbered(cursor, "k7-1", cursor, &[("flow", &cursor.to_string()), ("level", "2")]));
        in_flight += 1;
        if in_flight == 64 {
            // Also how this ends when the one who kills is gone.
            in_flight -= acked.recv().unwrap();
        }
    }
}

#[test]
fn what_was_handed_back_survives_a_kill_whole_and_without_holes() {
    let dir = tempfile::tempdir().unwrap();
    for killed_after in [1, 5, 20] {
        let state = dir.path().join(killed_after.to_string());
        let durable = kill_after(&state, killed_after);
        let rig = Rig::open(&state);
        let pump = rig.pump();
        assert!(pump.cursor >= durable, "{durable} were durable, {} are there", pump.cursor);
        assert_eq!(pump.received, pump.cursor);
        assert_eq!(pump.position.as_ref().map(|position| position.seq), Some(pump.cursor));
        for channel in ["flow", "level"] {
            let mut next = 1;
            let mut each = |sample: store::SampleRow| {
                assert_eq!(sample.position.map(|position| position.seq), Some(next));
                next += 1;
                ControlFlow::Continue(())
            };
            rig.store.reader().samples(PUMP, channel, 0, i64::MAX, &mut each).unwrap();
            assert_eq!(next, pump.cursor + 1);
        }
    }
}

/// Runs the victim until it has said `commits` times that something is durable; the last cursor that it named.
fn kill_after(state: &Path, commits: usize) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::victim", "--nocapture"])
        .env(VICTIM, state)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let durable = lines
        .filter_map(|line| line.unwrap().strip_prefix("durable ").map(|cursor| cursor.parse().unwrap()))
        .nth(commits - 1)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    durable
}

/// The files as they are now: what a crash would leave.
fn copy_as_it_is(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for name in ["glassline.db", "glassline.db-wal"] {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

#[test]
fn after_a_crash_the_log_has_a_new_name_only_if_something_can_be_missing() {
    let dir = tempfile::tempdir().unwrap();
    for (durability, may_miss) in
        [(Durability::Disk, false), (Durability::Lazy, true), (Durability::Memory, true)]
    {
        let state = dir.path().join(durability.name());
        let crashed = dir.path().join(format!("{}-crashed", durability.name()));
        let rig = Rig::open_with(&state, durability).unwrap();
        rig.write([device(PUMP, "pump-1")]);
        copy_as_it_is(&state, &crashed);
        let after = Rig::open(&crashed).loaded;
        assert_eq!(after.devices.len(), 1);
        assert_eq!(after.log != rig.loaded.log, may_miss, "{}", durability.name());
        // It was noticed once; from then on it is the log's name.
        assert_eq!(Rig::open(&crashed).loaded.log, after.log);
    }
}
