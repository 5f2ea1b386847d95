//! Opening the ports that are listened on, with errors that say what to change.

mod devices;
pub(crate) mod exposure;
pub(crate) mod table;
pub(crate) mod web;

pub(crate) use devices::Opened;

use anyhow::{Context as _, Result, bail};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::{TcpListener, TcpSocket};

/// Connections that the system keeps until they are accepted, where it lets us have as many. Of one more nobody hears.
const UNACCEPTED_MAX: u32 = 4_096;

/// What an address is for, and what changes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Port {
    /// In a sentence: `device lines`.
    pub(crate) purpose: &'static str,
    /// The flag: `--lines`.
    pub(crate) flag: &'static str,
}

/// The port for pages and API.
pub(crate) const HTTP: Port = Port { purpose: "pages and the HTTP API", flag: "--http" };
/// The port for the same over TLS.
pub(crate) const HTTPS: Port =
    Port { purpose: "pages and the HTTP API over TLS", flag: "the key “address” of [https]:" };
/// The port of a gateway for all that is not lines.
pub(crate) const GATEWAY_HTTP: Port =
    Port { purpose: "devices over WebSocket and administration", flag: "--http" };
/// The port for devices.
pub(crate) const LINES: Port = Port { purpose: "device lines", flag: "--lines" };

/// The port for devices over TLS.
pub(crate) const TLS: Port = Port { purpose: "device lines over TLS", flag: "the key “lines” of [tls]:" };

/// Listens on `address`; port 0 takes a free one.
///
/// # Errors
/// The port is taken, not permitted or not of this machine: a sentence that names the address and the flag.
pub(crate) async fn listen(address: SocketAddr, port: Port) -> Result<TcpListener> {
    let Port { purpose, flag } = port;
    bound(address).with_context(|| {
        format!("cannot listen on {address} for {purpose}; another address can be given with {flag} ADDR")
    })
    .map_err(|error| match error.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
        Some(ErrorKind::AddrInUse) => anyhow::anyhow!(
            "port {} of {} is taken by another program; choose another one for {purpose} with {flag}, such as {flag} {}",
            address.port(),
            address.ip(),
            SocketAddr::new(address.ip(), next_port(address.port())),
        ),
        _ => error,
    })
}

/// Listens, with room for a burst of connections that are not accepted yet.
fn bound(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // As any listener does that may be started again at once. Elsewhere it would mean that two may listen.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(UNACCEPTED_MAX)
}

/// A port to propose: not the one that is taken.
fn next_port(port: u16) -> u16 {
    port.checked_add(1).unwrap_or(port - 1)
}

/// Refuses what other machines could reach, of what knows no accounts.
///
/// # Errors
/// The address is not loopback: a sentence that says what is possible instead.
pub(crate) fn check_loopback(address: SocketAddr, port: Port) -> Result<()> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    let Port { purpose, flag } = port;
    bail!(
        "{address} is refused for {purpose}: that knows no accounts, and listens on loopback addresses only, such as \
         {flag} {}; other machines can come through a tunnel (ssh -L) or a proxy that knows who they are",
        SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_listened_on() {
        let check = |text: &str| check_loopback(text.parse().expect("an address"), GATEWAY_HTTP);
        assert!(check("127.0.0.1:0").is_ok());
        assert!(check("127.9.9.9:80").is_ok());
        assert!(check("[::1]:80").is_ok());
        assert!(check("10.0.0.5:80").is_err());
        assert!(check("[::]:80").is_err());
        let error = check("0.0.0.0:80").expect_err("every network").to_string();
        assert!(error.starts_with("0.0.0.0:80 is refused for devices over WebSocket"), "{error}");
    }

    #[test]
    fn the_last_port_has_a_neighbour() {
        assert_eq!((next_port(8080), next_port(u16::MAX)), (8081, 65_534));
    }
}
