//! Where a device connects: `tcp://host:port`, `tls://host:port`, `ws://host:port/path` or `wss://host:port/path`.

use std::fmt;

/// The port of device lines where an address names none.
const TCP_PORT: u16 = 7070;
/// The port of device lines over TLS where an address names none.
const TLS_PORT: u16 = 7071;
/// The port of a hub's pages, which has a WebSocket for devices, where an address names none.
const WEB_SOCKET_PORT: u16 = 8080;
/// The same over TLS.
const SECURE_WEB_SOCKET_PORT: u16 = 443;
/// Where that WebSocket is.
const WEB_SOCKET_PATH: &str = "/device";

/// Where a device connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// `host:port`.
    pub(crate) endpoint: String,
    pub(crate) carrier: Carrier,
    /// Over TLS.
    pub(crate) is_secure: bool,
}

/// What carries the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// The connection, as they are.
    Lines,
    /// Its frames; with the path.
    WebSocket(String),
}

/// Why an address is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no address: {reason}")]
pub struct AddressError {
    text: String,
    reason: &'static str,
}

impl Address {
    /// Reads `tcp://host:port`, `tls://host:port`, `ws://host:port/path`, `wss://host:port/path` or just `host:port`, which is
    /// TCP. The port and the path may be left out.
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        let fail = |reason| AddressError { text: text.to_owned(), reason };
        let (scheme, rest) = text.split_once("://").unwrap_or(("tcp", text));
        let (host, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let is_secure = matches!(scheme, "tls" | "wss");
        let carrier = match scheme {
            "tcp" | "tls" if path.len() > 1 => return Err(fail("tcp:// and tls:// have no path")),
            "tcp" | "tls" => Carrier::Lines,
            "ws" | "wss" if path.len() > 1 => Carrier::WebSocket(path.to_owned()),
            "ws" | "wss" => Carrier::WebSocket(WEB_SOCKET_PATH.to_owned()),
            _ => return Err(fail("it begins with none of tcp://, tls://, ws:// and wss://")),
        };
        let port = match scheme {
            "tcp" => TCP_PORT,
            "tls" => TLS_PORT,
            "ws" => WEB_SOCKET_PORT,
            _ => SECURE_WEB_SOCKET_PORT,
        };
        let endpoint = endpoint(host, port).ok_or_else(|| fail("host and port are missing or malformed"))?;
        Ok(Self { endpoint, carrier, is_secure })
    }

    /// Whom a certificate must be for: an IPv6 address without its brackets.
    pub(crate) fn host(&self) -> &str {
        let host = self.endpoint.rsplit_once(':').map_or(&*self.endpoint, |(host, _)| host);
        host.trim_start_matches('[').trim_end_matches(']')
    }
}

/// `host` with its port. An IPv6 address stands in brackets.
fn endpoint(host: &str, port: u16) -> Option<String> {
    let (name, given) = match host.rsplit_once(':') {
        Some((name, given)) if !given.ends_with(']') => (name, Some(given)),
        _ => (host, None),
    };
    let bracketed = name.starts_with('[') && name.ends_with(']');
    let malformed =
        name.is_empty() || name.contains(char::is_whitespace) || (name.contains(':') && !bracketed);
    let port = given.map_or(Some(port), |given| given.parse().ok())?;
    (!malformed).then(|| format!("{name}:{port}"))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.carrier, self.is_secure) {
            (Carrier::Lines, false) => write!(f, "tcp://{}", self.endpoint),
            (Carrier::Lines, true) => write!(f, "tls://{}", self.endpoint),
            (Carrier::WebSocket(path), false) => write!(f, "ws://{}{path}", self.endpoint),
            (Carrier::WebSocket(path), true) => write!(f, "wss://{}{path}", self.endpoint),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (text, read) in [
            ("tcp://hub.local:7171", "tcp://hub.local:7171"),
            ("tcp://hub.local", "tcp://hub.local:7070"),
            ("127.0.0.1:7171", "tcp://127.0.0.1:7171"),
            ("ws://hub", "ws://hub:8080/device"),
            ("ws://hub:80/socket", "ws://hub:80/socket"),
            ("tcp://[::1]:7070", "tcp://[::1]:7070"),
            ("tcp://[::1]", "tcp://[::1]:7070"),
            ("tls://hub", "tls://hub:7071"),
            ("wss://hub", "wss://hub:443/device"),
        ] {
            assert_eq!(Address::parse(text).expect(text).to_string(), read);
        }
    }

    #[test]
    fn a_certificate_is_for_the_host() {
        for (text, host) in
            [("tls://hub.local:7171", "hub.local"), ("wss://[::1]", "::1"), ("tls://10.0.0.5", "10.0.0.5")]
        {
            assert_eq!(Address::parse(text).expect(text).host(), host);
        }
    }

    #[test]
    fn what_is_none_is_refused_with_a_reason() {
        for (text, reason) in [
            ("http://hub", "none of"),
            ("tcp://", "missing"),
            ("tcp://hub:x", "malformed"),
            ("tcp://hub:7070/device", "no path"),
            ("tls://hub:7070/device", "no path"),
            ("::1", "malformed"),
        ] {
            let error = Address::parse(text).expect_err(text).to_string();
            assert!(error.contains(reason) && error.contains(text), "{error}");
        }
    }
}
