//! What is known of a connection from outside: who it is, and the way to it. Shared by its endpoint, the register and the
//! intake.

use crate::mailbox::Mailbox;
use protocol::intake::{Outlet, Peer, Post};
use std::fmt;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};

pub(crate) struct Place {
    /// Unique in this process.
    number: u64,
    address: Address,
    /// When it was accepted, milliseconds since 1970.
    since: i64,
    pub(crate) mailbox: Mailbox,
}

/// Where a connection comes from, in few bytes. Written out only for those who ask: `tcp 127.0.0.1:52144`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address {
    transport: Transport,
    port: u16,
    /// Of IPv6, where an address is good on one link only.
    scope: u32,
    /// An IPv4 one is mapped.
    ip: [u8; 16],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Tcp,
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

    /// As an intake knows it.
    pub(crate) fn peer(&self) -> Peer {
        Peer { connection: self.number, address: self.address.to_string() }
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
        Self { transport, port: peer.port(), scope, ip: ip.octets() }
    }

    fn peer(self) -> SocketAddr {
        let ip = Ipv6Addr::from(self.ip);
        match ip.to_ipv4_mapped() {
            Some(ip) => (ip, self.port).into(),
            None => SocketAddrV6::new(ip, self.port, 0, self.scope).into(),
        }
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
        let transport = match self.transport {
            Transport::Tcp => "tcp",
            Transport::WebSocket => "websocket",
        };
        write!(f, "{transport} {}", self.peer())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
