//! TLS between a socket and its endpoint, once it is agreed upon or from its beginning: what comes is deciphered before the
//! endpoint is told, and what the endpoint says is enciphered before it leaves.

#[cfg(test)]
mod tests;

use crate::endpoint::Endpoint;
use crate::limits::{READ_BYTES, TLS_BYTES_KEPT};
use crate::outgoing::Outgoing;
use rustls::ServerConnection;
use std::cell::RefCell;
use std::io::{self, Read as _, Write};
use std::time::{Duration, Instant};

thread_local! {
    /// What was deciphered, and what is to be enciphered, goes through here: no connection has a buffer for it of its own.
    static PLAIN: RefCell<Plain> = RefCell::default();
}

#[derive(Default)]
struct Plain {
    came: Vec<u8>,
    leaves: Outgoing,
}

/// The state of TLS of one connection.
pub struct Cipher {
    tls: Box<ServerConnection>,
    /// It is said that nothing follows.
    closed: bool,
}

/// What bytes that came turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deciphered {
    /// More may follow.
    More,
    /// The peer says no more.
    Last,
    /// It is no TLS: nothing more of it can be read.
    Nonsense,
}

impl Cipher {
    /// Goes on where `tls` is.
    pub fn new(tls: Box<ServerConnection>) -> Self {
        Self { tls, closed: false }
    }

    /// Adds what `bytes` hold to `plain`, and what was deciphered before.
    pub fn read(&mut self, mut bytes: &[u8], plain: &mut Vec<u8>) -> Deciphered {
        loop {
            // A slice can be read to its end. What is not taken is read in the next round.
            let all = bytes.is_empty() || self.tls.read_tls(&mut bytes).is_ok_and(|read| read == 0);
            let state = match self.tls.process_new_packets() {
                Ok(state) => state,
                Err(error) => {
                    tracing::debug!(%error, "a peer does not speak TLS");
                    return Deciphered::Nonsense;
                }
            };
            let mut read = plain.len();
            plain.resize(read + state.plaintext_bytes_to_read(), 0);
            while read < plain.len() {
                match self.tls.reader().read(&mut plain[read..]) {
                    Ok(bytes @ 1..) => read += bytes,
                    Ok(_) | Err(_) => break,
                }
            }
            plain.truncate(read);
            if state.peer_has_closed() {
                return Deciphered::Last;
            }
            if all {
                return Deciphered::More;
            }
        }
    }

    /// Adds `plain`, enciphered. What there is no room for before TLS is agreed upon is dropped.
    pub fn write(&mut self, plain: &[u8], out: &mut Outgoing) {
        let mut rest = plain;
        while !rest.is_empty() {
            match self.tls.writer().write(rest) {
                Ok(written @ 1..) => rest = &rest[written..],
                Ok(_) | Err(_) => break,
            }
            self.let_out(out);
        }
    }

    /// Says that nothing follows, once.
    pub fn close(&mut self) {
        if !std::mem::replace(&mut self.closed, true) {
            self.tls.send_close_notify();
        }
    }

    /// Adds what TLS itself has to say.
    pub fn let_out(&mut self, out: &mut Outgoing) {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut Sink(out)) {
                Ok(1..) => {}
                Ok(_) | Err(_) => break,
            }
        }
    }
}

/// An endpoint behind TLS.
pub struct Tls {
    cipher: Cipher,
    endpoint: Box<dyn Endpoint>,
    /// The endpoint was told that its peer says no more.
    ended: bool,
    /// What came is no TLS.
    broken: bool,
}

impl Tls {
    /// `endpoint` behind `tls`, which was agreed upon. `read` was deciphered already: the endpoint is told that first.
    pub fn new(tls: Box<ServerConnection>, mut read: Vec<u8>, endpoint: Box<dyn Endpoint>) -> Self {
        let mut this = Self { cipher: Cipher::new(tls), endpoint, ended: false, broken: false };
        this.tell(&mut read);
        this.decipher(&[]);
        this
    }

    fn decipher(&mut self, bytes: &[u8]) {
        PLAIN.with_borrow_mut(|Plain { came, .. }| {
            // Who had it before may have panicked, and left what was meant for it alone.
            came.clear();
            let how = self.cipher.read(bytes, came);
            self.tell(came);
            came.clear();
            came.shrink_to(TLS_BYTES_KEPT);
            if how != Deciphered::More {
                self.end();
            }
            self.broken |= how == Deciphered::Nonsense;
        });
    }

    fn tell(&mut self, plain: &mut [u8]) {
        for piece in plain.chunks_mut(READ_BYTES) {
            if !self.endpoint.is_over() {
                self.endpoint.read(piece);
            }
        }
    }

    fn end(&mut self) {
        if !std::mem::replace(&mut self.ended, true) && !self.endpoint.is_over() {
            self.endpoint.read_closed();
        }
    }
}

impl Endpoint for Tls {
    fn reads(&self) -> bool {
        self.endpoint.reads()
    }

    fn read(&mut self, bytes: &mut [u8]) {
        if !self.ended {
            self.decipher(bytes);
        }
    }

    fn read_closed(&mut self) {
        self.end();
    }

    fn woken(&mut self) {
        self.endpoint.woken();
    }

    fn deadline(&self) -> Option<Instant> {
        self.endpoint.deadline()
    }

    fn timeout(&mut self) {
        self.endpoint.timeout();
    }

    fn write(&mut self, out: &mut Outgoing) {
        PLAIN.with_borrow_mut(|Plain { leaves, .. }| {
            leaves.clear();
            self.endpoint.write(leaves);
            leaves.each(|piece| self.cipher.write(piece, out));
            leaves.clear();
        });
        if self.is_over() {
            self.cipher.close();
        }
        self.cipher.let_out(out);
    }

    fn is_stranger(&self) -> bool {
        self.endpoint.is_stranger()
    }

    fn is_over(&self) -> bool {
        self.broken || self.endpoint.is_over()
    }

    fn gathers(&self) -> bool {
        self.endpoint.gathers()
    }

    fn stall_max(&self) -> Option<Duration> {
        self.endpoint.stall_max()
    }
}

/// Writes into what leaves.
struct Sink<'a>(&'a mut Outgoing);

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
