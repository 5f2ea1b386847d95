//! Which `Host` is ours, and which `Origin`.
//!
//! A web page anywhere can send requests to 127.0.0.1, and can point a name of its own at it (DNS rebinding): then the
//! browser takes the hub for a part of that page. What such a request cannot do is to carry our own name in `Host`.

use std::net::{IpAddr, SocketAddr};
use std::sync::{PoisonError, RwLock};

use axum::http::{HeaderMap, Uri, header};

use super::front::is_secure;

/// The names under which this hub is known.
#[derive(Debug)]
pub(super) struct Hosts {
    addresses: Vec<IpAddr>,
    /// They may change while the hub runs.
    names: RwLock<Vec<String>>,
}

impl Hosts {
    /// For a listener on `address`.
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { addresses: vec![address.ip()], names: RwLock::default() }
    }

    /// There is a listener on `address` too.
    pub(super) fn add(&mut self, address: SocketAddr) {
        self.addresses.push(address.ip());
    }

    /// Whether a request names one of the host names, and no address.
    pub(super) fn is_named(&self, headers: &HeaderMap) -> bool {
        only(headers, header::HOST).and_then(name_of).is_some_and(|name| self.has(&plain(name)))
    }

    /// Known from now on by these host names, without port, and by no others.
    pub(super) fn set(&self, names: &[String]) {
        let names = names.iter().map(|name| plain(name)).collect();
        *self.names.write().unwrap_or_else(PoisonError::into_inner) = names;
    }

    fn has(&self, name: &str) -> bool {
        self.names.read().unwrap_or_else(PoisonError::into_inner).iter().any(|known| known == name)
    }

    /// The `Host` of a request, if it is ours.
    pub(super) fn own<'a>(&self, headers: &'a HeaderMap, uri: &Uri) -> Option<&'a str> {
        let host = only(headers, header::HOST)?;
        // A request line with a whole URL outranks the header: then both must say the same.
        let agrees = uri.authority().is_none_or(|authority| authority.as_str().eq_ignore_ascii_case(host));
        (agrees && self.is_own_name(name_of(host)?)).then_some(host)
    }

    fn is_own_name(&self, name: &str) -> bool {
        let name = plain(name);
        let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        match bare.unwrap_or(&name).parse::<IpAddr>() {
            // A number is no name that somebody could point at us.
            Ok(ip) => ip.is_loopback() || self.addresses.iter().any(|own| *own == ip || own.is_unspecified()),
            Err(_) => name == "localhost" || self.has(&name),
        }
    }

    /// Whether the `Origin` of a request to `uri`, if it has one, is that of our own pages: scheme and `host`.
    pub(super) fn origin(&self, uri: &Uri, headers: &HeaderMap, host: &str) -> Origin {
        if !headers.contains_key(header::ORIGIN) {
            return Origin::Absent;
        }
        let origin = only(headers, header::ORIGIN);
        if origin == Some("null") {
            return Origin::Hidden;
        }
        let own = origin.and_then(|origin| origin.split_once("://"));
        let own = own.is_some_and(|(scheme, authority)| {
            // Behind a configured name may stand a proxy of which nobody told us, that speaks TLS.
            let named = || name_of(host).is_some_and(|name| self.has(&plain(name)));
            let is_own_scheme = match scheme {
                "https" => is_secure(uri) || named(),
                "http" => !is_secure(uri),
                _ => false,
            };
            authority.eq_ignore_ascii_case(host) && is_own_scheme
        });
        if own { Origin::Own } else { Origin::Foreign }
    }
}

/// Where a request comes from, as its browser says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// From one of our pages.
    Own,
    /// From somewhere else.
    Foreign,
    /// From a page that does not let its browser say so (`null`): one of ours posts its forms so, a framed one of anybody too.
    Hidden,
    /// It does not say: a program, or a navigation.
    Absent,
}

/// The header's value, unless there are several.
fn only(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.to_str().ok()).flatten()
}

/// `host` without its port: `[::1]:8080` is `[::1]`.
fn name_of(host: &str) -> Option<&str> {
    let end = if host.starts_with('[') { host.find(']')? + 1 } else { host.find(':').unwrap_or(host.len()) };
    let (name, port) = host.split_at(end);
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    (!name.is_empty() && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))).then_some(name)
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Hosts {
        let hosts = Hosts::new("127.0.0.1:8080".parse().expect("an address"));
        hosts.set(&["Hub.example.org".into()]);
        hosts
    }

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().expect("a value"))).collect()
    }

    fn is_ours(host: &str) -> bool {
        hosts().own(&headers(&[(header::HOST, host)]), &Uri::from_static("/")).is_some()
    }

    #[test]
    fn loopback_the_listener_and_configured_names_are_ours() {
        for host in [
            "127.0.0.1:8080",
            "127.0.0.1",
            "127.8.9.1:1",
            "[::1]:8080",
            "[::1]",
            "localhost:8080",
            "LOCALHOST.",
            "hub.example.org",
            "HUB.example.org:443",
        ] {
            assert!(is_ours(host), "{host}");
        }
    }

    #[test]
    fn names_that_somebody_pointed_at_us_are_not_ours() {
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "192.168.1.5:8080",
            "127.0.0.1:80x",
            "127.0.0.1:8080@evil.example",
            "[::1",
            "",
            ":8080",
            "[::2]:80",
        ] {
            assert!(!is_ours(host), "{host}");
        }
    }

    #[test]
    fn names_may_change_while_the_hub_runs() {
        let hosts = hosts();
        let own = |host: &str| hosts.own(&headers(&[(header::HOST, host)]), &Uri::from_static("/")).is_some();
        assert!(own("hub.example.org") && !own("other.example.org"));
        hosts.set(&["other.example.org".into()]);
        assert!(!own("hub.example.org") && own("other.example.org"));
    }

    #[test]
    fn a_listener_on_every_network_is_reached_by_any_address_but_not_by_any_name() {
        let hosts = Hosts::new("0.0.0.0:8080".parse().expect("an address"));
        let own = |host| hosts.own(&headers(&[(header::HOST, host)]), &Uri::from_static("/")).is_some();
        assert!(own("192.168.1.5:8080"));
        assert!(!own("evil.example:8080"));
    }

    #[test]
    fn a_request_with_no_host_or_two_is_not_ours() {
        let uri = Uri::from_static("/");
        assert!(hosts().own(&HeaderMap::new(), &uri).is_none());
        let mut two = headers(&[(header::HOST, "localhost")]);
        two.append(header::HOST, "evil.example".parse().expect("a value"));
        assert!(hosts().own(&two, &uri).is_none());
        let one = headers(&[(header::HOST, "localhost")]);
        assert!(hosts().own(&one, &Uri::from_static("http://evil.example/")).is_none());
        assert!(hosts().own(&one, &Uri::from_static("http://localhost/")).is_some());
    }

    #[test]
    fn an_origin_is_ours_by_scheme_and_host_with_its_port() {
        let plainly = Uri::from_static("/");
        let origin =
            |origin: &str, host| hosts().origin(&plainly, &headers(&[(header::ORIGIN, origin)]), host);
        assert_eq!(origin("http://127.0.0.1:8080", "127.0.0.1:8080"), Origin::Own);
        assert_eq!(origin("https://hub.example.org", "hub.example.org"), Origin::Own);
        for foreign in ["http://127.0.0.1:3000", "https://127.0.0.1:8080", "http://evil.example", "Null", ""]
        {
            assert_eq!(origin(foreign, "127.0.0.1:8080"), Origin::Foreign, "{foreign}");
        }
        assert_eq!(origin("null", "127.0.0.1:8080"), Origin::Hidden);
        assert_eq!(hosts().origin(&plainly, &HeaderMap::new(), "localhost"), Origin::Absent);
        let over_tls = Uri::from_static("https://127.0.0.1:8443/");
        let origin =
            |origin: &str, host| hosts().origin(&over_tls, &headers(&[(header::ORIGIN, origin)]), host);
        assert_eq!(origin("https://127.0.0.1:8443", "127.0.0.1:8443"), Origin::Own);
        // Whoever reads the network could have put a page there.
        assert_eq!(origin("http://127.0.0.1:8443", "127.0.0.1:8443"), Origin::Foreign);
    }
}
