//! The start: the database is brought to the newest version and read.

use rusqlite::{Connection, OptionalExtension};

use super::database::{Database, loaded};
use super::disk::Disk;
use super::recover::Place;
use super::{Writer, gone_back};
use crate::connection;
use crate::error::{Fault, OpenError};
use crate::folder::Folder;
use crate::judge::{Gateways, Judge};
use crate::load;
use crate::loaded::{Loaded, LoadedDevice};
use crate::migration::Refusal;
use crate::store::{Durability, Keeping, Options};
use crate::tag;
use crate::write::{CommandRow, DeviceKey};

/// `meta`: the name of the log.
pub(crate) const LOG: &str = "log";
/// `meta`: present while the store is open with a durability that a crash may take something from.
const OPEN_WEAKLY: &str = "open_weakly";

/// Opens the database in a folder that is ours, brought to the newest version.
pub(crate) fn begin<D: Disk>(folder: &Folder) -> Result<Connection, OpenError> {
    let failed = |error| OpenError::Database { dir: folder.dir().to_owned(), cause: Fault::from(error) };
    let mut connection = connection::open(&folder.database()).map_err(failed)?;
    D::SCHEMA.migrate(&mut connection).map_err(|refusal| refused(refusal, folder, D::SCHEMA.newest()))?;
    connection::set_up_writing(&connection).map_err(failed)?;
    Ok(connection)
}

impl Writer<Database> {
    /// Opens the store in a folder that is ours.
    pub(crate) fn open(folder: Folder, options: &Options) -> Result<(Writer<Database>, Loaded), OpenError> {
        let dir = folder.dir().to_owned();
        let failed =
            |error: rusqlite::Error| OpenError::Database { dir: dir.clone(), cause: Fault::from(error) };
        let mut connection = begin::<Database>(&folder)?;
        let fresh = tag::random().map_err(OpenError::Random)?;
        let log = name_log(&mut connection, options.durability, fresh).map_err(failed)?;
        // Not before it is on disk that something may be missing at the next start.
        connection::set_durability(&connection, options.durability).map_err(failed)?;
        let earlier = load::issuers(&connection).map_err(failed)?;
        let issuer = new_issuer(&earlier).map_err(OpenError::Random)?;
        let tokens = load::tokens(&connection).map_err(failed)?;
        let access = load::access(&connection).map_err(failed)?;
        let unfinished = load::unfinished(&connection).map_err(failed)?;
        let next_key = load::next_key(&connection, "device").map_err(failed)?;
        let next_gateway = load::next_key(&connection, "gateway").map_err(failed)?;
        let gateways = load::gateways(&connection).map_err(failed)?;
        let devices = devices(&connection, options.dormant, &unfinished).map_err(failed)?;
        let keeping = Keeping { retention: options.retention.clone(), ..Keeping::default() };
        let database = Database::new(connection, &keeping).map_err(failed)?;
        let judge = Judge::new(&[], next_key, Gateways::new(&[], next_gateway));
        let place = Place { folder, durability: options.durability, log: log.clone(), keeping };
        let writer = Writer::new(database, place, judge, options.gather);
        let earlier_issuers = earlier;
        let loaded = Loaded {
            log,
            issuer,
            earlier_issuers,
            devices,
            tokens,
            access,
            unfinished,
            next_key,
            gateways,
            next_gateway,
        };
        Ok((writer, loaded))
    }
}

/// The devices of a start: all of them, or where they may be `dormant`, those of which something is under way.
fn devices(
    connection: &Connection,
    dormant: bool,
    unfinished: &[CommandRow],
) -> rusqlite::Result<Vec<LoadedDevice>> {
    if !dormant {
        return load::devices(connection).map(loaded);
    }
    let commanded: Vec<DeviceKey> = unfinished.iter().map(|command| command.device).collect();
    load::awake(connection, &commanded).map(loaded)
}

fn refused(refusal: Refusal, folder: &Folder, known: u32) -> OpenError {
    let dir = folder.dir().to_owned();
    match refusal {
        Refusal::Newer(found) => OpenError::Newer { dir, found, known },
        Refusal::Foreign => OpenError::Foreign { path: folder.database() },
        Refusal::Failed(error) => OpenError::Database { dir, cause: Fault::from(error) },
    }
}

/// The name of this log: the one it had, or `fresh` when something that was committed may be gone from it.
fn name_log(connection: &mut Connection, durability: Durability, fresh: String) -> rusqlite::Result<String> {
    let transaction = connection.transaction()?;
    let crashed = meta(&transaction, OPEN_WEAKLY)?;
    let log = meta(&transaction, LOG)?.filter(|_| crashed.is_none()).unwrap_or(fresh);
    if crashed.as_deref() == Some(Durability::Memory.name()) {
        gone_back::after_crash(&transaction)?;
    }
    set_meta(&transaction, LOG, Some(&log))?;
    let weak = durability != Durability::Disk;
    set_meta(&transaction, OPEN_WEAKLY, weak.then_some(durability.name()))?;
    transaction.commit()?;
    Ok(log)
}

/// Says that nothing can be missing at the next start: what was committed before goes to the disk with this.
pub(super) fn mark_closed(connection: &Connection) -> rusqlite::Result<()> {
    connection::set_durability(connection, Durability::Disk)?;
    set_meta(connection, OPEN_WEAKLY, None)
}

/// A tag under which no session was ever issued here. It becomes durable with the first session that bears it.
fn new_issuer(earlier: &[String]) -> Result<String, getrandom::Error> {
    loop {
        let tag = tag::random()?;
        if !earlier.contains(&tag) {
            return Ok(tag);
        }
    }
}

pub(crate) fn meta(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0)).optional()
}

pub(crate) fn set_meta(connection: &Connection, name: &str, value: Option<&str>) -> rusqlite::Result<()> {
    match value {
        Some(value) => {
            connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)", (name, value))?
        }
        None => connection.execute("DELETE FROM meta WHERE name = ?1", [name])?,
    };
    Ok(())
}
