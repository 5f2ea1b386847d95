//! The command line: every subcommand, its flags and their help.

mod address;
mod audit;
mod chaos;
pub(crate) mod component;
mod eject;
mod gateway;
mod join_token;
mod person;
mod pipe;
mod serial;
mod simulate;
mod token;

pub(crate) use audit::Audit;
pub(crate) use chaos::Chaos;
pub(crate) use eject::Eject;
pub(crate) use gateway::{AddHub, Gateway, GatewayCommand, Hubs, ListHubs, RemoveHub, RunGateway, Which};
pub(crate) use join_token::{JoinToken, MakeJoinToken};
pub(crate) use person::{LoginLink, May, Person};
pub(crate) use pipe::{Lines, Pipe};
pub(crate) use serial::{Serial, Watch};
pub(crate) use simulate::{Fleet, Simulate, Weather};
pub(crate) use token::{Token, Whose};

use address::address;
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where the demo serves pages unless told otherwise; also the default of `http` in `glassline.toml`.
pub(crate) const HTTP_DEFAULT: &str = "127.0.0.1:8080";
/// Where devices connect unless told otherwise; also the default of `lines` in `glassline.toml`.
pub(crate) const LINES_DEFAULT: &str = "127.0.0.1:7070";

/// Connects devices to live panels in browsers.
///
/// A device speaks lines of JSON over a plain socket; a browser opens a view made of components that show what the
/// device sends and send messages back to it.
#[derive(Debug, Parser)]
#[command(
    name = "glassline",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_long_help = "\
Examples:
  glassline demo                        try it, with a simulated weather station
  glassline init plant                  begin a configuration of your own in the folder plant
  glassline serve --config plant/glassline.toml
  glassline gateway --hub ws://10.0.0.5:8080/uplink --token gl_TOKEN
  glassline tail weather-1              follow a device from the terminal
  glassline send weather-1 reset true   send it a command
  ./measure | glassline pipe --device a  make a device of a program that prints
  glassline eject weather-1             make its page a view of your own
  glassline person add ada --admin      make an account
  glassline join-token make --devices 5 let five new devices in
  glassline backup --to monday.db       copy the state, while the hub runs"
)]
pub(crate) struct Arguments {
    /// What is logged to standard error: error, warn, info, debug, trace, or a filter such as `hub=debug,warn`
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        env = "GLASSLINE_LOG",
        hide_env_values = true,
        display_order = 900
    )]
    pub(crate) log: Option<String>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(Demo),
    Serve(Serve),
    Gateway(Box<Gateway>),
    Init(Init),
    Check(Check),
    #[command(subcommand)]
    Component(component::Component),
    Devices(Devices),
    Tail(Tail),
    Send(Send),
    Eject(Eject),
    #[command(subcommand)]
    Person(Person),
    LoginLink(LoginLink),
    #[command(subcommand)]
    JoinToken(JoinToken),
    #[command(subcommand)]
    Token(Token),
    Audit(Audit),
    Backup(Backup),
    Restore(Restore),
    #[command(subcommand)]
    Simulate(Simulate),
    #[command(subcommand)]
    Serial(Serial),
    Pipe(Box<Pipe>),
    Chaos(Chaos),
}

/// Try everything in one process, with a simulated weather station
///
/// Starts hub and gateway, connects the station `weather-1` through the device port, and opens its view in the browser.
/// It also prints a line to paste into another terminal, which makes a second device. What devices send is kept
/// in the state folder; Ctrl-C ends the demo.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline demo
  glassline demo --http 127.0.0.1:9090 --no-open
  glassline demo --http 127.0.0.1:0 --lines 127.0.0.1:0 --ready ready.json")]
pub(crate) struct Demo {
    /// Address for pages and the HTTP API; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = HTTP_DEFAULT, value_parser = address)]
    pub(crate) http: SocketAddr,

    /// Address for device lines; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = LINES_DEFAULT, value_parser = address)]
    pub(crate) lines: SocketAddr,

    /// Folder for what devices send [default: glassline/demo in the user's state folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,

    /// Do not open the browser
    #[arg(long)]
    pub(crate) no_open: bool,

    /// Write a JSON file once everything listens: http, lines, link, token, join
    #[arg(long, value_name = "FILE")]
    pub(crate) ready: Option<PathBuf>,
}

/// Run a hub and a gateway
///
/// Devices connect to the `lines` address, browsers to the `http` address. Whatever is acknowledged to a device is on
/// disk in the state folder. Without a configuration file the defaults hold, and only the built-in views exist.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline init plant
  glassline serve --config plant/glassline.toml
  glassline serve --config plant/glassline.toml --state plant/state --lines 127.0.0.1:7171")]
pub(crate) struct Serve {
    /// The configuration file, as `glassline init` writes it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Folder for everything durable [default: glassline/serve in the user's state folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,

    /// Address for pages and the HTTP API, instead of the configured one; port 0 takes a free one
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) http: Option<SocketAddr>,

    /// Address for device lines, instead of the configured one; port 0 takes a free one
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) lines: Option<SocketAddr>,

    /// Write a JSON file once everything listens: http, lines, link, token, join
    #[arg(long, value_name = "FILE")]
    pub(crate) ready: Option<PathBuf>,
}

/// Write a small commented configuration folder to start from
///
/// Existing files are never overwritten: if one is in the way, nothing is written.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline init plant
  glassline init .")]
pub(crate) struct Init {
    /// The folder to write; made if need be
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// Check configuration, views and components
///
/// Each problem is one line with file, line and column. The exit code is 1 if there is any.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline check plant
  glassline check plant && glassline serve --config plant/glassline.toml")]
pub(crate) struct Check {
    /// The folder of glassline.toml, or of gateway.toml
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// Copy the state folder into one file, while the hub runs
///
/// The file holds all that was committed when the command began, and is found whole before it gets its name. The hub and its
/// devices go on meanwhile. It holds what devices sent and hashes of tokens: keep it as you keep the state folder.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline backup --to glassline-monday.db
  glassline backup --state plant/state --to /mnt/backups/plant.db --replace")]
pub(crate) struct Backup {
    /// State folder to copy [default: that of `serve`]
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,

    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,

    /// Replace the file if it is there, once the new one is whole
    #[arg(long)]
    pub(crate) replace: bool,
}

/// Put a copy that `backup` wrote in the place of a state folder's content
///
/// The hub must be stopped. What came after the copy is lost: devices that go on with a session declare what they no
/// longer hold, commands that were not finished become unknown, and programs and browsers log in anew.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline restore --from glassline-monday.db
  glassline restore --from plant.db --state plant/state --replace")]
pub(crate) struct Restore {
    /// The file to read
    #[arg(long, value_name = "FILE")]
    pub(crate) from: PathBuf,

    /// State folder to put it into; made if need be [default: that of `serve`]
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,

    /// Replace what is in the folder; it is lost
    #[arg(long)]
    pub(crate) replace: bool,
}

/// Which running hub to speak to.
#[derive(Debug, Args)]
pub(crate) struct Hub {
    /// Address of the hub, such as http://127.0.0.1:8080 or https://example.org/plant; needs --token
    #[arg(long = "hub", value_name = "URL", conflicts_with = "state", help_heading = "Which hub")]
    pub(crate) url: Option<String>,

    /// A token that permits it
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

    /// State folder of a hub that runs on this machine [default: that of `serve`, then that of `demo`]
    #[arg(long, value_name = "DIR", help_heading = "Which hub")]
    pub(crate) state: Option<PathBuf>,
}

/// List the devices of a running hub
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline devices
  glassline devices --hub https://plant.example --token TOKEN
  glassline devices --json | jq -r '.[] | select(.presence != \"online\") | .id'")]
pub(crate) struct Devices {
    /// Print the list as JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) hub: Hub,
}

/// Follow what a device sends
///
/// Prints the latest value of each channel, then a line for each sample: time, channel, value. Presence changes,
/// losses and passed-over samples have lines of their own.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline tail weather-1
  glassline tail weather-1 --json | jq .value
  glassline tail weather-1 | head -20")]
pub(crate) struct Tail {
    /// The device's id
    pub(crate) device: String,

    /// Print each message of the hub as JSON, one a line
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) hub: Hub,
}

/// Send a command to a device and follow what becomes of it
///
/// Prints each step as it happens: accepted, sent, and then done, failed, refused, expired or unknown. The exit code is
/// 0 when the device has done it, and 1 otherwise.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline send weather-1 reset true
  glassline send pump-1 speed 0.75 --ttl 10000
  glassline send sign-1 text 'Back in five minutes'")]
pub(crate) struct Send {
    /// The device's id
    pub(crate) device: String,

    /// The channel that takes the command
    pub(crate) channel: String,

    /// What to send: JSON, or else plain text
    #[arg(allow_hyphen_values = true)]
    pub(crate) value: String,

    /// How long the command is wanted, in milliseconds [default: 5000]
    #[arg(long, value_name = "MS")]
    pub(crate) ttl: Option<u64>,

    #[command(flatten)]
    pub(crate) hub: Hub,
}
