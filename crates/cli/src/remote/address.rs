//! Where a hub is: `https://example.org/plant`, as people type it or copy it from a browser.

use anyhow::{Context as _, Result, bail};
use axum::http::Uri;
use axum::http::uri::Authority;
use hub::http::front::Base;
use std::fmt;

/// The address of a hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// Over TLS.
    pub(super) is_secure: bool,
    authority: Authority,
    base: Base,
}

impl Address {
    /// Reads an address; without a scheme it is one of HTTP without TLS. What stands behind the base path is left out.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let is_secure = match scheme {
            "http" => false,
            "https" => true,
            scheme => bail!("{text}: a hub's address begins with http:// or https://, not {scheme}://"),
        };
        let none = || format!("{text} is no address of a hub");
        let uri: Uri = format!("http://{rest}").parse().with_context(none)?;
        match uri.authority() {
            Some(authority) if !authority.host().is_empty() && !authority.as_str().contains('@') => {
                let base = Base::of_address(uri.path()).with_context(none)?;
                Ok(Self { is_secure, authority: authority.clone(), base })
            }
            _ => bail!("{}", none()),
        }
    }

    /// Host and port as they were typed.
    pub(super) fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// The name or number of the host, as it is looked up and stands in its certificate.
    pub(super) fn host(&self) -> &str {
        self.authority.host().trim_start_matches('[').trim_end_matches(']')
    }

    /// The port, if need be that of the scheme.
    pub(super) fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(if self.is_secure { 443 } else { 80 })
    }

    /// A path of the hub as it is asked for there.
    pub(super) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.base.as_str())
    }
}

/// Without a slash at its end.
impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        write!(out, "{scheme}://{}{}", self.authority, self.base.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_as_people_copy_them() {
        for (typed, meant, host, port) in [
            ("http://10.0.0.5:8080", "http://10.0.0.5:8080", "10.0.0.5", 8080),
            ("10.0.0.5:8080", "http://10.0.0.5:8080", "10.0.0.5", 8080),
            ("hub", "http://hub", "hub", 80),
            ("http://[::1]:81/devices/a?x", "http://[::1]:81", "::1", 81),
            ("https://[::1]", "https://[::1]", "::1", 443),
            ("https://example.org/plant", "https://example.org/plant", "example.org", 443),
            ("https://example.org:8443/a/b/views/x?y#z", "https://example.org:8443/a/b", "example.org", 8443),
        ] {
            let address = Address::parse(typed).expect(typed);
            assert_eq!((&*address.to_string(), address.host(), address.port()), (meant, host, port));
        }
        for wrong in
            ["", "http://", "https://", "ftp://hub", "wss://hub/uplink", "a b", "https://me@hub", "hub/ü"]
        {
            assert!(Address::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_path_has_the_base_path_before_it() {
        let path = |hub| Address::parse(hub).expect("an address").path("/api/devices");
        assert_eq!(path("https://example.org/plant/"), "/plant/api/devices");
        assert_eq!(path("https://example.org"), "/api/devices");
    }
}
