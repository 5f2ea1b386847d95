//! HTTP: pages for people, an API for programs, and the WebSocket of panels (spec/http.md).
//!
//! | file | what |
//! |---|---|
//! | [`accept`], `secure` | connections: timeouts, a limit, a bounded end; TLS |
//! | [`front`] | TLS, proxies, the path under which the hub is reached |
//! | `guest`, `held`, `timely` | who has shown nothing yet; how long it may take to read an answer, and to send a body |
//! | `guard`, `host` | what stands before every request: `Host` and `Origin` |
//! | [`policy`] | what a browser may do with our answers, and who may frame them |
//! | `credential`, `seen` | credentials in requests become grants, and proofs about the device of the path |
//! | `login`, `cookie` | the login link, the cookie |
//! | `account`, `people_pages`, `form` | pages about accounts |
//! | `pages`, `scene` | pages and what they show |
//! | `eject` | a device's page becomes a view |
//! | `audit` | who did what |
//! | `look`, `pack` | how whoever asks wants pages to look; compression |
//! | `devices`, `samples`, `history`, `spells`, `commands`, `tokens`, `people`, `panels`, `gateways` | the API |
//! | [`socket`] | WebSockets |
//! | `operations`, `metrics` | health, counters, `openapi.json` |
//! | `routes` | all paths, in one table |

pub mod accept;
mod account;
mod audit;
mod body;
mod commands;
mod cookie;
mod credential;
mod devices;
mod eject;
pub mod error;
mod form;
pub mod front;
mod gateways;
mod guard;
mod guest;
mod held;
mod history;
mod host;
mod join_tokens;
pub mod limits;
mod login;
mod look;
mod metrics;
mod operations;
mod pack;
mod pages;
mod panels;
mod people;
mod people_pages;
pub mod policy;
mod query;
mod reads;
mod routes;
mod samples;
mod scene;
mod secure;
mod seen;
pub mod socket;
mod spells;
mod timely;
mod tokens;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

pub use accept::{serve, serve_tls};
pub use error::Failure;
pub use gateways::GatewayInfo;
pub use guest::Entrance;
pub use secure::Shown;

use sockets::doorway::Strangers;

use crate::Hub;
use crate::http::front::{Base, Front, Proxies};
use crate::http::host::Hosts;
use crate::http::metrics::Counters;
use crate::http::policy::Embedding;
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

/// Tells who has not shown who it is at other listeners than those of HTTP, and how often devices were throttled.
type Doors = Box<dyn Fn() -> Vec<Door> + Send + Sync>;

/// Where connections come in, for `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Door {
    /// Which listeners: `lines`, `http`.
    pub listeners: &'static str,
    /// Connections that have not shown who they are.
    pub strangers: Strangers,
    /// How often one that has was not read for a moment because it says too much.
    pub throttled: u64,
}

/// Gives the gateways that are connected, whoever knows them.
type Gateways = Box<dyn Fn() -> Vec<GatewayInfo> + Send + Sync>;

/// A hub as HTTP serves it: what it is called there, and what others contribute.
pub struct Site {
    hub: Arc<Hub>,
    hosts: Hosts,
    embedding: Embedding,
    front: Front,
    /// Where it listens without TLS.
    address: SocketAddr,
    lines: Option<String>,
    gateways: Gateways,
    files: Files,
    serial: Serial,
    doors: Doors,
    reads: Reads,
    counters: Counters,
}

impl Site {
    /// `hub` behind a listener on `address`.
    pub fn new(hub: Arc<Hub>, address: SocketAddr) -> Self {
        Self {
            hub,
            hosts: Hosts::new(address),
            embedding: Embedding::default(),
            front: Front { is_exposed: !address.ip().is_loopback(), ..Front::default() },
            address,
            lines: None,
            gateways: Box::new(Vec::new),
            files: Box::new(|| None),
            serial: Box::new(|| None),
            doors: Box::new(Vec::new),
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

    /// Pages of these origins, and from now on of no others, may show views, devices and the gallery in a frame. What is no origin
    /// ([`policy::is_origin`]), and those beyond [`limits::EMBEDDING_ORIGINS_MAX`], are left out.
    pub fn embed_in(&self, origins: &[String]) {
        self.embedding.set(origins);
    }

    /// Pages are served over TLS at `address` too, by [`accept::serve_tls`].
    #[must_use]
    pub fn with_https(mut self, address: SocketAddr) -> Self {
        self.hosts.add(address);
        self.front.https = Some(address);
        self
    }

    /// What these proxies say of who asks counts, and no other's word.
    #[must_use]
    pub fn behind(mut self, proxies: Proxies) -> Self {
        self.front.proxies = proxies;
        self
    }

    /// A proxy shows the hub under this path.
    #[must_use]
    pub fn based_at(mut self, base: Base) -> Self {
        self.front.base = base;
        self
    }

    /// Other machines may use HTTP without TLS, where the listener lets them: then every page says that it can be read on its way.
    /// Otherwise they are sent to TLS, or refused.
    #[must_use]
    pub fn with_insecure_http(mut self) -> Self {
        self.front.plain_for_all = true;
        self
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

    /// `/metrics` says how many strangers there are, as `doors` tells when it is asked. It must not block.
    #[must_use]
    pub fn with_doors(self, doors: impl Fn() -> Vec<Door> + Send + Sync + 'static) -> Self {
        Self { doors: Box::new(doors), ..self }
    }

    /// The hub.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }
}

/// All that the hub serves, and `added`: routes of others on the same port (`/device`, `/socket`). `Host` and `Origin` are
/// checked for those too.
pub fn router(site: Arc<Site>, added: Router) -> Router {
    let own = routes::router().with_state(site.clone());
    let own = own.layer(from_fn_with_state(site.clone(), pages::explain_refusal));
    let own = own.layer(from_fn_with_state(site.clone(), front::dress)).layer(from_fn(pack::pack));
    let guarded = own.merge(added).layer(from_fn_with_state(site.clone(), guard::guard));
    // It changes paths: before a route is looked for.
    Router::new().fallback_service(guarded).layer(from_fn_with_state(site, front::receive))
}
