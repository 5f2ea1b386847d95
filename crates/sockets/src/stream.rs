//! What carries the bytes of a connection: a TCP or a Unix socket, to whoever is behind it the same.

use crate::doorway::Stay;
use crate::limits::{KEEPALIVE, SEND_BUFFER_BYTES};
use mio::event::Source;
use mio::{Interest, Registry, Token};
use socket2::{SockRef, TcpKeepalive};
use std::io::{self, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::time::Duration;

/// A socket that is connected. Made from those of [`std`].
#[derive(Debug)]
pub struct Stream {
    kind: Kind,
    /// The place of whoever has not shown yet who it is.
    pub(crate) stay: Option<Stay>,
}

#[derive(Debug)]
enum Kind {
    Tcp(mio::net::TcpStream),
    #[cfg(unix)]
    Unix(mio::net::UnixStream),
}

impl From<std::net::TcpStream> for Stream {
    fn from(stream: std::net::TcpStream) -> Self {
        mio::net::TcpStream::from_std(stream).into()
    }
}

impl From<mio::net::TcpStream> for Stream {
    fn from(stream: mio::net::TcpStream) -> Self {
        Self { kind: Kind::Tcp(stream), stay: None }
    }
}

#[cfg(unix)]
impl From<std::os::unix::net::UnixStream> for Stream {
    fn from(stream: std::os::unix::net::UnixStream) -> Self {
        Self { kind: Kind::Unix(mio::net::UnixStream::from_std(stream)), stay: None }
    }
}

/// Does the same with either.
macro_rules! either {
    ($stream:expr, $inner:ident => $does:expr) => {
        match $stream {
            Kind::Tcp($inner) => $does,
            #[cfg(unix)]
            Kind::Unix($inner) => $does,
        }
    };
}

impl Stream {
    /// That of a stranger, who gives its place back as soon as its endpoint says that it is none
    /// ([`crate::Endpoint::is_stranger`]).
    #[must_use]
    pub fn of_stranger(self, stay: Option<Stay>) -> Self {
        Self { stay, ..self }
    }

    /// Sets what a loop needs: that nothing blocks, that nothing waits for more to say, that a peer that is gone without a
    /// word is found, and how much the system keeps.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        let options = self.options();
        options.set_nonblocking(true)?;
        if let Kind::Tcp(stream) = &self.kind {
            // A turn says all at once: waiting for more to say would only delay it.
            stream.set_nodelay(true)?;
            let keepalive =
                TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 3).with_retries(3);
            options.set_tcp_keepalive(&keepalive)?;
            // Whoever had it before may have been less patient with what is not taken: from here on endpoints say how long.
            #[cfg(target_os = "linux")]
            options.set_tcp_user_timeout(None)?;
        }
        options.set_send_buffer_size(SEND_BUFFER_BYTES)
    }

    /// Has the system drop what the peer has not taken as soon as this is closed.
    pub(crate) fn drop_unsent(&self) {
        if let Kind::Tcp(_) = &self.kind {
            // Where the system will not, it keeps that for as long as it likes. What was written to a Unix socket is the peer's.
            let _ = self.options().set_linger(Some(Duration::ZERO));
        }
    }

    /// Closes our end.
    pub(crate) fn close_end(&self) -> io::Result<()> {
        either!(&self.kind, stream => stream.shutdown(Shutdown::Write))
    }

    /// Whether there is something to read. It stays there.
    pub(crate) fn has_more(&self) -> bool {
        self.options().peek(&mut [MaybeUninit::uninit()]).is_ok_and(|bytes| bytes > 0)
    }

    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.source(|source| registry.register(source, token, Interest::READABLE | Interest::WRITABLE))
    }

    pub(crate) fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.source(|source| registry.deregister(source))
    }

    fn source<R>(&mut self, does: impl FnOnce(&mut dyn Source) -> R) -> R {
        either!(&mut self.kind, stream => does(stream))
    }

    fn options(&self) -> SockRef<'_> {
        either!(&self.kind, stream => SockRef::from(stream))
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        either!(&mut self.kind, stream => stream.read(buffer))
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        either!(&mut self.kind, stream => stream.write(bytes))
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        either!(&mut self.kind, stream => stream.write_vectored(pieces))
    }

    fn flush(&mut self) -> io::Result<()> {
        either!(&mut self.kind, stream => stream.flush())
    }
}
