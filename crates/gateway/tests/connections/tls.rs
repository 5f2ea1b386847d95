//! Lines over TLS.

use crate::scripted::{PATIENCE, Stage, soon};
use gateway::listen;
use gateway::listen::tls::{Certificate, Files};
use protocol::intake::Post;
use protocol::message::Command;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;

/// A certificate in files.
struct Shown {
    folder: TempDir,
    roots: RootCertStore,
}

impl Shown {
    fn new() -> Self {
        let mut shown = Self { folder: TempDir::new().expect("a folder"), roots: RootCertStore::empty() };
        shown.renew();
        shown
    }

    fn files(&self) -> Files {
        let file = |name: &str| self.folder.path().join(name);
        Files { certificate: file("certificate.pem"), key: file("key.pem") }
    }

    /// Puts another certificate into the files, which is trusted too. It has another size than the one before.
    fn renew(&mut self) -> CertificateDer<'static> {
        let names: Vec<_> = (0..=self.roots.len())
            .map(|number| format!("name-{number}.example"))
            .chain(["localhost".into()])
            .collect();
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        fs::write(self.files().key, made.signing_key.serialize_pem()).expect("a file");
        fs::write(self.files().certificate, made.cert.pem()).expect("a file");
        self.roots.add(made.cert.der().clone()).expect("a certificate");
        made.cert.der().clone()
    }
}

/// A device that speaks TLS, to be used where blocking is allowed.
struct Device(BufReader<StreamOwned<ClientConnection, TcpStream>>);

impl Device {
    fn connect(address: SocketAddr, roots: RootCertStore) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let tls = ClientConnection::new(Arc::new(config), name).expect("TLS");
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        Self(BufReader::new(StreamOwned::new(tls, stream)))
    }

    fn says(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).expect("the connection holds");
    }

    fn hears(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("the connection holds");
        line.trim_end().to_owned()
    }

    fn is_shown(&self) -> CertificateDer<'static> {
        let chain = self.0.get_ref().conn.peer_certificates().expect("TLS is agreed upon");
        chain[0].clone().into_owned()
    }
}

async fn blocking<T: Send + 'static>(does: impl FnOnce() -> T + Send + 'static) -> T {
    soon(spawn_blocking(does)).await.expect("no panic")
}

/// A stage that listens for TLS too.
async fn stage(shown: &Shown) -> (Stage, SocketAddr) {
    let stage = Stage::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let certificate = Certificate::read(shown.files()).expect("a certificate");
    tokio::spawn(listen::serve_tls(stage.gateway.clone(), listener, certificate));
    (stage, address)
}

#[tokio::test]
async fn lines_pass_both_ways_however_long_they_are() {
    let shown = Shown::new();
    let (mut stage, address) = stage(&shown).await;
    let roots = shown.roots.clone();
    let device = blocking(move || {
        let mut device = Device::connect(address, roots);
        device.says("{\"identify\":\"pu");
        device.says("mp-1\",\"nonce\":1}\n");
        device
    });
    let mut device = device.await;
    let asked = stage.asked().await;
    assert!(asked.peer.address.starts_with("tls 127.0.0.1:"), "{}", asked.peer.address);
    let mut conversation = asked.welcome(Some(0));
    let long = format!("\"{}\"", "x".repeat(60_000));
    let said = long.clone();
    let device = blocking(move || {
        assert!(device.hears().starts_with("{\"welcome\":\"pump-1\""));
        device.says(&format!("{{\"seq\":1,\"channel\":\"x\",\"value\":{said}}}\n"));
        device
    });
    let mut device = device.await;
    assert_eq!(conversation.takes().await, format!("1 x {long}"));
    conversation.commit(Some(1), 1);
    let value = long.clone();
    let raw = serde_json::value::RawValue::from_string(value).expect("JSON");
    for number in 1..=3 {
        let command = Command { number, channel: "y".to_owned(), value: raw.clone(), ttl: 5000 };
        conversation.outlet.post(Post::Command(command));
    }
    blocking(move || {
        assert_eq!(device.hears(), "{\"ack\":1}");
        for number in 1..=3 {
            let line = device.hears();
            assert!(line.starts_with(&format!("{{\"command\":{number},")) && line.len() > 60_000);
        }
    })
    .await;
    conversation.ends().await;
    stage.counts(0).await;
}

#[tokio::test]
async fn whoever_speaks_no_tls_is_let_go_and_hurts_nobody() {
    let shown = Shown::new();
    let (mut stage, address) = stage(&shown).await;
    blocking(move || {
        let mut plain = TcpStream::connect(address).expect("it listens");
        plain.set_read_timeout(Some(PATIENCE)).expect("a socket");
        plain.write_all(b"{\"identify\":\"pump-1\"}\n").expect("it is open");
        let mut alert = Vec::new();
        // An alert of TLS, then the end.
        plain.read_to_end(&mut alert).expect("it ends");
        assert_eq!(alert.first(), Some(&21), "{alert:?}");
    })
    .await;
    stage.counts(0).await;
    let roots = shown.roots.clone();
    let _device = blocking(move || {
        let mut device = Device::connect(address, roots);
        device.says("{\"identify\":\"pump-1\"}\n");
        device
    })
    .await;
    assert!(stage.asked().await.identify.device.is_some());
}

#[tokio::test]
async fn a_new_certificate_is_shown_to_those_who_connect_from_then_on() {
    let mut shown = Shown::new();
    let (mut stage, address) = stage(&shown).await;
    let roots = shown.roots.clone();
    let mut early = blocking(move || {
        let mut device = Device::connect(address, roots);
        device.says("{\"identify\":\"pump-1\"}\n");
        device
    })
    .await;
    let mut conversation = stage.asked().await.welcome(None);
    fs::write(shown.files().certificate, "half a certificate").expect("a file");
    let renewed = shown.renew();
    let roots = shown.roots.clone();
    blocking(move || {
        loop {
            let mut device = Device::connect(address, roots.clone());
            device.says("\n");
            assert_eq!(device.hears(), "{\"need\":\"identify\"}");
            if device.is_shown() == renewed {
                return;
            }
        }
    })
    .await;
    blocking(move || early.says("{\"x\":1}\n")).await;
    assert_eq!(conversation.takes().await, "x 1");
}

#[test]
fn a_certificate_that_cannot_be_shown_names_its_file() {
    let shown = Shown::new();
    let files = shown.files();
    let error = |files: Files| Certificate::read(files).err().expect("it is wrong").to_string();
    let absent = Files { certificate: shown.folder.path().join("absent.pem"), ..files.clone() };
    assert!(error(absent).contains("absent.pem: "), "{}", files.certificate.display());
    let other = Shown::new();
    let mixed = Files { key: other.files().key, ..files.clone() };
    assert!(error(mixed).contains("key.pem: it does not fit"));
    fs::write(&files.certificate, "").expect("a file");
    assert!(error(files).contains("there is no certificate in it"));
}
