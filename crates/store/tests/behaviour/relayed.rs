//! What comes through gateways: with its place in their spools, or not at all.

use std::path::Path;

use protocol::rule::{Rule, switch_off};
use store::{
    CommandRow, Commit, CommitError, DeviceKey, GatewayKey, Handed, Loaded, Memory, NewGateway, Position,
    Relayed, RelayedPosition, SpoolCursor, TokenHash, Write, limits,
};

use crate::rig::{PUMP, Rig, command, device, gap, numbered, unnumbered};

const BARN: GatewayKey = GatewayKey(1);

fn gateway(key: GatewayKey, id: &str) -> Write {
    Write::Gateway(NewGateway { key, id: id.into(), token: TokenHash([9; 32]), created: 5 })
}

fn cursor(tag: &str, number: u64) -> SpoolCursor {
    SpoolCursor { tag: tag.into(), number }
}

/// What a gateway brought between two places, and where its session of the pump stands with that.
fn relayed(
    after: Option<SpoolCursor>,
    cursor: SpoolCursor,
    position: Option<(&str, u64)>,
    then: impl IntoIterator<Item = Write>,
) -> Write {
    let position = position.map(|(session, seq)| (PUMP, Position { session: session.into(), seq }));
    Write::Relayed(Box::new(Relayed {
        gateway: BARN,
        after,
        cursor,
        position,
        then: then.into_iter().collect(),
    }))
}

fn barn(loaded: &Loaded) -> &store::LoadedGateway {
    loaded.gateways.iter().find(|gateway| gateway.key == BARN).unwrap()
}

fn sessions(relayed: &[RelayedPosition]) -> Vec<(GatewayKey, &str, u64)> {
    relayed.iter().map(|lane| (lane.gateway, &*lane.position.session, lane.position.seq)).collect()
}

fn refused(commit: Commit) -> CommitError {
    commit.result.unwrap_err()
}

fn with_barn(dir: &Path) -> Rig {
    let rig = Rig::open(dir);
    rig.write([device(PUMP, "pump-1"), gateway(BARN, "barn")]);
    rig
}

#[test]
fn how_far_a_spool_was_taken_over_is_found_again_with_what_it_brought() {
    let dir = tempfile::tempdir().unwrap();
    let rig = with_barn(dir.path());
    rig.write([
        numbered(1, "k7-1", 5, &[("flow", "0")]),
        relayed(None, cursor("t1", 0), None, []),
        relayed(
            Some(cursor("t1", 0)),
            cursor("t1", 1),
            Some(("g1-1", 7)),
            [numbered(2, "g1-1", 7, &[("flow", "1.50")])],
        ),
        relayed(Some(cursor("t1", 1)), cursor("t1", 9), Some(("g1-1", 9)), [gap(3, "g1-1", 8, 9, 50)]),
        // A part of what moves the place only with its last one.
        relayed(Some(cursor("t1", 9)), cursor("t1", 9), None, [gap(4, "", 1, 3, 50)]),
        relayed(Some(cursor("t1", 9)), cursor("t2", 0), None, []),
    ]);
    drop(rig);
    let rig = Rig::open(dir.path());
    assert_eq!(barn(&rig.loaded).cursor, Some(cursor("t2", 0)));
    assert_eq!((barn(&rig.loaded).token, rig.loaded.next_gateway), (TokenHash([9; 32]), 2));
    let pump = rig.pump();
    assert_eq!((pump.cursor, pump.received), (4, 2));
    assert_eq!(sessions(&pump.relayed), [(BARN, "g1-1", 9)]);
    let own = Some(Position { session: "k7-1".into(), seq: 5 });
    assert_eq!(pump.position, own, "the log that this hub issued stands where it stood");
    let entries = rig.store.reader().messages(PUMP, 0, 10).unwrap();
    let store::EntryContent::Message { position, .. } = &entries[1].content else { panic!("a message") };
    assert_eq!(*position, Some(Position { session: "g1-1".into(), seq: 7 }));
    let store::EntryContent::Gap(gap) = &entries[3].content else { panic!("a gap") };
    assert_eq!((&*gap.session, gap.from, gap.to), ("", 1, 3), "of no known session");
}

#[test]
fn what_an_uplink_brought_is_stored_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let rig = with_barn(dir.path());
    rig.write([relayed(None, cursor("t1", 1), Some(("g1-1", 1)), [unnumbered(1, 5, &[("flow", "1")])])]);
    let after = || Some(cursor("t1", 1));
    let other = |then| relayed(after(), cursor("t1", 2), Some(("g1-1", 2)), then);
    // A device that would be new, a message that follows, and one that does not.
    let wrong = vec![device(DeviceKey(2), "pump-2"), unnumbered(2, 6, &[]), unnumbered(9, 6, &[])];
    assert!(matches!(refused(rig.try_write(other(wrong))), CommitError::NotNext { stored: 2, got: 9, .. }));
    let wrong = vec![unnumbered(2, 6, &[]), Write::CommandCounter { device: PUMP, next: 7 }];
    assert!(matches!(refused(rig.try_write(other(wrong))), CommitError::NotRelayable));
    let back = relayed(after(), cursor("t1", 2), Some(("g1-1", 1)), [unnumbered(2, 6, &[])]);
    assert!(matches!(refused(rig.try_write(back)), CommitError::NotNextRelayed { .. }));
    rig.write([other(vec![device(DeviceKey(2), "pump-2"), unnumbered(2, 6, &[("flow", "2")])])]);
    drop(rig);
    let rig = Rig::open(dir.path());
    assert_eq!((rig.pump().cursor, rig.loaded.devices.len()), (2, 2));
    assert_eq!(sessions(&rig.pump().relayed), [(BARN, "g1-1", 2)]);
    assert_eq!(barn(&rig.loaded).cursor, Some(cursor("t1", 2)));
}

#[test]
fn nothing_that_follows_a_refused_entry_is_taken_over_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let rig = with_barn(dir.path());
    rig.store.submit(relayed(None, cursor("t1", 1), None, [unnumbered(7, 5, &[])]));
    rig.store.submit(relayed(Some(cursor("t1", 1)), cursor("t1", 2), None, [unnumbered(1, 5, &[])]));
    for _ in 0..2 {
        rig.commits.recv().unwrap().result.unwrap_err();
    }
    let unknown = Write::GatewayToken { gateway: GatewayKey(7), token: TokenHash([1; 32]), previous: None };
    assert!(matches!(refused(rig.try_write(unknown)), CommitError::UnknownGateway(GatewayKey(7))));
    assert!(matches!(
        refused(rig.try_write(gateway(GatewayKey(2), "barn"))),
        CommitError::GatewayTaken { .. }
    ));
    drop(rig);
    let rig = Rig::open(dir.path());
    assert_eq!((barn(&rig.loaded).cursor.clone(), rig.pump().cursor), (None, 0));
}

#[test]
fn of_a_device_and_gateway_the_newest_sessions_are_known() {
    let dir = tempfile::tempdir().unwrap();
    let rig = with_barn(dir.path());
    let kept = limits::RELAYED_SESSIONS_MAX as u64;
    let mut after = None;
    for number in 1..=kept + 2 {
        let next = cursor("t1", number);
        rig.write([relayed(after.clone(), next.clone(), Some((&format!("g1-{number}"), 5)), [])]);
        after = Some(next);
    }
    // An older one that is still known goes on in its place.
    rig.write([relayed(after, cursor("t2", 1), Some(("g1-4", 6)), [])]);
    drop(rig);
    let rig = Rig::open(dir.path());
    let expected: Vec<_> =
        (3..=kept + 2).map(|number| (format!("g1-{number}"), if number == 4 { 6 } else { 5 })).collect();
    let found = sessions(&rig.pump().relayed);
    let found: Vec<_> = found.iter().map(|(_, session, seq)| ((*session).to_owned(), *seq)).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_removed_gateway_leaves_what_it_brought_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let rig = with_barn(dir.path());
    let first = relayed(None, cursor("t1", 1), Some(("g1-1", 1)), [unnumbered(1, 5, &[("flow", "1")])]);
    let second = relayed(
        Some(cursor("t1", 1)),
        cursor("t1", 2),
        Some(("g1-1", 2)),
        [unnumbered(2, 5, &[("flow", "2")])],
    );
    rig.write([first, Write::RemoveGateway { gateway: BARN }, second, gateway(GatewayKey(2), "barn")]);
    drop(rig);
    let rig = Rig::open(dir.path());
    assert_eq!((rig.pump().cursor, rig.pump().relayed.len()), (2, 0));
    let ids: Vec<_> = rig.loaded.gateways.iter().map(|gateway| (gateway.key, &*gateway.id)).collect();
    assert_eq!((ids, rig.loaded.next_gateway), (vec![(GatewayKey(2), "barn")], 3));
}

#[test]
fn what_an_uplink_brings_for_a_removed_device_goes_nowhere_and_the_rest_is_stored() {
    let dir = tempfile::tempdir().unwrap();
    let rig = with_barn(dir.path());
    rig.write([
        device(DeviceKey(2), "pump-2"),
        Write::RemoveDevice { device: DeviceKey(2) },
        relayed(
            None,
            cursor("t1", 1),
            None,
            [
                Write::Gap(store::Gap { device: DeviceKey(2), ..of(gap(1, "g1-1", 1, 2, 3)) }),
                unnumbered(1, 5, &[("flow", "1")]),
            ],
        ),
        Write::RemoveDevice { device: PUMP },
    ]);
    drop(rig);
    let rig = Rig::open(dir.path());
    assert!(rig.loaded.devices.is_empty());
    assert_eq!(barn(&rig.loaded).cursor, Some(cursor("t1", 1)));
}

fn of(write: Write) -> store::Gap {
    let Write::Gap(gap) = write else { panic!("a gap is one") };
    gap
}

#[test]
fn a_store_without_a_disk_keeps_places_in_spools_through_a_crash() {
    let mut memory = Memory::new();
    let commits = memory.commit(vec![
        device(PUMP, "pump-1"),
        gateway(BARN, "barn"),
        relayed(None, cursor("t1", 1), Some(("g1-1", 3)), [unnumbered(1, 5, &[])]),
        relayed(None, cursor("t1", 2), Some(("g1-1", 4)), [unnumbered(2, 5, &[])]),
    ]);
    assert!(matches!(commits[1].result, Err(CommitError::NotNextRelayed { .. })));
    memory.crash();
    let loaded = memory.loaded("m2");
    assert_eq!(barn(&loaded).cursor, Some(cursor("t1", 1)));
    assert_eq!(sessions(&loaded.devices[0].relayed), [(BARN, "g1-1", 3)]);
    memory.commit(vec![Write::RemoveGateway { gateway: BARN }, unnumbered(2, 6, &[])]);
    assert!(memory.loaded("m3").devices[0].relayed.is_empty());
}

#[test]
fn without_u1_a_crash_leaves_what_was_brought_behind_a_place_that_does_not_know_it() {
    let _off = switch_off(Rule::U1);
    let mut memory = Memory::new();
    memory.commit(vec![device(PUMP, "pump-1"), gateway(BARN, "barn")]);
    memory.commit(vec![relayed(None, cursor("t1", 1), None, [unnumbered(1, 5, &[])])]);
    memory.crash();
    let loaded = memory.loaded("m2");
    assert_eq!((barn(&loaded).cursor.clone(), loaded.devices[0].cursor), (None, 1));
}

#[test]
fn a_command_remembers_to_which_gateway_it_was_handed_and_is_unknown_in_a_restored_store() {
    let dir = tempfile::tempdir().unwrap();
    let (state, file, restored) =
        (dir.path().join("state"), dir.path().join("copy"), dir.path().join("restored"));
    let rig = with_barn(&state);
    let handed = Some(Handed { gateway: BARN, tag: "t1".into() });
    rig.write([Write::Command(CommandRow { handed: handed.clone(), ..command("ada", "c1", "queued") })]);
    store::backup(&state, &file, false).unwrap();
    drop(rig);
    let rig = Rig::open(&state);
    assert_eq!(rig.loaded.unfinished[0].handed, handed);
    assert_eq!(store::restore(&file, &restored, 70, false).unwrap().unknown_commands, 1);
    let rig = Rig::open(&restored);
    let row = &rig.store.reader().commands(PUMP, 1).unwrap()[0];
    assert_eq!((&*row.state, row.updated, row.handed.clone()), ("unknown", 70, handed));
    assert!(rig.loaded.unfinished.is_empty());
}
