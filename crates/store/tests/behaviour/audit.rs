//! The audit: what is written into it stays in its order, and whoever changes anything of it is found out.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;
use store::{
    AuditBreak, AuditEntry, AuditQuery, AuditRow, AuditVerdict, CommandRow, Durability, Reader, Write, limits,
};

use crate::rig::{Rig, command};

fn said(what: &str, who: &str, at: i64) -> Write {
    let details = format!("{{\"n\":\"{at}\"}}").into();
    let entry = AuditEntry { at, what: what.into(), who: who.into(), device: "pump-1".into(), details };
    Write::Audit(Box::new(entry))
}

/// A closed store with so many rows in its audit.
fn with_rows(dir: &Path, rows: i64) {
    Rig::open(dir).write((1..=rows).map(|at| said("login", "ada", at)));
}

fn reader(dir: &Path) -> Reader {
    Reader::of_file(&dir.join("glassline.db")).unwrap().unwrap()
}

fn verdict(dir: &Path) -> AuditVerdict {
    reader(dir).verify_audit().unwrap()
}

fn all(dir: &Path) -> Vec<AuditRow> {
    reader(dir).audit(&AuditQuery { limit: 1_000, ..AuditQuery::default() }).unwrap()
}

fn tampered(dir: &Path, sql: &str) -> Option<AuditBreak> {
    let copy = dir.join("copy");
    std::fs::create_dir_all(&copy).unwrap();
    std::fs::copy(dir.join("glassline.db"), copy.join("glassline.db")).unwrap();
    Connection::open(copy.join("glassline.db")).unwrap().execute_batch(sql).unwrap();
    verdict(&copy).broken
}

#[test]
fn what_is_said_is_numbered_and_chained_in_the_order_of_the_commits_over_starts() {
    let dir = tempfile::tempdir().unwrap();
    with_rows(dir.path(), 20);
    with_rows(dir.path(), 30);
    let rows = all(dir.path());
    let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, (1..=50).rev().collect::<Vec<_>>());
    let found = verdict(dir.path());
    assert_eq!((found.rows, found.head.number, found.broken), (50, 50, None));
    assert_eq!(found.head.hash, rows[0].hash);
}

#[test]
fn each_byte_of_a_row_counts() {
    let dir = tempfile::tempdir().unwrap();
    with_rows(dir.path(), 5);
    let database = dir.path().join("glassline.db");
    let connection = Connection::open(&database).unwrap();
    for column in ["at", "what", "who", "device", "details", "hash"] {
        let read = format!("SELECT {column} FROM audit WHERE number = 3");
        let kept: Value = connection.query_row(&read, [], |row| row.get(0)).unwrap();
        let set = format!("UPDATE audit SET {column} = ?1 WHERE number = 3");
        let mut flipped = 0;
        for changed in each_byte_flipped(&kept) {
            connection.execute(&set, [&changed]).unwrap();
            assert_eq!(verdict(dir.path()).broken, Some(AuditBreak::Changed(3)), "{column} as {changed:?}");
            flipped += 1;
        }
        assert!(flipped > 0, "{column}");
        connection.execute(&set, [&kept]).unwrap();
    }
    assert_eq!(verdict(dir.path()).broken, None, "all is as it was");
}

/// The value with one byte changed, each in its turn.
fn each_byte_flipped(value: &Value) -> Vec<Value> {
    let each = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let flipped =
            |place: usize| bytes.iter().enumerate().map(|(n, byte)| byte ^ u8::from(n == place)).collect();
        (0..bytes.len()).map(flipped).collect()
    };
    match value {
        Value::Integer(number) => {
            let bytes = each(&number.to_be_bytes());
            bytes
                .into_iter()
                .map(|bytes| Value::Integer(i64::from_be_bytes(bytes.try_into().unwrap())))
                .collect()
        }
        Value::Text(text) => {
            let bytes = each(text.as_bytes());
            bytes.into_iter().map(|bytes| Value::Text(String::from_utf8(bytes).unwrap())).collect()
        }
        Value::Blob(bytes) => each(bytes).into_iter().map(Value::Blob).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn rows_that_are_taken_out_put_in_or_moved_are_found() {
    let dir = tempfile::tempdir().unwrap();
    with_rows(dir.path(), 9);
    let tampered = |sql| tampered(dir.path(), sql);
    assert_eq!(tampered("SELECT 1"), None);
    assert_eq!(tampered("DELETE FROM audit WHERE number = 1"), Some(AuditBreak::Missing(1)));
    assert_eq!(tampered("DELETE FROM audit WHERE number = 5"), Some(AuditBreak::Missing(5)));
    assert_eq!(tampered("DELETE FROM audit WHERE number > 7"), Some(AuditBreak::Missing(8)));
    assert_eq!(tampered("DELETE FROM audit"), Some(AuditBreak::Missing(1)));
    let swap = "UPDATE audit SET number = 99 WHERE number = 4; UPDATE audit SET number = 4 WHERE number = 5;
                UPDATE audit SET number = 5 WHERE number = 99";
    assert_eq!(tampered(swap), Some(AuditBreak::Changed(4)));
    let close = "DELETE FROM audit WHERE number = 6; UPDATE audit SET number = number - 1 WHERE number > 6";
    assert_eq!(tampered(close), Some(AuditBreak::Changed(6)));
    let put_in =
        "INSERT INTO audit SELECT 10, at, what, who, device, details, hash FROM audit WHERE number = 9";
    assert_eq!(tampered(put_in), Some(AuditBreak::Changed(10)));
    let before =
        "INSERT INTO audit SELECT 0, at, what, who, device, details, hash FROM audit WHERE number = 9";
    assert_eq!(tampered(before), Some(AuditBreak::Changed(0)));
    let anchor = "DELETE FROM audit WHERE number < 4; UPDATE audit_end SET number = 3 WHERE which = 'anchor'";
    assert_eq!(tampered(anchor), Some(AuditBreak::Changed(4)));
    let head = "DELETE FROM audit WHERE number = 9; UPDATE audit_end SET number = 8 WHERE which = 'head'";
    assert_eq!(tampered(head), Some(AuditBreak::Changed(8)));
    assert_eq!(tampered("DELETE FROM audit_end"), Some(AuditBreak::Beyond(1)));
}

#[test]
fn a_command_is_a_row_once_it_settles_with_what_was_asked_and_what_came_of_it() {
    let dir = tempfile::tempdir().unwrap();
    {
        let rig = Rig::with_pump(dir.path());
        let value: Box<str> = format!("\"{}\"", "ä".repeat(500)).into();
        let settled = CommandRow { value, reason: Some("late".into()), ..command("ada", "c1", "failed") };
        rig.write(["accepted", "queued", "sent"].map(|state| Write::Command(command("ada", "c1", state))));
        rig.write([Write::Command(settled)]);
    }
    let rows = all(dir.path());
    assert_eq!(rows.len(), 1);
    let AuditEntry { at, what, who, device, details } = &rows[0].entry;
    assert_eq!((*at, &**what, &**who, &**device), (1000, "command", "ada", "pump-1"));
    let details: serde_json::Value = serde_json::from_str(details).unwrap();
    assert_eq!(
        (&details["outcome"], &details["channel"], &details["reason"]),
        (&"failed".into(), &"fan".into(), &"late".into())
    );
    let value = details["value"].as_str().unwrap();
    assert!(value.ends_with('…') && value.len() <= limits::AUDIT_VALUE_BYTES + '…'.len_utf8(), "{value}");
    assert_eq!(verdict(dir.path()).broken, None);
}

#[test]
fn rows_are_asked_for_by_who_what_device_and_time_a_page_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    Rig::open(dir.path()).write((1..=60).map(|at| {
        let (what, who) = if at % 3 == 0 { ("logout", "ben") } else { ("login", "ada") };
        said(what, who, at)
    }));
    let reader = reader(dir.path());
    let numbers = |query: AuditQuery| -> Vec<u64> {
        reader.audit(&AuditQuery { limit: 3, ..query }).unwrap().iter().map(|row| row.number).collect()
    };
    let query = AuditQuery::default;
    assert_eq!(numbers(query()), [60, 59, 58]);
    assert_eq!(numbers(AuditQuery { before: Some(58), ..query() }), [57, 56, 55]);
    assert_eq!(numbers(AuditQuery { who: Some("ben".into()), ..query() }), [60, 57, 54]);
    assert_eq!(numbers(AuditQuery { what: vec!["login".into()], until: Some(9), ..query() }), [8, 7, 5]);
    assert_eq!(numbers(AuditQuery { since: Some(59), ..query() }), [60, 59]);
    assert!(numbers(AuditQuery { device: Some("pump-2".into()), ..query() }).is_empty());
}

#[test]
fn what_is_too_old_goes_by_whole_stretches_and_the_rest_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let stretch = i64::try_from(limits::AUDIT_STRETCH_ROWS).unwrap();
    with_rows(dir.path(), 2 * stretch + 500);
    let now = limits::AUDIT_KEPT_MS + 2 * stretch - 10;
    Rig::open(dir.path()).write([Write::Prune { commands: 0, tokens: 0, now }]);
    let found = verdict(dir.path());
    assert_eq!(
        (found.anchor.number, found.broken),
        (stretch.cast_unsigned(), None),
        "the second stretch is not all too old"
    );
    assert_eq!(found.rows, 1_500 + 1, "and a row says what went");
    let newest = all(dir.path()).remove(0).entry;
    assert_eq!((&*newest.what, &*newest.details), ("pruned", r#"{"rows":"1000","to":"1000"}"#));
}

#[test]
fn beyond_so_many_the_oldest_stretch_goes() {
    let dir = tempfile::tempdir().unwrap();
    with_rows(dir.path(), 1_200);
    // As if all those in between had been written too.
    let behind = limits::AUDIT_ROWS_MAX + limits::AUDIT_STRETCH_ROWS - 1;
    let sql = format!("UPDATE audit_end SET number = {behind} WHERE which = 'head'");
    Connection::open(dir.path().join("glassline.db")).unwrap().execute_batch(&sql).unwrap();
    Rig::open(dir.path()).write([said("login", "ada", 7)]);
    let rows: i64 = Connection::open(dir.path().join("glassline.db"))
        .unwrap()
        .query_row("SELECT count(*) FROM audit", [], |row| row.get(0))
        .unwrap();
    assert_eq!((rows, verdict(dir.path()).anchor.number), (200 + 2, limits::AUDIT_STRETCH_ROWS));
}

#[test]
fn after_going_back_the_chain_goes_on_behind_the_copy_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (state, copy) = (dir.path().join("state"), dir.path().join("copy.db"));
    {
        let rig = Rig::with_pump(&state);
        rig.write([said("login", "ada", 1), Write::Command(command("ada", "c1", "sent"))]);
        store::backup(&state, &copy, false).unwrap();
        rig.write([said("login", "ben", 2)]);
    }
    store::restore(&copy, &state, 9_000, true).unwrap();
    drop(Rig::open(&state));
    let whats: Vec<Box<str>> = all(&state).into_iter().map(|row| row.entry.what).collect();
    assert_eq!(whats, ["restored".into(), "command".into(), "login".into()] as [Box<str>; 3]);
    assert_eq!(verdict(&state).broken, None);
}

#[test]
fn a_start_after_a_crash_goes_on_with_the_chain() {
    let dir = tempfile::tempdir().unwrap();
    let (state, crashed) = (dir.path().join("state"), dir.path().join("crashed"));
    let rig = Rig::open_with(&state, Durability::Memory).unwrap();
    rig.write([said("login", "ada", 1), said("login", "ben", 2)]);
    std::fs::create_dir(&crashed).unwrap();
    for name in ["glassline.db", "glassline.db-wal"] {
        std::fs::copy(state.join(name), crashed.join(name)).unwrap();
    }
    Rig::open(&crashed).write([said("login", "eve", 3)]);
    let found = verdict(&crashed);
    assert_eq!((found.rows, found.broken), (3, None));
}
