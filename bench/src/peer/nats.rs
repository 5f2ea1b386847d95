//! NATS server.

use std::net::SocketAddr;

use super::child::{Child, free_address};
use super::install::{Installed, Peer};

/// Messages are passed on and nothing is kept. It pings nobody while it is measured: the load does not answer, and idle
/// connections of the others cost nothing either.
pub(crate) const CORE: &str = "ping_interval: \"1h\"
max_connections: 65536
";

/// Starts it with these lines of configuration, besides where it listens.
pub(crate) fn start(installed: &Installed, configuration: &str) -> anyhow::Result<(Child, SocketAddr)> {
    let program = installed.program(Peer::Nats)?;
    let folder = installed.folder("nats")?;
    let address = free_address()?;
    let file = folder.path().join("nats.conf");
    std::fs::write(&file, format!("listen: \"{address}\"\n{configuration}"))?;
    let mut command = program.command();
    command.arg("-c").arg(&file).current_dir(folder.path());
    let mut child = Child::spawn(command, folder)?;
    child.listens(address)?;
    Ok((child, address))
}
