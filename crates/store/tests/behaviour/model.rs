//! The store against its model: [`Memory`] judges by the same code and keeps everything as it is.

use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use store::{Commit, Durability, Entry, EntryContent, LoadedDevice, Memory, Write, limits};

use crate::dump;
use crate::random::Hub;
use crate::rig::Rig;

/// A seed that is another one in each run; a test that fails says it.
pub(crate) fn seed() -> u64 {
    RandomState::new().hash_one(0) % 1_000_000
}

fn open(dir: &Path) -> Rig {
    Rig::open_with(dir, Durability::Lazy).unwrap()
}

/// Submits to both; each write has the same fate in both.
fn write(rig: &Rig, memory: &mut Memory, writes: Vec<Write>) {
    let mut waiting = writes.len();
    writes.iter().for_each(|write| rig.store.submit(write.clone()));
    let (mut stored, mut refused) = (Vec::new(), Vec::new());
    while waiting > 0 {
        let Commit { writes, result } = rig.commits.recv().unwrap();
        waiting -= writes.len();
        match result {
            Ok(()) => stored.extend(writes),
            Err(error) => refused.push((writes, error.to_string())),
        }
    }
    let (mut expected_stored, mut expected_refused) = (Vec::new(), Vec::new());
    for Commit { writes, result } in memory.commit(writes) {
        match result {
            Ok(()) => expected_stored.extend(writes),
            Err(error) => expected_refused.push((writes, error.to_string())),
        }
    }
    let differs = stored.iter().zip(&expected_stored).find(|(one, other)| one != other);
    assert!(differs.is_none() && stored.len() == expected_stored.len(), "first difference: {differs:?}");
    assert_eq!(refused, expected_refused);
}

/// All that can be read of the store is as the model has it.
pub(crate) fn assert_same(rig: &Rig, memory: &Memory) {
    let expected = memory.loaded("");
    let devices: Vec<LoadedDevice> = expected.devices.clone();
    let reader = rig.store.reader();
    for device in &devices {
        let entries: Vec<(u64, EntryContent)> =
            memory.entries(device.key).iter().cloned().map(without_nothing).collect();
        assert_eq!(dump::entries(reader, device.key), entries);
        let mut commands: Vec<_> =
            memory.commands().iter().filter(|row| row.device == device.key).cloned().collect();
        commands.reverse();
        assert_eq!(reader.commands(device.key, limits::COMMANDS_MAX).unwrap(), commands);
        // The stream of a channel has what the log has: asserted in there. Of very many channels some are enough.
        let channels = device.channels.iter().map(|channel| &channel.name);
        let some: Vec<_> = channels.step_by(1 + device.channels.len() / 8).collect();
        dump::samples_of(reader, device.key, &some);
    }
}

/// What a start finds is as the model has it too.
pub(crate) fn assert_same_start(rig: &Rig, memory: &Memory) {
    let expected = memory.loaded("");
    assert_eq!(rig.loaded.devices, expected.devices);
    assert_eq!(rig.loaded.tokens, expected.tokens);
    assert_eq!(rig.loaded.access, expected.access);
    assert_eq!(rig.loaded.unfinished, expected.unfinished);
    assert_eq!(rig.loaded.earlier_issuers, expected.earlier_issuers);
    assert_eq!(rig.loaded.next_key, expected.next_key);
    assert_eq!(rig.loaded.gateways, expected.gateways);
    assert_eq!(rig.loaded.next_gateway, expected.next_gateway);
    assert_same(rig, memory);
}

/// A store keeps nothing of a message without samples but that it was there.
fn without_nothing(entry: Entry) -> (u64, EntryContent) {
    let content = match entry.content {
        EntryContent::Message { samples, .. } if samples.is_empty() => EntryContent::Nothing,
        content => content,
    };
    (entry.cursor, content)
}

#[test]
fn any_sequence_of_writes_and_reopenings_reads_as_in_the_model() {
    for run in 0..6 {
        let seed = seed();
        eprintln!("seed {seed}");
        let dir = tempfile::tempdir().unwrap();
        let (mut hub, mut memory) = (Hub::new(seed), Memory::new());
        let mut rig = open(dir.path());
        for round in 0..40 {
            for _ in 0..hub.random.below(12) {
                let batch = hub.batch(60);
                write(&rig, &mut memory, batch);
            }
            if hub.random.one_in(4) {
                assert_same(&rig, &memory);
            }
            if hub.random.one_in(5) {
                // Everything is folded at the end of a run.
                drop(rig);
                memory.crash();
                rig = open(dir.path());
                assert_same_start(&rig, &memory);
            }
            if hub.random.one_in(8) {
                // Killed: what is in the journal stays there.
                let copy = dir.path().join(format!("{run}-{round}"));
                copy_files(dir.path(), &copy);
                let killed = open(&copy);
                assert_same_start(&killed, &memory);
            }
        }
    }
}

#[test]
fn a_store_that_folds_while_it_runs_reads_as_the_model() {
    let seed = seed();
    eprintln!("seed {seed}");
    let dir = tempfile::tempdir().unwrap();
    let (mut hub, mut memory) = (Hub::new(seed), Memory::new());
    let rig = open(dir.path());
    for commit in 0..3 * limits::FOLD_COMMITS {
        let batch = hub.batch(2);
        write(&rig, &mut memory, batch);
        // Close to where it is folded, and now and then elsewhere.
        if commit % limits::FOLD_COMMITS < 3 || hub.random.one_in(200) {
            assert_same(&rig, &memory);
        }
    }
    drop(rig);
    assert_same_start(&open(dir.path()), &memory);
}

/// The files as they are now: what a kill would leave.
fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for name in ["glassline.db", "glassline.db-wal"] {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
}
