//! Lines over TLS. The bytes of a connection go through its own state of TLS; when the files of the certificate change, those
//! that connect from then on are shown the new one, and those that are there stay.

use super::accept::accepting;
use super::tcp::hand_over;
use super::{Came, Framing};
use crate::limits::BUFFER_BYTES_KEPT;
use crate::place::Transport;
use crate::register::Gateway;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};
use sockets::Outgoing;
use sockets::tls::{Cipher, Deciphered};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::net::TcpListener;
use tokio::time::sleep;

/// How often the files of the certificate are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Bytes that a connection keeps of what its device is told before TLS is agreed upon. What is more is dropped: it is not
/// welcome yet.
const UNSENT_BYTES_MAX: usize = 64 * 1024;

thread_local! {
    /// What was deciphered goes through here: no connection has a buffer for it of its own.
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Where the certificate is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The chain, PEM: the server's own certificate first.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// What tells that files are others: when they were changed, and their sizes.
type Seen = [Option<(SystemTime, u64)>; 2];

/// The certificate that is shown, as its files have it.
pub struct Certificate {
    files: Files,
    /// Where it is shown, as the log says it.
    listener: Box<str>,
    seen: Mutex<Seen>,
    shown: Mutex<Arc<ServerConfig>>,
}

/// A certificate that cannot be shown: a sentence that names the file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {what}", file.display())]
pub struct CertificateError {
    file: PathBuf,
    what: String,
}

impl Certificate {
    /// Reads the files.
    ///
    /// # Errors
    /// One cannot be read, holds no PEM of its kind, or they do not belong together.
    pub fn read(files: Files) -> Result<Self, CertificateError> {
        let (seen, shown) = (seen(&files), Mutex::new(Arc::new(load(&files)?)));
        Ok(Self { files, listener: "".into(), seen: Mutex::new(seen), shown })
    }

    /// The same, shown at this listener: two may have the same files.
    pub fn of(self, listener: &str) -> Self {
        Self { listener: listener.into(), ..self }
    }

    /// Reads the files again where they have changed. What cannot be shown is logged, and what was shown before still is.
    fn look(&self) {
        let now = seen(&self.files);
        let before = std::mem::replace(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner), now);
        if now == before {
            return;
        }
        match load(&self.files) {
            Ok(config) => {
                *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
                let certificate = self.files.certificate.display();
                tracing::info!(listener = &*self.listener, %certificate, "took over a new certificate");
            }
            Err(error) => {
                let listener = &*self.listener;
                tracing::warn!(listener, %error, "the certificate has changed and cannot be taken over");
            }
        }
    }

    /// Looks at the files for as long as it is polled, and takes over what changes.
    pub async fn follow(&self) {
        loop {
            sleep(LOOK_EVERY).await;
            self.look();
        }
    }

    /// What a connection that begins now is shown.
    pub fn shown(&self) -> Arc<ServerConfig> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn seen(files: &Files) -> Seen {
    [&files.certificate, &files.key].map(|file| {
        let metadata = std::fs::metadata(file).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

fn load(files: &Files) -> Result<ServerConfig, CertificateError> {
    let wrong = |file: &Path, what: String| CertificateError { file: file.to_owned(), what };
    let no_chain = |error: rustls::pki_types::pem::Error| wrong(&files.certificate, error.to_string());
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(&files.certificate).map_err(no_chain)?.collect();
    let chain = chain.map_err(no_chain)?;
    if chain.is_empty() {
        return Err(wrong(&files.certificate, "there is no certificate in it".to_owned()));
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong(&files.key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&files.certificate, error.to_string()))?;
    let config = versions.with_no_client_auth().with_single_cert(chain, key);
    let mut config = config.map_err(|error| wrong(&files.key, format!("it does not fit: {error}")))?;
    // Devices come seldom and stay long: what would let them come back faster is kept by nobody.
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// Accepts devices on `listener` until the gateway stops, and gives them to its event loops.
pub async fn serve(gateway: Gateway, listener: TcpListener, certificate: Certificate) {
    let take = |(stream, peer)| match ServerConnection::new(certificate.shown()) {
        Ok(tls) => hand_over(&gateway, stream, peer, Transport::Tls, move || Tls::new(tls)),
        Err(error) => tracing::warn!(%error, "cannot begin TLS"),
    };
    let accepts = accepting(&gateway, &listener, take);
    tokio::select! {
        () = accepts => {}
        () = certificate.follow() => {}
    }
}

pub(super) struct Tls(Cipher);

impl Tls {
    fn new(mut tls: ServerConnection) -> Self {
        tls.set_buffer_limit(Some(UNSENT_BYTES_MAX));
        Self(Cipher::new(Box::new(tls)))
    }
}

impl Framing for Tls {
    fn read(&mut self, bytes: &mut [u8], lines: impl FnOnce(&[u8])) -> Came {
        LINES.with_borrow_mut(|deciphered| {
            deciphered.clear();
            let came = match self.0.read(bytes, deciphered) {
                Deciphered::More => Came::More,
                Deciphered::Last => Came::Last,
                Deciphered::Nonsense => Came::Nonsense,
            };
            lines(deciphered);
            deciphered.shrink_to(BUFFER_BYTES_KEPT);
            came
        })
    }

    fn write(&mut self, lines: &[u8], last: bool, out: &mut Outgoing) {
        // It is kept until TLS is agreed upon; what does not fit then is not worth more.
        self.0.write(lines, out);
        if last {
            self.0.close();
        }
        self.0.let_out(out);
    }
}
