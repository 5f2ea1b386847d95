//! What a store forgets of itself when what had counted may be gone from it: after a crash under
//! [`crate::Durability::Memory`], and when a backup is restored.

use rusqlite::Connection;

use super::audit::Chain;
use crate::audit::AuditEntry;
use crate::limits::RESTORE_SKIPS_COMMANDS;
use crate::load;
use crate::write::CommandRow;

/// Each unfinished command becomes `unknown`, for this reason: it may have run since. How many these are. `now`, ms since 1970,
/// where the time is known. The audit says so of each.
pub(crate) fn doubt_commands(
    connection: &Connection,
    reason: &str,
    now: Option<i64>,
) -> rusqlite::Result<usize> {
    let [accepted, queued, sent] = CommandRow::UNSETTLED;
    if connection.table_exists(None, "audit")? {
        let mut chain = Chain::default();
        for row in load::unfinished(connection)? {
            let (state, updated) = ("unknown".into(), now.unwrap_or(row.updated));
            let row = CommandRow { state, reason: Some(reason.into()), updated, ..row };
            chain.command(connection, &row, None)?;
        }
        chain.end(connection)?;
    }
    connection.execute(
        "UPDATE command SET state = 'unknown', reason = ?1, updated = coalesce(?2, updated)
         WHERE state IN (?3, ?4, ?5)",
        (reason, now, accepted, queued, sent),
    )
}

/// The audit says that the store was put back from a copy, at `now`, ms since 1970.
pub(crate) fn note_restored(connection: &Connection, now: i64, unknown: usize) -> rusqlite::Result<()> {
    if !connection.table_exists(None, "audit")? {
        return Ok(());
    }
    let details = format!(r#"{{"unknown":"{unknown}"}}"#).into();
    let mut chain = Chain::default();
    let what = "restored".into();
    chain.append(connection, &AuditEntry { at: now, what, details, ..AuditEntry::default() })?;
    chain.end(connection)
}

/// Numbers of commands that may have been given are not given again: a late answer would settle another command. They stand in
/// the table `logs`.
pub(crate) fn skip_commands(connection: &Connection, logs: &str) -> rusqlite::Result<()> {
    let skip = format!("UPDATE {logs} SET next_command = next_command + ?1");
    connection.execute(&skip, [RESTORE_SKIPS_COMMANDS])?;
    Ok(())
}

/// After a crash that took what had counted: commands as above, and a session in which nothing is stored was not handed out as
/// far as this store knows. So what a device says was taken over in it is recorded as lost, and not as never said.
pub(crate) fn after_crash(connection: &Connection) -> rusqlite::Result<()> {
    doubt_commands(connection, "the hub ended without notice", None)?;
    skip_commands(connection, "log")?;
    // The counter of a session stands behind its issuer's tag: `k7-3`.
    connection.execute(
        "UPDATE log SET next_session = 1 + coalesce(
           (SELECT CAST(substr(name, instr(name, '-') + 1) AS INTEGER) FROM session WHERE key = log.session), 0)",
        [],
    )?;
    Ok(())
}
