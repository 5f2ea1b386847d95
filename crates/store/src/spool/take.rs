//! Turns what devices said into rows of entries.

use std::sync::Arc;

use super::blob::Blob;
use super::books::Books;
use super::rows::{Row, taken};
use crate::limits::SPOOL_ROW_CONTENT_BYTES;
use crate::write::Write;

/// The entries of one commit, in rows.
#[derive(Default)]
pub(super) struct Take {
    blob: Blob,
    rows: Vec<Row<Vec<u8>>>,
}

impl Take {
    /// Takes what is an entry: a message, a gap or a description. `last_seen`: when something was last received from the device.
    pub(super) fn write(&mut self, write: &Write, id: &Arc<str>, last_seen: Option<i64>, books: &mut Books) {
        match write {
            Write::Message(message) => self.blob.message(id, message),
            Write::Gap(gap) => self.blob.gap(id, gap),
            Write::Describe { describe, .. } => {
                let received = if self.blob.count() > 0 { Some(self.blob.received()) } else { last_seen };
                self.blob.describe(id, describe, received.unwrap_or(0));
            }
            _ => return,
        }
        if self.blob.len() >= SPOOL_ROW_CONTENT_BYTES {
            self.end_row(books);
        }
    }

    /// All of it.
    pub(super) fn rows(mut self, books: &mut Books) -> Vec<Row<Vec<u8>>> {
        self.end_row(books);
        self.rows
    }

    fn end_row(&mut self, books: &mut Books) {
        let blob = std::mem::take(&mut self.blob);
        if blob.count() == 0 {
            return;
        }
        let (first, before) = (books.head + 1, books.total);
        let content = blob.content();
        books.head += blob.count();
        books.total += taken(&content);
        self.rows.push(Row { first, last: books.head, before, received: blob.received(), content });
    }
}
