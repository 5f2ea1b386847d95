use std::sync::Arc;

use store::{
    AccessKind, AccessRow, Called, DeviceKey, Durability, GapCount, Latest, Position, TokenHash, TokenRow,
    Write,
};

use crate::rig::{PUMP, Rig, command, device, gap, late, numbered, unnumbered};

#[test]
fn a_new_store_is_empty_and_has_names() {
    let dir = tempfile::tempdir().unwrap();
    let loaded = Rig::open(dir.path()).loaded;
    assert!(loaded.devices.is_empty() && loaded.tokens.is_empty() && loaded.unfinished.is_empty());
    assert_eq!(loaded.next_key, 1);
    assert!(loaded.earlier_issuers.is_empty());
    for name in [loaded.log, loaded.issuer] {
        assert!((1..=8).contains(&name.len()));
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
    }
}

#[test]
fn all_that_is_known_of_a_device_survives() {
    let dir = tempfile::tempdir().unwrap();
    let called = Called { name: Some("Pump, cellar".into()), labels: "cellar\nwater".into() };
    {
        let rig = Rig::with_pump(dir.path());
        rig.write([
            Write::DeviceToken {
                device: PUMP,
                token: Some(TokenHash([8; 32])),
                previous: Some(TokenHash([7; 32])),
                confirmed: true,
            },
            Write::Session { device: PUMP, counter: 3, tag: rig.loaded.issuer.as_str().into() },
            Write::Describe { device: PUMP, describe: r#"{"flow":{"unit":"l/s"}}"#.into() },
            Write::Called { device: PUMP, called: called.clone() },
            Write::CommandCounter { device: PUMP, next: 14 },
            Write::Rhythm { device: PUMP, channel: "flow".into(), every: 900 },
            Write::Rhythm { device: PUMP, channel: "flow".into(), every: 1000 },
            numbered(1, "k7-3", 91, &[("flow", "1.50"), ("level", "7")]),
            gap(2, "k7-3", 92, 95, 2500),
            numbered(3, "k7-3", 96, &[("flow", "1.70")]),
        ]);
    }
    let rig = Rig::open(dir.path());
    let pump = rig.pump();
    assert_eq!((&*pump.id, pump.joined, pump.created), ("pump-1", true, 1000));
    assert_eq!((pump.token, pump.confirmed), (Some(TokenHash([8; 32])), true));
    assert_eq!(pump.previous, Some(TokenHash([7; 32])));
    assert_eq!(pump.called.as_deref(), Some(&called));
    assert_eq!(called.labels().collect::<Vec<_>>(), ["cellar", "water"]);
    assert_eq!(pump.describe.as_deref(), Some(r#"{"flow":{"unit":"l/s"}}"#));
    assert_eq!((pump.cursor, pump.received), (3, 2));
    assert_eq!(pump.gaps, [GapCount { reason: "overflow".into(), gaps: 1, messages: 4 }]);
    assert_eq!((pump.next_session, pump.next_command), (4, 14));
    assert_eq!(pump.position, Some(Position { session: "k7-3".into(), seq: 96 }));
    assert_eq!(pump.last_seen, Some(3000));
    let names: Vec<&str> = pump.channels.iter().map(|channel| &*channel.name).collect();
    assert_eq!(names, ["flow", "level"]);
    let latest = |value: &str, ts, cursor| Some(Latest { value: Arc::from(value), ts, cursor });
    assert_eq!(pump.channels[0].latest, latest("1.70", 3000, 3));
    assert_eq!(pump.channels[1].latest, latest("7", 1000, 1));
    assert_eq!(pump.channels.iter().map(|channel| channel.every).collect::<Vec<_>>(), [Some(1000), None]);
    assert_eq!(rig.loaded.next_key, 2);
}

#[test]
fn a_store_goes_on_where_it_was_closed() {
    let dir = tempfile::tempdir().unwrap();
    for start in 1..=3_u64 {
        let rig = if start == 1 { Rig::with_pump(dir.path()) } else { Rig::open(dir.path()) };
        rig.write([numbered(start, "k7-1", start, &[("flow", &start.to_string())])]);
        rig.store.close();
    }
    let rig = Rig::open(dir.path());
    assert_eq!(rig.pump().cursor, 3);
    let history = rig.store.reader().history(PUMP, "flow", 0, i64::MAX, 10).unwrap();
    let store::Series::Points(points) = history.series else { panic!("few enough for points") };
    assert_eq!(points.iter().map(|point| &*point.value).collect::<Vec<_>>(), ["1", "2", "3"]);
}

#[test]
fn values_come_back_digit_for_digit() {
    let dir = tempfile::tempdir().unwrap();
    let values = [
        "21.50",
        "9007199254740993",
        "-0",
        "1e400",
        "1E-2",
        "0.1000",
        "\"\\u00e9\\u0000\"",
        "\"\u{1f321} °C\"",
        "{\"b\" : 1,\"a\":[ ]}",
        "null",
        "true",
        "\"\"",
    ];
    {
        let rig = Rig::with_pump(dir.path());
        rig.write(
            (1..).zip(values).map(|(cursor, value)| unnumbered(cursor, 5, &[("any", value), (value, "1")])),
        );
    }
    let rig = Rig::open(dir.path());
    let mut read = Vec::new();
    rig.store
        .reader()
        .samples(PUMP, "any", 0, 10, &mut |sample| {
            read.push(sample.value);
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(read.iter().map(|value| &**value).collect::<Vec<_>>(), values);
    let latest = rig.pump().channels[0].latest.as_ref().unwrap();
    assert_eq!(&*latest.value, "\"\"");
}

#[test]
fn late_samples_do_not_become_the_latest() {
    let dir = tempfile::tempdir().unwrap();
    Rig::with_pump(dir.path())
        .write([unnumbered(1, 500, &[("flow", "2")]), late(2, 400, &[("flow", "1"), ("level", "9")])]);
    let rig = Rig::open(dir.path());
    let channels = &rig.pump().channels;
    assert_eq!(channels[0].latest.as_ref().map(|latest| &*latest.value), Some("2"));
    assert_eq!((&*channels[1].name, &channels[1].latest), ("level", &None));
}

#[test]
fn numbers_beyond_those_of_sqlite_survive() {
    let dir = tempfile::tempdir().unwrap();
    Rig::with_pump(dir.path()).write([numbered(1, "k7-1", u64::MAX, &[("flow", "1")])]);
    let rig = Rig::open(dir.path());
    assert_eq!(rig.pump().position.as_ref().map(|position| position.seq), Some(u64::MAX));
}

#[test]
fn only_unfinished_commands_are_loaded() {
    let dir = tempfile::tempdir().unwrap();
    let states =
        ["accepted", "queued", "sent", "done", "failed", "refused", "expired", "cancelled", "unknown"];
    Rig::with_pump(dir.path()).write(states.map(|state| Write::Command(command("ada", state, state))));
    let rig = Rig::open(dir.path());
    let mut loaded: Vec<&str> = rig.loaded.unfinished.iter().map(|command| &*command.state).collect();
    loaded.sort_unstable();
    assert_eq!(loaded, ["accepted", "queued", "sent"]);
}

#[test]
fn unfinished_commands_of_one_millisecond_keep_their_order() {
    let dir = tempfile::tempdir().unwrap();
    {
        let rig = Rig::with_pump(dir.path());
        rig.write(["z", "b", "y", "a"].map(|id| Write::Command(command("ada", id, "accepted"))));
        rig.write(["a", "y", "z", "b"].map(|id| Write::Command(command("ada", id, "queued"))));
    }
    let rig = Rig::open(dir.path());
    let loaded: Vec<&str> = rig.loaded.unfinished.iter().map(|command| &*command.id).collect();
    assert_eq!(loaded, ["z", "b", "y", "a"]);
}

#[test]
fn people_groups_and_join_tokens_survive_until_they_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    let row =
        |kind, name: &str, content: &str| AccessRow { kind, name: name.into(), content: content.into() };
    {
        let rig = Rig::open(dir.path());
        rig.write(AccessKind::ALL.map(|kind| Write::Access(row(kind, "ada", "{}"))));
        rig.write([
            Write::Access(row(AccessKind::Person, "ada", "{\"rules\":[]}")),
            Write::Access(row(AccessKind::Group, "bob", "{}")),
            Write::RemoveAccess { kind: AccessKind::Group, name: "ada".into() },
            Write::RemoveAccess { kind: AccessKind::Join, name: "nobody".into() },
        ]);
    }
    let expected = [
        row(AccessKind::Person, "ada", "{\"rules\":[]}"),
        row(AccessKind::Group, "bob", "{}"),
        row(AccessKind::Join, "ada", "{}"),
    ];
    assert_eq!(Rig::open(dir.path()).loaded.access, expected);
}

#[test]
fn tokens_survive_until_they_are_revoked_or_expire() {
    let dir = tempfile::tempdir().unwrap();
    let token = |byte, expires| TokenRow {
        hash: TokenHash([byte; 32]),
        subject: "ada".into(),
        scopes: "view command".into(),
        created: 1,
        expires,
        used: 0,
    };
    let write = |byte, expires| Write::Token(token(byte, expires));
    {
        let rig = Rig::open(dir.path());
        rig.write([write(1, 100), write(2, 200), write(3, 300)]);
        rig.write([
            Write::TokenUsed { hash: TokenHash([2; 32]), at: 50 },
            Write::TokenRevoked { hash: TokenHash([3; 32]) },
            Write::Prune { commands: 0, tokens: 150, now: 0 },
        ]);
    }
    assert_eq!(Rig::open(dir.path()).loaded.tokens, [TokenRow { used: 50, ..token(2, 200) }]);
}

#[test]
fn each_start_is_a_new_issuer_and_those_that_issued_are_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let issue = |rig: &Rig, counter| {
        let tag = rig.loaded.issuer.as_str().into();
        rig.write([Write::Session { device: PUMP, counter, tag }]);
    };
    let first = Rig::with_pump(dir.path());
    issue(&first, 1);
    issue(&first, 2);
    let first_tag = first.loaded.issuer.clone();
    drop(first);
    // This one issues nothing: nobody can ever name it.
    let second_tag = Rig::open(dir.path()).loaded.issuer.clone();
    let third = Rig::open(dir.path());
    issue(&third, 3);
    let third_tag = third.loaded.issuer.clone();
    drop(third);
    let loaded = Rig::open(dir.path()).loaded;
    assert_eq!(loaded.earlier_issuers, [first_tag.clone(), third_tag.clone()]);
    assert_eq!(loaded.devices[0].next_session, 4);
    assert!(first_tag != second_tag && second_tag != third_tag && third_tag != loaded.issuer);
}

#[test]
fn the_log_keeps_its_name_while_nothing_can_be_missing() {
    let dir = tempfile::tempdir().unwrap();
    let log = Rig::open(dir.path()).loaded.log.clone();
    for durability in [Durability::Disk, Durability::Lazy, Durability::Memory, Durability::Disk] {
        assert_eq!(Rig::open_with(dir.path(), durability).unwrap().loaded.log, log);
    }
}

#[test]
fn keys_of_devices_are_never_used_again() {
    let dir = tempfile::tempdir().unwrap();
    {
        let rig = Rig::with_pump(dir.path());
        rig.write([device(DeviceKey(2), "pump-2"), Write::RemoveDevice { device: DeviceKey(2) }]);
    }
    let rig = Rig::open(dir.path());
    assert_eq!(rig.loaded.next_key, 3);
    assert_eq!(rig.loaded.devices.len(), 1);
}

#[test]
fn devices_are_stored_in_any_order_of_their_keys() {
    let dir = tempfile::tempdir().unwrap();
    {
        let rig = Rig::with_pump(dir.path());
        rig.write([
            device(DeviceKey(3), "pump-3"),
            device(DeviceKey(2), "pump-2"),
            Write::RemoveDevice { device: DeviceKey(2) },
            Write::RemoveDevice { device: DeviceKey(3) },
        ]);
    }
    let rig = Rig::open(dir.path());
    assert_eq!(rig.loaded.next_key, 4);
    assert_eq!(rig.loaded.devices.len(), 1);
}
