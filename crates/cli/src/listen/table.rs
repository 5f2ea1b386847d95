//! All that listens, and who can reach it: printed when a hub starts, so that nobody opens a door without seeing it.

use crate::configuration::front::Front;
use crate::configuration::listeners::Listeners;
use std::fmt;
use std::net::SocketAddr;

/// Where a hub listens.
pub(crate) struct Table(Vec<Row>);

struct Row {
    at: String,
    what: &'static str,
    who: String,
}

/// The addresses that were opened.
pub(crate) struct Addresses {
    pub(crate) http: SocketAddr,
    pub(crate) https: Option<SocketAddr>,
    pub(crate) lines: SocketAddr,
    pub(crate) tls: Option<SocketAddr>,
}

const WEB: &str = "pages, API, sockets";
const DEVICES: &str = "device lines";

impl Table {
    /// Of a hub that listens at `opened`.
    pub(crate) fn new(opened: &Addresses, listeners: &Listeners, front: &Front) -> Self {
        let row = |at: String, what, who| Row { at, what, who };
        let mut rows = vec![row(format!("http://{}", opened.http), WEB, who_of_http(opened.http, front))];
        if let Some(https) = opened.https {
            rows.push(row(format!("https://{https}"), WEB, who(https)));
        }
        let lines = match opened.lines.ip().is_loopback() {
            true => who(opened.lines),
            false => format!("{}, NOT ENCRYPTED", who(opened.lines)),
        };
        rows.push(row(opened.lines.to_string(), DEVICES, lines));
        if let Some(tls) = opened.tls {
            rows.push(row(tls.to_string(), "device lines, TLS", who(tls)));
        }
        if let Some(path) = &listeners.unix {
            let who = "programs of this machine that may open the file".to_owned();
            rows.push(row(path.display().to_string(), DEVICES, who));
        }
        for serial in &listeners.serial {
            rows.push(row(serial.port.display().to_string(), DEVICES, "what is plugged in".to_owned()));
        }
        Self(rows)
    }
}

fn who(address: SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_loopback() => "this machine".to_owned(),
        ip if ip.is_unspecified() => "every network of this machine".to_owned(),
        ip => format!("the network of {ip}"),
    }
}

fn who_of_http(address: SocketAddr, front: &Front) -> String {
    let who = who(address);
    if address.ip().is_loopback() {
        return if front.proxies.is_empty() { who } else { format!("{who}, and others through its proxy") };
    }
    match (front.insecure_http, front.https.is_some(), front.proxies.is_empty()) {
        (true, ..) => format!("{who}, NOT ENCRYPTED"),
        (false, _, false) => format!("{who}, through the trusted proxies only"),
        (false, true, true) => format!("{who}, sent on to https"),
        (false, false, true) => format!("{who}, refused"),
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |of: fn(&Row) -> usize| self.0.iter().map(of).max().unwrap_or(0);
        let (at, what) = (width(|row| row.at.chars().count()), width(|row| row.what.chars().count()));
        for (number, row) in self.0.iter().enumerate() {
            let head = if number == 0 { "Listens" } else { "" };
            let end = if number + 1 < self.0.len() { "\n" } else { "" };
            write!(out, "{head:<8} {:<at$}  {:<what$}  {}{end}", row.at, row.what, row.who)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn every_listener_says_who_can_reach_it() {
        let opened = Addresses {
            http: address("127.0.0.1:8080"),
            https: Some(address("0.0.0.0:8443")),
            lines: address("192.168.1.5:7070"),
            tls: Some(address("[::]:7071")),
        };
        let listeners = Listeners { unix: Some("/plant/lines.sock".into()), ..Listeners::default() };
        let table = Table::new(&opened, &listeners, &Front::default()).to_string();
        let expected = "\
Listens  http://127.0.0.1:8080  pages, API, sockets  this machine
         https://0.0.0.0:8443   pages, API, sockets  every network of this machine
         192.168.1.5:7070       device lines         the network of 192.168.1.5, NOT ENCRYPTED
         [::]:7071              device lines, TLS    every network of this machine
         /plant/lines.sock      device lines         programs of this machine that may open the file";
        assert_eq!(table, expected);
    }

    #[test]
    fn pages_without_tls_say_what_becomes_of_others() {
        let of = |front: Front| who_of_http(address("0.0.0.0:80"), &front);
        let proxies = || hub::http::front::Proxies::new(vec!["10.0.0.1".parse().expect("a network")]);
        assert!(of(Front { insecure_http: true, ..Front::default() }).ends_with("NOT ENCRYPTED"));
        assert!(of(Front { proxies: proxies(), ..Front::default() }).ends_with("trusted proxies only"));
        let behind = Front { proxies: proxies(), ..Front::default() };
        assert_eq!(
            who_of_http(address("127.0.0.1:80"), &behind),
            "this machine, and others through its proxy"
        );
    }
}
