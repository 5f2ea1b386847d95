//! The kinds of attackers: where each goes, what it says at first, and how it goes on.

use crate::target::Addresses;
use std::net::SocketAddr;
use std::time::Duration;

/// One kind. The three of slowhttptest are `Headers`, `Body` and `Read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    SilentLines,
    SilentHttp,
    ByteByByte,
    TlsHello,
    Headers,
    Body,
    Read,
    PanelWithoutTicket,
    DeviceWithoutIdentify,
}

pub(crate) const KINDS: &[Kind] = &[
    Kind::SilentLines,
    Kind::SilentHttp,
    Kind::ByteByByte,
    Kind::TlsHello,
    Kind::Headers,
    Kind::Body,
    Kind::Read,
    Kind::PanelWithoutTicket,
    Kind::DeviceWithoutIdentify,
];

/// How it goes on behind its first words.
pub(crate) struct Manner {
    /// What it says again and again.
    pub(crate) drip: &'static [u8],
    /// How often.
    pub(crate) every: Duration,
    /// Whether it reads.
    pub(crate) reads: bool,
}

const SECOND: Duration = Duration::from_secs(1);

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SilentLines => "silent, lines",
            Self::SilentHttp => "silent, HTTP",
            Self::ByteByByte => "a byte a second, lines",
            Self::TlsHello => "TLS hello unfinished",
            Self::Headers => "slow headers",
            Self::Body => "slow body",
            Self::Read => "slow read",
            Self::PanelWithoutTicket => "panel without ticket",
            Self::DeviceWithoutIdentify => "device socket without identify",
        }
    }

    pub(crate) fn address(self, addresses: &Addresses) -> SocketAddr {
        match self {
            Self::SilentLines | Self::ByteByByte => addresses.lines,
            Self::TlsHello => addresses.tls,
            _ => addresses.http,
        }
    }

    /// What it says as soon as it is connected.
    pub(crate) fn first(self, addresses: &Addresses) -> Vec<u8> {
        let host = addresses.http;
        let upgrade = |path: &str| {
            format!(
                "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
            )
        };
        let text = match self {
            Self::SilentLines | Self::SilentHttp => String::new(),
            Self::ByteByByte => "{".to_owned(),
            // A record of the handshake that says it is longer, and the beginning of a hello.
            Self::TlsHello => return [&[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3], &[7; 32][..]].concat(),
            Self::Headers => format!("GET / HTTP/1.1\r\nHost: {host}\r\n"),
            Self::Body => format!(
                "POST /login HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: 60000\r\n\r\ntoken="
            ),
            // Many answers, so that they are more than the system keeps.
            Self::Read => format!("GET {} HTTP/1.1\r\nHost: {host}\r\n\r\n", addresses.large).repeat(32),
            Self::PanelWithoutTicket => upgrade("/panel"),
            Self::DeviceWithoutIdentify => upgrade("/device"),
        };
        text.into_bytes()
    }

    pub(crate) fn manner(self) -> Manner {
        let quiet = Manner { drip: b"", every: SECOND, reads: true };
        match self {
            Self::ByteByByte => Manner { drip: b" ", ..quiet },
            Self::TlsHello => Manner { drip: b"\x07", ..quiet },
            Self::Headers => Manner { drip: b"X-A: b\r\n", ..quiet },
            Self::Body => Manner { drip: b"x", ..quiet },
            // It notices that the other end is gone only when it says something.
            Self::Read => Manner { drip: b"G", every: SECOND / 4, reads: false },
            _ => quiet,
        }
    }
}
