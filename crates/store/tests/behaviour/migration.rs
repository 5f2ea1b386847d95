//! A folder that an older program wrote, kept as a fixture: nothing of it is missing, nothing is there twice.

use std::path::Path;

use rusqlite::Connection;
use store::GapCount;

use crate::dump;
use crate::rig::{Rig, numbered};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/v1");

fn fixture(dir: &Path) {
    std::fs::copy(Path::new(FIXTURE).join("glassline.db"), dir.join("glassline.db")).unwrap();
}

/// The lines of `expected.txt` that begin with these words.
fn expected(kinds: &[&str]) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(FIXTURE).join("expected.txt")).unwrap();
    let is_one = |line: &&str| kinds.contains(&line.split('\t').next().unwrap());
    text.lines().filter(is_one).map(str::to_owned).collect()
}

fn assert_whole(rig: &Rig) {
    let (loaded, reader) = (&rig.loaded, rig.store.reader());
    assert_eq!(dump::loaded(loaded), expected(&["log", "issuer", "device", "channel", "token"]));
    assert_eq!(dump::samples(loaded, reader), expected(&["sample"]));
    assert_eq!(dump::gaps(loaded, reader), expected(&["gap"]));
    let mut commands = expected(&["command"]);
    commands.sort();
    assert_eq!(dump::commands(loaded, reader), commands);
}

#[test]
fn a_folder_of_version_1_has_lost_nothing() {
    let dir = tempfile::tempdir().unwrap();
    fixture(dir.path());
    let rig = Rig::open(dir.path());
    assert_whole(&rig);
    assert_eq!((rig.loaded.next_key, rig.loaded.unfinished.len()), (6, 6));
    rig.store.close();
    assert_whole(&Rig::open(dir.path()));
}

#[test]
fn its_ledger_is_counted_from_what_it_held() {
    let dir = tempfile::tempdir().unwrap();
    fixture(dir.path());
    let loaded = Rig::open(dir.path()).loaded;
    let of = |key: usize| &loaded.devices[key - 1];
    assert_eq!((of(1).late, of(2).late, of(3).late), (14, 0, 2));
    let count = |reason: &str, gaps, messages| GapCount { reason: reason.into(), gaps, messages };
    assert_eq!(of(1).gaps, [count("bad", 1, 1), count("overflow", 2, 6)]);
    assert_eq!(of(3).gaps, [count("lost", 2, u64::MAX)]);
}

#[test]
fn it_goes_on_where_it_stood() {
    let dir = tempfile::tempdir().unwrap();
    fixture(dir.path());
    let rig = Rig::open(dir.path());
    rig.write([numbered(707, "k7k7k7k7-2", 11, &[("temperature", "21.51"), ("new", "1")])]);
    rig.store.close();
    let rig = Rig::open(dir.path());
    let rows = dump::samples(&rig.loaded, rig.store.reader());
    assert_eq!(rows.len(), expected(&["sample"]).len() + 2);
    let last = "sample\t1\t\"temperature\"\t707\t\"k7k7k7k7-2\"\t11\t707000\t-\t0\t\"21.51\"";
    assert!(rows.contains(&last.to_owned()));
}

/// The steps to the newest version, and then nothing more: what a start finds that was killed before it converted any row.
fn only_the_step(dir: &Path) {
    fixture(dir);
    let connection = Connection::open(dir.join("glassline.db")).unwrap();
    // A row that no chunk can take makes the conversion fail, so that the step before it is all that is done.
    connection
        .execute_batch("CREATE TRIGGER halt BEFORE DELETE ON sample BEGIN SELECT RAISE(ABORT, 'halt'); END")
        .unwrap();
    let error = Rig::open_with(dir, store::Durability::Disk).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("halt"), "{error}");
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 7);
    connection.execute_batch("DROP TRIGGER halt").unwrap();
}

#[test]
fn a_conversion_that_was_interrupted_goes_on_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    only_the_step(dir.path());
    assert_whole(&Rig::open(dir.path()));
    // Interrupted in the middle: behind some of the channels.
    for channels in 1..=5 {
        let dir = tempfile::tempdir().unwrap();
        only_the_step(dir.path());
        let connection = Connection::open(dir.path().join("glassline.db")).unwrap();
        connection
            .execute_batch(&format!(
                "CREATE TRIGGER halt BEFORE DELETE ON sample
                 WHEN (SELECT count(DISTINCT channel) FROM chunk) > {channels}
                 BEGIN SELECT RAISE(ABORT, 'halt'); END"
            ))
            .unwrap();
        Rig::open_with(dir.path(), store::Durability::Disk).map(|_| ()).unwrap_err();
        connection.execute_batch("DROP TRIGGER halt").unwrap();
        let converted: i64 =
            connection.query_row("SELECT count(DISTINCT channel) FROM chunk", [], |row| row.get(0)).unwrap();
        assert_eq!(converted, channels);
        assert_whole(&Rig::open(dir.path()));
    }
}
