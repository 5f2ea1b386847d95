//! The command line of `glassline serial`.

use crate::configuration::listeners::Written;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Look at serial ports
#[derive(Debug, Subcommand)]
pub(crate) enum Serial {
    Watch(Watch),
}

/// Print what comes on a serial port, and how it would be read
///
/// Without --format it is guessed for each line, and the names of a CSV header count for what comes below it. A port that is not
/// there is waited for. Ctrl-C ends it, with counts and the table for `glassline.toml` or `gateway.toml`. A port that a hub has open cannot be watched.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline serial watch /dev/ttyUSB0 --baud 9600
  glassline serial watch /dev/ttyUSB0 --format numbers --names weight --units kg
  glassline serial watch /dev/ttyACM0 --format csv --separator ';' --names temp,hum")]
pub(crate) struct Watch {
    /// The port, such as /dev/ttyUSB0
    #[arg(value_name = "PORT")]
    pub(crate) port: PathBuf,

    /// Bits a second
    #[arg(long, value_name = "N", default_value_t = gateway::listen::serial::BAUD_DEFAULT)]
    pub(crate) baud: u32,

    /// How lines are read
    #[arg(long, value_enum)]
    pub(crate) format: Option<Written>,

    /// Channels, in the order of the values; without them CSV has a header, and numbers are called value-1, value-2, …
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', requires = "format")]
    pub(crate) names: Vec<String>,

    /// Their units, in the same order
    #[arg(long, value_name = "UNIT,…", value_delimiter = ',', requires = "names")]
    pub(crate) units: Vec<String>,

    /// What stands between values
    #[arg(long, value_name = "CHARACTER", requires = "format")]
    pub(crate) separator: Option<char>,

    /// End after so many lines
    #[arg(long, value_name = "N")]
    pub(crate) lines: Option<u64>,
}
