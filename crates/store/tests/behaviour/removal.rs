use std::ops::ControlFlow;

use rusqlite::Connection;
use store::{DeviceKey, Message, Write};

use crate::rig::{PUMP, Rig, command, device, gap, message, numbered, unnumbered};

const OTHER: DeviceKey = DeviceKey(2);

#[test]
fn removal_removes_all_of_a_device_and_nothing_of_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    rig.write([
        device(OTHER, "pump-2"),
        numbered(1, "k7-1", 1, &[("flow", "1"), ("level", "2")]),
        gap(2, "k7-1", 2, 3, 10),
        Write::Command(command("ada", "c1", "queued")),
        Write::Message(Message { device: OTHER, ..message(1, 10, &[("flow", "7")]) }),
        Write::RemoveDevice { device: PUMP },
    ]);
    let reader = rig.store.reader();
    let count = |device| {
        let mut count = 0;
        let mut each = |_| {
            count += 1;
            ControlFlow::Continue(())
        };
        reader.samples(device, "flow", 0, i64::MAX, &mut each).unwrap();
        count
    };
    assert_eq!((count(PUMP), count(OTHER)), (0, 1));
    assert!(reader.history(PUMP, "flow", 0, i64::MAX, 10).unwrap().gaps.is_empty());
    assert_eq!(reader.command(PUMP, Some("ada"), "c1").unwrap(), None);
    drop(rig);
    let loaded = Rig::open(dir.path()).loaded;
    assert_eq!(loaded.devices.iter().map(|device| device.key).collect::<Vec<_>>(), [OTHER]);
    assert!(loaded.unfinished.is_empty());
}

#[test]
fn an_id_is_free_at_once_and_begins_with_nothing() {
    let dir = tempfile::tempdir().unwrap();
    {
        let rig = Rig::with_pump(dir.path());
        rig.write([
            unnumbered(1, 10, &[("flow", "1")]),
            Write::RemoveDevice { device: PUMP },
            device(OTHER, "pump-1"),
            Write::Message(Message { device: OTHER, ..message(1, 20, &[("flow", "2")]) }),
        ]);
    }
    let rig = Rig::open(dir.path());
    let again = &rig.loaded.devices[0];
    assert_eq!((&*again.id, again.key, again.cursor, again.received), ("pump-1", OTHER, 1, 1));
}

#[test]
fn writes_for_a_removed_device_go_nowhere_and_hurt_nobody() {
    let dir = tempfile::tempdir().unwrap();
    {
        let rig = Rig::with_pump(dir.path());
        rig.write([Write::RemoveDevice { device: PUMP }]);
        rig.write([
            unnumbered(1, 10, &[("flow", "1")]),
            Write::Describe { device: PUMP, describe: "{}".into() },
            Write::Command(command("ada", "c1", "sent")),
            Write::RemoveDevice { device: PUMP },
        ]);
    }
    let rig = Rig::open(dir.path());
    assert!(rig.loaded.devices.is_empty() && rig.loaded.unfinished.is_empty());
}

#[test]
fn a_long_history_is_deleted_in_pieces_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let chunks = 3 * store::limits::SWEEP_CHUNKS_MAX as u64;
    let rig = Rig::with_pump(dir.path());
    let values = vec![("flow", "1"); store::limits::CHUNK_SAMPLES];
    rig.write((1..=chunks).map(|cursor| unnumbered(cursor, 10, &values)));
    rig.store.close();
    let rig = Rig::open(dir.path());
    rig.write([device(OTHER, "pump-2")]);
    rig.store.submit(Write::RemoveDevice { device: PUMP });
    // Closing does not wait until all is deleted.
    rig.store.close();
    let database = Connection::open(dir.path().join("glassline.db")).unwrap();
    let left = || {
        let sql = "SELECT (SELECT count(*) FROM chunk), (SELECT count(*) FROM channel)";
        database.query_row(sql, [], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?))).unwrap()
    };
    assert!(left().0 > store::limits::SWEEP_CHUNKS_MAX as u32);
    let rig = Rig::open(dir.path());
    // Each commit takes a piece along.
    while left() != (0, 0) {
        rig.write([Write::Describe { device: OTHER, describe: "{}".into() }]);
    }
}
