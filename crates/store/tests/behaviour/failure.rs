use rusqlite::Connection;
use store::{CommitError, DeviceKey, Message, Write};

use crate::rig::{PUMP, Rig, device, message, numbered};

/// Makes SQLite refuse whatever has a sample with the value `"poison"`: nothing that passes, unlike a full disk.
fn poison(dir: &std::path::Path) {
    let connection = Connection::open(dir.join("glassline.db")).unwrap();
    connection
        .execute_batch(
            r#"CREATE TRIGGER poison BEFORE INSERT ON journal WHEN instr(NEW.content, CAST('"poison"' AS BLOB))
               BEGIN SELECT RAISE(ABORT, 'no room'); END"#,
        )
        .unwrap();
}

#[test]
fn h5_a_failed_commit_hands_its_writes_back_and_leaves_nothing_half_written() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    rig.write([numbered(1, "k7-1", 1, &[("flow", "1")])]);
    poison(dir.path());
    let bad = numbered(2, "k7-2", 7, &[("new", "5"), ("flow", "2"), ("flow", "\"poison\"")]);
    let commit = rig.try_write(bad.clone());
    assert_eq!(commit.writes, [bad]);
    let Err(CommitError::Failed(fault)) = commit.result else { panic!("it cannot have been written") };
    assert!(fault.to_string().contains("no room"), "{fault}");
    rig.store.close();

    let rig = Rig::open(dir.path());
    let pump = rig.pump();
    assert_eq!((pump.cursor, pump.received, pump.channels.len()), (1, 1, 1));
    assert_eq!(pump.position.as_ref().map(|position| position.seq), Some(1));
    assert_eq!(pump.channels[0].latest.as_ref().map(|latest| &*latest.value), Some("1"));
}

#[test]
fn after_a_failed_commit_the_store_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    poison(dir.path());
    for _ in 0..3 {
        let commit = rig.try_write(numbered(1, "k7-1", 1, &[("flow", "\"poison\"")]));
        assert!(matches!(commit.result, Err(CommitError::Failed(_))));
    }
    rig.write([numbered(1, "k7-1", 1, &[("flow", "1")]), numbered(2, "k7-1", 2, &[("flow", "2")])]);
    rig.store.close();
    assert_eq!(Rig::open(dir.path()).pump().cursor, 2);
}

#[test]
fn h5_what_follows_a_lost_message_is_refused_until_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    let other = DeviceKey(2);
    rig.write([device(other, "pump-2")]);
    poison(dir.path());
    assert!(rig.try_write(numbered(1, "k7-1", 1, &[("flow", "\"poison\"")])).result.is_err());
    // Its position would say that the first one was taken over.
    let next = rig.try_write(numbered(2, "k7-1", 2, &[("flow", "2")]));
    assert!(matches!(next.result, Err(CommitError::NotNext { device: PUMP, stored: 0, got: 2 })));
    rig.write([Write::Message(Message { device: other, ..message(1, 5, &[("flow", "1")]) })]);
}

#[test]
fn a_refused_write_does_not_take_its_neighbours_along() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    let strays = 20;
    for cursor in 1..=strays {
        rig.store.submit(numbered(cursor, "k7-1", cursor, &[("flow", "1")]));
        rig.store.submit(Write::Describe { device: DeviceKey(99), describe: "{}".into() });
    }
    rig.store.close();
    let commits: Vec<_> = rig.commits.try_iter().collect();
    let refused = commits.iter().filter(|commit| commit.result.is_err()).count();
    let written: usize =
        commits.iter().filter(|commit| commit.result.is_ok()).map(|commit| commit.writes.len()).sum();
    assert_eq!((refused, written), (strays as usize, strays as usize));
    assert_eq!(Rig::open(dir.path()).pump().cursor, strays);
}
