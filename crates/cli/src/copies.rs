//! `glassline backup` and `glassline restore`: the state folder as one file, and back.

use crate::arguments;
use crate::clock;
use crate::folders::{Purpose, shown, state_default};
use crate::output;
use anyhow::{Result, anyhow};
use std::path::PathBuf;
use store::{CopyError, OpenError};

/// Writes the copy and says what is in it.
///
/// # Errors
/// A sentence for the person who asked; there is no new file then.
pub(crate) fn backup(arguments: &arguments::Backup) -> Result<()> {
    let state = folder(arguments.state.as_ref())?;
    let copied = store::backup(&state, &arguments.to, arguments.replace).map_err(|error| match error {
        CopyError::Exists { .. } => anyhow!("{error}; --replace puts the new copy in its place"),
        error => error.into(),
    })?;
    output::line(&format!(
        "{} of {}: {}, {} bytes, found whole",
        arguments.to.display(),
        shown(&state),
        devices(copied.devices),
        copied.bytes
    ))
}

/// Puts a copy in the place of a state folder's content and says what follows from it.
///
/// # Errors
/// A sentence for the person who asked; the folder is then as it was.
pub(crate) fn restore(arguments: &arguments::Restore) -> Result<()> {
    let state = folder(arguments.state.as_ref())?;
    let restored = store::restore(&arguments.from, &state, clock::now(), arguments.replace);
    let copied = restored.map_err(|error| match &error {
        CopyError::Exists { .. } => {
            anyhow!("{error}; --replace puts the copy in its place, and what is there now is lost")
        }
        CopyError::Folder(OpenError::InUse { .. }) => anyhow!("{error}; stop it first"),
        _ => error.into(),
    })?;
    output::line(&format!(
        "{} is as {} was: {}",
        shown(&state),
        arguments.from.display(),
        devices(copied.devices)
    ))?;
    if copied.unknown_commands > 0 {
        let commands = plural(copied.unknown_commands, "command is", "commands are");
        output::line(&format!("{commands} unknown now: nobody can say what became of them since"))?;
    }
    output::line("Programs and browsers have to log in anew; devices keep their tokens")
}

fn folder(named: Option<&PathBuf>) -> Result<PathBuf> {
    match named {
        Some(state) => Ok(state.clone()),
        None => state_default(Purpose::Serve),
    }
}

fn devices(count: u64) -> String {
    plural(count, "device", "devices")
}

fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
