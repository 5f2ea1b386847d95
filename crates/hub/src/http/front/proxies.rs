//! Proxies that are believed: what they say of who asks, how and under which name counts. Of others it counts for nothing.

use std::net::IpAddr;
use std::str::FromStr;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::super::limits::FORWARDED_HOPS_MAX;
use super::TOLD_BY;

/// An address, or all that begin with the same bits: `127.0.0.1`, `10.0.0.0/8`, `fd00::/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A text is no network.
#[derive(Debug, thiserror::Error)]
#[error("“{0}” is no address and no network such as 10.0.0.0/8")]
pub struct NetworkError(String);

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let wrong = || NetworkError(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| wrong()))?;
        if bits > most {
            return Err(wrong());
        }
        Ok(Self { address, bits })
    }
}

impl Network {
    /// Whether `address` is in it.
    pub fn has(&self, address: IpAddr) -> bool {
        let same = |one: &[u8], other: &[u8]| {
            let (whole, rest) = (usize::from(self.bits / 8), self.bits % 8);
            let mask = !(0xff_u8.checked_shr(rest.into()).unwrap_or(0));
            one[..whole] == other[..whole] && (rest == 0 || (one[whole] ^ other[whole]) & mask == 0)
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => same(&own.octets(), &other.octets()),
            (IpAddr::V6(own), IpAddr::V6(other)) => same(&own.octets(), &other.octets()),
            _ => false,
        }
    }
}

/// The proxies that are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(Vec<Network>);

impl Proxies {
    /// Those in these networks.
    pub fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `peer` is one.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.0.iter().any(|network| network.has(peer))
    }
}

/// Who asks, as a proxy that is believed tells it.
pub(super) struct Client {
    /// The last of whom something is known. Nothing: it is the proxy.
    pub(super) address: Option<IpAddr>,
    /// It asks for somebody, and no proxy says for whom.
    pub(super) is_anybody: bool,
}

/// What the headers of a request tell of who asks. It counts only from a proxy that is believed.
pub(super) struct Told {
    /// Who asked, and through whom: the nearest last.
    path: Vec<Option<IpAddr>>,
    /// Whether it was over TLS.
    pub(super) is_secure: Option<bool>,
    /// For whom it was.
    pub(super) host: Option<HeaderValue>,
    /// Whether anything is told.
    pub(super) is_any: bool,
}

impl Told {
    pub(super) fn by(headers: &HeaderMap) -> Self {
        let [path, scheme, host, ..] = &TOLD_BY;
        let addresses = values(headers, path).rev().take(FORWARDED_HOPS_MAX).map(address);
        let mut path: Vec<_> = addresses.collect();
        path.reverse();
        Self {
            path,
            is_secure: values(headers, scheme).next_back().map(|scheme| scheme.eq_ignore_ascii_case("https")),
            host: values(headers, host).next_back().and_then(|host| HeaderValue::try_from(host).ok()),
            is_any: TOLD_BY.iter().any(|name| headers.contains_key(name)),
        }
    }

    /// Who asked: the last one that is no proxy of ours. What stands before it anybody can have written.
    pub(super) fn client(&self, proxies: &Proxies) -> Client {
        let mut client = Client { address: None, is_anybody: false };
        for hop in self.path.iter().rev() {
            // What is no address could be anybody: whoever named it is the last of whom something is known.
            let Some(address) = *hop else { return Client { is_anybody: true, ..client } };
            client.address = Some(address);
            if !proxies.trusts(address) {
                return client;
            }
        }
        let is_cut = self.path.len() >= FORWARDED_HOPS_MAX;
        Client { is_anybody: is_cut || (self.path.is_empty() && self.is_any), ..client }
    }
}

/// The words of a list, over all headers of that name.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl DoubleEndedIterator<Item = &'a str> {
    let values: Vec<&str> = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .collect();
    values.into_iter().map(str::trim).filter(|word| !word.is_empty())
}

/// An address as proxies write it: alone, with a port, or in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<std::net::SocketAddr>().map(|address| address.ip());
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().or_else(|_| with_port()).ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(networks: &[&str]) -> Proxies {
        Proxies::new(networks.iter().map(|text| text.parse().expect("a network")).collect())
    }

    fn client(forwarded: &[&str]) -> Option<String> {
        let name = &TOLD_BY[0];
        let headers = forwarded.iter().map(|value| (name.clone(), value.parse().expect("a value"))).collect();
        let proxies = proxies(&["127.0.0.1", "10.0.0.0/8"]);
        Told::by(&headers).client(&proxies).address.map(|address| address.to_string())
    }

    #[test]
    fn a_network_is_an_address_with_the_bits_that_count() {
        let has = |network: &str, address: &str| {
            network.parse::<Network>().expect("a network").has(address.parse().expect("an address"))
        };
        assert!(has("127.0.0.1", "127.0.0.1") && !has("127.0.0.1", "127.0.0.2"));
        assert!(has("10.0.0.0/8", "10.255.3.4") && !has("10.0.0.0/8", "11.0.0.0"));
        assert!(has("192.168.4.0/22", "192.168.7.255") && !has("192.168.4.0/22", "192.168.8.0"));
        assert!(has("0.0.0.0/0", "8.8.8.8") && !has("0.0.0.0/0", "::1"));
        assert!(has("fd00::/8", "fdab::1") && !has("fd00::/8", "fe80::1"));
        assert!(has("::1", "::1"));
        // As a listener on `[::]` sees those of version 4.
        assert!(has("10.0.0.0/8", "::ffff:10.1.2.3"));
        for wrong in ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0/8", "proxy", "10.0.0.0/-1"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn who_asked_is_the_last_one_that_is_no_proxy_of_ours() {
        assert_eq!(client(&["192.0.2.7"]).as_deref(), Some("192.0.2.7"));
        // The first was written by whoever asked.
        assert_eq!(client(&["127.0.0.1, 192.0.2.7"]).as_deref(), Some("192.0.2.7"));
        assert_eq!(client(&["192.0.2.7, 10.0.0.9"]).as_deref(), Some("192.0.2.7"));
        assert_eq!(client(&["192.0.2.7", "10.0.0.9"]).as_deref(), Some("192.0.2.7"));
        assert_eq!(client(&["10.0.0.8, 10.0.0.9"]).as_deref(), Some("10.0.0.8"));
        assert_eq!(client(&["192.0.2.7:4711"]).as_deref(), Some("192.0.2.7"));
        assert_eq!(client(&["[2001:db8::1]:4711"]).as_deref(), Some("2001:db8::1"));
        assert_eq!(client(&["127.0.0.1, unknown, 10.0.0.9"]).as_deref(), Some("10.0.0.9"));
        assert_eq!(client(&["unknown"]), None);
        assert_eq!(client(&[]), None);
    }

    #[test]
    fn a_long_way_is_looked_at_from_its_near_end() {
        let way = format!("192.0.2.7{}", ", 10.0.0.9".repeat(FORWARDED_HOPS_MAX));
        assert_eq!(client(&[&way]).as_deref(), Some("10.0.0.9"));
    }
}
