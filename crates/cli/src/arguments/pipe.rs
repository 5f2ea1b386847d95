//! The command line of `glassline pipe`.

use clap::{Args, ValueEnum};
use gateway::listen::serial::Format;
use std::path::PathBuf;

/// Make a device of a program: each line that comes on standard input is sent
///
/// A line is a JSON message such as {"temperature":21.5} or {"describe":{…}}, or key=value pairs; with --channel the values of
/// these channels in their order; with --format it is what that says. What is not understood is skipped, and counted in the end. Reading never
/// waits for the network: what the hub does not have yet is held, and where that is too much the oldest goes, which the hub is told. Only where
/// standard input is a file, or with --wait, reading waits instead. At the end of the input what is held has --flush seconds to arrive.
///
/// The exit code is 0 when all that was read is taken over, or kept in --outbox; 1 where something is lost, or nothing can be sent.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  vmstat 1 | awk '{ print $15; fflush() }' | glassline pipe --device host-1 --channel idle --unit %
  ./measure | glassline pipe --device scale-1 --to tcp://10.0.0.5:7070 --token-file scale-1.token --outbox scale-1.outbox
  glassline pipe --device import-1 --format csv < yesterday.csv
  coproc glassline pipe --device lamp-1 --commands      commands come as JSON lines")]
pub(crate) struct Pipe {
    /// The device's id
    #[arg(long, value_name = "ID")]
    pub(crate) device: String,

    /// Where it connects: tcp://host:port, tls://…, ws://…, wss://… [default: the hub that runs here]
    #[arg(long, value_name = "ADDR", visible_alias = "address")]
    pub(crate) to: Option<String>,

    /// Its own token, or a join token [default: the join token of the hub that runs here]
    #[arg(long, value_name = "TOKEN", env = "GLASSLINE_DEVICE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,

    /// Read the token from a file
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    pub(crate) token_file: Option<PathBuf>,

    /// Over tls:// and wss://: a PEM file of the authorities to trust [default: those that the system trusts]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// What a line is [default: JSON or key=value; with --channel numbers]
    #[arg(long, value_enum, help_heading = "Lines")]
    pub(crate) format: Option<Lines>,

    /// The channels of the values, in their order; of text the one channel
    #[arg(
        long = "channel",
        value_name = "NAMES",
        value_delimiter = ',',
        visible_alias = "names",
        help_heading = "Lines"
    )]
    pub(crate) channels: Vec<String>,

    /// Their units, in the order of the channels
    #[arg(
        long = "unit",
        value_name = "UNITS",
        value_delimiter = ',',
        visible_alias = "units",
        help_heading = "Lines"
    )]
    pub(crate) units: Vec<String>,

    /// What stands between values [default: of CSV a comma, else blanks, commas or semicolons]
    #[arg(long, value_name = "CHARACTER", help_heading = "Lines")]
    pub(crate) separator: Option<char>,

    /// What the channels are, as JSON: '{"fan":{"input":"switch"}}'
    #[arg(long, value_name = "JSON", help_heading = "Lines")]
    pub(crate) describe: Option<String>,

    /// Print commands as JSON lines, {"channel":"fan","value":true}; each counts as done once it is printed
    ///
    /// Without it commands are answered as failed.
    #[arg(long)]
    pub(crate) commands: bool,

    /// Keep what is held in this folder, too: the end of the program loses nothing of it, and the next one sends it
    #[arg(long, value_name = "DIR", help_heading = "What is held")]
    pub(crate) outbox: Option<PathBuf>,

    /// Messages that are held at most
    #[arg(long, value_name = "N", default_value_t = glassline_client::limits::OUTBOX_MESSAGES,
          value_parser = holding, help_heading = "What is held")]
    pub(crate) holding: usize,

    /// Where as many are held, stop reading instead of dropping the oldest
    #[arg(long, help_heading = "What is held")]
    pub(crate) wait: bool,

    /// Seconds that what is held may take to arrive when the input ends
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=86_400),
          help_heading = "What is held")]
    pub(crate) flush: u64,

    /// State folder of a hub that runs on this machine [default: that of `serve`, then that of `demo`]
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lines {
    /// A message of the protocol
    Json,
    /// key=value or key:value
    KeyValue,
    /// Values between commas, perhaps under a line of names
    Csv,
    /// Numbers, in the order of the channels
    Numbers,
    /// The whole line is one value, as text
    Text,
}

impl Lines {
    /// As printed lines of serial ports are read, where they are such.
    pub(crate) fn printed(self) -> Option<Format> {
        match self {
            Lines::Json | Lines::Text => None,
            Lines::KeyValue => Some(Format::KeyValue),
            Lines::Csv => Some(Format::Csv),
            Lines::Numbers => Some(Format::Numbers),
        }
    }
}

/// Most messages that may be asked to be held.
const HOLDING_MAX: usize = 10_000_000;

fn holding(text: &str) -> Result<usize, String> {
    let messages: usize = text.parse().map_err(|_| "it is no number".to_owned())?;
    let fits = (1..=HOLDING_MAX).contains(&messages);
    fits.then_some(messages).ok_or_else(|| format!("it is 1 to {HOLDING_MAX}"))
}
