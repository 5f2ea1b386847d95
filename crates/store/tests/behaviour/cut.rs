//! Killed at any moment: the write-ahead log ends anywhere, also in the middle of a folding, and what a start then finds is the
//! store as of some commit, whole, and not of an earlier one than the last that was handed back.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use store::{Durability, Event, Memory, Options, Sample, Store, Write, limits};

use crate::model;
use crate::random::Random;
use crate::rig::{PUMP, Rig, device, message, numbered};

/// A commit that was handed back, and how long the write-ahead log was then, bytes.
struct Handed {
    commits: usize,
    length: u64,
}

/// What was written, commit by commit, and the files that this left.
struct Past {
    dir: tempfile::TempDir,
    batches: Vec<Write>,
    handed: Vec<Handed>,
}

impl Past {
    /// Runs a store that commits each of `batches` alone. The files are kept as they are before it is closed.
    fn of(batches: Vec<Write>) -> Past {
        let dir = tempfile::tempdir().unwrap();
        let running = dir.path().join("running");
        let log = running.join("glassline.db-wal");
        let (handed, from) = mpsc::channel();
        let options = Options { durability: Durability::Lazy, gather: Duration::ZERO, ..Options::default() };
        let on_event = move |event| {
            let Event::Commit(commit) = event else { panic!("nothing fails here") };
            assert_eq!(commit.writes.len(), 1);
            handed.send(std::fs::metadata(&log).unwrap().len()).unwrap();
        };
        let (store, _) = Store::open(&running, options, on_event).unwrap();
        // The version and names are in the database, as they are in every store but the newest: from here on nothing moves
        // into it.
        let lengths = batches.iter().map(|batch| {
            store.submit(batch.clone());
            from.recv().unwrap()
        });
        let handed = lengths.zip(1..).map(|(length, commits)| Handed { commits, length }).collect();
        for name in ["glassline.db", "glassline.db-wal"] {
            std::fs::copy(running.join(name), dir.path().join(name)).unwrap();
        }
        let length = std::fs::metadata(dir.path().join("glassline.db-wal")).unwrap().len();
        assert!(length < u64::from(limits::CHECKPOINT_PAGES) * 4000, "all of it is in the write-ahead log");
        Past { dir, batches, handed }
    }

    /// The folder as a kill would leave it that came when the write-ahead log had this length.
    fn cut(&self, length: u64) -> PathBuf {
        let to = self.dir.path().join(length.to_string());
        std::fs::create_dir(&to).unwrap();
        for name in ["glassline.db", "glassline.db-wal"] {
            std::fs::copy(self.dir.path().join(name), to.join(name)).unwrap();
        }
        let log = std::fs::OpenOptions::new().write(true).open(to.join("glassline.db-wal")).unwrap();
        log.set_len(length).unwrap();
        to
    }

    fn length(&self) -> u64 {
        std::fs::metadata(self.dir.path().join("glassline.db-wal")).unwrap().len()
    }

    /// What a store killed at this length comes back with is the model after some of the commits; how many.
    fn assert_whole(&self, length: u64) -> usize {
        let cut = self.cut(length);
        let rig = Rig::open_with(&cut, Durability::Lazy).unwrap();
        let least = self.handed.iter().rev().find(|handed| handed.length <= length);
        let least = least.map_or(0, |handed| handed.commits);
        let cursor = rig.loaded.devices.first().map_or(0, |device| device.cursor) as usize;
        // The first commit makes the device, each of the others is one place of its log.
        let commits = if rig.loaded.devices.is_empty() { 0 } else { cursor + 1 };
        assert!(commits >= least, "{least} commits were handed back, {commits} are there");
        let mut memory = Memory::new();
        for batch in &self.batches[..commits] {
            assert!(memory.commit(vec![batch.clone()]).iter().all(|commit| commit.result.is_ok()));
        }
        model::assert_same_start(&rig, &memory);
        rig.store.close();
        // Also when all is folded.
        let rig = Rig::open_with(&cut, Durability::Lazy).unwrap();
        model::assert_same_start(&rig, &memory);
        drop(rig);
        std::fs::remove_dir_all(cut).unwrap();
        commits
    }
}

/// One commit with one value in each of so many channels.
fn wide(cursor: u64, channels: usize) -> Write {
    let sample = |channel: usize| Sample {
        channel: format!("c{channel}").into(),
        ts: cursor as i64,
        device_ts: None,
        late: false,
        value: format!("{cursor}.{channel}").into(),
    };
    let samples = (0..channels).map(sample).collect();
    Write::Message(store::Message { samples, ..message(cursor, cursor as i64, &[]) })
}

#[test]
fn h5_a_kill_at_any_moment_leaves_the_store_as_of_a_commit() {
    let mut batches = vec![device(PUMP, "pump-1")];
    // Long enough that the journal is folded in between.
    let count = limits::FOLD_COMMITS + 20;
    batches.extend((1..=count).map(|cursor| match cursor % 10 {
        0 => crate::rig::gap(cursor, "k7-1", cursor, cursor, 5),
        _ => numbered(cursor, "k7-1", cursor, &[("flow", &format!("{cursor}.50")), ("level", "7")]),
    }));
    let past = Past::of(batches);
    let seed = model::seed();
    eprintln!("seed {seed}");
    let mut random = Random::new(seed);
    let mut seen = Vec::new();
    for _ in 0..15 {
        seen.push(past.assert_whole(random.below(past.length())));
    }
    assert_eq!(past.assert_whole(past.length()), count as usize + 1);
    assert!(seen.iter().any(|commits| *commits > 1), "{seen:?}");
}

#[test]
fn a_folding_killed_between_its_slices_loses_and_doubles_nothing() {
    let channels = 4 * limits::FOLD_SLICE_CHANNELS + 100;
    let mut batches = vec![device(PUMP, "pump-1")];
    // The last ones bring it to where it folds.
    let wides = limits::FOLD_SAMPLES / channels as u64 + 1;
    batches.extend((1..=wides + 4).map(|cursor| match cursor {
        cursor if cursor <= wides => wide(cursor, channels),
        cursor => numbered(cursor, "k7-1", cursor, &[("c7", "0.10")]),
    }));
    let past = Past::of(batches);
    // At the end of each of the last commits, and of what was folded with them.
    let lengths: Vec<u64> = past.handed.iter().rev().take(5).map(|handed| handed.length).collect();
    let folded = |path: &Path| {
        let connection = rusqlite::Connection::open(path.join("glassline.db")).unwrap();
        let sql = "SELECT count(*) FROM channel WHERE folded > 0";
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let mut progress = Vec::new();
    for length in lengths.into_iter().rev() {
        let cut = past.cut(length);
        progress.push(folded(&cut));
        std::fs::remove_dir_all(cut).unwrap();
        past.assert_whole(length);
    }
    assert!(progress.iter().any(|folded| (1..channels as i64).contains(folded)), "{progress:?}");
}
