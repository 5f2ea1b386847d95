//! Opening where devices come in besides the port for lines: TLS, a Unix socket, serial ports.

use super::{TLS, listen};
use crate::configuration::listeners::Listeners;
use anyhow::{Context as _, Result};
use gateway::Gateway;
use gateway::listen::tls::Certificate;
use gateway::listen::unix::{self, UnixLines};
use gateway::listen::{serial, serve_serial, serve_tls, serve_unix};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What is open, and serves nobody yet. Serial ports are opened when they serve: they come and go.
pub(crate) struct Opened {
    tls: Option<(TcpListener, Certificate)>,
    unix: Option<UnixLines>,
    serial: Vec<serial::Settings>,
}

impl Opened {
    /// Opens them.
    ///
    /// # Errors
    /// A sentence for whoever wrote the configuration: an address is taken, a certificate is none.
    pub(crate) async fn open(listeners: &Listeners) -> Result<Self> {
        let tls = match &listeners.tls {
            Some(lines) => {
                let certificate =
                    Certificate::read(lines.files.clone()).context("the certificate of [tls]")?.of("[tls]");
                Some((listen(lines.address, TLS).await?, certificate))
            }
            None => None,
        };
        let listen_at = |path: &std::path::PathBuf| {
            unix::listen(path).with_context(|| format!("cannot listen on the Unix socket {}", path.display()))
        };
        let unix = listeners.unix.as_ref().map(listen_at).transpose()?;
        Ok(Self { tls, unix, serial: listeners.serial.clone() })
    }

    /// Where lines over TLS come in.
    pub(crate) fn tls_address(&self) -> Option<SocketAddr> {
        self.tls.as_ref().and_then(|(listener, _)| listener.local_addr().ok())
    }

    /// Takes devices from now on, until `gateway` stops.
    pub(crate) fn serve(self, gateway: &Gateway) -> Vec<JoinHandle<()>> {
        let mut serving = Vec::new();
        if let Some((listener, certificate)) = self.tls {
            serving.push(tokio::spawn(serve_tls(gateway.clone(), listener, certificate)));
        }
        if let Some(lines) = self.unix {
            serving.push(tokio::spawn(serve_unix(gateway.clone(), lines)));
        }
        let ports = self.serial.into_iter();
        serving.extend(ports.map(|settings| tokio::spawn(serve_serial(gateway.clone(), settings))));
        serving
    }
}
