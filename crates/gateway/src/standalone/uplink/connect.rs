//! A WebSocket to a hub.

use super::super::limits::CONNECT_WAIT_MAX;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, http::StatusCode};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// What bytes go over.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A WebSocket, whatever it goes over.
pub(super) type Socket = WebSocketStream<Box<dyn Wire>>;

/// A connection that was made.
pub(super) struct Dialed {
    pub(super) socket: Socket,
    /// Where it leads.
    pub(super) address: SocketAddr,
}

/// Where an URL leads.
struct Place {
    is_secure: bool,
    host: String,
    port: u16,
}

/// Makes a connection to `url`. The error is a sentence.
pub(super) async fn dial(url: String, ca: Option<PathBuf>, frame_bytes_max: usize) -> Result<Dialed, String> {
    let made = timeout(CONNECT_WAIT_MAX, connect(&url, ca, frame_bytes_max)).await;
    made.unwrap_or_else(|_| Err(format!("the hub does not answer at {url}")))
}

/// What is wrong with an address, as a sentence.
pub(in crate::standalone) fn url_problem(url: &str) -> Option<String> {
    place_of(url).err()
}

fn place_of(url: &str) -> Result<Place, String> {
    let wrong = || format!("{url} is no address of a hub: one is ws://host:8080/uplink or wss://host/uplink");
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let is_secure = match uri.scheme_str() {
        Some("ws") => false,
        Some("wss") => true,
        _ => return Err(wrong()),
    };
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok(Place { is_secure, host, port: uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 }) })
}

async fn connect(url: &str, ca: Option<PathBuf>, frame_bytes_max: usize) -> Result<Dialed, String> {
    let place = place_of(url)?;
    let unreached = |error: &dyn std::fmt::Display| format!("the hub does not answer at {url}: {error}");
    let stream = TcpStream::connect((&*place.host, place.port)).await.map_err(|error| unreached(&error))?;
    let address = stream.peer_addr().map_err(|error| unreached(&error))?;
    stream.set_nodelay(true).map_err(|error| unreached(&error))?;
    let wire: Box<dyn Wire> = match place.is_secure {
        false => Box::new(stream),
        true => secure(stream, &place, ca).await?,
    };
    let request = url.into_client_request().map_err(|error| unreached(&error))?;
    let limits = WebSocketConfig::default()
        .max_message_size(Some(frame_bytes_max))
        .max_frame_size(Some(frame_bytes_max));
    match client_async_with_config(request, wire, Some(limits)).await {
        Ok((socket, _)) => Ok(Dialed { socket, address }),
        Err(Error::Http(answer)) => Err(refused(url, answer.status())),
        Err(error) if is_silence(&error) => Err(unreached(&error)),
        Err(error) => Err(format!("what answers at {url} is no hub: {error}")),
    }
}

/// Whether nothing answered, rather than something wrong.
fn is_silence(error: &Error) -> bool {
    matches!(
        error,
        Error::Io(_)
            | Error::ConnectionClosed
            | Error::Protocol(
                ProtocolError::HandshakeIncomplete | ProtocolError::ResetWithoutClosingHandshake
            )
    )
}

fn refused(url: &str, status: StatusCode) -> String {
    match status {
        StatusCode::NOT_FOUND => format!("what answers at {url} takes no gateways"),
        status => format!("what answers at {url} is no hub: it says {status}"),
    }
}

/// TLS to the hub: its certificate must be for the host of its address, and from an authority of the file `ca` or else of the
/// system.
async fn secure(stream: TcpStream, place: &Place, ca: Option<PathBuf>) -> Result<Box<dyn Wire>, String> {
    let name = ServerName::try_from(place.host.clone());
    let name = name.map_err(|_| format!("{} is no name that a certificate could be for", place.host))?;
    // Reading files may take its time.
    let config = tokio::task::spawn_blocking(move || config(ca.as_deref())).await;
    let config = config.map_err(|_| "the authorities cannot be read".to_owned())??;
    let made = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    made.map(|stream| Box::new(stream) as Box<dyn Wire>)
        .map_err(|error| format!("no TLS with {}: {error}", place.host))
}

fn config(ca: Option<&Path>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(file) => {
            let unread =
                |error: &dyn std::fmt::Display| format!("{} cannot be read: {error}", file.display());
            let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unread(&error))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unread(&error))?;
                roots.add(certificate).map_err(|error| unread(&error))?;
            }
            if roots.is_empty() {
                return Err(unread(&"it holds no certificate"));
            }
        }
        None => {
            // What cannot be read of them is missing, and the certificate of the hub may be from another.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_and_a_host() {
        for good in ["ws://10.0.0.5:8080/uplink", "wss://hub.example/uplink", "ws://[::1]:80/uplink"] {
            assert_eq!(url_problem(good), None);
        }
        for wrong in ["", "hub:8080", "http://hub/uplink", "ws:///uplink", "ws://a b/"] {
            assert!(url_problem(wrong).is_some(), "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn nobody_who_answers_is_told_from_somebody_who_is_no_hub() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("ws://{}/uplink", listener.local_addr().expect("it is bound"));
        let answering = async {
            drop(listener.accept().await.expect("one comes"));
            let (mut stream, _) = listener.accept().await.expect("one comes");
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).await.expect("it asks") > 0);
            stream.write_all(b"220 mail.example ESMTP\r\n\r\n").await.expect("it reads");
        };
        let asking = async {
            let mut errors = Vec::new();
            for _ in 0..2 {
                errors.push(dial(url.clone(), None, 1024).await.err().expect("it is no hub"));
            }
            errors
        };
        let ((), mut errors) = tokio::join!(answering, asking);
        drop(listener);
        errors.push(dial(url.clone(), None, 1024).await.err().expect("nobody is there"));
        let silent = format!("the hub does not answer at {url}: ");
        assert!(errors[0].starts_with(&silent) && errors[2].starts_with(&silent), "{errors:?}");
        assert!(errors[1].starts_with(&format!("what answers at {url} is no hub: ")), "{errors:?}");
    }

    #[test]
    fn a_file_of_authorities_has_to_hold_some() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ca.pem");
        assert!(config(Some(&file)).is_err());
        std::fs::write(&file, "nothing\n").expect("written");
        let error = config(Some(&file)).expect_err("it is empty");
        assert!(error.ends_with("it holds no certificate"), "{error}");
    }
}
