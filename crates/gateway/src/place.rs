//! What is known of a connection from outside: who it is, and the way to it. Shared by its endpoint, the register and the
//! intake.

use crate::mailbox::Mailbox;
use protocol::intake::{Outlet, Peer, Post};
use sockets::doorway::Origin;
use std::fmt;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::Arc;

pub(crate) struct Place {
    /// Unique in this process.
    number: u64,
    address: Address,
    /// When it was accepted, milliseconds since 1970.
    since: i64,
    pub(crate) mailbox: Mailbox,
}

/// Where a connection comes from, in few bytes. Written out only for those who ask: `tcp 127.0.0.1:52144`.
#[derive(Debug, Clone)]
pub(crate) enum Address {
    Net {
        transport: Transport,
        port: u16,
        /// Of IPv6, where an address is good on one link only.
        scope: u32,
        /// An IPv4 one is mapped.
        ip: [u8; 16],
    },
    /// A process of this machine, by its number where the system tells it.
    Unix { process: Option<i32> },
    /// A serial port, by its name.
    Serial(Arc<str>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Tcp,
    Tls,
    WebSocket,
}

/// One connection as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveConnection {
    /// Its number, unique in this process.
    pub connection: u64,
    /// Where it comes from: `tcp 127.0.0.1:52144`.
    pub address: String,
    /// The device's id, once it was welcome.
    pub device: Option<String>,
    /// When it was accepted, milliseconds since 1970.
    pub since: i64,
}

impl Place {
    pub(crate) fn new(number: u64, address: Address, since: i64, mailbox: Mailbox) -> Self {
        Self { number, address, since, mailbox }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// As an intake knows it.
    pub(crate) fn peer(&self) -> Peer {
        Peer { connection: self.number, address: self.address.to_string(), is_local: self.address.is_local() }
    }

    /// As people know it.
    pub(crate) fn live(&self) -> LiveConnection {
        LiveConnection {
            connection: self.number,
            address: self.address.to_string(),
            device: self.mailbox.device(),
            since: self.since,
        }
    }
}

impl Address {
    pub(crate) fn new(transport: Transport, peer: SocketAddr) -> Self {
        let (ip, scope) = match peer {
            SocketAddr::V4(peer) => (peer.ip().to_ipv6_mapped(), 0),
            SocketAddr::V6(peer) => (*peer.ip(), peer.scope_id()),
        };
        Self::Net { transport, port: peer.port(), scope, ip: ip.octets() }
    }
}

impl Address {
    /// Where it counts while its device is not welcome.
    pub(crate) fn origin(&self) -> Origin {
        match self {
            Self::Net { ip, .. } => Origin::of(Ipv6Addr::from(*ip).into()),
            Self::Unix { .. } | Self::Serial(_) => Origin::Local,
        }
    }

    /// Whether it is of this machine, as [`Peer::is_local`] counts it.
    fn is_local(&self) -> bool {
        match self {
            Self::Net { transport: Transport::Tcp | Transport::Tls, ip, .. } => {
                Ipv6Addr::from(*ip).to_canonical().is_loopback()
            }
            Self::Net { .. } | Self::Unix { .. } | Self::Serial(_) => false,
        }
    }
}

fn peer(ip: [u8; 16], port: u16, scope: u32) -> SocketAddr {
    let ip = Ipv6Addr::from(ip);
    match ip.to_ipv4_mapped() {
        Some(ip) => (ip, port).into(),
        None => SocketAddrV6::new(ip, port, 0, scope).into(),
    }
}

impl Outlet for Place {
    fn post(&self, post: Post) {
        self.mailbox.post(post);
    }

    fn is_gone(&self) -> bool {
        self.mailbox.is_closed()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net { transport, port, scope, ip } => {
                let transport = match transport {
                    Transport::Tcp => "tcp",
                    Transport::Tls => "tls",
                    Transport::WebSocket => "websocket",
                };
                write!(f, "{transport} {}", peer(*ip, *port, *scope))
            }
            Self::Unix { process: Some(process) } => write!(f, "unix process {process}"),
            Self::Unix { process: None } => f.write_str("unix"),
            Self::Serial(port) => write!(f, "serial {port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_over_loopback_are_local() {
        let is_local =
            |transport, peer: &str| Address::new(transport, peer.parse().expect("an address")).is_local();
        for peer in ["127.0.0.1:1", "127.3.2.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(is_local(Transport::Tcp, peer) && is_local(Transport::Tls, peer), "{peer}");
            assert!(!is_local(Transport::WebSocket, peer), "{peer}");
        }
        for peer in ["192.0.2.1:1", "0.0.0.0:1", "[::]:1", "[::ffff:192.0.2.1]:1", "[fe80::1%2]:1"] {
            assert!(!is_local(Transport::Tcp, peer), "{peer}");
        }
        assert!(
            !Address::Unix { process: Some(1) }.is_local() && !Address::Serial("ttyS0".into()).is_local()
        );
    }

    #[test]
    fn addresses_are_written_as_they_are() {
        for peer in ["127.0.0.1:52144", "[2001:db8::1]:1", "[fe80::1%2]:65535"] {
            let address = Address::new(Transport::Tcp, peer.parse().expect("an address"));
            assert_eq!(address.to_string(), format!("tcp {peer}"));
        }
        let mapped = "[::ffff:192.0.2.1]:7".parse().expect("an address");
        assert_eq!(Address::new(Transport::WebSocket, mapped).to_string(), "websocket 192.0.2.1:7");
    }
}
