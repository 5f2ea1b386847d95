//! What the audit is given by a transaction: rows at its end, and at its front whole stretches that go.

use std::borrow::Cow;

use rusqlite::{CachedStatement, Connection, OptionalExtension};
use serde::Serialize;

use crate::audit::{AuditEntry, AuditHash, AuditPlace};
use crate::limits::{
    AUDIT_KEPT_MS, AUDIT_ROWS_MAX, AUDIT_STRETCH_ROWS, AUDIT_STRETCHES_AT_ONCE, AUDIT_VALUE_BYTES,
};
use crate::write::CommandRow;

/// Both ends of the chain, inside of one transaction. Read when first asked for, written by [`Chain::end`].
#[derive(Default)]
pub(crate) struct Chain<'a> {
    head: Option<AuditPlace>,
    /// Puts a row in: looked up once for all rows of the transaction.
    insert: Option<CachedStatement<'a>>,
}

impl<'a> Chain<'a> {
    /// Adds a row behind the last.
    pub(crate) fn append(&mut self, connection: &'a Connection, entry: &AuditEntry) -> rusqlite::Result<()> {
        let head = match self.head {
            Some(head) => head,
            None => end(connection, HEAD)?,
        };
        let place = head.then(entry);
        let sql = "INSERT INTO audit (number, at, what, who, device, details, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let insert = match &mut self.insert {
            Some(insert) => insert,
            None => self.insert.insert(connection.prepare_cached(sql)?),
        };
        insert.execute((
            place.number.cast_signed(),
            entry.at,
            &entry.what,
            &entry.who,
            &entry.device,
            &entry.details,
            place.hash.0,
        ))?;
        self.head = Some(place);
        Ok(())
    }

    /// Adds what became of a command, once nothing more is to become of it. Of one whose device is gone nothing is left to say.
    /// `known`: the id of its device, where that need not be looked for.
    pub(crate) fn command(
        &mut self,
        connection: &'a Connection,
        row: &CommandRow,
        known: Option<&str>,
    ) -> rusqlite::Result<()> {
        if CommandRow::UNSETTLED.contains(&&*row.state) {
            return Ok(());
        }
        let device = match known {
            Some(id) => Some(id.into()),
            None => {
                let mut device = connection.prepare_cached("SELECT id FROM device WHERE key = ?1")?;
                device.query_row([row.device.0.cast_signed()], |row| row.get(0)).optional()?
            }
        };
        match device {
            Some(device) => self.append(connection, &entry(row, device)),
            None => Ok(()),
        }
    }

    /// Writes down where the chain ends now. Beyond so many rows the oldest stretch goes.
    pub(crate) fn end(mut self, connection: &'a Connection) -> rusqlite::Result<()> {
        let Some(head) = self.head else { return Ok(()) };
        let anchor = end(connection, ANCHOR)?;
        if head.number - anchor.number >= AUDIT_ROWS_MAX + AUDIT_STRETCH_ROWS {
            let at = connection.query_row(
                "SELECT at FROM audit WHERE number = ?1",
                [head.number.cast_signed()],
                |row| row.get(0),
            )?;
            self.let_go(connection, anchor.number + AUDIT_STRETCH_ROWS, at)?;
        }
        set_end(connection, HEAD, self.head.unwrap_or(head))
    }

    /// Lets go of stretches of which all is older than it may become; `now` is the time that it is.
    pub(crate) fn prune(&mut self, connection: &'a Connection, now: i64) -> rusqlite::Result<()> {
        for _ in 0..AUDIT_STRETCHES_AT_ONCE {
            let up_to = end(connection, ANCHOR)?.number + AUDIT_STRETCH_ROWS;
            let mut last = connection.prepare_cached("SELECT at FROM audit WHERE number = ?1")?;
            let at: Option<i64> = last.query_row([up_to.cast_signed()], |row| row.get(0)).optional()?;
            if at.is_none_or(|at| at >= now.saturating_sub(AUDIT_KEPT_MS)) {
                return Ok(());
            }
            self.let_go(connection, up_to, now)?;
        }
        Ok(())
    }

    /// Lets go of all rows up to a number, which becomes the anchor, and says so in a row.
    fn let_go(&mut self, connection: &'a Connection, up_to: u64, now: i64) -> rusqlite::Result<()> {
        let mut hash = connection.prepare_cached("SELECT hash FROM audit WHERE number = ?1")?;
        let hash: Option<[u8; 32]> = hash.query_row([up_to.cast_signed()], |row| row.get(0)).optional()?;
        // Somebody took it out: the chain is left as it is, so that a look through it finds that.
        let Some(hash) = hash else { return Ok(()) };
        let gone = connection
            .prepare_cached("DELETE FROM audit WHERE number <= ?1")?
            .execute([up_to.cast_signed()])?;
        set_end(connection, ANCHOR, AuditPlace { number: up_to, hash: AuditHash(hash) })?;
        let details = format!(r#"{{"rows":"{gone}","to":"{up_to}"}}"#);
        let what = "pruned".into();
        self.append(
            connection,
            &AuditEntry { at: now, what, details: details.into(), ..AuditEntry::default() },
        )
    }
}

/// `audit_end`: the row before the first that is kept.
pub(crate) const ANCHOR: &str = "anchor";
/// `audit_end`: the last row.
pub(crate) const HEAD: &str = "head";

/// One end of the chain, as it was noted.
pub(crate) fn end(connection: &Connection, which: &str) -> rusqlite::Result<AuditPlace> {
    let mut statement = connection.prepare_cached("SELECT number, hash FROM audit_end WHERE which = ?1")?;
    let place = statement.query_row([which], |row| {
        Ok(AuditPlace { number: row.get::<_, i64>(0)?.cast_unsigned(), hash: AuditHash(row.get(1)?) })
    });
    Ok(place.optional()?.unwrap_or_default())
}

fn set_end(connection: &Connection, which: &str, place: AuditPlace) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO audit_end (which, number, hash) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute((which, place.number.cast_signed(), place.hash.0))?;
    Ok(())
}

/// What the audit says of a command, beside who and when. Its members are in the order of their names, as in all details.
#[derive(Serialize)]
struct Details<'a> {
    channel: Cow<'a, str>,
    command: Cow<'a, str>,
    outcome: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Cow<'a, str>>,
    value: Cow<'a, str>,
}

fn entry(row: &CommandRow, device: Box<str>) -> AuditEntry {
    let details = Details {
        channel: bounded(&row.channel),
        command: bounded(&row.id),
        outcome: bounded(&row.state),
        reason: row.reason.as_deref().map(bounded),
        result: row.result.as_deref().map(bounded),
        value: bounded(&row.value),
    };
    let details = serde_json::to_string(&details).expect("texts are JSON").into();
    AuditEntry { at: row.updated, what: "command".into(), who: row.by.clone(), device, details }
}

/// The text, or the beginning of it.
fn bounded(text: &str) -> Cow<'_, str> {
    let end = text.floor_char_boundary(AUDIT_VALUE_BYTES);
    if end < text.len() { format!("{}…", &text[..end]).into() } else { text.into() }
}
