//! Reading what a store knows, at the start and after a failed commit.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row};

use crate::loaded::{Latest, LoadedChannel, LoadedDevice};
use crate::write::{CommandRow, DeviceKey, Position, TokenHash, TokenRow};

/// A device as the hub sees it, and the numbers by which the database knows its parts.
pub(crate) struct DeviceRow {
    pub(crate) device: LoadedDevice,
    /// The key of the current session.
    pub(crate) session: Option<i64>,
    /// The keys of its channels, in the order of `device.channels`.
    pub(crate) channels: Vec<i64>,
}

/// All devices with their channels, by key.
pub(crate) fn devices(connection: &Connection) -> rusqlite::Result<Vec<DeviceRow>> {
    let mut statement = connection.prepare(
        "SELECT device.key, id, device.name, token, confirmed, joined, created, describe, cursor, next_session,
                session.name, seq, received, gaps, next_command, last_seen, session.key
         FROM device LEFT JOIN session ON session.key = device.session ORDER BY device.key",
    )?;
    let mut devices = statement.query_map([], device)?.collect::<rusqlite::Result<Vec<DeviceRow>>>()?;
    let mut statement = connection.prepare(
        "SELECT device, key, name, value, ts, cursor FROM channel WHERE device IS NOT NULL ORDER BY device, key",
    )?;
    let mut rows = statement.query([])?;
    let mut at = 0;
    while let Some(row) = rows.next()? {
        let owner = DeviceKey(unsigned(row, 0)?);
        while devices.get(at).is_some_and(|found| found.device.key < owner) {
            at += 1;
        }
        let Some(found) = devices.get_mut(at).filter(|found| found.device.key == owner) else { continue };
        found.channels.push(row.get(1)?);
        found.device.channels.push(channel(row)?);
    }
    Ok(devices)
}

fn device(row: &Row<'_>) -> rusqlite::Result<DeviceRow> {
    let session: Option<Arc<str>> = row.get(10)?;
    let seq: Option<i64> = row.get(11)?;
    let device = LoadedDevice {
        key: DeviceKey(unsigned(row, 0)?),
        id: row.get(1)?,
        name: row.get(2)?,
        token: row.get::<_, Option<[u8; 32]>>(3)?.map(TokenHash),
        confirmed: row.get(4)?,
        joined: row.get(5)?,
        created: row.get(6)?,
        describe: row.get(7)?,
        cursor: unsigned(row, 8)?,
        next_session: unsigned(row, 9)?,
        position: session.zip(seq).map(|(session, seq)| Position { session, seq: seq.cast_unsigned() }),
        received: unsigned(row, 12)?,
        gaps: unsigned(row, 13)?,
        next_command: unsigned(row, 14)?,
        last_seen: row.get(15)?,
        channels: Vec::new(),
    };
    Ok(DeviceRow { device, session: row.get(16)?, channels: Vec::new() })
}

fn channel(row: &Row<'_>) -> rusqlite::Result<LoadedChannel> {
    let value: Option<Arc<str>> = row.get(3)?;
    let latest = match value {
        Some(value) => Some(Latest { value, ts: row.get(4)?, cursor: unsigned(row, 5)? }),
        None => None,
    };
    Ok(LoadedChannel { name: row.get(2)?, latest })
}

/// All tokens of people and programs.
pub(crate) fn tokens(connection: &Connection) -> rusqlite::Result<Vec<TokenRow>> {
    let mut statement = connection
        .prepare("SELECT hash, subject, scopes, created, expires, used FROM token ORDER BY created")?;
    let token = |row: &Row<'_>| {
        Ok(TokenRow {
            hash: TokenHash(row.get(0)?),
            subject: row.get(1)?,
            scopes: row.get(2)?,
            created: row.get(3)?,
            expires: row.get(4)?,
            used: row.get(5)?,
        })
    };
    statement.query_map([], token)?.collect()
}

/// Commands that are not settled, in the order in which they were first written.
pub(crate) fn unfinished(connection: &Connection) -> rusqlite::Result<Vec<CommandRow>> {
    let mut statement = connection
        .prepare(&format!("SELECT {COMMAND} FROM command WHERE state IN (?1, ?2, ?3) ORDER BY key"))?;
    statement.query_map(CommandRow::UNSETTLED, command)?.collect()
}

/// The columns that [`command`] reads.
pub(crate) const COMMAND: &str = "device, number, id, person, channel, value, intent, ttl, state, reason, result, \
                                  created, deadline, updated";

/// A command from a row of [`COMMAND`].
pub(crate) fn command(row: &Row<'_>) -> rusqlite::Result<CommandRow> {
    Ok(CommandRow {
        device: DeviceKey(unsigned(row, 0)?),
        number: row.get::<_, Option<i64>>(1)?.map(i64::cast_unsigned),
        id: row.get(2)?,
        by: row.get(3)?,
        channel: row.get(4)?,
        value: row.get(5)?,
        intent: row.get(6)?,
        ttl: unsigned(row, 7)?,
        state: row.get(8)?,
        reason: row.get(9)?,
        result: row.get(10)?,
        created: row.get(11)?,
        deadline: row.get(12)?,
        updated: row.get(13)?,
    })
}

/// The tags under which sessions were issued, oldest first.
pub(crate) fn issuers(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT tag FROM issuer ORDER BY number")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// The lowest key that no device has ever had.
pub(crate) fn next_key(connection: &Connection) -> rusqlite::Result<u64> {
    let highest = connection
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'device'", [], |row| unsigned(row, 0))
        .optional()?;
    Ok(highest.unwrap_or(0) + 1)
}

/// The id that the next sample gets: above all that are stored.
pub(crate) fn next_sample(connection: &Connection) -> rusqlite::Result<i64> {
    // One look at the end of each channel; a plain maximum would go through all samples.
    let highest: Option<i64> = connection.query_row(
        "SELECT max(last) FROM
           (SELECT (SELECT max(id) FROM sample WHERE sample.channel = channel.key) AS last FROM channel)",
        [],
        |row| row.get(0),
    )?;
    Ok(highest.unwrap_or(0) + 1)
}

/// The channels of removed devices.
pub(crate) fn ownerless_channels(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare("SELECT key FROM channel WHERE device IS NULL")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// An unsigned number, stored bit for bit in SQLite's signed ones.
pub(crate) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}
