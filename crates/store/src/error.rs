//! What can go wrong, by what the caller can do about it: opening, committing, reading.
//!
//! SQLite's own error stays inside: nobody outside this crate acts on it. Each sentence has its cause in it, and so the
//! cause is not also a `source`: it would be printed twice.

use std::path::PathBuf;
use std::sync::Arc;

use crate::relayed::GatewayKey;
use crate::write::DeviceKey;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the folder.
    #[error("the state folder {} is in use by another process{}", dir.display(), pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    InUse {
        /// The folder.
        dir: PathBuf,
        /// The other process, where it could be read.
        pid: Option<u32>,
    },
    /// The folder was written by a newer program.
    #[error(
        "the state folder {} has version {found}, and this program knows versions up to {known}: use a newer glassline",
        dir.display()
    )]
    Newer {
        /// The folder.
        dir: PathBuf,
        /// The version that it has.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// There is a database by our name that is not ours.
    #[error("{} is a database of another program", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The folder or a file in it cannot be used.
    #[error("the state folder {} cannot be used: {cause}", dir.display())]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// The database cannot be opened, migrated or read.
    #[error("the database in {} cannot be used: {cause}", dir.display())]
    Database {
        /// The folder.
        dir: PathBuf,
        /// What SQLite said.
        cause: Fault,
    },
    /// What stands in the database cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// The operating system gave no random bytes for a tag.
    #[error("no random bytes: {0}")]
    Random(getrandom::Error),
}

/// What SQLite said.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct Fault(Arc<rusqlite::Error>);

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Fault {
        Fault(Arc::new(error))
    }
}

/// Whether an error lies with the disk, or with whatever else may be well again later (a lock, memory), and not with
/// what was to be done.
pub(crate) fn may_pass(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode as Code;
    let rusqlite::Error::SqliteFailure(error, _) = error else { return false };
    !matches!(
        error.code,
        Code::ConstraintViolation
            | Code::TypeMismatch
            | Code::ApiMisuse
            | Code::ParameterOutOfRange
            | Code::TooBig
            | Code::InternalMalfunction
            | Code::OperationAborted
            | Code::OperationInterrupted
            | Code::Unknown
    )
}

/// Why writes were not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The database would not take it, for another reason than its disk; or the store was closed while it had failed
    /// ([`crate::Event::Failed`]), and then whether it will be found after a restart is not known.
    #[error("the store could not commit: {0}")]
    Failed(Fault),
    /// Too much waits to be committed ([`crate::limits::QUEUE_WRITES_MAX`], [`crate::limits::QUEUE_BYTES_MAX`]), or did when
    /// an earlier message of the device came back for that. Nothing was written of it; what the device has waiting from before
    /// that is still committed. Only messages and gaps are refused so.
    #[error("too much waits to be committed")]
    Full,
    /// The message or gap does not follow what is stored, because one before it was not committed. Nothing is wrong with
    /// the disk now; taking it would make the missing one look as if it had been taken over.
    #[error("device {} is at cursor {stored}, so {got} cannot be written", device.0)]
    NotNext {
        /// Whose log.
        device: DeviceKey,
        /// The cursor that is stored.
        stored: u64,
        /// The cursor that came.
        got: u64,
    },
    /// What an uplink brought does not follow what is stored of the gateway's spool, or of the session, because something
    /// before it was not committed: the uplink is to resume behind what is stored.
    #[error("gateway {} was taken over up to {stored}, so {got} cannot be written", gateway.0)]
    NotNextRelayed {
        /// Whose spool.
        gateway: GatewayKey,
        /// What is stored of it, or of the session, for people.
        stored: String,
        /// What came.
        got: String,
    },
    /// There never was such a gateway.
    #[error("there is no gateway {}", .0.0)]
    UnknownGateway(GatewayKey),
    /// The new gateway's id is in use, or its key was.
    #[error("there is a gateway {id} already, or there was one with the key {}", gateway.0)]
    GatewayTaken {
        /// The new gateway's key.
        gateway: GatewayKey,
        /// Its id.
        id: Box<str>,
    },
    /// A store has no hubs to feed.
    #[error("this is no spool")]
    NoSpool,
    /// More hubs than [`SPOOL_HUBS_MAX`](crate::limits::SPOOL_HUBS_MAX).
    #[error("there are as many hubs as a spool feeds")]
    TooManyHubs,
    /// An uplink brings messages, gaps, descriptions and devices, and nothing else.
    #[error("an uplink cannot bring this")]
    NotRelayable,
    /// There never was such a device.
    #[error("there is no device {}", .0.0)]
    UnknownDevice(DeviceKey),
    /// The new device's id is in use, or its key was.
    #[error("there is a device {id} already, or there was one with the key {}", device.0)]
    DeviceTaken {
        /// The new device's key.
        device: DeviceKey,
        /// Its id.
        id: Box<str>,
    },
}

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the store could not be read: {0}")]
pub struct ReadError(Fault);

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> ReadError {
        ReadError(error.into())
    }
}

impl From<rusqlite::Error> for CommitError {
    fn from(error: rusqlite::Error) -> CommitError {
        CommitError::Failed(error.into())
    }
}
