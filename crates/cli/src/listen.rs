//! Opening the ports that are listened on, with errors that say what to change.

mod devices;

pub(crate) use devices::Opened;

use anyhow::{Context as _, Result, bail};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;

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
/// The port of a gateway for all that is not lines.
pub(crate) const GATEWAY_HTTP: Port =
    Port { purpose: "devices over WebSocket and administration", flag: "--http" };
/// The port for devices.
pub(crate) const LINES: Port = Port { purpose: "device lines", flag: "--lines" };

/// Listens on `address`; port 0 takes a free one.
///
/// # Errors
/// The port is taken, not permitted or not of this machine: a sentence that names the address and the flag.
pub(crate) async fn listen(address: SocketAddr, port: Port) -> Result<TcpListener> {
    let Port { purpose, flag } = port;
    TcpListener::bind(address).await.with_context(|| {
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

/// A port to propose: not the one that is taken.
fn next_port(port: u16) -> u16 {
    port.checked_add(1).unwrap_or(port - 1)
}

/// Refuses what other machines could reach: there are no accounts yet, and nothing is encrypted.
///
/// # Errors
/// The address is not loopback: a sentence that says what is possible instead.
pub(crate) fn check_loopback(address: SocketAddr, port: Port) -> Result<()> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    let Port { purpose, flag } = port;
    bail!(
        "{address} is refused for {purpose}: without accounts this hub listens on loopback addresses only, such as \
         {flag} {}; other machines can come through a tunnel (ssh -L) or a proxy that knows who they are",
        SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_listened_on() {
        let check = |text: &str| check_loopback(text.parse().expect("an address"), HTTP);
        assert!(check("127.0.0.1:0").is_ok());
        assert!(check("127.9.9.9:80").is_ok());
        assert!(check("[::1]:80").is_ok());
        assert!(check("10.0.0.5:80").is_err());
        assert!(check("[::]:80").is_err());
        let error = check("0.0.0.0:80").expect_err("every network").to_string();
        assert!(error.starts_with("0.0.0.0:80 is refused for pages"), "{error}");
    }

    #[test]
    fn the_last_port_has_a_neighbour() {
        assert_eq!((next_port(8080), next_port(u16::MAX)), (8081, 65_534));
    }
}
