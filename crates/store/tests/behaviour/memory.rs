//! The store without a disk: that it judges like the other one is shown in `model`.

use protocol::rule::{Rule, switch_off};
use store::{CommitError, DeviceKey, Entry, EntryContent, GapCount, Memory, Position, Write};

use crate::rig::{PUMP, command, device, gap, late, numbered, unnumbered};

fn with_pump() -> Memory {
    let mut memory = Memory::new();
    commit(&mut memory, [device(PUMP, "pump-1")]);
    memory
}

/// All of it is stored.
fn commit(memory: &mut Memory, writes: impl IntoIterator<Item = Write>) {
    let writes: Vec<Write> = writes.into_iter().collect();
    let commits = memory.commit(writes.clone());
    assert_eq!(commits.len(), 1);
    assert!(commits[0].result.is_ok());
    assert_eq!(commits[0].writes, writes);
}

fn seqs(memory: &Memory) -> Vec<(u64, Option<u64>)> {
    let seq = |entry: &Entry| match &entry.content {
        EntryContent::Message { position, .. } => position.as_ref().map(|position| position.seq),
        _ => None,
    };
    memory.entries(PUMP).iter().map(|entry| (entry.cursor, seq(entry))).collect()
}

#[test]
fn what_was_handed_back_survives_a_crash_with_its_position() {
    let mut memory = with_pump();
    commit(&mut memory, [numbered(1, "k7-1", 1, &[("flow", "1.50")]), numbered(2, "k7-1", 2, &[])]);
    commit(&mut memory, [gap(3, "k7-1", 3, 9, 50), Write::Command(command("ada", "c1", "queued"))]);
    memory.crash();
    let loaded = memory.loaded("m2");
    let pump = &loaded.devices[0];
    assert_eq!((pump.cursor, pump.received, loaded.issuer.as_str()), (3, 2, "m2"));
    assert_eq!(pump.position, Some(Position { session: "k7-1".into(), seq: 9 }));
    assert_eq!(pump.channels[0].latest.as_ref().map(|latest| &*latest.value), Some("1.50"));
    assert_eq!(seqs(&memory), [(1, Some(1)), (2, Some(2)), (3, None)]);
    assert_eq!(loaded.unfinished, memory.commands());
    // It goes on where it stood.
    commit(&mut memory, [numbered(4, "k7-1", 10, &[])]);
}

#[test]
fn what_is_refused_comes_back_apart_and_changes_nothing() {
    let mut memory = with_pump();
    let wrong = numbered(2, "k7-1", 2, &[("flow", "2")]);
    let right = numbered(1, "k7-1", 1, &[("flow", "1")]);
    let stray = Write::Describe { device: DeviceKey(9), describe: "{}".into() };
    let commits = memory.commit(vec![wrong.clone(), right.clone(), stray.clone()]);
    let writes: Vec<_> = commits.iter().map(|commit| commit.writes.as_slice()).collect();
    assert_eq!(writes, [[right], [wrong], [stray]]);
    assert!(matches!(commits[1].result, Err(CommitError::NotNext { stored: 0, got: 2, .. })));
    assert!(matches!(commits[2].result, Err(CommitError::UnknownDevice(DeviceKey(9)))));
    assert_eq!(seqs(&memory), [(1, Some(1))]);
}

#[test]
fn a_removed_device_is_gone_and_its_id_is_free() {
    let mut memory = with_pump();
    commit(&mut memory, [unnumbered(1, 5, &[("flow", "1")]), Write::RemoveDevice { device: PUMP }]);
    commit(&mut memory, [unnumbered(2, 5, &[("flow", "1")]), device(DeviceKey(2), "pump-1")]);
    assert!(memory.entries(PUMP).is_empty());
    let loaded = memory.loaded("m2");
    assert_eq!(loaded.devices.iter().map(|device| device.key).collect::<Vec<_>>(), [DeviceKey(2)]);
    assert_eq!(loaded.next_key, 3);
}

#[test]
fn the_ledger_counts_late_messages_and_gaps_by_reason() {
    let mut memory = with_pump();
    let other = |cursor, reason: &str| {
        let Write::Gap(mut gap) = gap(cursor, "k7-1", 0, u64::MAX, 5) else { panic!("a gap is one") };
        gap.reason = reason.into();
        Write::Gap(gap)
    };
    commit(
        &mut memory,
        [late(1, 5, &[("flow", "1"), ("level", "1")]), gap(2, "k7-1", 3, 5, 5), gap(3, "k7-1", 6, 6, 5)],
    );
    let many = store::limits::LEDGER_REASONS_MAX as u64 + 3;
    commit(&mut memory, (0..many).map(|number| other(4 + number, &format!("made up {number}"))));
    let pump = &memory.loaded("m2").devices[0];
    assert_eq!((pump.received, pump.late), (1, 1));
    let of = |reason: &str| pump.gaps.iter().find(|count| &*count.reason == reason).cloned().unwrap();
    assert_eq!(of("overflow"), GapCount { reason: "overflow".into(), gaps: 2, messages: 4 });
    assert_eq!(pump.gaps.len(), store::limits::LEDGER_REASONS_MAX + 1);
    let last = GapCount { reason: store::limits::OTHER_REASONS.into(), gaps: 4, messages: u64::MAX };
    assert_eq!(of(store::limits::OTHER_REASONS), last);
    assert!(pump.gaps.is_sorted_by(|one, next| one.reason < next.reason));
}

#[test]
fn without_h5_a_crash_leaves_a_message_behind_a_position_that_does_not_know_it() {
    let _off = switch_off(Rule::H5);
    let mut memory = with_pump();
    commit(&mut memory, [numbered(1, "k7-1", 1, &[])]);
    commit(&mut memory, [numbered(2, "k7-1", 2, &[])]);
    memory.crash();
    assert_eq!(seqs(&memory), [(1, Some(1)), (2, Some(2))]);
    let position = memory.loaded("m2").devices[0].position.clone();
    assert_eq!(position, Some(Position { session: "k7-1".into(), seq: 1 }));
    // So the second one is asked for again, and stored twice.
    commit(&mut memory, [numbered(2, "k7-1", 2, &[])]);
    assert_eq!(seqs(&memory), [(1, Some(1)), (2, Some(2)), (2, Some(2))]);
}

#[test]
fn without_h6_a_crash_takes_what_was_handed_back() {
    let _off = switch_off(Rule::H6);
    let mut memory = with_pump();
    commit(&mut memory, [numbered(1, "k7-1", 1, &[])]);
    commit(&mut memory, [numbered(2, "k7-1", 2, &[])]);
    memory.crash();
    assert_eq!(seqs(&memory), [(1, Some(1))]);
    assert_eq!(memory.loaded("m2").devices[0].cursor, 1);
}

#[test]
fn without_h5_and_h6_what_ends_in_order_is_whole() {
    for rule in [Rule::H5, Rule::H6] {
        let _off = switch_off(rule);
        let mut memory = with_pump();
        commit(&mut memory, [numbered(1, "k7-1", 1, &[])]);
        memory.sync();
        memory.crash();
        assert_eq!(seqs(&memory), [(1, Some(1))]);
        assert_eq!(memory.loaded("m2").devices[0].cursor, 1);
    }
}
