//! Devices over TLS, and what a hub gave them.

use crate::hub::{PATIENCE, Port, until};
use futures_util::StreamExt as _;
use glassline_client::{Device, Settings};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

type Stream = TlsStream<tokio::net::TcpStream>;

/// A hub with a certificate for 127.0.0.1 that only who has its file trusts.
struct SecurePort {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    authority: PathBuf,
    _folder: tempfile::TempDir,
}

impl SecurePort {
    async fn open() -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        let folder = tempfile::tempdir().expect("a folder");
        let authority = folder.path().join("hub.pem");
        fs::write(&authority, made.cert.pem()).expect("written");
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .expect("they belong together");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self { listener, acceptor: TlsAcceptor::from(Arc::new(config)), authority, _folder: folder }
    }

    fn settings(&self, scheme: &str) -> Settings {
        let address = self.listener.local_addr().expect("it is bound");
        Settings::new(&format!("{scheme}://{address}"), "pump-1", "").expect("settings")
    }

    async fn next(&self) -> std::io::Result<Stream> {
        let (stream, _) = timeout(PATIENCE, self.listener.accept()).await.expect("one comes")?;
        timeout(PATIENCE, self.acceptor.accept(stream)).await.expect("it goes on")
    }
}

#[tokio::test]
async fn lines_and_frames_go_over_tls_to_a_hub_that_is_trusted() {
    let port = SecurePort::open().await;
    let device = Device::with(port.settings("tls").trusting(&port.authority)).expect("a device");
    device.connect();
    let mut line = String::new();
    let mut hub = BufReader::new(port.next().await.expect("it trusts"));
    timeout(PATIENCE, hub.read_line(&mut line)).await.expect("a line").expect("the connection holds");
    assert!(line.starts_with(r#"{"identify":"pump-1""#) && line.ends_with('\n'), "{line}");
    device.close().await;

    let device = Device::with(port.settings("wss").trusting(&port.authority)).expect("a device");
    device.connect();
    let stream = port.next().await.expect("it trusts");
    let mut hub = tokio_tungstenite::accept_async(stream).await.expect("a WebSocket");
    let frame = timeout(PATIENCE, hub.next()).await.expect("a frame").expect("one").expect("whole");
    assert!(frame.to_text().expect("text").starts_with(r#"{"identify":"pump-1""#));
}

#[tokio::test]
async fn a_hub_that_is_not_trusted_hears_nothing() {
    let (port, other) = (SecurePort::open().await, SecurePort::open().await);
    for settings in [port.settings("tls"), port.settings("wss").trusting(&other.authority)] {
        let device = Device::with(settings).expect("a device");
        device.connect();
        assert!(port.next().await.is_err());
    }
}

#[tokio::test]
async fn the_id_and_the_token_that_a_hub_gave_are_there_in_the_next_run() {
    let (port, folder) = (Port::open().await, tempfile::tempdir().expect("a folder"));
    let settings = |token| {
        Settings::new(&port.address(), "", token)
            .expect("settings")
            .counting_nonces_from(0)
            .stored_in(folder.path())
    };
    let device = Device::with(settings("JOIN")).expect("a device");
    device.connect();
    let mut hub = port.hears_identify(r#""identify":"","token":"JOIN""#).await;
    hub.says(
        "{\"welcome\":\"new-7\",\"token\":\"gl_own\",\"nonce\":1,\"session\":\"k7-1\",\"ack\":0,\"window\":64,\
         \"heartbeat\":15,\"line_max\":65536,\"time\":0}",
    )
    .await;
    until(|| device.connected()).await;
    until(|| folder.path().join("identity").exists()).await;
    device.close().await;

    let device = Device::with(settings("JOIN")).expect("a device");
    assert_eq!(device.id().as_deref(), Some("new-7"));
    device.connect();
    port.hears_identify(r#""identify":"new-7","token":"gl_own""#).await;
    device.close().await;

    // It is not wanted any more: what the program says has its turn, once.
    let device = Device::with(settings("ANOTHER")).expect("a device");
    device.connect();
    let mut hub = port.hears_identify(r#""identify":"new-7","token":"gl_own""#).await;
    hub.says(r#"{"bye":"auth","again":"never"}"#).await;
    let mut hub = port.hears_identify(r#""identify":"","token":"ANOTHER""#).await;
    hub.says(r#"{"bye":"auth","again":"never"}"#).await;
    assert!(!device.ended().await.comes_back());
}
