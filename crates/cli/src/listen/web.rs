//! Opening where pages, the API and WebSockets are served: over HTTP, and over TLS where that is configured.

use super::{HTTP, HTTPS, listen};
use crate::configuration::front::Front;
use anyhow::{Context as _, Result};
use axum::Router;
use gateway::listen::tls::Certificate;
use hub::Hub;
use hub::http::{Entrance, Shown};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What is open, and serves nobody yet.
pub(crate) struct Web {
    http: TcpListener,
    https: Option<(TcpListener, Arc<Certificate>)>,
}

impl Web {
    /// Opens them.
    ///
    /// # Errors
    /// A sentence: an address is taken, a certificate is none.
    pub(crate) async fn open(http: SocketAddr, front: &Front) -> Result<Self> {
        let https = match &front.https {
            Some(https) => {
                let certificate = Certificate::read(https.files.clone())
                    .context("the certificate of [https]")?
                    .of("[https]");
                Some((listen(https.address, HTTPS).await?, Arc::new(certificate)))
            }
            None => None,
        };
        Ok(Self { http: listen(http, HTTP).await?, https })
    }

    /// Where HTTP is spoken.
    ///
    /// # Errors
    /// The system does not say.
    pub(crate) fn http_address(&self) -> std::io::Result<SocketAddr> {
        self.http.local_addr()
    }

    /// Where TLS is.
    pub(crate) fn https_address(&self) -> Option<SocketAddr> {
        self.https.as_ref().and_then(|(listener, _)| listener.local_addr().ok())
    }

    /// Serves from now on, until `hub` stops.
    pub(crate) fn serve(self, hub: &Hub, router: Router, entrance: Entrance) -> Vec<JoinHandle<()>> {
        let mut serving = Vec::new();
        if let Some((listener, certificate)) = self.https {
            let shows = certificate.clone();
            let shown: Shown = Arc::new(move || shows.shown());
            let served =
                hub::http::serve_tls(listener, shown, router.clone(), entrance.clone(), hub.stopping());
            serving.push(tokio::spawn(async move {
                tokio::select! {
                    () = served => {}
                    () = certificate.follow() => {}
                }
            }));
        }
        serving.push(tokio::spawn(hub::http::serve(self.http, router, entrance, hub.stopping())));
        serving
    }
}

/// Where those who have shown nothing yet are let in.
pub(crate) fn entrance(hub: &Arc<Hub>, front: &Front) -> Entrance {
    let proxies = front.proxies.clone();
    Entrance::default().with_proxies(move |peer| proxies.trusts(peer)).audited_by(hub)
}

/// Where this machine itself reaches a listener on `address`.
pub(crate) fn reached_at(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
