//! Where state is kept unless told otherwise.

use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// Which hub's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// That of `glassline serve`.
    Serve,
    /// That of `glassline demo`.
    Demo,
    /// That of `glassline gateway`.
    Gateway,
    /// What the hub gave the devices of `glassline pipe`.
    Pipe,
}

/// The folder for `purpose`: `glassline/serve` and the like in the user's state folder.
///
/// # Errors
/// The environment names neither a state folder nor a home.
pub(crate) fn state_default(purpose: Purpose) -> Result<PathBuf> {
    let name = match purpose {
        Purpose::Serve => "serve",
        Purpose::Demo => "demo",
        Purpose::Gateway => "gateway",
        Purpose::Pipe => "pipe",
    };
    match user_state(std::env::var_os("XDG_STATE_HOME").map(PathBuf::from), std::env::home_dir()) {
        Some(folder) => Ok(folder.join("glassline").join(name)),
        None => bail!("there is no home folder to keep state in; name a folder with --state DIR"),
    }
}

/// `$XDG_STATE_HOME`, which has to be absolute to count, or `.local/state` at home.
fn user_state(named: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let named = named.filter(|folder| folder.is_absolute());
    let at_home = || home.filter(|home| home.is_absolute()).map(|home| home.join(".local/state"));
    named.or_else(at_home)
}

/// A folder as text for a sentence: the present one has a name too.
pub(crate) fn shown(folder: &Path) -> String {
    match folder.as_os_str().is_empty() {
        true => ".".to_owned(),
        false => folder.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_state_folder_counts_only_if_absolute() {
        let folder = |named: &str| user_state(Some(named.into()), Some("/a/ada".into()));
        assert_eq!(folder("/var/ada"), Some("/var/ada".into()));
        assert_eq!(folder("var"), Some("/a/ada/.local/state".into()));
        assert_eq!(folder(""), Some("/a/ada/.local/state".into()));
        assert_eq!(user_state(None, None), None);
    }
}
