//! The ready file: what a script has to know of a running hub.
//!
//! The same object stands in the state folder as `run.json` while a hub runs there, so that the client commands find
//! it. Both hold a token and are for their owner only.

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// The name of the file in the state folder.
pub(crate) const RUN_FILE: &str = "run.json";

/// What the ready file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// Base URL of pages and API, without a slash at its end: `http://127.0.0.1:8080`.
    pub(crate) http: String,
    /// The same over TLS, where that is served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) https: Option<String>,
    /// Where devices connect: `127.0.0.1:7070`.
    pub(crate) lines: String,
    /// Where devices connect over TLS, where they may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tls: Option<String>,
    /// The login link, good once.
    pub(crate) link: String,
    /// The administrator's bearer token of this run.
    pub(crate) token: String,
    /// The token with which a new device may identify.
    pub(crate) join: String,
}

impl Ready {
    /// Writes the object to `file` for its owner only. Whoever looks sees the whole of it or nothing.
    ///
    /// # Errors
    /// The folder is not there or not writable, or the disk is full.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self).context("the ready file cannot be encoded")?;
        text.push('\n');
        write_whole(file, text.as_bytes()).with_context(|| format!("{} cannot be written", file.display()))
    }

    /// Reads what the hub that runs on the state folder `state` has written, if one does.
    ///
    /// # Errors
    /// The file is there and cannot be read or is not ours.
    pub(crate) fn of_state(state: &Path) -> Result<Option<Self>> {
        let file = state.join(RUN_FILE);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be read", file.display()));
            }
        };
        let ready = serde_json::from_str(&text)
            .with_context(|| format!("{} is not what a running hub writes", file.display()))?;
        Ok(Some(ready))
    }
}

/// `run.json` of this process; removed when dropped, so that a clean end leaves none.
pub(crate) struct RunFile(PathBuf);

impl RunFile {
    /// Writes it to the state folder, which this process holds.
    ///
    /// # Errors
    /// As [`Ready::write`].
    pub(crate) fn write(ready: &Ready, state: &Path) -> Result<Self> {
        let file = state.join(RUN_FILE);
        ready.write(&file)?;
        Ok(Self(file))
    }
}

impl Drop for RunFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!("{} cannot be removed: {error}", self.0.display());
        }
    }
}

/// Writes beside the file and renames. In a folder that others may write to nobody can guess the name beside.
pub(crate) fn write_whole(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let name = file.file_name().ok_or(ErrorKind::InvalidInput)?.to_string_lossy();
    let beside = file.with_file_name(format!(".{name}.{:016x}", getrandom::u64()?));
    let mut out = for_owner_only(&beside)?;
    let result = out.write_all(bytes).and_then(|()| fs::rename(&beside, file));
    if result.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&beside);
    }
    result
}

/// A new file. One that is there already would be somebody else's, with the rights that they gave it, or lead elsewhere.
fn for_owner_only(file: &Path) -> std::io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready() -> Ready {
        let text = |text: &str| text.to_owned();
        Ready {
            http: text("http://127.0.0.1:1"),
            https: None,
            lines: text("127.0.0.1:2"),
            tls: None,
            link: text("http://127.0.0.1:1/login?code=x"),
            token: text("t"),
            join: text("j"),
        }
    }

    #[test]
    fn the_run_file_is_read_back_and_gone_after_a_clean_end() {
        let state = tempfile::tempdir().expect("a folder");
        let run = RunFile::write(&ready(), state.path()).expect("written");
        assert_eq!(Ready::of_state(state.path()).expect("readable"), Some(ready()));
        drop(run);
        assert_eq!(Ready::of_state(state.path()).expect("readable"), None);
        assert_eq!(fs::read_dir(state.path()).expect("a folder").count(), 0, "nothing stays beside it");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ready.json");
        ready().write(&file).expect("written");
        assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn what_stands_where_it_is_to_be_written_is_replaced_and_not_followed() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let (file, victim) = (folder.path().join("ready.json"), folder.path().join("victim"));
        fs::write(&victim, "mine").expect("written");
        std::os::unix::fs::symlink(&victim, &file).expect("linked");
        ready().write(&file).expect("written");
        assert_eq!(fs::read_to_string(&victim).expect("there"), "mine");
        assert_eq!(fs::symlink_metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
        assert!(for_owner_only(&victim).is_err(), "a file of somebody else is not taken");
    }

    #[test]
    fn a_foreign_run_file_is_an_error() {
        let state = tempfile::tempdir().expect("a folder");
        fs::write(state.path().join(RUN_FILE), "{}").expect("written");
        assert!(Ready::of_state(state.path()).is_err());
    }
}
