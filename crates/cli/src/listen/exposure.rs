//! What of a hub other machines may reach, and what that needs: somebody who has an account, and nothing that is read on its way.

use super::{HTTP, LINES};
use crate::configuration::front::Front;
use crate::configuration::listeners::Listeners;
use anyhow::{Result, bail};
use std::net::{Ipv4Addr, SocketAddr};

/// Where a hub is to listen.
pub(crate) struct Wanted<'a> {
    pub(crate) http: SocketAddr,
    pub(crate) lines: SocketAddr,
    pub(crate) listeners: &'a Listeners,
    pub(crate) front: &'a Front,
}

impl Wanted<'_> {
    /// Refuses what other machines could reach before somebody has an account, and pages without TLS.
    ///
    /// # Errors
    /// A sentence that says what to do.
    pub(crate) fn check(&self, has_administrator: bool) -> Result<()> {
        if let Some((address, what)) = self.exposed().next()
            && !has_administrator
        {
            let loopback = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port());
            bail!(
                "{address} is refused for {what}: other machines could reach it, and nobody has an account yet. Start on \
                 loopback addresses first, such as {loopback}, and make an administrator's account: with the link that is \
                 printed then, or by “glassline person add NAME --admin”"
            );
        }
        let front = self.front;
        let is_safe = front.insecure_http || front.https.is_some() || !front.proxies.is_empty();
        if !self.http.ip().is_loopback() && !is_safe {
            bail!(
                "{} is refused for {}: without TLS, passwords and values can be read on their way. Serve pages over TLS \
                 ([https] in glassline.toml), name the proxy that speaks TLS (“trusted” of [proxy]), or say “insecure_http = \
                 true” where the network is nobody else's",
                self.http,
                HTTP.purpose
            );
        }
        Ok(())
    }

    /// What can be reached from other machines.
    fn exposed(&self) -> impl Iterator<Item = (SocketAddr, &'static str)> {
        let https = self.front.https.as_ref().map(|https| (https.address, super::HTTPS.purpose));
        let tls = self.listeners.tls.as_ref().map(|tls| (tls.address, super::TLS.purpose));
        let all = [Some((self.http, HTTP.purpose)), https, Some((self.lines, LINES.purpose)), tls];
        all.into_iter().flatten().filter(|(address, _)| !address.ip().is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::listeners::TlsAddress;
    use gateway::listen::tls::Files;
    use hub::http::front::Proxies;

    fn over_tls(address: &str) -> TlsAddress {
        let files = Files { certificate: "c.pem".into(), key: "k.pem".into() };
        TlsAddress { address: address.parse().expect("an address"), files }
    }

    fn check(http: &str, lines: &str, front: &Front, has_administrator: bool) -> Result<(), String> {
        let listeners = Listeners::default();
        let address = |text: &str| text.parse().expect("an address");
        let wanted = Wanted { http: address(http), lines: address(lines), listeners: &listeners, front };
        wanted.check(has_administrator).map_err(|error| error.to_string())
    }

    const OWN: &str = "127.0.0.1:80";

    #[test]
    fn before_somebody_has_an_account_only_loopback_is_listened_on() {
        let safe = Front { insecure_http: true, ..Front::default() };
        let exposed = Front { https: Some(over_tls("[::]:443")), ..Front::default() };
        assert!(check(OWN, "[::1]:7070", &Front::default(), false).is_ok());
        assert!(check("127.9.9.9:80", OWN, &Front::default(), false).is_ok());
        for (http, lines, front) in
            [("10.0.0.5:80", OWN, &safe), (OWN, "0.0.0.0:7070", &safe), (OWN, OWN, &exposed)]
        {
            let error = check(http, lines, front, false).expect_err("nobody has one");
            assert!(error.contains("is refused for") && error.contains("person add NAME --admin"), "{error}");
            assert!(check(http, lines, front, true).is_ok());
        }
        let listeners = Listeners { tls: Some(over_tls("0.0.0.0:7071")), ..Listeners::default() };
        let own: SocketAddr = OWN.parse().expect("an address");
        let wanted = Wanted { http: own, lines: own, listeners: &listeners, front: &Front::default() };
        assert!(wanted.check(false).is_err() && wanted.check(true).is_ok());
    }

    #[test]
    fn pages_for_other_machines_need_tls_a_proxy_or_a_word_that_says_otherwise() {
        let error = check("0.0.0.0:80", OWN, &Front::default(), true).expect_err("it can be read");
        for way in ["[https]", "[proxy]", "insecure_http = true"] {
            assert!(error.contains(way), "{error}");
        }
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().expect("a network")]);
        for front in [
            Front { insecure_http: true, ..Front::default() },
            Front { https: Some(over_tls("127.0.0.1:443")), ..Front::default() },
            Front { proxies, ..Front::default() },
        ] {
            assert!(check("0.0.0.0:80", OWN, &front, true).is_ok());
        }
    }
}
