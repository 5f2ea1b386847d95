use std::io::{BufRead, BufReader, Write as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};

use store::{Durability, Event, Options, Store, Submitted, Write, limits};

use crate::rig::{PUMP, Rig, command, device, numbered};

/// Set for the process that is to be killed: its state folder.
const VICTIM: &str = "GLASSLINE_STORE_VICTIM";

/// The same for [`hasty_victim`].
const HASTY_VICTIM: &str = "GLASSLINE_STORE_HASTY_VICTIM";

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
        let durable = kill_after(&state, killed_after, ("crash::victim", VICTIM));
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
fn kill_after(state: &Path, commits: usize, (victim, variable): (&str, &str)) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", victim, "--nocapture"])
        .env(variable, state)
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

/// The same as [`victim`], where what is done counts before it is written: says now and then what a read has seen.
#[test]
fn hasty_victim() {
    let Some(dir) = std::env::var_os(HASTY_VICTIM) else { return };
    let options = Options { durability: Durability::Memory, ..Options::default() };
    let (store, _) = Store::open(Path::new(&dir), options, |_| {}).unwrap();
    store.submit(device(PUMP, "pump-1"));
    for cursor in 1.. {
        let write = numbered(cursor, "k7-1", cursor, &[("flow", &cursor.to_string()), ("level", "2")]);
        let _ = store.take_over(write);
        if cursor % 1000 == 0 {
            let newest = store.reader().messages(PUMP, cursor - 1, 1).unwrap();
            assert_eq!(newest.last().map(|entry| entry.cursor), Some(cursor), "a read finds all that counts");
            writeln!(std::io::stderr(), "durable {cursor}").unwrap();
        }
    }
}

#[test]
fn a_kill_takes_what_counted_last_only_and_leaves_a_log_without_holes_that_knows_of_it() {
    let dir = tempfile::tempdir().unwrap();
    for killed_after in [1, 4] {
        let state = dir.path().join(killed_after.to_string());
        let durable = kill_after(&state, killed_after, ("crash::hasty_victim", HASTY_VICTIM));
        let rig = Rig::open_with(&state, Durability::Memory).unwrap();
        let pump = rig.pump();
        assert!(pump.cursor >= durable, "{durable} were read, {} are there", pump.cursor);
        assert_eq!(pump.received, pump.cursor);
        assert_eq!(pump.position.as_ref().map(|position| position.seq), Some(pump.cursor));
        assert_eq!(
            pump.next_session, 2,
            "the session that something is stored of is the last that was given"
        );
        assert!(pump.next_command > u64::from(limits::RESTORE_SKIPS_COMMANDS), "no number is given twice");
    }
}

#[test]
fn what_was_done_early_and_not_reported_is_there_after_a_close() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open_with(dir.path(), Durability::Memory).unwrap();
    rig.write([device(PUMP, "pump-1")]);
    for cursor in 1..=100 {
        let write = numbered(cursor, "k7-1", cursor, &[("flow", "1")]);
        assert_eq!(rig.store.take_over(write), Submitted::Done);
    }
    rig.store.close();
    assert!(rig.commits.try_recv().is_err(), "nobody was told a second time");
    let again = Rig::open_with(dir.path(), Durability::Memory).unwrap();
    assert_eq!((again.pump().cursor, &again.loaded.log), (100, &rig.loaded.log));
    assert_eq!(again.pump().next_command, 1, "nothing can be missing");
}

#[test]
fn after_a_crash_an_empty_session_counts_as_not_given_and_unfinished_commands_are_unknown() {
    let dir = tempfile::tempdir().unwrap();
    let (state, crashed) = (dir.path().join("state"), dir.path().join("crashed"));
    let rig = Rig::open_with(&state, Durability::Memory).unwrap();
    rig.write([
        device(PUMP, "pump-1"),
        Write::Session { device: PUMP, counter: 7, tag: "k7".into() },
        numbered(1, "k7-7", 1, &[("flow", "1")]),
        Write::Session { device: PUMP, counter: 8, tag: "k7".into() },
        Write::Session { device: PUMP, counter: 9, tag: "k7".into() },
        Write::Command(command("ada", "c1", "sent")),
        Write::Command(command("ada", "c2", "done")),
    ]);
    copy_as_it_is(&state, &crashed);
    let after = Rig::open_with(&crashed, Durability::Memory).unwrap();
    assert_eq!(after.pump().next_session, 8, "what is said to have been taken over in k7-9 is lost");
    assert!(after.loaded.unfinished.is_empty());
    let states = |row: &store::CommandRow| row.state.to_string();
    let mut commands: Vec<String> =
        after.store.reader().commands(PUMP, 10).unwrap().iter().map(states).collect();
    commands.sort();
    assert_eq!(commands, ["done", "unknown"]);
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
