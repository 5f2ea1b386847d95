//! Backups: taken while a store runs, found whole, put back.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use store::{AccessKind, AccessRow, CopyError, OpenError, SampleRow, TokenHash, TokenRow, Write};

use crate::rig::{PUMP, Rig, command, numbered};

const NOW: i64 = 9_000_000;

/// Writes numbered messages `from` to `to` of one session.
fn ingest(rig: &Rig, from: u64, to: u64) {
    rig.write((from..=to).map(|seq| numbered(seq, "k7-1", seq, &[("level", &format!("{seq}.50"))])));
}

fn values(rig: &Rig) -> Vec<String> {
    let mut values = Vec::new();
    let mut each = |row: SampleRow| {
        values.push(row.value.to_string());
        ControlFlow::Continue(())
    };
    rig.store.reader().samples(PUMP, "level", i64::MIN, i64::MAX, &mut each).unwrap();
    values
}

fn files(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_backup_of_a_running_store_holds_what_was_committed_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let (state, copy) = (dir.path().join("state"), dir.path().join("copy.db"));
    let rig = Rig::with_pump(&state);
    ingest(&rig, 1, 500);
    let taken = store::backup(&state, &copy, false).unwrap();
    assert_eq!((taken.devices, taken.bytes), (1, fs::metadata(&copy).unwrap().len()));
    // The store goes on, as if nothing had been.
    ingest(&rig, 501, 600);
    assert_eq!(values(&rig).len(), 600);
    assert_eq!(files(dir.path()), ["copy.db", "state"]);

    let other = dir.path().join("other");
    store::restore(&copy, &other, NOW, false).unwrap();
    let restored = Rig::open(&other);
    assert_eq!(values(&restored), (1..=500).map(|seq| format!("{seq}.50")).collect::<Vec<_>>());
    assert_eq!(restored.pump().position.as_ref().unwrap().seq, 500);
}

#[test]
fn h2_after_going_back_the_log_has_another_name_and_the_tags_are_still_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let (state, copy) = (dir.path().join("state"), dir.path().join("copy.db"));
    let rig = Rig::with_pump(&state);
    rig.write([Write::Session { device: PUMP, counter: 1, tag: "k7".into() }]);
    ingest(&rig, 1, 10);
    store::backup(&state, &copy, false).unwrap();
    let (log, issuer) = (rig.loaded.log.clone(), rig.loaded.issuer.clone());
    drop(rig);
    store::restore(&copy, &state, NOW, true).unwrap();
    let restored = Rig::open(&state);
    assert_ne!(restored.loaded.log, log);
    assert_ne!(restored.loaded.issuer, issuer);
    assert_eq!(restored.loaded.earlier_issuers, ["k7"]);
    let log = restored.loaded.log.clone();
    drop(restored);
    assert_eq!(Rig::open(&state).loaded.log, log, "only once");
}

#[test]
fn after_going_back_nobody_knows_what_became_of_a_command() {
    let dir = tempfile::tempdir().unwrap();
    let (state, copy) = (dir.path().join("state"), dir.path().join("copy.db"));
    let rig = Rig::with_pump(&state);
    let states = ["accepted", "queued", "sent", "done", "expired"];
    rig.write(states.map(|state| Write::Command(command("ada", state, state))));
    store::backup(&state, &copy, false).unwrap();
    drop(rig);
    let restored = store::restore(&copy, &state, NOW, true).unwrap();
    assert_eq!(restored.unknown_commands, 3);
    let rig = Rig::open(&state);
    assert_eq!(rig.loaded.unfinished, []);
    // A late answer to one that was given since the backup must not settle another.
    assert!(rig.loaded.devices[0].next_command > u64::from(store::limits::RESTORE_SKIPS_COMMANDS));
    for (id, state) in states.into_iter().zip(["unknown", "unknown", "unknown", "done", "expired"]) {
        let command = rig.store.reader().command(PUMP, Some("ada"), id).unwrap().unwrap();
        assert_eq!(&*command.state, state);
        assert_eq!(command.updated == NOW, state == "unknown");
    }
}

#[test]
fn tokens_that_may_have_been_revoked_since_do_not_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let (state, copy) = (dir.path().join("state"), dir.path().join("copy.db"));
    let rig = Rig::with_pump(&state);
    let token = TokenRow {
        hash: TokenHash([1; 32]),
        subject: "ada".into(),
        scopes: "view".into(),
        created: 1,
        expires: i64::MAX,
        used: 0,
    };
    let access = |kind| AccessRow { kind, name: "ada".into(), content: "{}".into() };
    rig.write(AccessKind::ALL.map(|kind| Write::Access(access(kind))));
    rig.write([Write::Token(token)]);
    store::backup(&state, &copy, false).unwrap();
    rig.write([Write::TokenRevoked { hash: TokenHash([1; 32]) }]);
    drop(rig);
    store::restore(&copy, &state, NOW, true).unwrap();
    let rig = Rig::open(&state);
    assert_eq!(rig.loaded.tokens, []);
    assert_eq!(rig.loaded.access, [AccessKind::Person, AccessKind::Group].map(access));
    assert!(rig.pump().token.is_some(), "a device keeps its own");
}

#[test]
fn nothing_is_replaced_unasked() {
    let dir = tempfile::tempdir().unwrap();
    let (state, copy) = (dir.path().join("state"), dir.path().join("copy.db"));
    let rig = Rig::with_pump(&state);
    ingest(&rig, 1, 3);
    store::backup(&state, &copy, false).unwrap();
    let before = fs::read(&copy).unwrap();
    let again = store::backup(&state, &copy, false).unwrap_err();
    assert!(matches!(again, CopyError::Exists { .. }), "{again}");
    assert_eq!(fs::read(&copy).unwrap(), before);
    store::backup(&state, &copy, true).unwrap();
    drop(rig);
    let refused = store::restore(&copy, &state, NOW, false).unwrap_err();
    assert!(matches!(refused, CopyError::Exists { .. }), "{refused}");
    assert_eq!(values(&Rig::open(&state)).len(), 3);
}

#[test]
fn a_folder_that_is_held_is_not_restored_into() {
    let dir = tempfile::tempdir().unwrap();
    let (state, copy) = (dir.path().join("state"), dir.path().join("copy.db"));
    let rig = Rig::with_pump(&state);
    store::backup(&state, &copy, false).unwrap();
    let refused = store::restore(&copy, &state, NOW, true).unwrap_err();
    assert!(matches!(refused, CopyError::Folder(OpenError::InUse { .. })), "{refused}");
    ingest(&rig, 1, 3);
}

#[test]
fn the_log_of_a_crashed_store_does_not_get_into_the_restored_one() {
    let dir = tempfile::tempdir().unwrap();
    let (state, copy) = (dir.path().join("state"), dir.path().join("copy.db"));
    let rig = Rig::with_pump(&state);
    ingest(&rig, 1, 5);
    store::backup(&state, &copy, false).unwrap();
    ingest(&rig, 6, 400);
    // What a crash leaves: the files as they are now, with what is only in the log.
    let crashed = dir.path().join("crashed");
    fs::create_dir(&crashed).unwrap();
    for name in ["glassline.db", "glassline.db-wal"] {
        fs::copy(state.join(name), crashed.join(name)).unwrap();
    }
    assert!(fs::metadata(crashed.join("glassline.db-wal")).unwrap().len() > 0);
    store::restore(&copy, &crashed, NOW, true).unwrap();
    assert_eq!(values(&Rig::open(&crashed)).len(), 5);
}

#[test]
fn a_copy_that_is_damaged_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (state, copy) = (dir.path().join("state"), dir.path().join("copy.db"));
    let rig = Rig::with_pump(&state);
    ingest(&rig, 1, 2000);
    store::backup(&state, &copy, false).unwrap();
    drop(rig);
    let good = fs::read(&copy).unwrap();
    let mut torn = good.clone();
    torn.truncate(good.len() / 2);
    let mut overwritten = good.clone();
    overwritten[4096..8192].fill(0x55);
    let cases: [&[u8]; 5] = [
        b"",
        b"not a database, whatever it is called, and long enough to look",
        &torn,
        &overwritten,
        &good[..50],
    ];
    for damaged in cases {
        fs::write(&copy, damaged).unwrap();
        let refused = store::restore(&copy, &state, NOW, true).unwrap_err();
        assert!(matches!(refused, CopyError::Damaged { .. } | CopyError::Foreign { .. }), "{refused}");
        assert_eq!(values(&Rig::open(&state)).len(), 2000);
        assert_eq!(files(&state), ["glassline.db", "glassline.lock"]);
    }
}

#[test]
fn what_is_no_backup_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (state, copy) = (dir.path().join("state"), dir.path().join("copy.db"));
    let nothing = store::backup(&state, &copy, false).unwrap_err();
    assert!(matches!(nothing, CopyError::Nothing { .. }), "{nothing}");
    assert!(!state.exists(), "asking for a backup makes no state");
    let rig = Rig::with_pump(&state);
    ingest(&rig, 1, 5);
    // The running store's own file: what is newest is in its log.
    let refused =
        store::restore(&state.join("glassline.db"), &dir.path().join("other"), NOW, false).unwrap_err();
    assert!(matches!(refused, CopyError::NotAlone { .. }), "{refused}");
    let missing = store::restore(&copy, &dir.path().join("other"), NOW, false).unwrap_err();
    assert!(matches!(missing, CopyError::File { .. }), "{missing}");
}

#[test]
fn a_copy_that_an_older_program_wrote_is_restored_too() {
    let dir = tempfile::tempdir().unwrap();
    let copy = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/v1/glassline.db");
    let restored = store::restore(Path::new(copy), &dir.path().join("state"), NOW, false).unwrap();
    let rig = Rig::open(&dir.path().join("state"));
    assert_eq!(rig.loaded.devices.len() as u64, restored.devices);
    assert!(restored.devices > 0 && restored.unknown_commands > 0);
    assert_eq!(rig.loaded.unfinished, []);
}

#[test]
fn a_backup_does_not_go_into_the_state_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (state, link) = (dir.path().join("state"), dir.path().join("link"));
    let rig = Rig::with_pump(&state);
    ingest(&rig, 1, 3);
    #[cfg(unix)]
    std::os::unix::fs::symlink(&state, &link).unwrap();
    #[cfg(not(unix))]
    let link = state.clone();
    for to in [state.join("glassline.db"), state.join("copy.db"), link.join("glassline.db")] {
        let refused = store::backup(&state, &to, true).unwrap_err();
        assert!(matches!(refused, CopyError::Inside { .. }), "{refused}");
    }
    let before = files(&state);
    ingest(&rig, 4, 5);
    assert_eq!(files(&state), before);
    drop(rig);
    assert_eq!(values(&Rig::open(&state)).len(), 5);
}
