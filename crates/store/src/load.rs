//! Reading what a store knows, at the start and after a failed commit.

use std::collections::BTreeSet;
use std::sync::Arc;

use protocol::uplink::message::SpoolCursor;
use rusqlite::{Connection, OptionalExtension, Params, Row};

use crate::access::{AccessKind, AccessRow};
use crate::chunk::StoredSample;
use crate::chunk_table::damaged;
use crate::journal::Messages;
use crate::loaded::{GapCount, Latest, LoadedChannel, LoadedDevice, LoadedGateway};
use crate::relayed::{GatewayKey, RelayedPosition};
use crate::write::{Called, CommandRow, DeviceKey, Handed, Position, TokenHash, TokenRow};

/// A device as the hub sees it, and the numbers by which the database knows its channels.
pub(crate) struct DeviceRow {
    pub(crate) device: LoadedDevice,
    /// Its channels, in the order of `device.channels`.
    pub(crate) channels: Vec<ChannelRow>,
}

/// How the database knows a channel.
#[derive(Clone, Copy)]
pub(crate) struct ChannelRow {
    pub(crate) key: i64,
    /// Up to which cursor its samples are in chunks.
    pub(crate) folded: u64,
}

/// What [`device_row`] reads.
const DEVICES: &str = "SELECT device.key, id, device.name, labels, token, confirmed, joined, created, describe, cursor, next_session,
                              session.name, seq, received, late, next_command, last_seen,
                              previous_token
                       FROM device JOIN log ON log.device = device.key LEFT JOIN session ON session.key = log.session";

/// All devices with their channels, by key.
pub(crate) fn devices(connection: &Connection) -> rusqlite::Result<Vec<DeviceRow>> {
    let mut statement = connection.prepare(&format!("{DEVICES} ORDER BY device.key"))?;
    let mut devices = statement.query_map([], device_row)?.collect::<rusqlite::Result<Vec<DeviceRow>>>()?;
    losses(connection, &mut devices, "", ())?;
    relayed(connection, &mut devices, "", ())?;
    channels(connection, &mut devices, "", ())?;
    latest_in_journal(connection, &mut devices)?;
    Ok(devices)
}

/// One device with its channels, by indexes alone; without what the journal has of it.
pub(crate) fn device(connection: &Connection, key: DeviceKey) -> rusqlite::Result<Option<DeviceRow>> {
    let Some(mut device) = standing(connection, key)? else { return Ok(None) };
    let of = key.0.cast_signed();
    channels(connection, std::slice::from_mut(&mut device), "AND device = ?1", [of])?;
    Ok(Some(device))
}

/// The same without its channels.
pub(crate) fn standing(connection: &Connection, key: DeviceKey) -> rusqlite::Result<Option<DeviceRow>> {
    let of = key.0.cast_signed();
    let mut statement = connection.prepare_cached(&format!("{DEVICES} WHERE device.key = ?1"))?;
    let Some(mut device) = statement.query_row([of], device_row).optional()? else { return Ok(None) };
    let only = std::slice::from_mut(&mut device);
    losses(connection, only, "WHERE device = ?1", [of])?;
    relayed(connection, only, "WHERE device = ?1", [of])?;
    Ok(Some(device))
}

/// The device that has this id.
pub(crate) fn key_of(connection: &Connection, id: &str) -> rusqlite::Result<Option<DeviceKey>> {
    let mut statement = connection.prepare_cached("SELECT key FROM device WHERE id = ?1")?;
    statement.query_row([id], |row| unsigned(row, 0).map(DeviceKey)).optional()
}

/// Those devices, with what the journal has of them, of which it has anything, and `others`; by key.
pub(crate) fn awake(connection: &Connection, others: &[DeviceKey]) -> rusqlite::Result<Vec<DeviceRow>> {
    let mut keys: BTreeSet<DeviceKey> = others.iter().copied().collect();
    let mut statement = connection.prepare("SELECT content FROM journal WHERE samples > 0")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for message in Messages::of(row.get_ref(0)?.as_blob()?) {
            keys.insert(message.map_err(damaged)?.device);
        }
    }
    let mut devices = Vec::with_capacity(keys.len());
    for key in keys {
        devices.extend(device(connection, key)?);
    }
    latest_in_journal(connection, &mut devices)?;
    Ok(devices)
}

fn called(name: Option<Box<str>>, labels: Option<Box<str>>) -> Option<Box<Called>> {
    let called = Called { name, labels: labels.unwrap_or_default() };
    (!called.is_empty()).then(|| Box::new(called))
}

fn device_row(row: &Row<'_>) -> rusqlite::Result<DeviceRow> {
    let session: Option<Arc<str>> = row.get(11)?;
    let seq: Option<i64> = row.get(12)?;
    let device = LoadedDevice {
        key: DeviceKey(unsigned(row, 0)?),
        id: row.get(1)?,
        called: called(row.get(2)?, row.get(3)?),
        token: row.get::<_, Option<[u8; 32]>>(4)?.map(TokenHash),
        previous: row.get::<_, Option<[u8; 32]>>(17)?.map(TokenHash),
        confirmed: row.get(5)?,
        joined: row.get(6)?,
        created: row.get(7)?,
        describe: row.get(8)?,
        cursor: unsigned(row, 9)?,
        next_session: unsigned(row, 10)?,
        position: session.zip(seq).map(|(session, seq)| Position { session, seq: seq.cast_unsigned() }),
        relayed: Vec::new(),
        received: unsigned(row, 13)?,
        late: unsigned(row, 14)?,
        gaps: Vec::new(),
        next_command: unsigned(row, 15)?,
        last_seen: row.get(16)?,
        channels: Vec::new(),
    };
    Ok(DeviceRow { device, channels: Vec::new() })
}

/// Puts in what is lost of those of `devices` that the condition names.
fn losses(
    connection: &Connection,
    devices: &mut [DeviceRow],
    condition: &str,
    of: impl Params,
) -> rusqlite::Result<()> {
    let sql = format!("SELECT device, reason, gaps, messages FROM loss {condition}");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(of)?;
    while let Some(row) = rows.next()? {
        let Some(found) = find(devices, DeviceKey(unsigned(row, 0)?)) else { continue };
        let reason = row.get_ref(1)?.as_str()?;
        GapCount::count(&mut found.device.gaps, reason, unsigned(row, 2)?, unsigned(row, 3)?);
    }
    Ok(())
}

/// Puts in how far the sessions of gateways were taken over, for those of `devices` that the condition names.
fn relayed(
    connection: &Connection,
    devices: &mut [DeviceRow],
    condition: &str,
    of: impl Params,
) -> rusqlite::Result<()> {
    let sql = format!(
        "SELECT device, gateway, place, session, seq FROM relayed {condition} ORDER BY gateway, place"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(of)?;
    while let Some(row) = rows.next()? {
        let Some(found) = find(devices, DeviceKey(unsigned(row, 0)?)) else { continue };
        found.device.relayed.push(RelayedPosition {
            gateway: GatewayKey(unsigned(row, 1)?),
            position: Position { session: row.get(3)?, seq: unsigned(row, 4)? },
            place: unsigned(row, 2)?,
        });
    }
    Ok(())
}

/// Puts in the channels of those of `devices` that the condition names.
fn channels(
    connection: &Connection,
    devices: &mut [DeviceRow],
    condition: &str,
    of: impl Params,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT device, key, name, value, ts, cursor, folded, every FROM channel WHERE device IS NOT NULL {condition}
         ORDER BY key",
    ))?;
    let mut rows = statement.query(of)?;
    while let Some(row) = rows.next()? {
        let Some(found) = find(devices, DeviceKey(unsigned(row, 0)?)) else { continue };
        found.channels.push(ChannelRow { key: row.get(1)?, folded: unsigned(row, 6)? });
        found.device.channels.push(channel(row)?);
    }
    Ok(())
}

fn channel(row: &Row<'_>) -> rusqlite::Result<LoadedChannel> {
    let value: Option<Arc<str>> = row.get(3)?;
    let latest = match value {
        Some(value) => Some(Latest { value, ts: row.get(4)?, cursor: unsigned(row, 5)? }),
        None => None,
    };
    Ok(LoadedChannel { name: row.get(2)?, latest, every: row.get(7)? })
}

/// The rows of channels know only of samples that are in chunks; newer ones are in the journal.
fn latest_in_journal(connection: &Connection, devices: &mut [DeviceRow]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT content FROM journal WHERE samples > 0 ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for message in Messages::of(row.get_ref(0)?.as_blob()?) {
            let message = message.map_err(damaged)?;
            let Some(found) = find(devices, message.device) else { continue };
            let set = |key, sample: StoredSample<&str>| {
                let Ok(place) = found.channels.binary_search_by_key(&key, |channel| channel.key) else {
                    return;
                };
                if !sample.late && sample.cursor > found.channels[place].folded {
                    let StoredSample { value, ts, cursor, .. } = sample;
                    found.device.channels[place].latest = Some(Latest { value: value.into(), ts, cursor });
                }
            };
            message.samples(set).map_err(damaged)?;
        }
    }
    Ok(())
}

fn find(devices: &mut [DeviceRow], key: DeviceKey) -> Option<&mut DeviceRow> {
    let place = devices.binary_search_by_key(&key, |found| found.device.key).ok()?;
    Some(&mut devices[place])
}

/// All people, groups and join tokens. What a newer version wrote there is left out: it gives nobody anything.
pub(crate) fn access(connection: &Connection) -> rusqlite::Result<Vec<AccessRow>> {
    let mut statement = connection.prepare("SELECT kind, name, content FROM access")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))?;
    let rows = rows.filter_map(|row| {
        row.map(|(kind, name, content)| {
            AccessKind::from_word(&kind).map(|kind| AccessRow { kind, name, content })
        })
        .transpose()
    });
    let mut rows = rows.collect::<rusqlite::Result<Vec<AccessRow>>>()?;
    rows.sort_unstable();
    Ok(rows)
}

/// All tokens of people and programs.
pub(crate) fn tokens(connection: &Connection) -> rusqlite::Result<Vec<TokenRow>> {
    let mut statement = connection
        .prepare("SELECT hash, subject, scopes, created, expires, used FROM token ORDER BY created, hash")?;
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
                                  created, deadline, updated, credential, gateway, gateway_tag";

/// A command from a row of [`COMMAND`].
pub(crate) fn command(row: &Row<'_>) -> rusqlite::Result<CommandRow> {
    let gateway = row.get::<_, Option<i64>>(15)?.map(|gateway| GatewayKey(gateway.cast_unsigned()));
    Ok(CommandRow {
        handed: gateway.zip(row.get(16)?).map(|(gateway, tag)| Handed { gateway, tag }),
        device: DeviceKey(unsigned(row, 0)?),
        number: row.get::<_, Option<i64>>(1)?.map(i64::cast_unsigned),
        id: row.get(2)?,
        by: row.get(3)?,
        credential: row.get::<_, Option<[u8; 32]>>(14)?.map(TokenHash),
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

/// The lowest key that no row of the table `of` has ever had.
pub(crate) fn next_key(connection: &Connection, of: &str) -> rusqlite::Result<u64> {
    let highest = connection
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = ?1", [of], |row| unsigned(row, 0))
        .optional()?;
    Ok(highest.unwrap_or(0) + 1)
}

/// What [`gateway_row`] reads.
const GATEWAYS: &str = "SELECT key, id, token, created, tag, number, previous_token FROM gateway";

/// All gateways, by key.
pub(crate) fn gateways(connection: &Connection) -> rusqlite::Result<Vec<LoadedGateway>> {
    let mut statement = connection.prepare(&format!("{GATEWAYS} ORDER BY key"))?;
    statement.query_map([], gateway_row)?.collect()
}

/// One gateway.
pub(crate) fn gateway(
    connection: &Connection,
    gateway: GatewayKey,
) -> rusqlite::Result<Option<LoadedGateway>> {
    let mut statement = connection.prepare_cached(&format!("{GATEWAYS} WHERE key = ?1"))?;
    statement.query_row([gateway.0.cast_signed()], gateway_row).optional()
}

fn gateway_row(row: &Row<'_>) -> rusqlite::Result<LoadedGateway> {
    let number: Option<i64> = row.get(5)?;
    let cursor = |(tag, number): (_, i64)| SpoolCursor { tag, number: number.cast_unsigned() };
    Ok(LoadedGateway {
        key: GatewayKey(unsigned(row, 0)?),
        id: row.get(1)?,
        token: TokenHash(row.get(2)?),
        previous: row.get::<_, Option<[u8; 32]>>(6)?.map(TokenHash),
        created: row.get(3)?,
        cursor: row.get::<_, Option<Arc<str>>>(4)?.zip(number).map(cursor),
    })
}

/// The number of the last commit.
pub(crate) fn last_commit(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT max(id) FROM journal", [], |row| row.get(0))
}

/// The channels of removed devices.
pub(crate) fn ownerless_channels(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare("SELECT key FROM channel WHERE device IS NULL")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// The channels of a device.
pub(crate) fn channel_keys(connection: &Connection, device: DeviceKey) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare_cached("SELECT key FROM channel WHERE device = ?1")?;
    statement.query_map([device.0.cast_signed()], |row| row.get(0))?.collect()
}

/// An unsigned number, stored bit for bit in SQLite's signed ones.
pub(crate) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}
