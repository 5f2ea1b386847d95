//! Mosquitto, over TCP: panels would need its WebSockets, which cost it more.

use std::net::SocketAddr;

use super::child::{Child, free_address};
use super::install::{Installed, Peer};

/// Nothing is kept on disk, as nothing is by the others that only pass messages on. A queue without a bound, so that it
/// drops nothing: the load is never far ahead. No delay of small packets, as everywhere.
pub(crate) const MEMORY: &str = "persistence false
max_queued_messages 0
max_inflight_messages 0
set_tcp_nodelay true
";

/// Starts it with these lines of configuration, besides where it listens.
pub(crate) fn start(installed: &Installed, configuration: &str) -> anyhow::Result<(Child, SocketAddr)> {
    let program = installed.program(Peer::Mosquitto)?;
    let folder = installed.folder("mosquitto")?;
    let address = free_address()?;
    let file = folder.path().join("mosquitto.conf");
    let (ip, port) = (address.ip(), address.port());
    std::fs::write(
        &file,
        format!(
            "listener {port} {ip}\nallow_anonymous true\nlog_dest stderr\nlog_type error\n{configuration}"
        ),
    )?;
    let mut command = program.command();
    command.arg("-c").arg(&file).current_dir(folder.path());
    let mut child = Child::spawn(command, folder)?;
    child.listens(address)?;
    Ok((child, address))
}
