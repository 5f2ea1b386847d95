//! A connection with its place among all, which is cut where its peer does not take what it asked for.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll};

use sockets::patience;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep_until};

use super::guest::Guest;
use super::limits::{SEND_BUFFER_BYTES, STALL_BYTES_MIN, STALL_KNOWN_MAX, STALL_MAX, STALL_MIN};

/// A connection that is read and written by HTTP.
pub(super) struct Held {
    pub(super) stream: TcpStream,
    pub(super) guest: Guest,
    _place: OwnedSemaphorePermit,
    /// The system was told to be as patient as with whoever is known.
    relaxed: bool,
    /// Since its peer took nothing more.
    stall: Option<Pin<Box<Sleep>>>,
    /// Bytes it has taken since then.
    taken: usize,
    /// It has once taken enough of what waited.
    moves: bool,
}

impl Held {
    pub(super) fn new(stream: TcpStream, guest: Guest, place: OwnedSemaphorePermit) -> Self {
        patience::limit_unsent(&stream, SEND_BUFFER_BYTES, STALL_MAX);
        Self { stream, guest, _place: place, relaxed: false, stall: None, taken: 0, moves: false }
    }

    /// What came of a write: whether that took too long is for us to say.
    fn wrote(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.taken += bytes;
                if self.taken >= STALL_BYTES_MIN && self.stall.take().is_some() {
                    self.moves = true;
                }
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(error) => Poll::Ready(error),
            Poll::Pending => {
                if self.stall.is_none() {
                    (self.stall, self.taken) = (Some(Box::pin(sleep_until(self.patient_until()))), 0);
                }
                let Some(stall) = &mut self.stall else { return Poll::Pending };
                match stall.as_mut().poll(cx) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(()) => {
                        patience::drop_unsent(&self.stream);
                        Poll::Ready(Err(ErrorKind::TimedOut.into()))
                    }
                }
            }
        }
    }

    /// Until when it may take nothing. Who has taken nothing yet may have waited before it was let in: that counts.
    fn patient_until(&self) -> Instant {
        let now = Instant::now();
        match (self.guest.is_known(), self.moves) {
            (true, _) => now + STALL_KNOWN_MAX,
            (false, true) => now + STALL_MAX,
            (false, false) => (now + STALL_MAX).min(self.guest.cut_at().max(now + STALL_MIN)),
        }
    }

    fn relax(&mut self) {
        if !self.relaxed && self.guest.is_known() {
            self.relaxed = true;
            patience::limit_waiting(&self.stream, STALL_KNOWN_MAX);
        }
    }
}

impl AsyncRead for Held {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.guest.is_heard();
            // It asks for more: what it has not taken of an earlier answer counts anew.
            self.stall = None;
        }
        read
    }
}

impl AsyncWrite for Held {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.relax();
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.wrote(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.relax();
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.wrote(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
