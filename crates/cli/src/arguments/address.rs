//! Addresses to listen on, as people write them.

use std::net::{Ipv4Addr, SocketAddr};

/// Reads `127.0.0.1:8080`, `[::1]:8080` and `localhost:8080`. Other names are not looked up: what is listened on is not to depend
/// on who answers that.
///
/// # Errors
/// It is none of these: what would be one.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let local = || {
        let port = text.strip_prefix("localhost:")?.parse().ok()?;
        Some(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port))
    };
    text.parse().ok().or_else(local).ok_or_else(|| {
        "an address is an IP and a port, such as 127.0.0.1:8080 or [::1]:8080; of names, localhost alone"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_ip_or_localhost_with_a_port() {
        let local = Ok(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 18080));
        assert_eq!((address("127.0.0.1:18080"), address("localhost:18080")), (local.clone(), local));
        assert!(address("[::1]:80").is_ok());
        for wrong in ["", "localhost", "localhost:", "localhost:99999", "hub.example:80", "127.0.0.1"] {
            let said = address(wrong).expect_err(wrong);
            assert!(said.contains("an IP and a port"), "{said}");
        }
    }
}
