//! The command line of `glassline component`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Write, check and photograph components of your own
#[derive(Debug, Subcommand)]
pub(crate) enum Component {
    New(New),
    #[command(name = "check")]
    Check(CheckOne),
    Test(Test),
}

/// Where components are.
#[derive(Debug, Args)]
pub(crate) struct In {
    /// The folder of glassline.toml, with `components/` in it
    #[arg(long = "in", value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,
}

/// Write a small component that works, to begin with
///
/// Five files in components/NAME: what it is, its first paint, what it does, its look, and values to show it with. Existing
/// files are never overwritten: if one is in the way, nothing is written.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline component new dial
  glassline component new dial --in plant")]
pub(crate) struct New {
    /// Its name, which is that of its folder: a-z, 0-9 and “-”
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) place: In,
}

/// Check components without a browser
///
/// Manifest, template, names that mean nothing, inline scripts and styles, and what only shows when it is rendered with its
/// samples. Each problem is one line with file, line and column. The exit code is 1 if there is any.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline component check
  glassline component check dial --in plant")]
pub(crate) struct CheckOne {
    /// The component; all of the folder where none is named
    pub(crate) name: Option<String>,

    #[command(flatten)]
    pub(crate) place: In,
}

/// Show a component to a browser without a window, in every state, and keep pictures
///
/// Starts a hub of its own that listens on this machine only and keeps nothing, and shows the samples of the component fresh,
/// stale, gone, refused and at a thousand samples a second, on light and dark ground and on a phone. A red tile, an error
/// of a script or of the content policy is a problem: the exit code is 1 if there is any.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline component test dial
  glassline component test dial --in plant --out /tmp/dial
  glassline component test dial --browser /opt/chromium/chrome")]
pub(crate) struct Test {
    /// The component: of the folder, or a built-in one
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) place: In,

    /// Chromium or Chrome [default: the one on the PATH]
    #[arg(long, value_name = "PATH")]
    pub(crate) browser: Option<PathBuf>,

    /// Folder for the pictures; made if need be [default: pictures in the folder of glassline.toml]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}
