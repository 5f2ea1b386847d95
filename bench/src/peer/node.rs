//! A plain relay on Node with the package `ws`: what one writes in an afternoon.

use super::Site;
use super::child::{Child, free_address};
use super::install::{Installed, Peer};

/// The whole relay. It lies beside the packages that it imports.
pub(super) const SCRIPT: &str = include_str!("../../peers/relay.mjs");

pub(super) fn start(installed: &Installed) -> anyhow::Result<(Child, Site)> {
    let program = installed.program(Peer::Node)?;
    let address = free_address()?;
    let mut command = program.command();
    command.arg(address.port().to_string());
    let mut child = Child::spawn(command, installed.folder("node")?)?;
    child.listens(address)?;
    Ok((child, Site::WebSocket(address)))
}
