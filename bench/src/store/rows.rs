//! The peer: the samples of `ingest` as SQLite rows, one each, with an index over time, as one would begin.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use rusqlite::Connection;
use store::{Message, Write};

use super::ingest::{DEVICES, MESSAGES, WINDOW, outboxes};
use super::{Round, folder_bytes, used_bytes};
use crate::clock::Clock;

const TABLES: &str = "
  CREATE TABLE device (key INTEGER PRIMARY KEY, cursor INTEGER, seq INTEGER) STRICT;
  CREATE TABLE sample (
    channel INTEGER NOT NULL, id INTEGER NOT NULL, ts INTEGER NOT NULL, value TEXT NOT NULL,
    cursor INTEGER NOT NULL, session INTEGER, seq INTEGER, device_ts INTEGER, late INTEGER NOT NULL,
    PRIMARY KEY (channel, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sample_time ON sample (channel, ts);";

/// One round: each transaction takes what all devices have in flight.
pub(super) fn run(dir: &Path, seed: u64) -> anyhow::Result<Round> {
    std::fs::create_dir_all(dir)?;
    let mut connection = Connection::open(dir.join("rows.db"))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    connection.pragma_update(None, "cache_size", -32 * 1024)?;
    connection.execute_batch(TABLES)?;
    let mut outboxes = outboxes(seed, MESSAGES / 4);
    let (mut samples, mut longest_ms): (u64, f64) = (0, 0.0);
    let clock = Clock::start();
    loop {
        let begun = Instant::now();
        let taken = commit(&mut connection, &mut outboxes, samples)?;
        if taken == 0 {
            break;
        }
        samples += taken;
        longest_ms = longest_ms.max(begun.elapsed().as_secs_f64() * 1e3);
    }
    let spent = clock.stop();
    let begun = Instant::now();
    drop(connection);
    let close_ms = begun.elapsed().as_secs_f64() * 1e3;
    let (bytes, used) = (folder_bytes(dir)?, used_bytes(&dir.join("rows.db"))?);
    Ok(Round { samples, spent, bytes, used, longest_ms, close_ms })
}

/// One transaction; `before` is how many samples there are.
fn commit(
    connection: &mut Connection,
    outboxes: &mut [std::vec::IntoIter<Write>],
    before: u64,
) -> anyhow::Result<u64> {
    let transaction = connection.transaction()?;
    let mut id = before.cast_signed();
    {
        let mut insert =
            transaction.prepare_cached("INSERT INTO sample VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8)")?;
        let mut update = transaction.prepare_cached("INSERT OR REPLACE INTO device VALUES (?1, ?2, ?3)")?;
        for outbox in outboxes {
            let mut last: Option<Message> = None;
            for write in outbox.by_ref().take(WINDOW) {
                let Write::Message(message) = write else { continue };
                let key = message.device.0.cast_signed();
                let seq = message.position.as_ref().context("all are numbered")?.seq.cast_signed();
                for sample in &message.samples {
                    id += 1;
                    let cursor = message.cursor.cast_signed();
                    insert.execute((
                        key,
                        id,
                        sample.ts,
                        &sample.value,
                        cursor,
                        seq,
                        sample.device_ts,
                        sample.late,
                    ))?;
                }
                last = Some(message);
            }
            if let Some(message) = last {
                let cursor = message.cursor.cast_signed();
                update.execute((message.device.0.cast_signed(), cursor, cursor))?;
            }
        }
    }
    transaction.commit()?;
    let taken = id.cast_unsigned() - before;
    debug_assert!(taken <= DEVICES * WINDOW as u64, "a window was exceeded");
    Ok(taken)
}
