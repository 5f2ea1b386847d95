//! What a script has to know of a running gateway: the ready file, and `gateway.json` in the state folder while it runs. Both
//! hold a token and are for their owner only.

use crate::ready::write_whole;
use anyhow::{Context as _, Result};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The name of the file in the state folder.
const RUN_FILE: &str = "gateway.json";

/// What the files say.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Ready {
    /// What hubs know it by.
    pub(super) id: String,
    /// Its tag in this run.
    pub(super) tag: String,
    /// Where devices connect: `127.0.0.1:7070`.
    pub(super) lines: String,
    /// Where they connect over TLS, where that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tls: Option<String>,
    /// Base URL of health, metrics and administration, without a slash at its end.
    pub(super) http: String,
    /// The token for the administration, of this run.
    pub(super) token: String,
}

impl Ready {
    /// Writes it to `file` for its owner only. Whoever looks sees the whole of it or nothing.
    ///
    /// # Errors
    /// The folder is not there or not writable, or the disk is full.
    pub(super) fn write(&self, file: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self).context("the ready file cannot be encoded")?;
        text.push('\n');
        write_whole(file, text.as_bytes()).with_context(|| format!("{} cannot be written", file.display()))
    }
}

/// `gateway.json` of this process; removed when dropped, so that a clean end leaves none.
pub(super) struct RunFile(PathBuf);

impl RunFile {
    /// Writes it to the state folder, which this process holds.
    ///
    /// # Errors
    /// As [`Ready::write`].
    pub(super) fn write(ready: &Ready, state: &Path) -> Result<Self> {
        let file = state.join(RUN_FILE);
        ready.write(&file)?;
        Ok(Self(file))
    }
}

impl Drop for RunFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::warn!("{} cannot be removed: {error}", self.0.display());
        }
    }
}
