//! Several hubs on one spool (rule U3): each with its own place and quota, and what is dropped for one is kept in mind.

use protocol::uplink::message::Lost;
use protocol::uplink::tags::Held;
use store::{CommitError, DeviceKey, Quota, SpoolEvent, SpoolWrite, limits};

use super::{Rig, acked, add_hub, change};
use crate::rig::{PUMP, device, gap, numbered, unnumbered};

/// The pump's messages with these cursors, each in a row of its own.
fn say(rig: &Rig, cursors: std::ops::RangeInclusive<u64>) {
    for cursor in cursors {
        rig.write([numbered(cursor, "t1-1", cursor, &[("flow", "1")])]);
    }
}

/// What one of them takes, bytes.
fn row(rig: &Rig) -> u64 {
    let head = rig.spool.held().head;
    rig.spool.behind(head - 1).unwrap().bytes
}

#[test]
fn an_entry_leaves_when_every_hub_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path());
    rig.write([device(PUMP, "pump-1")]);
    say(&rig, 1..=3);
    rig.settle();
    assert_eq!(rig.spool.held().oldest, 1, "without a hub nothing leaves");
    rig.write([add_hub("a", 1, Quota::NONE), add_hub("b", 3, Quota::NONE)]);
    say(&rig, 4..=10);
    rig.write([acked("a", 8), acked("b", 4), acked("nobody", 10)]);
    rig.settle();
    assert_eq!(rig.spool.held(), Held { oldest: 5, head: 10 });
    assert_eq!(rig.entries(0)[0].0, 5);
    // A hub that was restored has less: what is still there stays for it.
    rig.write([acked("b", 2), acked("a", 10)]);
    rig.settle();
    assert_eq!(rig.spool.held().oldest, 5);
    drop(rig);
    let rig = Rig::open(dir.path());
    let places: Vec<_> = rig.spooled.hubs.iter().map(|hub| (&*hub.name, hub.begin, hub.acked)).collect();
    assert_eq!(places, [("a", 1, 10), ("b", 3, 2)]);
    rig.write([change(SpoolWrite::RemoveHub { name: "b".into() })]);
    rig.settle();
    assert_eq!(rig.spool.held(), Held { oldest: 11, head: 10 });
    assert_eq!(rig.spool.bytes().0, 0);
    say(&rig, 11..=12);
    assert_eq!(rig.entries(0).iter().map(|(place, _)| *place).collect::<Vec<_>>(), [11, 12]);
}

#[test]
fn settings_of_a_hub_change_and_its_place_stays() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path());
    rig.write([device(PUMP, "pump-1"), add_hub("a", 1, Quota::NONE)]);
    say(&rig, 1..=5);
    rig.write([acked("a", 3), add_hub("a", 99, Quota { bytes: 7_000, ms: 5 })]);
    let hub = rig.hub("a");
    assert_eq!((hub.begin, hub.acked, hub.quota), (1, 3, Quota { bytes: 7_000, ms: 5 }));
}

#[test]
fn u3_what_is_beyond_a_quota_is_dropped_for_that_hub_alone_and_kept_in_mind() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path());
    rig.write([device(PUMP, "pump-1"), add_hub("slow", 1, Quota::NONE)]);
    say(&rig, 1..=2);
    let bytes = row(&rig) * 4;
    rig.write([add_hub("small", 1, Quota { bytes, ms: u64::MAX })]);
    say(&rig, 3..=4);
    assert!(rig.told.borrow().is_empty());
    rig.write([gap(5, "t1-1", 5, 9, 5_000)]);
    for cursor in 6..=9 {
        rig.write([unnumbered(cursor, cursor as i64, &[("flow", "1.50")])]);
    }
    rig.settle();
    let dropped = rig.hub("small").dropped.unwrap();
    assert!(dropped.to >= 5 && dropped.to < 9, "{dropped:?}");
    let device = || protocol::id::DeviceId::parse("pump-1").unwrap();
    let session = protocol::id::SessionId::parse("t1-1");
    let mut lost = vec![Lost { device: device(), session, from: 1, to: 9 }];
    if dropped.to > 5 {
        lost.insert(0, Lost { device: device(), session: None, from: 1, to: dropped.to - 5 });
    }
    assert_eq!((&dropped.lost, dropped.unlisted), (&lost, 0));
    let told = SpoolEvent::Dropped { hub: "small".into(), dropped: dropped.clone() };
    assert_eq!(rig.told.borrow().last(), Some(&told));
    assert_eq!(rig.entries(0).len(), 9, "the other one still gets all of it");
    assert_eq!(rig.spool.losses(0, dropped.to).unwrap(), lost);
    drop(rig);
    let rig = Rig::open(dir.path());
    assert_eq!(rig.spooled.hubs[1].dropped, Some(dropped.clone()), "a crash does not forget it");
    assert_eq!(rig.spooled.hubs[1].lost, 9 + dropped.to - 5);
    // Told in part, told, and gone.
    rig.write([acked("small", dropped.to - 1)]);
    assert!(rig.hub("small").dropped.is_some());
    rig.write([acked("small", dropped.to), acked("slow", 9)]);
    rig.settle();
    assert_eq!(rig.hub("small").dropped, None);
    assert_eq!(rig.spool.held().oldest, dropped.to + 1);
    drop(rig);
    assert_eq!(Rig::open(dir.path()).spooled.hubs[1].dropped, None);
}

#[test]
fn u3_a_quota_by_age_counts_from_the_time_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::open(dir.path());
    rig.write([device(PUMP, "pump-1"), add_hub("a", 1, Quota { bytes: u64::MAX, ms: 10_000 })]);
    let many = 3 * limits::SPOOL_CHORE_ROWS_MAX as u64;
    // Received at 1000 times the cursor.
    say(&rig, 1..=many);
    rig.settle();
    assert_eq!(rig.hub("a").dropped, None, "nobody said how late it is");
    rig.write([change(SpoolWrite::Now { at: (many as i64 - 10) * 1000 + 10_000 })]);
    rig.settle();
    let dropped = rig.hub("a").dropped.unwrap();
    assert_eq!((dropped.to, rig.spool.held().oldest), (many - 11, many - 10));
    assert_eq!((dropped.lost[0].from, dropped.lost[0].to), (1, many - 11));
}

#[test]
fn more_devices_than_the_list_of_losses_has_room_for_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::quick(dir.path(), u64::MAX);
    let count = limits::SPOOL_LOST_MAX as u64 + 5;
    rig.write((1..=count).map(|key| device(DeviceKey(key), &format!("d-{key}"))));
    rig.write([add_hub("a", 1, Quota { bytes: 0, ms: u64::MAX })]);
    rig.write((1..=count).map(|key| {
        let store::Write::Message(message) = numbered(1, "t1-1", 4, &[]) else { panic!() };
        store::Write::Message(store::Message { device: DeviceKey(key), ..message })
    }));
    rig.settle();
    let hub = rig.hub("a");
    let dropped = hub.dropped.unwrap();
    assert_eq!((dropped.lost.len(), dropped.unlisted, hub.lost), (limits::SPOOL_LOST_MAX, 5, count));
    assert_eq!(rig.spool.held().oldest, count + 1);
}

#[test]
fn u3_a_full_spool_says_so_refuses_what_is_far_beyond_and_says_when_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let bytes_max = 20_000;
    let rig = Rig::quick(dir.path(), bytes_max);
    rig.write([device(PUMP, "pump-1"), add_hub("a", 1, Quota::NONE)]);
    let mut cursor = 0;
    let refused = loop {
        cursor += 1;
        let commit = rig.submit([numbered(cursor, "t1-1", cursor, &[("flow", "1")])]).remove(0);
        if let Err(error) = commit.result {
            break error;
        }
    };
    assert!(matches!(refused, CommitError::Full));
    assert_eq!(*rig.told.borrow(), [SpoolEvent::Full]);
    let (used, max) = rig.spool.bytes();
    assert!((max..max + max / 8).contains(&used) && max == bytes_max, "{used}");
    // Everything else still finds room.
    rig.write([store::Write::CommandCounter { device: PUMP, next: 7 }, acked("a", cursor / 2)]);
    rig.settle();
    assert_eq!(*rig.told.borrow(), [SpoolEvent::Full, SpoolEvent::Room]);
    rig.write([numbered(cursor, "t1-1", cursor, &[("flow", "1")])]);
}
