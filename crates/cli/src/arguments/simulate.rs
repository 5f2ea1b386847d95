//! The command line of `glassline simulate`.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// Run simulated devices against a device port
#[derive(Debug, Subcommand)]
pub(crate) enum Simulate {
    Weather(Weather),
    Fleet(Fleet),
}

/// Weather stations weather-1, weather-2, … that report and obey `reset`
///
/// Each one is a real connection and keeps what was not acknowledged until it is.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline simulate weather --devices 3
  glassline simulate weather --to 10.0.0.5:7070 --devices 100 --token JOIN-TOKEN --seed 7")]
pub(crate) struct Weather {
    /// Device address of the hub or gateway [default: that of the hub that runs here]
    #[arg(long, value_name = "ADDR")]
    pub(crate) to: Option<String>,

    /// How many stations
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) devices: u32,

    /// The join token [default: that of the hub that runs here]
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Option<String>,

    /// Begin of the random weather: the same seed, the same weather
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// State folder of a hub that runs on this machine [default: that of `serve`, then that of `demo`]
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
}

/// Many devices fleet-0001, fleet-0002, … that send numbered messages as fast as they are told to
///
/// For load, and for checkers: the channel `count` of each device counts its messages, so a loss, a repetition or a wrong
/// order shows. Prints once a second how it goes, and in the end an account: sent = acked + queued + dropped. The exit
/// code is 1 if that does not hold.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline simulate fleet --devices 1000 --rate 10 --seconds 60
  glassline simulate fleet --devices 50 --rate 2 --outbox fleet --journal fleet.journal
  glassline simulate fleet --to 10.0.0.5:7070 --join-file join.token --devices 100 --channels 8")]
pub(crate) struct Fleet {
    /// Device address of the hub or gateway [default: that of the hub that runs here]
    #[arg(long, value_name = "ADDR")]
    pub(crate) to: Option<String>,

    /// How many devices
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=9_999))]
    pub(crate) devices: u32,

    /// Messages a second of each device, such as 0.2 or 50
    #[arg(long, value_name = "HZ", default_value_t = 1.0, value_parser = rate)]
    pub(crate) rate: f64,

    /// Channels in each message: count, count-2, count-3, …
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=512))]
    pub(crate) channels: u32,

    /// Keep outboxes, and the tokens that the hub gives the devices, in this folder: a later run goes on with them
    #[arg(long, value_name = "DIR", conflicts_with = "memory")]
    pub(crate) outbox: Option<PathBuf>,

    /// Keep outboxes in memory only, as without --outbox
    #[arg(long)]
    pub(crate) memory: bool,

    /// The join token [default: that of the hub that runs here]
    #[arg(long, value_name = "TOKEN", visible_alias = "token")]
    pub(crate) join: Option<String>,

    /// Read the join token from a file
    #[arg(long, value_name = "FILE", conflicts_with = "join")]
    pub(crate) join_file: Option<PathBuf>,

    /// End after so many seconds [default: at Ctrl-C]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) seconds: Option<u32>,

    /// Seconds that what is still in the outboxes may take to arrive when the fleet ends
    #[arg(long, value_name = "S", default_value_t = 10)]
    pub(crate) drain: u32,

    /// Seconds between heartbeats [default: 15]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub(crate) heartbeat: Option<u32>,

    /// Append a line for each accepted message before the next one is sent: device, count, time
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,

    /// What the devices' ids begin with
    #[arg(long, value_name = "ID", default_value = "fleet")]
    pub(crate) prefix: String,

    /// State folder of a hub that runs on this machine [default: that of `serve`, then that of `demo`]
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
}

/// The most messages a second of one simulated device.
const RATE_MAX: f64 = 10_000.0;

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    let fits = rate > 0.000_1 && rate <= RATE_MAX;
    fits.then_some(rate).ok_or_else(|| format!("it is more than 0.0001 and at most {RATE_MAX}"))
}

impl Fleet {
    /// Time between two messages of a device.
    pub(crate) fn period(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.rate)
    }

    /// How long it goes on.
    pub(crate) fn duration(&self) -> Duration {
        self.seconds.map_or(Duration::MAX, |seconds| Duration::from_secs(u64::from(seconds)))
    }

    /// The join token that was given, if one was.
    ///
    /// # Errors
    /// Its file cannot be read.
    pub(crate) fn join_token(&self) -> Result<Option<String>> {
        let Some(file) = &self.join_file else { return Ok(self.join.clone()) };
        let text = std::fs::read_to_string(file);
        let text = text.with_context(|| format!("the join token cannot be read from {}", file.display()))?;
        Ok(Some(text.trim().to_owned()))
    }
}
