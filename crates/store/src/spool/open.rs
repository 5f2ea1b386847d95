//! The start of a spool: a new tag, and what is known.

use std::sync::Arc;

use protocol::uplink::tags::Tags;
use rusqlite::Connection;

use super::database::Database;
use super::{SpoolOptions, Spooled, table};
use crate::connection;
use crate::error::{Fault, OpenError};
use crate::folder::Folder;
use crate::judge::{Gateways, Judge};
use crate::load;
use crate::store::Keeping;
use crate::tag;
use crate::writer::{Disk, LOG, Place, Writer, begin, meta, set_meta};

/// Opens the spool in a folder that is ours.
pub(super) fn open(
    folder: Folder,
    options: &SpoolOptions,
    keeping: Keeping,
) -> Result<(Writer<Database>, Spooled), OpenError> {
    let dir = folder.dir().to_owned();
    let failed = |error: rusqlite::Error| OpenError::Database { dir: dir.clone(), cause: Fault::from(error) };
    let mut connection = begin::<Database>(&folder)?;
    let earlier = load::issuers(&connection).map_err(failed)?;
    let books = table::books(&connection, keeping.bytes_max).map_err(failed)?;
    let tag = new_tag(&earlier, &books.tags).map_err(OpenError::Random)?;
    let log = tag::random().map_err(OpenError::Random)?;
    let (tags, log) = start(&mut connection, books.tags, &tag, books.head, log).map_err(failed)?;
    // Not before the tag is on disk.
    connection::set_durability(&connection, options.durability).map_err(failed)?;
    let next_key = load::next_key(&connection, "device").map_err(failed)?;
    let devices = table::devices(&connection).map_err(failed)?;
    let learned = table::learned(&connection).map_err(failed)?;
    let database = Database::new(connection, &keeping).map_err(failed)?;
    let (hubs, held) = database.start();
    let judge = Judge::new(&[], next_key, Gateways::new(&[], 1));
    let place = Place { folder, durability: options.durability, log, keeping };
    let writer = Writer::new(database, place, judge, options.gather);
    let tag = tags.current().cloned().unwrap_or(tag);
    Ok((writer, Spooled { tag, earlier, tags, devices, next_key, learned, hubs, held }))
}

/// A tag under which nothing was ever written here.
fn new_tag(earlier: &[String], tags: &Tags) -> Result<Arc<str>, getrandom::Error> {
    loop {
        let tag: Arc<str> = tag::random()?.into();
        let is_known =
            earlier.iter().any(|known| **known == *tag) || tags.rows().iter().any(|row| row.tag == tag);
        if !is_known {
            return Ok(tag);
        }
    }
}

/// Begins the tag, and names the spool where it has no name yet: by that it is known again after a failure.
fn start(
    connection: &mut Connection,
    mut tags: Tags,
    tag: &Arc<str>,
    head: u64,
    fresh: String,
) -> rusqlite::Result<(Tags, String)> {
    let transaction = connection.transaction()?;
    tags.begin(tag.clone(), head);
    table::put_tags(&transaction, &tags)?;
    let log = match meta(&transaction, LOG)? {
        Some(log) => log,
        None => {
            set_meta(&transaction, LOG, Some(&fresh))?;
            fresh
        }
    };
    transaction.commit()?;
    Ok((tags, log))
}
