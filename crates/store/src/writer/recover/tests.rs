//! What only a disk that fails at the wrong moment brings about: a batch in doubt that is there after all, a database
//! that is another one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;

use super::{Failure, Trouble};
use crate::folder::{self, Folder};
use crate::judge::{Gateways, Judge};
use crate::queue::Submitted;
use crate::store::Options;
use crate::write::{DeviceKey, Message, NewDevice, Sample, Write};
use crate::writer::{Batch, Database, Disk, State, Writer};

const PUMP: DeviceKey = DeviceKey(1);

fn open(dir: &Path) -> Writer<Database> {
    Writer::open(Folder::open(dir, folder::STORE).unwrap(), &Options::default()).unwrap().0
}

fn device() -> Write {
    let id = "pump-1".into();
    Write::Device(NewDevice { key: PUMP, id, token: None, joined: false, created: 0 })
}

fn message(cursor: u64) -> Write {
    let sample = Sample { channel: "flow".into(), ts: 5, device_ts: None, late: false, value: "1.50".into() };
    Write::Message(Message { device: PUMP, cursor, position: None, received: 5, samples: vec![sample] })
}

/// The writer after a commit of `writes` that went well, of which `doubtful` is then the last batch.
fn stored(writer: &mut Writer<Database>, writes: Vec<Write>) -> Batch {
    let State::Open(database) = &mut writer.state else { panic!("it is open") };
    let batch = Batch::judged(database.last_commit() + 1, writes, Submitted::Waits, &mut writer.judge);
    database.transact(&batch, &writer.judge).unwrap();
    batch
}

/// As if the last commit had not said that it went well.
fn in_doubt(writer: &mut Writer<Database>, batch: Batch) -> Failure {
    let last = batch.number - 1;
    let failed = rusqlite::Error::InvalidQuery;
    let failure = Failure::new(Some(batch), last, failed);
    writer.state = State::Failed(Box::new(Failure::new(None, last, rusqlite::Error::InvalidQuery)));
    failure
}

fn received(database: &Database) -> (u64, u64) {
    let devices = database.devices().unwrap();
    (devices[0].received, devices[0].cursor)
}

#[test]
fn a_batch_in_doubt_that_is_there_after_all_is_not_written_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path());
    stored(&mut writer, vec![device()]);
    let batch = stored(&mut writer, vec![message(1), message(2)]);
    let failure = in_doubt(&mut writer, batch);
    let (database, result) = writer.place.recover::<Database>(&failure, &mut writer.judge).unwrap();
    result.unwrap();
    assert_eq!(received(&database), (2, 2));
    assert_eq!(database.journaled(), 2);
}

#[test]
fn a_batch_in_doubt_that_is_not_there_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path());
    stored(&mut writer, vec![device()]);
    let State::Open(database) = &writer.state else { panic!("it is open") };
    let batch = Batch::judged(
        database.last_commit() + 1,
        vec![message(1), message(2)],
        Submitted::Waits,
        &mut writer.judge,
    );
    let failure = in_doubt(&mut writer, batch);
    let (database, result) = writer.place.recover::<Database>(&failure, &mut writer.judge).unwrap();
    result.unwrap();
    assert_eq!(received(&database), (2, 2));
    assert_eq!(database.journaled(), 2);
}

#[test]
fn a_database_that_is_another_one_is_not_believed_until_ours_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    drop(open(other.path()));
    let mut writer = open(dir.path());
    let batch = stored(&mut writer, vec![device()]);
    let failure = in_doubt(&mut writer, batch);
    let (ours, away) = (dir.path().join("glassline.db"), dir.path().join("away"));
    std::fs::rename(&ours, &away).unwrap();
    let missing = writer.place.recover::<Database>(&failure, &mut writer.judge).map(|_| ()).unwrap_err();
    assert!(matches!(missing, Trouble::Failed(_)), "{missing}");
    std::fs::copy(other.path().join("glassline.db"), &ours).unwrap();
    let another = writer.place.recover::<Database>(&failure, &mut writer.judge).map(|_| ()).unwrap_err();
    assert!(matches!(another, Trouble::Another), "{another}");
    std::fs::rename(&away, &ours).unwrap();
    assert!(writer.place.recover::<Database>(&failure, &mut writer.judge).is_ok());
}

#[test]
fn a_database_that_went_back_in_time_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path());
    stored(&mut writer, vec![device()]);
    stored(&mut writer, vec![message(1)]);
    let batch = stored(&mut writer, vec![message(2)]);
    // Two commits earlier than the one in doubt.
    let State::Open(_) = std::mem::replace(
        &mut writer.state,
        State::Failed(Box::new(Failure::new(None, 0, rusqlite::Error::InvalidQuery))),
    ) else {
        panic!("it is open")
    };
    let connection = rusqlite::Connection::open(dir.path().join("glassline.db")).unwrap();
    connection.execute("DELETE FROM journal WHERE id > ?1", [batch.number - 2]).unwrap();
    let failure = in_doubt(&mut writer, batch);
    let error = writer
        .place
        .recover::<Database>(&failure, &mut Judge::new(&[], 1, Gateways::new(&[], 1)))
        .map(|_| ())
        .unwrap_err();
    assert!(matches!(error, Trouble::Another), "{error}");
}
