//! The command line of `glassline token`.

use super::Hub;
use clap::{Args, Subcommand};

/// Renew and take back the tokens of devices and gateways of a running hub
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Examples:
  glassline token renew pump-1
  glassline token revoke pump-1
  glassline token renew --gateway barn")]
pub(crate) enum Token {
    /// Print a new token, which is shown this once; the one before it counts until the new one is used
    Renew(Whose),
    /// Take all tokens back: the connection ends, and only a new token opens it again
    Revoke(Whose),
}

/// Whose token it is about.
#[derive(Debug, Args)]
pub(crate) struct Whose {
    /// The id of the device, or with --gateway of the gateway
    pub(crate) id: String,

    /// It is a gateway's
    #[arg(long)]
    pub(crate) gateway: bool,

    #[command(flatten)]
    pub(crate) hub: Hub,
}
