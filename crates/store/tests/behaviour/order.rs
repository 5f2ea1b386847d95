use std::sync::mpsc;

use store::{Commit, CommitError, DeviceKey, Event, Options, Store, Write};

use crate::rig::{PUMP, Rig, device, gap, numbered, unnumbered};

#[test]
fn writes_come_back_in_the_order_of_their_submission() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    let count = 20_000;
    for cursor in 1..=count {
        rig.store.submit(unnumbered(cursor, 5, &[("flow", "1")]));
    }
    let mut next = 1;
    while next <= count {
        let commit = rig.commits.recv().unwrap();
        commit.result.unwrap();
        assert!(commit.writes.len() <= store::limits::BATCH_WRITES_MAX);
        for write in commit.writes {
            let Write::Message(message) = write else { panic!("only messages were submitted") };
            assert_eq!(message.cursor, next);
            next += 1;
        }
    }
}

#[test]
fn what_gathers_while_a_commit_is_handed_back_is_one_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let (committed, commits) = mpsc::channel::<Commit>();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let (store, _) = Store::open(dir.path(), Options::default(), move |event| {
        let Event::Commit(commit) = event else { return };
        committed.send(commit).unwrap();
        // The writer is busy until the test says so.
        may_go_on.recv().unwrap();
    })
    .unwrap();
    store.submit(device(PUMP, "pump-1"));
    assert_eq!(commits.recv().unwrap().writes.len(), 1);
    for cursor in 1..=50 {
        store.submit(unnumbered(cursor, 5, &[("flow", "1")]));
    }
    go_on.send(()).unwrap();
    assert_eq!(commits.recv().unwrap().writes.len(), 50);
    go_on.send(()).unwrap();
}

#[test]
fn closing_commits_what_was_submitted() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    for cursor in 1..=1000 {
        rig.store.submit(unnumbered(cursor, 5, &[("flow", "1")]));
    }
    rig.store.close();
    let handed_back: usize = rig.commits.try_iter().map(|commit| commit.writes.len()).sum();
    assert_eq!(handed_back, 1000);
    assert_eq!(Rig::open(dir.path()).pump().cursor, 1000);
}

#[test]
fn a_store_may_be_dropped_by_its_own_commit() {
    let dir = tempfile::tempdir().unwrap();
    let (give, take) = mpsc::channel::<Store>();
    let (ended, end) = mpsc::channel::<()>();
    let (store, _) = Store::open(dir.path(), Options::default(), move |_| {
        drop(take.recv().unwrap());
        ended.send(()).unwrap();
    })
    .unwrap();
    store.submit(device(PUMP, "pump-1"));
    give.send(store).unwrap();
    end.recv().unwrap();
}

#[test]
fn what_does_not_follow_is_refused_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    rig.write([numbered(1, "k7-1", 1, &[("flow", "1")])]);
    for wrong in [
        numbered(3, "k7-1", 3, &[("flow", "3")]),
        numbered(1, "k7-1", 1, &[("flow", "1")]),
        gap(3, "k7-1", 2, 2, 5),
    ] {
        let commit = rig.try_write(wrong.clone());
        assert_eq!(commit.writes, [wrong]);
        assert!(matches!(commit.result, Err(CommitError::NotNext { device: PUMP, stored: 1, .. })));
    }
    rig.write([numbered(2, "k7-1", 2, &[("flow", "2")])]);
    drop(rig);
    let rig = Rig::open(dir.path());
    assert_eq!((rig.pump().cursor, rig.pump().received, rig.pump().gaps.len()), (2, 2, 0));
    assert_eq!(rig.pump().position.as_ref().map(|position| position.seq), Some(2));
}

#[test]
fn devices_that_never_were_or_already_are_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    let unknown = Write::Describe { device: DeviceKey(9), describe: "{}".into() };
    assert!(matches!(rig.try_write(unknown).result, Err(CommitError::UnknownDevice(DeviceKey(9)))));
    for taken in [device(DeviceKey(2), "pump-1"), device(PUMP, "pump-2")] {
        assert!(matches!(rig.try_write(taken).result, Err(CommitError::DeviceTaken { .. })));
    }
    rig.write([device(DeviceKey(2), "pump-2")]);
}

#[test]
fn several_threads_submit_and_each_keeps_its_order() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path());
    let keys = 1..=4;
    rig.write(keys.clone().map(|key| device(DeviceKey(key), &format!("pump-{key}"))));
    std::thread::scope(|scope| {
        for key in keys.clone() {
            let store = &rig.store;
            scope.spawn(move || {
                for cursor in 1..=500 {
                    let Write::Message(message) = unnumbered(cursor, 5, &[("flow", "1")]) else { continue };
                    store.submit(Write::Message(store::Message { device: DeviceKey(key), ..message }));
                }
            });
        }
    });
    rig.store.close();
    assert!(rig.commits.try_iter().all(|commit| commit.result.is_ok()));
    let loaded = Rig::open(dir.path()).loaded;
    assert!(loaded.devices.iter().all(|device| device.cursor == 500 && device.received == 500));
}

#[test]
fn what_found_no_room_comes_back_behind_what_its_device_had_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let (told, events) = mpsc::channel::<Commit>();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let (store, _) = Store::open(dir.path(), Options::default(), move |event| {
        let Event::Commit(commit) = event else { return };
        // Nobody listens any longer when the test is over.
        let _ = told.send(commit);
        let _ = may_go_on.recv();
    })
    .unwrap();
    store.submit(device(PUMP, "pump-1"));
    assert_eq!(events.recv().unwrap().writes.len(), 1);
    // The writer is busy: all of this waits, and fills the queue. The heavy ones go nowhere.
    store.submit(device(DeviceKey(2), "gone"));
    store.submit(Write::RemoveDevice { device: DeviceKey(2) });
    store.submit(unnumbered(1, 5, &[("flow", "1")]));
    let Write::Message(mut heavy) = unnumbered(1, 5, &[("flow", "1")]) else { panic!("it is a message") };
    heavy.device = DeviceKey(2);
    heavy.samples[0].value = "x".repeat(1024 * 1024).into();
    (0..=store::limits::QUEUE_BYTES_MAX >> 20).for_each(|_| store.submit(Write::Message(heavy.clone())));
    let last = unnumbered(2, 5, &[("flow", &"x".repeat(1024 * 1024))]);
    store.submit(last.clone());
    drop(go_on);
    let first = events.recv().unwrap();
    first.result.unwrap();
    assert!(first.writes.contains(&unnumbered(1, 5, &[("flow", "1")])));
    let refused = events.recv().unwrap();
    assert!(matches!(refused.result, Err(CommitError::Full)));
    assert_eq!(refused.writes.last(), Some(&last));
}
