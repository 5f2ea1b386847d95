//! HTTP: pages for people, an API for programs, and the WebSocket of panels (spec/http.md).
//!
//! | file | what |
//! |---|---|
//! | [`accept`] | connections: timeouts, a limit, a bounded end |
//! | `guard`, `host` | what stands before every request: `Host` and `Origin` |
//! | `credential` | credentials in requests become grants |
//! | `login` | the login link, the cookie |
//! | `pages`, `scene` | pages and what they show |
//! | `eject` | a device's page becomes a view |
//! | `look`, `pack` | how whoever asks wants pages to look; compression |
//! | `devices`, `samples`, `history`, `spells`, `commands`, `tokens`, `panels`, `gateways` | the API |
//! | [`socket`] | WebSockets |
//! | `operations`, `metrics` | health, counters, `openapi.json` |
//! | `routes` | all paths, in one table |

pub mod accept;
mod body;
mod commands;
mod credential;
mod devices;
mod eject;
pub mod error;
mod gateways;
mod guard;
mod history;
mod host;
pub mod limits;
mod login;
mod look;
mod metrics;
mod operations;
mod pack;
mod pages;
mod panels;
mod query;
mod reads;
mod routes;
mod samples;
mod scene;
pub mod socket;
mod spells;
mod tokens;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

pub use accept::serve;
pub use error::Failure;
pub use gateways::GatewayInfo;

use crate::Hub;
use crate::http::host::Hosts;
use crate::http::metrics::Counters;
use crate::http::reads::Reads;

/// Tells how many files are open, where somebody knows.
type Files = Box<dyn Fn() -> Option<OpenFiles> + Send + Sync>;

/// Files of this process, for `/metrics`: a connection is one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFiles {
    /// How many are open.
    pub open: u64,
    /// How many may be.
    pub limit: u64,
}

/// Tells what came over serial lines, where somebody knows.
type Serial = Box<dyn Fn() -> Option<SerialLines> + Send + Sync>;

/// Lines that came over serial ports of this process, for `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SerialLines {
    /// Lines whose checksum was wrong.
    pub damaged: u64,
    /// Printed lines that were read as samples.
    pub samples: u64,
    /// Printed lines that were not understood.
    pub skipped: u64,
}

/// Gives the gateways that are connected, whoever knows them.
type Gateways = Box<dyn Fn() -> Vec<GatewayInfo> + Send + Sync>;

/// A hub as HTTP serves it: what it is called there, and what others contribute.
pub struct Site {
    hub: Arc<Hub>,
    hosts: Hosts,
    /// The name of the login cookie.
    cookie: String,
    lines: Option<String>,
    gateways: Gateways,
    files: Files,
    serial: Serial,
    reads: Reads,
    counters: Counters,
}

impl Site {
    /// `hub` behind a listener on `address`.
    pub fn new(hub: Arc<Hub>, address: SocketAddr) -> Self {
        Self {
            hub,
            hosts: Hosts::new(address),
            cookie: credential::cookie_name(address.port()),
            lines: None,
            gateways: Box::new(Vec::new),
            files: Box::new(|| None),
            serial: Box::new(|| None),
            reads: Reads::default(),
            counters: Counters::default(),
        }
    }

    /// Known also by these host names (without port): what a `Host` header may say besides loopback and the listener's
    /// address.
    #[must_use]
    pub fn known_as(self, names: &[String]) -> Self {
        self.rename(names);
        self
    }

    /// The same while it runs: known from now on by these host names, and by no others.
    pub fn rename(&self, names: &[String]) {
        self.hosts.set(names);
    }

    /// Devices connect at `lines`, `host:port`: an empty device list tells people so.
    #[must_use]
    pub fn with_lines(self, lines: String) -> Self {
        Self { lines: Some(lines), ..self }
    }

    /// The gateways are those that `gateways` gives when it is asked. It must not block.
    #[must_use]
    pub fn with_gateways(self, gateways: impl Fn() -> Vec<GatewayInfo> + Send + Sync + 'static) -> Self {
        Self { gateways: Box::new(gateways), ..self }
    }

    /// `/metrics` says how many files are open, as `files` tells when it is asked. It must not block.
    #[must_use]
    pub fn with_files(self, files: impl Fn() -> Option<OpenFiles> + Send + Sync + 'static) -> Self {
        Self { files: Box::new(files), ..self }
    }

    /// `/metrics` says what came over serial lines, as `serial` tells when it is asked. It must not block.
    #[must_use]
    pub fn with_serial(self, serial: impl Fn() -> Option<SerialLines> + Send + Sync + 'static) -> Self {
        Self { serial: Box::new(serial), ..self }
    }

    /// The hub.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }
}

/// All that the hub serves, and `added`: routes of others on the same port (`/device`, `/socket`). `Host` and `Origin` are
/// checked for those too.
pub fn router(site: Arc<Site>, added: Router) -> Router {
    let own = routes::router().with_state(site.clone()).layer(from_fn(pack::pack));
    own.merge(added).layer(from_fn_with_state(site, guard::guard))
}
