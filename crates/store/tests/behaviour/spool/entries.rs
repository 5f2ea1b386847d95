//! Entries, tags and devices: what was written is found again, in its order, under numbers that were never given before.

use protocol::uplink::tags::Held;
use store::{CommitError, DeviceKey, Position, SpoolWrite, TokenHash, Write};

use super::{Rig, acked, add_hub, change};
use crate::rig::{PUMP, device, gap, late, numbered, unnumbered};

#[test]
fn what_devices_said_is_read_in_its_order_as_they_said_it() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path());
    let Write::Message(mut wrong) = unnumbered(3, 3000, &[("flow", "\"\u{1f321}\"")]) else { panic!() };
    wrong.samples[0].device_ts = Some(-7);
    rig.write([
        device(PUMP, "pump-1"),
        device(DeviceKey(2), "pump-2"),
        numbered(1, "t1-1", 1, &[("flow", "21.50"), ("level", "1e400")]),
        late(2, 900, &[("flow", "-0")]),
        Write::Message(wrong),
        gap(4, "t1-1", 2, 9, 4000),
        Write::Describe { device: PUMP, describe: "{\"flow\":{}}".into() },
        numbered(5, "t1-1", 10, &[]),
    ]);
    let expected = [
        "pump-1 1000 Some(\"t1-1 1\") None [\"flow=21.50\", \"level=1e400\"]",
        "pump-1 900 None None [\"flow=-0\"]",
        "pump-1 3000 None Some(-7) [\"flow=\\\"\u{1f321}\\\"\"]",
        "pump-1 4000 gap t1-1 2-9 overflow true",
        "pump-1 4000 describe {\"flow\":{}}",
        "pump-1 5000 Some(\"t1-1 10\") None []",
    ];
    let expected: Vec<_> = (1..).zip(expected.map(str::to_owned)).collect();
    let found = rig.entries(0);
    // When a description came is known only roughly.
    let plain = |list: &[(u64, String)]| {
        let mut list = list.to_vec();
        list[4].1 = list[4].1.replace("5000 describe", "4000 describe");
        list
    };
    assert_eq!(plain(&found), expected);
    assert_eq!(rig.spool.held(), Held { oldest: 1, head: 6 });
    assert_eq!(rig.spool.behind(4).unwrap().entries, 2);
    drop(rig);
    let rig = Rig::open(dir.path());
    assert_eq!(plain(&rig.entries(0)), expected);
    assert_eq!(rig.spooled.held, Held { oldest: 1, head: 6 });
    let pump = &rig.spooled.devices[0];
    assert_eq!(
        (pump.cursor, pump.received, pump.gaps.len()),
        (5, 5, 0),
        "its books add up, also behind a gap"
    );
}

#[test]
fn where_devices_stand_is_found_again_and_numbers_are_not_given_twice() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path());
    let first_tag = rig.spooled.tag.to_string();
    let gone = DeviceKey(2);
    rig.write([
        device(PUMP, "pump-1"),
        device(gone, "gone"),
        Write::Session { device: PUMP, counter: 3, tag: (&*first_tag).into() },
        Write::CommandCounter { device: PUMP, next: 17 },
        Write::DeviceToken { device: PUMP, token: Some(TokenHash([1; 32])), previous: None, confirmed: true },
        numbered(1, "t1-3", 41, &[("flow", "1")]),
        change(SpoolWrite::Learned { device: PUMP, hash: Some(TokenHash([2; 32])), at: 70 }),
        change(SpoolWrite::Learned { device: gone, hash: Some(TokenHash([2; 32])), at: 70 }),
        Write::RemoveDevice { device: gone },
    ]);
    let stray = change(SpoolWrite::Learned { device: DeviceKey(9), hash: None, at: 0 });
    assert!(matches!(rig.submit([stray])[0].result, Err(CommitError::UnknownDevice(DeviceKey(9)))));
    let wrong = rig.submit([numbered(3, "t1-3", 43, &[])]).remove(0);
    assert!(matches!(wrong.result, Err(CommitError::NotNext { stored: 1, got: 3, .. })));
    drop(rig);
    let rig = Rig::open(dir.path());
    let [pump] = &rig.spooled.devices[..] else { panic!("one is there") };
    assert_eq!((pump.cursor, pump.next_session, pump.next_command, pump.confirmed), (1, 4, 17, true));
    assert_eq!(pump.position, Some(Position { session: "t1-3".into(), seq: 41 }));
    assert_eq!(rig.spooled.learned.len(), 1);
    assert_eq!(rig.spooled.learned[&PUMP], (TokenHash([2; 32]), 70));
    assert_eq!((rig.spooled.next_key, &rig.spooled.earlier), (3, &vec![first_tag]));
    // Nobody has confirmed it for a month.
    rig.write([change(SpoolWrite::Now { at: 71 + store::limits::SPOOL_LEARNED_MS })]);
    drop(rig);
    assert!(Rig::open(dir.path()).spooled.learned.is_empty());
}

#[test]
fn u2_each_start_has_a_tag_of_its_own_that_is_there_before_anything_is_written_under_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut tags = Vec::new();
    for start in 0..4 {
        let rig = Rig::open(dir.path());
        assert!(!tags.contains(&rig.spooled.tag));
        tags.push(rig.spooled.tag.clone());
        let known: Vec<_> = rig.spooled.tags.rows().iter().map(|row| row.tag.clone()).collect();
        assert_eq!(known, tags, "whether or not anything was written under it");
        if start == 1 {
            rig.write([device(PUMP, "pump-1"), unnumbered(1, 5, &[]), unnumbered(2, 6, &[])]);
        }
        if start == 2 {
            let raise = |tag: &std::sync::Arc<str>| SpoolWrite::RaiseEnd { tag: tag.clone(), number: 9 };
            rig.write([change(raise(&tags[1])), change(raise(&tags[2])), change(raise(&"other".into()))]);
        }
    }
    let rows = Rig::open(dir.path()).spooled.tags.rows().to_vec();
    let ends: Vec<_> = rows.iter().map(|row| (row.first, row.end)).collect();
    assert_eq!(ends, [(1, 0), (1, 9), (3, 0), (3, 0), (3, 0)], "an earlier one is raised, and no other");
}

#[test]
fn a_folder_is_held_by_one_spool_and_a_store_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path());
    assert!(matches!(
        Rig::open_with(dir.path(), Default::default()).map(|_| ()),
        Err(store::OpenError::InUse { .. })
    ));
    drop(rig);
    let store = crate::rig::Rig::open(dir.path());
    let refused = store.try_write(acked("hub", 1));
    assert!(matches!(refused.result, Err(CommitError::NoSpool)));
    let full =
        (0..=store::limits::SPOOL_HUBS_MAX).map(|hub| add_hub(&hub.to_string(), 1, store::Quota::NONE));
    store.store.close();
    let rig = Rig::open(dir.path());
    let last = rig.submit(full).pop().unwrap();
    assert!(matches!(last.result, Err(CommitError::TooManyHubs)));
}
