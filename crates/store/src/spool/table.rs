//! The statements of a spool.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use protocol::uplink::tags::{TagRow, Tags};
use rusqlite::{Connection, OptionalExtension, Params, Row as SqlRow};

use super::books::{Books, Changed, Hub, Losses};
use super::rows::{Each, Row, Rows};
use super::write::Quota;
use crate::judge::Standing;
use crate::load::unsigned;
use crate::loaded::LoadedDevice;
use crate::write::{DeviceKey, NewDevice, Position, TokenHash};

fn run(connection: &Connection, sql: &str, parameters: impl Params) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute(parameters)?;
    Ok(())
}

/// Entries in the database.
pub(super) struct Table<'a>(pub(super) &'a Connection);

impl Rows for Table<'_> {
    fn each_behind(&self, after: u64, each: Each<'_>) -> rusqlite::Result<()> {
        let sql = "SELECT first, last, before, received, content FROM entry WHERE last > ?1 ORDER BY last";
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query([after.cast_signed()])?;
        while let Some(row) = rows.next()? {
            let content = row.get_ref(4)?.as_blob()?;
            let (first, last, before) = (unsigned(row, 0)?, unsigned(row, 1)?, unsigned(row, 2)?);
            if each(Row { first, last, before, received: row.get(3)?, content })?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn delete(&mut self, last: u64) -> rusqlite::Result<()> {
        run(self.0, "DELETE FROM entry WHERE last <= ?1", [last.cast_signed()])
    }
}

pub(super) fn insert(connection: &Connection, row: &Row<Vec<u8>>) -> rusqlite::Result<()> {
    let sql = "INSERT INTO entry (last, first, before, received, content) VALUES (?1, ?2, ?3, ?4, ?5)";
    let (last, first) = (row.last.cast_signed(), row.first.cast_signed());
    run(connection, sql, (last, first, row.before.cast_signed(), row.received, &row.content))
}

/// The number of the last commit.
pub(super) fn last_commit(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT number FROM head", [], |row| row.get(0))
}

pub(super) fn set_head(connection: &Connection, number: i64, books: &Books) -> rusqlite::Result<()> {
    let sql = "UPDATE head SET number = ?1, place = ?2, bytes = ?3";
    run(connection, sql, (number, books.head.cast_signed(), books.total.cast_signed()))
}

/// All that a spool keeps in mind.
pub(super) fn books(connection: &Connection, bytes_max: u64) -> rusqlite::Result<Books> {
    let row = |row: &SqlRow<'_>| Ok((unsigned(row, 0)?, unsigned(row, 1)?));
    let (head, total) = connection.query_row("SELECT place, bytes FROM head", [], row)?;
    let mut books = Books { head, oldest: head + 1, total, gone: total, bytes_max, ..Books::default() };
    Table(connection).each_behind(0, &mut |row| {
        (books.oldest, books.gone) = (row.first, row.before);
        Ok(ControlFlow::Break(()))
    })?;
    books.tags = tags(connection)?;
    let sql = "SELECT name, settings, quota_bytes, quota_ms, begin, acked, dropped, unlisted, lost FROM hub";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let hub = Hub {
            settings: row.get(1)?,
            quota: Quota { bytes: unsigned(row, 2)?, ms: unsigned(row, 3)? },
            begin: unsigned(row, 4)?,
            acked: unsigned(row, 5)?.min(head),
            dropped: unsigned(row, 6)?,
            losses: Losses { unlisted: unsigned(row, 7)?, ..Losses::default() },
            lost: unsigned(row, 8)?,
        };
        books.hubs.insert(row.get(0)?, hub);
    }
    let mut statement = connection.prepare("SELECT hub, device, session, from_seq, to_seq FROM lost")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(hub) = books.hubs.get_mut(row.get_ref(0)?.as_str()?) {
            hub.losses.list.insert((row.get(1)?, row.get(2)?), (unsigned(row, 3)?, unsigned(row, 4)?));
        }
    }
    Ok(books)
}

fn tags(connection: &Connection) -> rusqlite::Result<Tags> {
    let mut statement = connection.prepare("SELECT tag, first, end FROM tag ORDER BY number")?;
    let row =
        |row: &SqlRow<'_>| Ok(TagRow { tag: row.get(0)?, first: unsigned(row, 1)?, end: unsigned(row, 2)? });
    Ok(Tags::new(statement.query_map([], row)?.collect::<rusqlite::Result<_>>()?))
}

/// All tags, as they now are: they change at a start, and when the end of one is raised.
pub(super) fn put_tags(connection: &Connection, tags: &Tags) -> rusqlite::Result<()> {
    let oldest = tags.rows().first().map_or("", |row| &row.tag);
    run(
        connection,
        "DELETE FROM tag WHERE number < coalesce((SELECT number FROM tag WHERE tag = ?1), 0)",
        [oldest],
    )?;
    for TagRow { tag, first, end } in tags.rows() {
        run(
            connection,
            "INSERT INTO tag (tag, first, end) VALUES (?1, ?2, ?3)
             ON CONFLICT (tag) DO UPDATE SET end = excluded.end WHERE end != excluded.end",
            (&**tag, first.cast_signed(), end.cast_signed()),
        )?;
    }
    Ok(())
}

/// What has changed of hubs and tags.
pub(super) fn put_changed(connection: &Connection, books: &Books, changed: &Changed) -> rusqlite::Result<()> {
    if changed.tags {
        put_tags(connection, &books.tags)?;
    }
    for name in &changed.settled {
        run(connection, "DELETE FROM lost WHERE hub = ?1", [name])?;
    }
    for name in &changed.hubs {
        match books.hubs.get(name) {
            Some(hub) => put_hub(connection, name, hub)?,
            None => run(connection, "DELETE FROM hub WHERE name = ?1", [name])?,
        }
    }
    for (name, key) in &changed.losses {
        let Some((from, to)) = books.hubs.get(name).and_then(|hub| hub.losses.list.get(key)) else {
            continue;
        };
        let sql = "INSERT OR REPLACE INTO lost (hub, device, session, from_seq, to_seq) VALUES (?1, ?2, ?3, ?4, ?5)";
        run(connection, sql, (name, &key.0, &key.1, from.cast_signed(), to.cast_signed()))?;
    }
    Ok(())
}

fn put_hub(connection: &Connection, name: &str, hub: &Hub) -> rusqlite::Result<()> {
    run(
        connection,
        "INSERT OR REPLACE INTO hub
           (name, settings, quota_bytes, quota_ms, begin, acked, dropped, unlisted, lost)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        (
            name,
            &hub.settings,
            hub.quota.bytes.cast_signed(),
            hub.quota.ms.cast_signed(),
            hub.begin.cast_signed(),
            hub.acked.cast_signed(),
            hub.dropped.cast_signed(),
            hub.losses.unlisted.cast_signed(),
            hub.lost.cast_signed(),
        ),
    )
}

/// What is read of a device.
const DEVICES: &str =
    "SELECT key, id, token, confirmed, joined, created, describe, cursor, next_session, session, seq,
                              received, late, next_command, last_seen
                       FROM device JOIN log ON log.device = device.key";

/// All devices, by key. They have no channels here.
pub(super) fn devices(connection: &Connection) -> rusqlite::Result<Vec<LoadedDevice>> {
    connection.prepare(&format!("{DEVICES} ORDER BY key"))?.query_map([], device_row)?.collect()
}

/// One device.
pub(super) fn device(connection: &Connection, key: DeviceKey) -> rusqlite::Result<Option<LoadedDevice>> {
    let mut statement = connection.prepare_cached(&format!("{DEVICES} WHERE key = ?1"))?;
    statement.query_row([key.0.cast_signed()], device_row).optional()
}

/// Its id.
pub(super) fn id_of(connection: &Connection, key: DeviceKey) -> rusqlite::Result<Option<Arc<str>>> {
    let mut statement = connection.prepare_cached("SELECT id FROM device WHERE key = ?1")?;
    statement.query_row([key.0.cast_signed()], |row| row.get(0)).optional()
}

fn device_row(row: &SqlRow<'_>) -> rusqlite::Result<LoadedDevice> {
    let session: Option<Arc<str>> = row.get(9)?;
    let seq = row.get::<_, Option<i64>>(10)?.map(i64::cast_unsigned);
    let mut device = LoadedDevice::new(&NewDevice {
        key: DeviceKey(unsigned(row, 0)?),
        id: row.get(1)?,
        token: row.get::<_, Option<[u8; 32]>>(2)?.map(TokenHash),
        joined: row.get(4)?,
        created: row.get(5)?,
    });
    device.confirmed = row.get(3)?;
    device.describe = row.get(6)?;
    device.cursor = unsigned(row, 7)?;
    device.next_session = unsigned(row, 8)?;
    device.position = session.zip(seq).map(|(session, seq)| Position { session, seq });
    // The losses are the hubs' to count: here each place in the log stands for a message, so that the books add up.
    device.received = device.cursor;
    device.late = unsigned(row, 12)?;
    device.next_command = unsigned(row, 13)?;
    device.last_seen = row.get(14)?;
    Ok(device)
}

/// Where a device's log stands.
pub(super) fn put_log(connection: &Connection, key: DeviceKey, standing: &Standing) -> rusqlite::Result<()> {
    let position = standing.position.as_ref();
    run(
        connection,
        "INSERT INTO log (device, cursor, next_session, session, seq, received, late, next_command, last_seen)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (device) DO UPDATE SET
           cursor = excluded.cursor, next_session = excluded.next_session, session = excluded.session,
           seq = excluded.seq, received = excluded.received, late = excluded.late,
           next_command = excluded.next_command, last_seen = excluded.last_seen",
        (
            key.0.cast_signed(),
            standing.cursor.cast_signed(),
            standing.next_session.cast_signed(),
            position.map(|position| &*position.session),
            position.map(|position| position.seq.cast_signed()),
            standing.received.cast_signed(),
            standing.late.cast_signed(),
            standing.next_command.cast_signed(),
            standing.last_seen,
        ),
    )
}

pub(super) fn delete_device(connection: &Connection, key: DeviceKey) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM learned WHERE device = ?1",
        "DELETE FROM log WHERE device = ?1",
        "DELETE FROM device WHERE key = ?1",
    ] {
        run(connection, sql, [key.0.cast_signed()])?;
    }
    Ok(())
}

pub(super) fn put_learned(
    connection: &Connection,
    device: DeviceKey,
    hash: Option<&TokenHash>,
    at: i64,
) -> rusqlite::Result<()> {
    let device = device.0.cast_signed();
    match hash {
        Some(hash) => {
            let sql = "INSERT OR REPLACE INTO learned (device, hash, at) VALUES (?1, ?2, ?3)";
            run(connection, sql, (device, hash.0, at))
        }
        None => run(connection, "DELETE FROM learned WHERE device = ?1", [device]),
    }
}

pub(super) fn put_device_token(
    connection: &Connection,
    device: DeviceKey,
    token: Option<&TokenHash>,
    confirmed: bool,
) -> rusqlite::Result<()> {
    let sql = "UPDATE device SET token = ?2, confirmed = ?3 WHERE key = ?1";
    run(connection, sql, (device.0.cast_signed(), token.map(|token| token.0), confirmed))
}

/// Tokens last confirmed before `before` go.
pub(super) fn forget_learned(connection: &Connection, before: i64) -> rusqlite::Result<()> {
    run(connection, "DELETE FROM learned WHERE at < ?1", [before])
}

pub(super) fn learned(connection: &Connection) -> rusqlite::Result<HashMap<DeviceKey, (TokenHash, i64)>> {
    let mut statement = connection.prepare("SELECT device, hash, at FROM learned")?;
    let row = |row: &SqlRow<'_>| Ok((DeviceKey(unsigned(row, 0)?), (TokenHash(row.get(1)?), row.get(2)?)));
    statement.query_map([], row)?.collect()
}
