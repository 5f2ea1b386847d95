//! uWebSockets, in the form in which most people use it today: the server of Bun, with its own publish and subscribe.

use super::Site;
use super::child::{Child, free_address};
use super::install::{Installed, Peer};

/// The whole server.
pub(super) const SCRIPT: &str = include_str!("../../peers/uws.js");

pub(super) fn start(installed: &Installed) -> anyhow::Result<(Child, Site)> {
    let program = installed.program(Peer::Uws)?;
    let folder = installed.folder("uws")?;
    let address = free_address()?;
    let script = folder.path().join("uws.js");
    std::fs::write(&script, SCRIPT)?;
    let mut command = program.command();
    command.arg(&script).arg(address.port().to_string());
    let mut child = Child::spawn(command, folder)?;
    child.listens(address)?;
    Ok((child, Site::WebSocket(address)))
}
