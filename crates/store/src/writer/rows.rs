//! The statements that put what was decided into its rows.

use std::sync::LazyLock;

use protocol::uplink::message::SpoolCursor;
use rusqlite::{CachedStatement, Connection, Params};

use crate::access::{AccessKind, AccessRow};
use crate::judge::{Standing, oldest_kept};
use crate::limits::{COMMANDS_KEPT_MAX, COMMANDS_SURE_MS, GAPS_KEPT_MAX, ISSUERS_KEPT_MAX};
use crate::load;
use crate::loaded::GapCount;
use crate::relayed::{GatewayKey, NewGateway, RelayedPosition};
use crate::write::{Called, CommandRow, DeviceKey, Gap, NewDevice, TokenHash, TokenRow};

fn run(connection: &Connection, sql: &str, parameters: impl Params) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute(parameters)?;
    Ok(())
}

/// A commit is in the journal even if it brought no sample: its number counts.
pub(crate) fn insert_journal(
    connection: &Connection,
    number: i64,
    samples: u64,
    content: &[u8],
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO journal (id, samples, content) VALUES (?1, ?2, ?3)";
    run(connection, sql, (number, samples.cast_signed(), content))
}

/// All up to a commit is in chunks. The last row stays, empty.
pub(crate) fn empty_journal(connection: &Connection, up_to: i64) -> rusqlite::Result<()> {
    let last = "SELECT max(id) FROM journal";
    run(connection, &format!("DELETE FROM journal WHERE id <= ?1 AND id < ({last})"), [up_to])?;
    run(connection, "UPDATE journal SET samples = 0, content = x'' WHERE id <= ?1", [up_to])
}

pub(crate) fn insert_device(connection: &Connection, new: &NewDevice) -> rusqlite::Result<()> {
    run(
        connection,
        "INSERT INTO device (key, id, token, joined, created) VALUES (?1, ?2, ?3, ?4, ?5)",
        (new.key.0.cast_signed(), &new.id, new.token.map(|token| token.0), new.joined, new.created),
    )
}

/// Where a device's log stands, with the key of its current session.
pub(crate) fn put_log(
    connection: &Connection,
    device: DeviceKey,
    standing: &Standing,
    session: Option<i64>,
) -> rusqlite::Result<()> {
    run(
        connection,
        "INSERT INTO log (device, cursor, next_session, session, seq, received, late, next_command, last_seen)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (device) DO UPDATE SET
           cursor = excluded.cursor, next_session = excluded.next_session, session = excluded.session,
           seq = excluded.seq, received = excluded.received, late = excluded.late,
           next_command = excluded.next_command, last_seen = excluded.last_seen",
        (
            device.0.cast_signed(),
            standing.cursor.cast_signed(),
            standing.next_session.cast_signed(),
            session,
            standing.position.as_ref().map(|position| position.seq.cast_signed()),
            standing.received.cast_signed(),
            standing.late.cast_signed(),
            standing.next_command.cast_signed(),
            standing.last_seen,
        ),
    )
}

pub(crate) fn put_loss(connection: &Connection, device: DeviceKey, count: &GapCount) -> rusqlite::Result<()> {
    run(
        connection,
        "INSERT OR REPLACE INTO loss (device, reason, gaps, messages) VALUES (?1, ?2, ?3, ?4)",
        (device.0.cast_signed(), &count.reason, count.gaps.cast_signed(), count.messages.cast_signed()),
    )
}

pub(crate) fn insert_gap(connection: &Connection, gap: &Gap) -> rusqlite::Result<()> {
    run(
        connection,
        "INSERT INTO gap (device, cursor, session, from_seq, to_seq, reason, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (
            gap.device.0.cast_signed(),
            gap.cursor.cast_signed(),
            &gap.session,
            gap.from.cast_signed(),
            gap.to.cast_signed(),
            &gap.reason,
            gap.at,
        ),
    )
}

/// Beyond so many of one device the oldest go.
pub(crate) fn trim_gaps(connection: &Connection, device: DeviceKey) -> rusqlite::Result<()> {
    run(
        connection,
        "DELETE FROM gap WHERE device = ?1 AND cursor <=
           (SELECT cursor FROM gap WHERE device = ?1 ORDER BY cursor DESC LIMIT 1 OFFSET ?2)",
        (device.0.cast_signed(), GAPS_KEPT_MAX as i64),
    )
}

pub(crate) fn insert_issuer(connection: &Connection, tag: &str) -> rusqlite::Result<()> {
    run(connection, "INSERT INTO issuer (tag) VALUES (?1) ON CONFLICT (tag) DO NOTHING", [tag])?;
    let sql = "DELETE FROM issuer WHERE number <= (SELECT max(number) FROM issuer) - ?1";
    run(connection, sql, [ISSUERS_KEPT_MAX as i64])
}

pub(crate) fn set_device_token(
    connection: &Connection,
    device: DeviceKey,
    (token, previous): (&Option<TokenHash>, &Option<TokenHash>),
    confirmed: bool,
) -> rusqlite::Result<()> {
    let (token, previous) = (token.map(|token| token.0), previous.map(|token| token.0));
    let sql = "UPDATE device SET token = ?2, confirmed = ?3, previous_token = ?4 WHERE key = ?1";
    run(connection, sql, (device.0.cast_signed(), token, confirmed, previous))
}

pub(crate) fn set_description(
    connection: &Connection,
    device: DeviceKey,
    describe: &str,
) -> rusqlite::Result<()> {
    run(connection, "UPDATE device SET describe = ?2 WHERE key = ?1", (device.0.cast_signed(), describe))
}

/// The rhythm of a channel, ms between two samples.
pub(crate) fn set_rhythm(connection: &Connection, channel: i64, every: u64) -> rusqlite::Result<()> {
    let every = u32::try_from(every).unwrap_or(u32::MAX);
    run(connection, "UPDATE channel SET every = ?2 WHERE key = ?1", (channel, every))
}

pub(crate) fn set_called(
    connection: &Connection,
    device: DeviceKey,
    called: &Called,
) -> rusqlite::Result<()> {
    let labels = (!called.labels.is_empty()).then_some(&*called.labels);
    let sql = "UPDATE device SET name = ?2, labels = ?3 WHERE key = ?1";
    run(connection, sql, (device.0.cast_signed(), called.name.as_deref(), labels))
}

/// A removed device. Without it nobody finds its channels, and their names are free; their chunks are swept later.
pub(crate) fn delete_device(connection: &Connection, device: DeviceKey) -> rusqlite::Result<()> {
    for sql in [
        "UPDATE channel SET device = NULL, value = NULL WHERE device = ?1",
        "DELETE FROM session WHERE device = ?1",
        "DELETE FROM gap WHERE device = ?1",
        "DELETE FROM loss WHERE device = ?1",
        "DELETE FROM command WHERE device = ?1",
        "DELETE FROM log WHERE device = ?1",
        "DELETE FROM relayed WHERE device = ?1",
        "DELETE FROM device WHERE key = ?1",
    ] {
        run(connection, sql, [device.0.cast_signed()])?;
    }
    Ok(())
}

/// The statement of [`put_command`].
pub(crate) fn putting_commands(connection: &Connection) -> rusqlite::Result<CachedStatement<'_>> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "INSERT INTO command ({})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
             ON CONFLICT (device, person, id) DO UPDATE SET
               number = excluded.number, channel = excluded.channel, value = excluded.value,
               intent = excluded.intent, ttl = excluded.ttl, state = excluded.state,
               reason = excluded.reason, result = excluded.result, created = excluded.created,
               deadline = excluded.deadline, updated = excluded.updated, credential = excluded.credential,
               gateway = excluded.gateway, gateway_tag = excluded.gateway_tag",
            load::COMMAND
        )
    });
    connection.prepare_cached(&SQL)
}

pub(crate) fn put_command(statement: &mut CachedStatement<'_>, command: &CommandRow) -> rusqlite::Result<()> {
    statement.execute(rusqlite::params![
        command.device.0.cast_signed(),
        command.number.map(u64::cast_signed),
        &command.id,
        &command.by,
        &command.channel,
        &command.value,
        &command.intent,
        command.ttl.cast_signed(),
        &command.state,
        &command.reason,
        &command.result,
        command.created,
        command.deadline,
        command.updated,
        command.credential.map(|token| token.0),
        command.handed.as_ref().map(|handed| handed.gateway.0.cast_signed()),
        command.handed.as_ref().map(|handed| &*handed.tag),
    ])?;
    Ok(())
}

/// Beyond so many of one device, those go that were settled long before its newest `changed`.
pub(crate) fn trim_commands(
    connection: &Connection,
    device: DeviceKey,
    changed: i64,
) -> rusqlite::Result<()> {
    let [accepted, queued, sent] = CommandRow::UNSETTLED;
    run(
        connection,
        "DELETE FROM command WHERE device = ?1 AND updated < ?2 AND state NOT IN (?3, ?4, ?5) AND key <=
           (SELECT key FROM command WHERE device = ?1 ORDER BY key DESC LIMIT 1 OFFSET ?6)",
        (
            device.0.cast_signed(),
            changed.saturating_sub(COMMANDS_SURE_MS),
            accepted,
            queued,
            sent,
            COMMANDS_KEPT_MAX as i64,
        ),
    )
}

pub(crate) fn insert_gateway(connection: &Connection, new: &NewGateway) -> rusqlite::Result<()> {
    let sql = "INSERT INTO gateway (key, id, token, created) VALUES (?1, ?2, ?3, ?4)";
    run(connection, sql, (new.key.0.cast_signed(), &new.id, new.token.0, new.created))
}

pub(crate) fn set_gateway_token(
    connection: &Connection,
    gateway: GatewayKey,
    token: &TokenHash,
    previous: &Option<TokenHash>,
) -> rusqlite::Result<()> {
    let sql = "UPDATE gateway SET token = ?2, previous_token = ?3 WHERE key = ?1";
    run(connection, sql, (gateway.0.cast_signed(), token.0, previous.map(|token| token.0)))
}

pub(crate) fn delete_gateway(connection: &Connection, gateway: GatewayKey) -> rusqlite::Result<()> {
    run(connection, "DELETE FROM relayed WHERE gateway = ?1", [gateway.0.cast_signed()])?;
    run(connection, "DELETE FROM gateway WHERE key = ?1", [gateway.0.cast_signed()])
}

/// Up to where a gateway's spool was taken over.
pub(crate) fn set_spool_cursor(
    connection: &Connection,
    gateway: GatewayKey,
    cursor: &SpoolCursor,
) -> rusqlite::Result<()> {
    let sql = "UPDATE gateway SET tag = ?2, number = ?3 WHERE key = ?1";
    run(connection, sql, (gateway.0.cast_signed(), &*cursor.tag, cursor.number.cast_signed()))
}

/// Up to where a session of a gateway was taken over. With a new one the oldest goes.
pub(crate) fn put_relayed(
    connection: &Connection,
    device: DeviceKey,
    lane: &RelayedPosition,
) -> rusqlite::Result<()> {
    let RelayedPosition { gateway, position, place } = lane;
    let (device, gateway) = (device.0.cast_signed(), gateway.0.cast_signed());
    let known = connection
        .prepare_cached("UPDATE relayed SET seq = ?4 WHERE gateway = ?1 AND device = ?2 AND place = ?3")?
        .execute((gateway, device, place.cast_signed(), position.seq.cast_signed()))?;
    if known > 0 {
        return Ok(());
    }
    let sql = "INSERT INTO relayed (gateway, device, place, session, seq) VALUES (?1, ?2, ?3, ?4, ?5)";
    run(
        connection,
        sql,
        (gateway, device, place.cast_signed(), &*position.session, position.seq.cast_signed()),
    )?;
    let sql = "DELETE FROM relayed WHERE gateway = ?1 AND device = ?2 AND place < ?3";
    run(connection, sql, (gateway, device, oldest_kept(*place).cast_signed()))
}

pub(crate) fn put_token(connection: &Connection, token: &TokenRow) -> rusqlite::Result<()> {
    run(
        connection,
        "INSERT OR REPLACE INTO token (hash, subject, scopes, created, expires, used)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (token.hash.0, &token.subject, &token.scopes, token.created, token.expires, token.used),
    )
}

pub(crate) fn set_token_used(connection: &Connection, hash: &TokenHash, at: i64) -> rusqlite::Result<()> {
    run(connection, "UPDATE token SET used = ?2 WHERE hash = ?1", (hash.0, at))
}

pub(crate) fn delete_token(connection: &Connection, hash: &TokenHash) -> rusqlite::Result<()> {
    run(connection, "DELETE FROM token WHERE hash = ?1", [hash.0])
}

pub(crate) fn put_access(connection: &Connection, row: &AccessRow) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO access (kind, name, content) VALUES (?1, ?2, ?3)";
    run(connection, sql, (row.kind.as_str(), &row.name, &row.content))
}

pub(crate) fn delete_access(connection: &Connection, kind: AccessKind, name: &str) -> rusqlite::Result<()> {
    run(connection, "DELETE FROM access WHERE kind = ?1 AND name = ?2", (kind.as_str(), name))
}

pub(crate) fn prune(connection: &Connection, commands: i64, tokens: i64) -> rusqlite::Result<()> {
    let [accepted, queued, sent] = CommandRow::UNSETTLED;
    run(
        connection,
        "DELETE FROM command WHERE updated < ?1 AND state NOT IN (?2, ?3, ?4)",
        (commands, accepted, queued, sent),
    )?;
    run(connection, "DELETE FROM token WHERE expires < ?1", [tokens])
}

/// What the samples brought into chunks leave in their channel's row: up to which cursor that is, and the newest of them.
pub(crate) fn set_folded(
    connection: &Connection,
    channel: i64,
    folded: u64,
    latest: Option<(&str, i64, u64)>,
) -> rusqlite::Result<()> {
    let folded = folded.cast_signed();
    match latest {
        Some((value, ts, cursor)) => run(
            connection,
            "UPDATE channel SET folded = ?2, value = ?3, ts = ?4, cursor = ?5 WHERE key = ?1",
            (channel, folded, value, ts, cursor.cast_signed()),
        ),
        None => run(connection, "UPDATE channel SET folded = ?2 WHERE key = ?1", (channel, folded)),
    }
}
