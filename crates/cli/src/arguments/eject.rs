//! The command line of `glassline eject`.

use super::Hub;
use clap::Args;
use std::path::PathBuf;

/// Make a view of the page that a device gets by itself
///
/// Writes views/NAME.toml into the folder of the hub's configuration and opens it: a small file that you go on with. A
/// view that is there is never overwritten. With --to it is written here, and the hub is only asked what to write.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline eject pump-7
  glassline eject pump-7 --name pump --devices 'pump-*'    one view for all pumps
  glassline eject pump-7 --to plant")]
pub(crate) struct Eject {
    /// The device's id
    pub(crate) device: String,

    /// Folder that has, or gets, the folder `views` with the file
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,

    /// The view's name [default: the device's id]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// Make it a view of all devices whose id looks like this, to choose from: `*` stands for any characters
    #[arg(long, value_name = "PATTERN")]
    pub(crate) devices: Option<String>,

    /// Do not open the browser
    #[arg(long)]
    pub(crate) no_open: bool,

    #[command(flatten)]
    pub(crate) hub: Hub,
}
