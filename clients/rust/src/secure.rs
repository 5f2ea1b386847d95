//! TLS to a hub: whom it trusts, and lines over it.

use crate::limits::READ_BYTES;
use protocol::limits::LINE_BYTES_MAX;
use protocol::line::{Content, Lines};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Encrypts `stream`. The hub's certificate must be for `host`, and from an authority of the file `authorities` or else of the
/// system.
///
/// # Errors
/// The certificate is none of these, or the file cannot be read: a sentence.
pub(crate) async fn secure(
    stream: TcpStream,
    host: &str,
    authorities: Option<PathBuf>,
) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned());
    let name =
        name.map_err(|_| io::Error::other(format!("{host} is no name that a certificate could be for")))?;
    // Reading files may take its time.
    let config = tokio::task::spawn_blocking(move || config(authorities.as_deref())).await;
    let config = config.unwrap_or_else(|broken| Err(io::Error::other(broken)))?;
    let made = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    made.map_err(|error| io::Error::new(error.kind(), format!("no TLS with {host}: {error}")))
}

fn config(authorities: Option<&Path>) -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(file) => trust(&mut roots, file)
            .map_err(|why| io::Error::other(format!("{} cannot be read: {why}", file.display())))?,
        // What cannot be read of them is missing, and the certificate of the hub may be from another.
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth())
}

fn trust(roots: &mut RootCertStore, file: &Path) -> Result<(), String> {
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() { Err("it holds no certificate".to_owned()) } else { Ok(()) }
}

/// Lines of encrypted bytes.
pub(crate) struct Secured {
    stream: TlsStream<TcpStream>,
    lines: Lines,
    unsent: Vec<u8>,
}

impl Secured {
    pub(crate) fn new(stream: TlsStream<TcpStream>) -> Self {
        Self { stream, lines: Lines::new(LINE_BYTES_MAX), unsent: Vec::new() }
    }

    pub(crate) fn say(&mut self, line: &[u8]) {
        self.unsent.extend_from_slice(line);
    }

    pub(crate) fn unsent(&self) -> usize {
        self.unsent.len()
    }

    /// Writes what can be written and reads what is there; see [`crate::link::Link::turn`].
    pub(crate) fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Vec<Vec<u8>>>> {
        let before = self.unsent.len();
        self.poll_write(context)?;
        if self.unsent.len() < before {
            return Poll::Ready(Ok(Vec::new()));
        }
        let (mut bytes, mut lines) = ([0; READ_BYTES], Vec::new());
        let mut buffer = ReadBuf::new(&mut bytes);
        match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => {}
        }
        let mut rest = buffer.filled();
        if rest.is_empty() {
            return Poll::Ready(Err(io::Error::new(
                ErrorKind::UnexpectedEof,
                "the hub closed the connection",
            )));
        }
        while let Some(line) = self.lines.next(&mut rest) {
            // One that is too long is none that a device knows.
            if let Content::Whole(line) = line.content {
                lines.push(line.to_vec());
            }
        }
        Poll::Ready(Ok(lines))
    }

    pub(crate) fn poll_write(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match Pin::new(&mut self.stream).poll_write(context, &self.unsent) {
                Poll::Ready(Ok(0)) => return Err(ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(bytes)) => drop(self.unsent.drain(..bytes)),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(()),
            }
        }
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Ready(Err(error)) => Err(error),
            Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
        }
    }
}
