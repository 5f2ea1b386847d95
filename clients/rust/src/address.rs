//! Where a device connects: `tcp://host:port` or `ws://host:port/path`.

use std::fmt;

/// The port of device lines where an address names none.
const TCP_PORT: u16 = 7070;
/// The port of a hub's pages, which has a WebSocket for devices, where an address names none.
const WEB_SOCKET_PORT: u16 = 8080;
/// Where that WebSocket is.
const WEB_SOCKET_PATH: &str = "/device";

/// Where a device connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// `host:port`.
    pub(crate) endpoint: String,
    pub(crate) carrier: Carrier,
}

/// What carries the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Carrier {
    Tcp,
    /// With the path.
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
    /// Reads `tcp://host:port`, `ws://host:port/path` or just `host:port`, which is TCP. The port and the path may be left
    /// out.
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        let fail = |reason| AddressError { text: text.to_owned(), reason };
        let (scheme, rest) = text.split_once("://").unwrap_or(("tcp", text));
        let (host, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let (carrier, port) = match scheme {
            "tcp" if path.len() > 1 => return Err(fail("tcp:// has no path")),
            "tcp" => (Carrier::Tcp, TCP_PORT),
            "ws" => {
                let path = if path.len() > 1 { path } else { WEB_SOCKET_PATH };
                (Carrier::WebSocket(path.to_owned()), WEB_SOCKET_PORT)
            }
            "tls" | "wss" => return Err(fail("this version speaks no TLS; it knows tcp:// and ws://")),
            _ => return Err(fail("it begins with neither tcp:// nor ws://")),
        };
        let endpoint = endpoint(host, port).ok_or_else(|| fail("host and port are missing or malformed"))?;
        Ok(Self { endpoint, carrier })
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
        match &self.carrier {
            Carrier::Tcp => write!(f, "tcp://{}", self.endpoint),
            Carrier::WebSocket(path) => write!(f, "ws://{}{path}", self.endpoint),
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
        ] {
            assert_eq!(Address::parse(text).expect(text).to_string(), read);
        }
    }

    #[test]
    fn what_is_none_is_refused_with_a_reason() {
        for (text, reason) in [
            ("tls://hub", "no TLS"),
            ("wss://hub", "no TLS"),
            ("http://hub", "neither"),
            ("tcp://", "missing"),
            ("tcp://hub:x", "malformed"),
            ("tcp://hub:7070/device", "no path"),
            ("::1", "malformed"),
        ] {
            let error = Address::parse(text).expect_err(text).to_string();
            assert!(error.contains(reason) && error.contains(text), "{error}");
        }
    }
}
