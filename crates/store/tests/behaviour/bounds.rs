//! What would grow for ever has an end.

use std::path::Path;

use store::limits::{GAPS_KEPT_MAX, ISSUERS_KEPT_MAX, SESSIONS_KEPT_MAX};
use store::{EntryContent, Write};

use crate::rig::{PUMP, Rig, gap, numbered};

/// More of it than any of these limits, from 1 on.
const MANY: &str = "WITH RECURSIVE many(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM many WHERE n < 5000)";

fn fill(dir: &Path, insert: &str) {
    let connection = rusqlite::Connection::open(dir.join("glassline.db")).unwrap();
    connection
        .execute(&format!("{insert} FROM many").replacen("SELECT", &format!("{MANY} SELECT"), 1), [])
        .unwrap();
}

fn count(dir: &Path, table: &str) -> usize {
    let connection = rusqlite::Connection::open(dir.join("glassline.db")).unwrap();
    let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], count).unwrap() as usize
}

#[test]
fn of_very_many_gaps_the_newest_are_kept_and_all_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    let all = GAPS_KEPT_MAX as u64 + 50;
    rig.write((1..=all).map(|cursor| gap(cursor, "k7-1", cursor, cursor, 5)));
    assert_eq!(count(dir.path(), "gap"), GAPS_KEPT_MAX);
    let entry = |cursor: u64| rig.store.reader().messages(PUMP, cursor - 1, 1).unwrap().remove(0).content;
    assert_eq!(entry(50), EntryContent::Nothing);
    assert!(matches!(entry(51), EntryContent::Gap(gap) if gap.from == 51));
    drop(rig);
    assert_eq!(Rig::open(dir.path()).pump().gaps[0].gaps, all);
}

#[test]
fn of_very_many_sessions_the_last_ones_are_known_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let rig = Rig::with_pump(dir.path());
    rig.write([numbered(1, "k7-a", 1, &[("flow", "1")])]);
    drop(rig);
    fill(dir.path(), "INSERT INTO session (device, name) SELECT 1, 'k7-' || n");
    let rig = Rig::open(dir.path());
    // One that is known makes no room for itself.
    rig.write([numbered(2, "k7-a", 2, &[("flow", "2")])]);
    rig.write([numbered(3, "k7-b", 1, &[("flow", "3")])]);
    assert_eq!(count(dir.path(), "session"), SESSIONS_KEPT_MAX);
    let sessions: Vec<Option<String>> = (rig.store.reader().messages(PUMP, 0, 10).unwrap().into_iter())
        .map(|entry| match entry.content {
            EntryContent::Message { position, samples } if samples.len() == 1 => position,
            other => panic!("{other:?}"),
        })
        .map(|position| Some(position?.session.to_string()))
        .collect();
    assert_eq!(sessions, [None, None, Some("k7-b".to_owned())]);
}

#[test]
fn of_very_many_starts_the_last_ones_are_known() {
    let dir = tempfile::tempdir().unwrap();
    drop(Rig::with_pump(dir.path()));
    fill(dir.path(), "INSERT INTO issuer (tag) SELECT 't' || n");
    let rig = Rig::open(dir.path());
    rig.write([Write::Session { device: PUMP, counter: 1, tag: "new".into() }]);
    drop(rig);
    let known = Rig::open(dir.path()).loaded.earlier_issuers;
    assert_eq!((known.len(), known.last().map(String::as_str)), (ISSUERS_KEPT_MAX, Some("new")));
    assert!(known.contains(&"t5000".to_owned()));
}
