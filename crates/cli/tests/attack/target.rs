//! The hub that is attacked: the real program, with lines over TLS besides.

use crate::rig::{DEADLINE, Hub};
use std::fs;
use std::net::SocketAddr;
use std::time::Instant;
use tempfile::TempDir;

/// Where it can be reached.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    pub(crate) http: SocketAddr,
    pub(crate) lines: SocketAddr,
    pub(crate) tls: SocketAddr,
    /// The path of the largest thing that anybody may read.
    pub(crate) large: String,
}

pub(crate) struct Target {
    pub(crate) hub: Hub,
    addresses: Addresses,
}

impl Target {
    pub(crate) fn start() -> Self {
        let home = TempDir::new().expect("a folder");
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let files = [
            ("c.pem", made.cert.pem()),
            ("k.pem", made.signing_key.serialize_pem()),
            (
                "glassline.toml",
                "[tls]\nlines = \"127.0.0.1:0\"\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n".to_owned(),
            ),
        ];
        for (name, text) in files {
            fs::write(home.path().join(name), text).expect("a file");
        }
        let hub = Hub::begin(home, &["serve", "--config", "glassline.toml"]);
        let address = |text: &str| text.parse().expect("an address");
        let addresses = Addresses {
            http: address(hub.address()),
            lines: address(hub.of_ready("lines")),
            tls: address(hub.of_ready("tls")),
            large: large(&hub),
        };
        Self { hub, addresses }
    }

    pub(crate) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// KiB that it has in memory.
    pub(crate) fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.hub.program.pid());
        let status = fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    /// Waits until no stranger is left at its listeners for lines; whether that came to pass. At those of HTTP there is whoever asks.
    pub(crate) fn strangers_leave(&self) -> bool {
        let until = Instant::now() + DEADLINE;
        let none = "glassline_strangers{listeners=\"lines\",state=\"inside\"} 0";
        loop {
            let metrics = self.hub.get("/metrics").body;
            let is_told = metrics.contains("glassline_strangers{");
            if metrics.lines().any(|line| line == none) || !is_told {
                return is_told;
            }
            if Instant::now() > until {
                return false;
            }
        }
    }
}

/// The largest of what the page for those who are not logged in loads.
fn large(hub: &Hub) -> String {
    let page = hub.get("/login").body;
    let paths = page.split('"').filter(|text| text.starts_with("/assets/") || text.ends_with(".js"));
    let size = |path: &&str| hub.get(path).body.len();
    paths.max_by_key(size).unwrap_or("/login").to_owned()
}
