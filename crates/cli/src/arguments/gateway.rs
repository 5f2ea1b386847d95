//! The command line of `glassline gateway`.

use super::address::address;
use clap::{Args, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Run a gateway: near the devices, in front of one or more hubs
///
/// Devices connect to the `lines` address as they would to a hub. What they send is on disk here when it is acknowledged, and
/// is forwarded to every hub as fast as that one takes it. With flags alone no configuration file is needed.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_long_help = "\
Examples:
  glassline gateway --id barn --state barn --hub ws://10.0.0.5:8080/uplink --token gl_TOKEN
  glassline gateway --config barn/gateway.toml --state barn/state --lines 0.0.0.0:7070
  glassline gateway hubs list"
)]
pub(crate) struct Gateway {
    #[command(subcommand)]
    pub(crate) command: Option<GatewayCommand>,

    #[command(flatten)]
    pub(crate) run: RunGateway,
}

/// What a gateway is started with.
#[derive(Debug, Args)]
pub(crate) struct RunGateway {
    /// The configuration file; what changes in it while the gateway runs counts at once, as far as it can
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Folder for everything durable [default: glassline/gateway in the user's state folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,

    /// What hubs know this gateway by [default: the name of this machine]
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,

    /// Address for device lines, instead of the configured one; port 0 takes a free one
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) lines: Option<SocketAddr>,

    /// Address for devices over WebSocket, health, metrics and administration; port 0 takes a free one
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) http: Option<SocketAddr>,

    /// A hub to forward to; may be given several times, each with a --token, in this order
    #[arg(long = "hub", value_name = "URL", requires = "token")]
    pub(crate) hubs: Vec<String>,

    /// The token with which the hub knows this gateway; one for all hubs, or one for each
    #[arg(
        long = "token",
        value_name = "TOKEN",
        env = "GLASSLINE_GATEWAY_TOKEN",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub(crate) token: Vec<String>,

    /// With wss://: a PEM file of the authorities to trust [default: those that the system trusts]
    #[arg(long, value_name = "FILE", requires = "hubs")]
    pub(crate) ca: Option<PathBuf>,

    /// Write a JSON file once everything listens: id, tag, lines, http, token
    #[arg(long, value_name = "FILE")]
    pub(crate) ready: Option<PathBuf>,
}

/// What is asked of a running gateway.
#[derive(Debug, Subcommand)]
pub(crate) enum GatewayCommand {
    #[command(subcommand)]
    Hubs(Hubs),
}

/// List, add and remove hubs of a running gateway
#[derive(Debug, Subcommand)]
pub(crate) enum Hubs {
    List(ListHubs),
    Add(AddHub),
    Remove(RemoveHub),
}

/// Which running gateway.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// State folder of the gateway [default: glassline/gateway in the user's state folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
}

/// List the hubs: where they are, how they stand, how far they are behind
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline gateway hubs list
  glassline gateway hubs list --json | jq '.[] | select(.state != \"connected\") | .name'")]
pub(crate) struct ListHubs {
    /// Print the list as JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) which: Which,
}

/// Add a hub while the gateway runs; it is there after the next start too
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline gateway hubs add attic ws://10.0.0.9:8080/uplink --token gl_TOKEN
  glassline gateway hubs add office wss://hub.example/uplink --token gl_TOKEN --begin head --no-commands --devices 'barn-*'")]
pub(crate) struct AddHub {
    /// What it is called here
    pub(crate) name: String,

    /// Its address: ws://HOST:PORT/uplink or wss://HOST/uplink
    pub(crate) url: String,

    /// The token with which it knows this gateway
    #[arg(long, value_name = "TOKEN", env = "GLASSLINE_GATEWAY_TOKEN", hide_env_values = true)]
    pub(crate) token: String,

    /// Where it begins: with the oldest entry of the spool, or with what comes next
    #[arg(long, value_name = "PLACE", default_value = "oldest", value_parser = ["oldest", "head"])]
    pub(crate) begin: String,

    /// It may send no commands
    #[arg(long)]
    pub(crate) no_commands: bool,

    /// It is not asked which devices may come in
    #[arg(long)]
    pub(crate) no_admits: bool,

    /// Only devices whose id fits, such as 'barn-*'; may be given several times
    #[arg(long, value_name = "PATTERN")]
    pub(crate) devices: Vec<String>,

    /// Only channels whose name fits; may be given several times
    #[arg(long, value_name = "PATTERN")]
    pub(crate) channels: Vec<String>,

    /// What is spooled for it at most, such as 500MB; its oldest entries go beyond that
    #[arg(long, value_name = "SIZE")]
    pub(crate) quota: Option<String>,

    /// For how long something is spooled for it, such as 30d
    #[arg(long, value_name = "AGE")]
    pub(crate) age: Option<String>,

    /// PEM file of the authorities that its certificate may be from, instead of those of the system
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) which: Which,
}

/// Remove a hub, with its place in the spool: what was spooled for it alone is lost to it
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  glassline gateway hubs remove attic
  glassline gateway hubs remove attic --yes")]
pub(crate) struct RemoveHub {
    /// What it is called here
    pub(crate) name: String,

    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) which: Which,
}
