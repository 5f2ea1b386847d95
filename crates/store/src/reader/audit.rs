//! What the audit says, newest first, and whether its chain holds.

use std::path::Path;

use rusqlite::{Connection, Row};

use super::Reader;
use crate::audit::{AuditBreak, AuditEntry, AuditHash, AuditPlace, AuditRow, AuditVerdict};
use crate::connection;
use crate::error::ReadError;
use crate::limits::AUDIT_PAGE_ROWS_MAX;
use crate::writer::{ANCHOR, HEAD, audit_end};

/// Which rows of the audit are asked for. What is empty or absent asks for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only what this person or device did.
    pub who: Option<Box<str>>,
    /// Only these words.
    pub what: Vec<Box<str>>,
    /// Only what is about this device.
    pub device: Option<Box<str>>,
    /// Not before, ms since 1970.
    pub since: Option<i64>,
    /// Before, ms since 1970.
    pub until: Option<i64>,
    /// Only rows with a lower number: where the page before ended.
    pub before: Option<u64>,
    /// How many at most; more than [`AUDIT_PAGE_ROWS_MAX`] counts as that.
    pub limit: usize,
}

impl Reader {
    /// Rows of the audit, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, ReadError> {
        self.with(|connection| rows(connection, query))
    }

    /// Where the audit ends: its last row.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn audit_head(&self) -> Result<AuditPlace, ReadError> {
        self.with(|connection| audit_end(connection, HEAD))
    }

    /// Looks through the whole chain. It takes about a second for a million rows.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn verify_audit(&self) -> Result<AuditVerdict, ReadError> {
        self.with(verify)
    }

    /// A reader of a database that no store of this process holds open: of a stopped or running hub's, or of a copy. Nothing is
    /// changed in it. `None` where it was written before there was an audit.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_file(database: &Path) -> Result<Option<Reader>, ReadError> {
        let reading = connection::reading(database)?;
        let has_audit = reading.table_exists(None, "audit_end")?;
        Ok(has_audit.then(|| Reader::new(database.to_owned(), None)))
    }
}

fn rows(connection: &Connection, query: &AuditQuery) -> rusqlite::Result<Vec<AuditRow>> {
    let words = (!query.what.is_empty()).then(|| serde_json::to_string(&query.what).unwrap_or_default());
    let mut statement = connection.prepare_cached(
        "SELECT number, at, what, who, device, details, hash FROM audit
         WHERE (?1 IS NULL OR number < ?1) AND (?2 IS NULL OR who = ?2) AND (?3 IS NULL OR device = ?3)
           AND (?4 IS NULL OR at >= ?4) AND (?5 IS NULL OR at < ?5)
           AND (?6 IS NULL OR what IN (SELECT value FROM json_each(?6)))
         ORDER BY number DESC LIMIT ?7",
    )?;
    let before = query.before.map(|before| i64::try_from(before).unwrap_or(i64::MAX));
    let limit = query.limit.min(AUDIT_PAGE_ROWS_MAX) as i64;
    let parameters = (before, &query.who, &query.device, query.since, query.until, words, limit);
    statement.query_map(parameters, row)?.collect()
}

fn row(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    Ok(AuditRow {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        entry: AuditEntry {
            at: row.get(1)?,
            what: row.get(2)?,
            who: row.get(3)?,
            device: row.get(4)?,
            details: row.get(5)?,
        },
        hash: AuditHash(row.get(6)?),
    })
}

fn verify(connection: &Connection) -> rusqlite::Result<AuditVerdict> {
    let (anchor, head) = (audit_end(connection, ANCHOR)?, audit_end(connection, HEAD)?);
    let mut place = anchor;
    let broken = 'look: {
        let sql = "SELECT number, at, what, who, device, details, hash FROM audit ORDER BY number";
        let mut statement = connection.prepare(sql)?;
        let mut found = statement.query([])?;
        while let Some(next) = found.next()? {
            // What is there in place of text or of a hash was put there by somebody else.
            let Ok(next_row) = row(next) else { break 'look Some(AuditBreak::Changed(place.number + 1)) };
            let due = place.then(&next_row.entry);
            if next_row.number <= anchor.number {
                break 'look Some(AuditBreak::Changed(next_row.number));
            }
            if next_row.number != due.number {
                break 'look Some(AuditBreak::Missing(due.number));
            }
            if next_row.hash != due.hash {
                break 'look Some(AuditBreak::Changed(due.number));
            }
            if due.number > head.number {
                break 'look Some(AuditBreak::Beyond(due.number));
            }
            place = due;
        }
        if place.number < head.number {
            break 'look Some(AuditBreak::Missing(place.number + 1));
        }
        (place.hash != head.hash).then_some(AuditBreak::Changed(place.number))
    };
    Ok(AuditVerdict { anchor, head, rows: place.number.saturating_sub(anchor.number), broken })
}
