use store::{AuditQuery, CommandRow, DeviceKey, Write};

use crate::rig::{PUMP, Rig, command, device};

#[test]
fn a_command_is_one_per_person_device_and_id() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    rig.write([device(DeviceKey(2), "pump-2")]);
    let done = CommandRow {
        number: Some(13),
        result: Some("21.50".into()),
        reason: Some("as asked".into()),
        updated: 2000,
        ..command("ada", "c1", "done")
    };
    rig.write([
        Write::Command(command("ada", "c1", "accepted")),
        Write::Command(command("bob", "c1", "sent")),
        Write::Command(CommandRow { device: DeviceKey(2), ..command("ada", "c1", "queued") }),
        Write::Command(done.clone()),
    ]);
    let reader = rig.store.reader();
    assert_eq!(reader.command(PUMP, Some("ada"), "c1").unwrap(), Some(done));
    let state = |device, by| reader.command(device, Some(by), "c1").unwrap().map(|command| command.state);
    assert_eq!(state(PUMP, "bob").as_deref(), Some("sent"));
    assert_eq!(state(DeviceKey(2), "ada").as_deref(), Some("queued"));
    assert_eq!(state(DeviceKey(2), "bob"), None);
    assert_eq!(reader.commands(PUMP, 10).unwrap().len(), 2);
}

#[test]
fn without_a_person_the_newest_with_the_id_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    rig.write([Write::Command(command("zoe", "c1", "done")), Write::Command(command("bob", "c1", "sent"))]);
    let found = rig.store.reader().command(PUMP, None, "c1").unwrap();
    assert_eq!(found.as_ref().map(|command| &*command.by), Some("bob"));
    assert_eq!(rig.store.reader().command(PUMP, None, "c2").unwrap(), None);
}

#[test]
fn the_newest_commands_come_first_and_no_more_than_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    // Of one millisecond, and changed since in another order.
    let ids = ["c3", "c1", "c5", "c2", "c4"];
    rig.write(ids.map(|id| Write::Command(command("ada", id, "queued"))));
    rig.write(["c5", "c3"].map(|id| Write::Command(command("ada", id, "done"))));
    let commands = rig.store.reader().commands(PUMP, 2).unwrap();
    let ids: Vec<&str> = commands.iter().map(|command| &*command.id).collect();
    assert_eq!(ids, ["c4", "c2"]);
    let mut names = Vec::new();
    let name = |device, by: &str, id: &str| names.push((device, by.to_owned(), id.to_owned()));
    assert_eq!(rig.store.reader().command_names(10, name).unwrap(), 5);
    names.sort();
    assert_eq!(names[0], (PUMP, "ada".into(), "c1".into()));
    assert_eq!(rig.store.reader().command_names(3, |_, _, _| {}).unwrap(), 3);
}

#[test]
fn a_command_stands_where_it_was_first_written_as_it_was_last_also_where_that_is_one_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    let writes = [("c1", "sent"), ("c2", "sent"), ("c2", "unknown"), ("c1", "failed"), ("c2", "done")];
    rig.write(writes.map(|(id, state)| Write::Command(command("ada", id, state))));
    let commands = rig.store.reader().commands(PUMP, 10).unwrap();
    let found: Vec<_> = commands.iter().map(|command| (&*command.id, &*command.state)).collect();
    assert_eq!(found, [("c2", "done"), ("c1", "failed")]);
    // Of each end there is a row in the audit.
    let query = AuditQuery { limit: 10, ..AuditQuery::default() };
    let said = rig.store.reader().audit(&query).unwrap();
    let outcomes: Vec<_> = said.iter().rev().map(|row| &*row.entry.details).collect();
    let ended = [("c2", "unknown"), ("c1", "failed"), ("c2", "done")];
    for (details, (id, outcome)) in outcomes.iter().zip(ended) {
        assert!(details.contains(&format!(r#""command":"{id}","outcome":"{outcome}""#)), "{details}");
    }
    assert_eq!(outcomes.len(), ended.len());
}

#[test]
fn settled_commands_are_pruned_by_age_and_others_never() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    rig.write([
        Write::Command(command("ada", "old", "done")),
        Write::Command(command("ada", "waiting", "queued")),
        Write::Command(CommandRow { updated: 9000, ..command("ada", "young", "failed") }),
        Write::Prune { commands: 9000, tokens: 0, now: 0 },
    ]);
    let left = rig.store.reader().commands(PUMP, 10).unwrap();
    let mut ids: Vec<&str> = left.iter().map(|command| &*command.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["waiting", "young"]);
}

#[test]
fn beyond_so_many_of_one_device_old_settled_commands_go_and_the_others_stay() {
    use store::limits::{COMMANDS_KEPT_MAX, COMMANDS_SURE_MS};
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    let at = |id: &str, state, updated| Write::Command(CommandRow { updated, ..command("ada", id, state) });
    let old = [at("settled", "done", 1000), at("waiting", "queued", 1000), at("young", "done", 2001)];
    let many = (0..COMMANDS_KEPT_MAX).map(|n| at(&format!("c{n}"), "done", 2001));
    rig.write(old.into_iter().chain(many));
    rig.write([at("last", "done", 2000 + COMMANDS_SURE_MS)]);
    let reader = rig.store.reader();
    let is_there = |id| reader.command(PUMP, Some("ada"), id).unwrap().is_some();
    assert_eq!(["settled", "waiting", "young", "c0", "last"].map(is_there), [false, true, true, true, true]);
}
