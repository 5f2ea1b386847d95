//! How many files this process may have open: each connection is one, and systems allow few unless they are asked.

use hub::http::OpenFiles;

/// Files that are open beside connections: the store and its readers, listeners, event loops, what is read now and then.
const OWN_FILES: usize = 256;

/// Connections that are accepted by configuration, and what else is open.
const WANTED: usize = gateway::limits::CONNECTIONS_MAX
    + hub::limits::PANELS_MAX
    + hub::http::limits::CONNECTIONS_MAX
    + OWN_FILES;

/// Raises the limit to what the system allows this process at most. Where it does not let us, the limit stays what it is.
pub(crate) fn raise_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
            tracing::debug!(%error, "the limit of open files cannot be raised");
        }
    }
}

/// Says so, where not all the connections that the hub would accept can be.
pub(crate) fn warn_of_limit() {
    let Some(limit) = limit().filter(|limit| *limit < WANTED as u64) else { return };
    tracing::warn!(
        "this process may have {limit} files open, too few for the {} connections of devices and {} panels that the hub \
         accepts, which take {WANTED}: connections beyond that will be refused. Raise the hard limit (ulimit -Hn, or \
         LimitNOFILE= in a systemd unit)",
        gateway::limits::CONNECTIONS_MAX,
        hub::limits::PANELS_MAX
    );
}

/// What is open and may be, where the system tells.
pub(crate) fn count() -> Option<OpenFiles> {
    Some(OpenFiles { open: open()?, limit: limit()? })
}

/// Nothing where there is no limit, or no way to know.
fn limit() -> Option<u64> {
    #[cfg(unix)]
    return rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    None
}

fn open() -> Option<u64> {
    const FOLDER: &str = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
    // Newer kernels say it at once.
    match std::fs::metadata(FOLDER).map(|folder| folder.len()) {
        Ok(count) if count > 0 && cfg!(target_os = "linux") => Some(count),
        // The folder itself is open while it is read.
        _ => Some((std::fs::read_dir(FOLDER).ok()?.count() as u64).saturating_sub(1)),
    }
}
