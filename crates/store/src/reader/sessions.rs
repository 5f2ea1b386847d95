//! The names of sessions, which samples know by number.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use crate::write::Position;

/// Names that were looked up in one call.
#[derive(Default)]
pub(super) struct Sessions(HashMap<i64, Option<Arc<str>>>);

impl Sessions {
    /// Where a message stands, from the key of its session and its seq.
    pub(super) fn position(
        &mut self,
        connection: &Connection,
        session: Option<i64>,
        seq: Option<u64>,
    ) -> rusqlite::Result<Option<Position>> {
        let Some((key, seq)) = session.zip(seq) else { return Ok(None) };
        let name = match self.0.get(&key) {
            Some(name) => name.clone(),
            None => {
                let name: Option<Arc<str>> = connection
                    .prepare_cached("SELECT name FROM session WHERE key = ?1")?
                    .query_row([key], |row| row.get(0))
                    .optional()?;
                self.0.insert(key, name.clone());
                name
            }
        };
        Ok(name.map(|session| Position { session, seq }))
    }
}
