//! Rule H9 for a spool: what fails for the disk is kept, and committed when the disk is well again.

use std::path::Path;

use rusqlite::Connection;
use store::{Event, SpoolEvent, Write};

use super::{Rig, add_hub};
use crate::rig::{PUMP, device, numbered};

#[test]
fn h9_what_could_not_be_committed_is_kept_and_committed_after_recovery() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::quick(dir.path(), 1);
    rig.write([device(PUMP, "pump-1"), add_hub("a", 1, store::Quota::NONE)]);
    rig.write([numbered(1, "t1-1", 1, &[("flow", "1")])]);
    assert!(told_full(rig.events.recv().unwrap()));
    let locked = Connection::open(dir.path().join("spool.db")).unwrap();
    locked.execute_batch("BEGIN IMMEDIATE").unwrap();
    let counter = Write::CommandCounter { device: PUMP, next: 9 };
    rig.spool.submit(counter.clone());
    let Event::Failed { reason } = rig.events.recv().unwrap() else { panic!("it has to fail") };
    assert!(reason.contains("locked"), "{reason}");
    assert_eq!(rig.spool.read(0, 1).unwrap().len(), 1, "what is there can be read");
    drop(locked);
    let Event::Commit(commit) = rig.events.recv().unwrap() else { panic!("a commit was expected") };
    assert!(commit.result.is_ok() && commit.writes == [counter]);
    assert!(matches!(rig.events.recv().unwrap(), Event::Recovered));
    rig.write([super::acked("a", 1)]);
    rig.settle();
    assert_eq!(*rig.told.borrow(), [SpoolEvent::Room], "it had said that it was full before it failed");
    drop(rig);
    assert_eq!(Rig::open(dir.path()).spooled.devices[0].next_command, 9);
}

fn told_full(event: Event) -> bool {
    matches!(event, Event::Spool(SpoolEvent::Full))
}

#[test]
fn an_entry_that_something_has_damaged_is_lost_and_holds_up_no_hub() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path());
    rig.write([
        device(PUMP, "pump-1"),
        add_hub("a", 1, store::Quota::NONE),
        add_hub("b", 1, store::Quota::NONE),
    ]);
    for cursor in 1..=4 {
        rig.write([numbered(cursor, "t1-1", cursor, &[("flow", "1")])]);
    }
    let other = Connection::open(dir.path().join("spool.db")).unwrap();
    other.execute("UPDATE entry SET content = x'0500' WHERE last = 3", []).unwrap();
    rig.write([super::acked("a", 2)]);
    assert_eq!(rig.spool.read(0, 100_000).unwrap().len(), 2, "up to there");
    assert!(rig.spool.read(2, 100_000).unwrap().is_empty());
    rig.settle();
    let dropped = rig.hub("a").dropped.unwrap();
    assert_eq!((dropped.to, dropped.unlisted, rig.hub("a").lost), (3, 1, 1));
    assert_eq!(rig.hub("b").dropped, None, "it is not there yet");
    assert_eq!(rig.spool.read(3, 100_000).unwrap().len(), 1);
    assert!(matches!(&rig.told.borrow()[..], [SpoolEvent::Dropped { .. }]));
}

/// Set for the process whose disk is full: its state folder.
const CROWDED: &str = "GLASSLINE_SPOOL_CROWDED";

/// As the one in [`crate::recovery`]. Does nothing in an ordinary run of the tests.
#[test]
fn crowded() {
    let Some(dir) = std::env::var_os(CROWDED) else { return };
    let (spool, _) = store::Spool::open(Path::new(&dir), Default::default(), crate::recovery::say).unwrap();
    crate::recovery::write_what_is_asked(|write| spool.submit(write));
}

#[cfg(target_os = "linux")]
#[test]
fn h9_a_disk_that_was_full_for_a_while_costs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let written = crate::recovery::crowd("spool::recovery::crowded", CROWDED, dir.path());
    let rig = Rig::open(dir.path());
    assert!(rig.entries(0).iter().map(|(place, _)| *place).eq(1..=written));
    assert_eq!(rig.spooled.devices[0].cursor, written);
}
