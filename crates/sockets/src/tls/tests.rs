//! Both sides of TLS in memory: an endpoint behind it hears and says what it would without.

use super::*;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig};
use std::sync::{Arc, Mutex};

/// What an endpoint heard, and that its peer says no more.
type Heard = Arc<Mutex<(Vec<u8>, bool)>>;

/// Says back what it hears, and is over when its peer is.
#[derive(Default)]
struct Echo {
    heard: Heard,
    says: Vec<u8>,
    /// At this byte it panics.
    fears: Option<u8>,
}

impl Endpoint for Echo {
    fn read(&mut self, bytes: &mut [u8]) {
        assert!(bytes.len() <= READ_BYTES, "no more at once than without TLS");
        self.heard.lock().expect("no panic").0.extend_from_slice(bytes);
        self.says.extend_from_slice(bytes);
        assert!(!self.fears.is_some_and(|byte| bytes.contains(&byte)), "it was told to");
    }

    fn read_closed(&mut self) {
        self.heard.lock().expect("no panic").1 = true;
    }

    fn write(&mut self, out: &mut Outgoing) {
        out.push(&std::mem::take(&mut self.says));
    }

    fn is_over(&self) -> bool {
        self.heard.lock().is_ok_and(|heard| heard.1)
    }
}

/// An endpoint behind TLS that was agreed upon, and its peer.
struct Pair {
    tls: Tls,
    peer: ClientConnection,
    heard: Heard,
}

impl Pair {
    fn new(read: &[u8], fears: Option<u8>) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let chain = vec![made.cert.der().clone()];
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).expect("a certificate");
        let ring = || Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(ring()).with_safe_default_protocol_versions();
        let server = server.expect("versions").with_no_client_auth().with_single_cert(chain, key);
        let client = ClientConfig::builder_with_provider(ring()).with_safe_default_protocol_versions();
        let client = client.expect("versions").with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let mut peer = ClientConnection::new(Arc::new(client), name).expect("a client");
        let mut server = ServerConnection::new(Arc::new(server.expect("it fits"))).expect("a server");
        while peer.is_handshaking() || server.is_handshaking() {
            let (mut there, mut back) = (Vec::new(), Vec::new());
            while peer.wants_write() {
                peer.write_tls(&mut there).expect("memory");
            }
            server.read_tls(&mut &there[..]).expect("memory");
            server.process_new_packets().expect("TLS");
            while server.wants_write() {
                server.write_tls(&mut back).expect("memory");
            }
            peer.read_tls(&mut &back[..]).expect("memory");
            peer.process_new_packets().expect("TLS");
        }
        let heard = Heard::default();
        let echo = Echo { heard: heard.clone(), fears, ..Echo::default() };
        Self { tls: Tls::new(Box::new(server), read.to_vec(), Box::new(echo)), peer, heard }
    }

    /// The peer says something; it comes in pieces of so many bytes.
    fn says(&mut self, mut text: &[u8], piece: usize) {
        let mut wire = Vec::new();
        while !text.is_empty() {
            let taken = self.peer.writer().write(text).expect("memory");
            text = &text[taken..];
            while self.peer.wants_write() {
                self.peer.write_tls(&mut wire).expect("memory");
            }
        }
        wire.chunks_mut(piece).for_each(|piece| self.tls.read(piece));
    }

    /// What the peer hears, and whether it is told that nothing follows.
    fn hears(&mut self) -> (Vec<u8>, bool) {
        let mut out = Outgoing::default();
        self.tls.write(&mut out);
        let wire: Vec<u8> = out.take().concat();
        let (mut rest, mut text) = (&wire[..], Vec::new());
        let mut closed = false;
        while !rest.is_empty() {
            self.peer.read_tls(&mut rest).expect("memory");
            closed |= self.peer.process_new_packets().expect("TLS").peer_has_closed();
            // At its end, or for now, there is nothing more.
            let _ = self.peer.reader().read_to_end(&mut text);
        }
        (text, closed)
    }

    fn heard(&self) -> (Vec<u8>, bool) {
        self.heard.lock().expect("no panic").clone()
    }
}

#[test]
fn what_was_read_with_the_handshake_comes_first_and_the_rest_in_whatever_pieces() {
    for piece in [1, 7, 1_000, READ_BYTES] {
        let mut pair = Pair::new(b"first ", None);
        pair.says(b"second ", piece);
        pair.says(b"third", piece);
        assert_eq!(pair.heard(), (b"first second third".to_vec(), false));
        assert_eq!(pair.hears(), (b"first second third".to_vec(), false));
        assert_eq!(pair.hears(), (Vec::new(), false), "all was said");
    }
}

#[test]
fn what_is_long_comes_whole() {
    let mut pair = Pair::new(b"", None);
    let long: Vec<u8> = (0..300_000_u32).map(|number| number as u8).collect();
    pair.says(&long, READ_BYTES);
    assert_eq!(pair.heard().0, long);
    assert_eq!(pair.hears().0, long);
}

#[test]
fn an_end_is_told_to_either_side() {
    let mut pair = Pair::new(b"", None);
    pair.peer.send_close_notify();
    pair.says(b"", 1);
    let mut wire = Vec::new();
    pair.peer.write_tls(&mut wire).expect("memory");
    pair.tls.read(&mut wire);
    assert_eq!(pair.heard(), (Vec::new(), true));
    assert!(pair.tls.is_over());
    assert_eq!(pair.hears(), (Vec::new(), true));
}

#[test]
fn what_is_no_tls_ends_it() {
    let mut pair = Pair::new(b"", None);
    pair.tls.read(&mut b"GET / HTTP/1.1\r\n\r\n".to_vec());
    assert!(pair.tls.is_over() && pair.heard().1);
}

#[test]
fn what_was_meant_for_one_that_panicked_comes_to_nobody_else() {
    let mut fearful = Pair::new(b"", Some(b'!'));
    let shouted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| fearful.says(b"secret!", 1_000)));
    assert!(shouted.is_err());
    let mut other = Pair::new(b"", None);
    other.says(b"mine", 1_000);
    assert_eq!(other.heard().0, b"mine");
    assert_eq!(other.hears().0, b"mine");
}
