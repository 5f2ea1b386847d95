//! `glassline audit`: its flags and their help.

use clap::Args;
use std::path::PathBuf;

/// Say who did what, or whether the record of it was changed
///
/// Reads the state folder, whether a hub runs on it or not, or a copy that `backup` wrote; with --hub it asks a hub elsewhere.
/// Each row is chained to the one before it: --verify looks through the whole chain and says which row breaks it. Note down
/// the head that it says: whoever can write to the state folder could make another chain that holds, but none with that head.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline audit --since 2h
  glassline audit --who ada --what command --json
  glassline audit --verify
  glassline audit --verify --expect 4711:HASH
  glassline audit --file glassline-monday.db --verify
  glassline audit --hub https://plant.example --token gl_TOKEN --since 2026-11-23")]
pub(crate) struct Audit {
    /// Look through the whole chain instead: exit code 1 if a row was changed, taken out, put in or moved
    #[arg(long)]
    pub(crate) verify: bool,

    /// A head that --verify said earlier: it has to be in the chain still
    #[arg(long, value_name = "NUMBER:HASH", requires = "verify", conflicts_with = "url")]
    pub(crate) expect: Option<String>,

    /// Not before: 30m, 2h, 7d, a day such as 2026-11-23 (UTC), or milliseconds since 1970 [default: the newest 100]
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,

    /// Only what this person did
    #[arg(long, value_name = "NAME")]
    pub(crate) who: Option<String>,

    /// Only these things, with commas between them, such as login_failed,command
    #[arg(long, value_name = "WORDS")]
    pub(crate) what: Option<String>,

    /// Only what is about this device
    #[arg(long, value_name = "ID")]
    pub(crate) device: Option<String>,

    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,

    /// A copy that `backup` wrote, or the database of a state folder
    #[arg(long, value_name = "FILE", conflicts_with_all = ["state", "url"], help_heading = "Which hub")]
    pub(crate) file: Option<PathBuf>,

    /// State folder [default: that of `serve`, or of `demo`]
    #[arg(long, value_name = "DIR", conflicts_with = "url", help_heading = "Which hub")]
    pub(crate) state: Option<PathBuf>,

    /// Address of a hub elsewhere, such as https://plant.example; needs --token
    #[arg(long = "hub", value_name = "URL", help_heading = "Which hub")]
    pub(crate) url: Option<String>,

    /// A token of that hub that permits it
    #[arg(
        long,
        value_name = "TOKEN",
        env = "GLASSLINE_TOKEN",
        hide_env_values = true,
        help_heading = "Which hub"
    )]
    pub(crate) token: Option<String>,

    /// With https://: a PEM file of the authorities to trust [default: those that the system trusts]
    #[arg(long, value_name = "FILE", requires = "url", help_heading = "Which hub")]
    pub(crate) ca: Option<PathBuf>,
}
