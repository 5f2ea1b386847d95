//! One connection to a hub: lines go out, lines come in, whatever carries them.

use crate::address::{Address, Carrier};
use crate::limits::{CONNECT_MAX, READ_BYTES};
use crate::secure::{Secured, secure};
use futures_util::{Sink, Stream};
use protocol::limits::LINE_BYTES_MAX;
use protocol::line::{Content, Lines};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, Interest};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// A connection.
pub(crate) enum Link {
    Tcp(Tcp),
    Secured(Box<Secured>),
    WebSocket(Box<WebSocket>),
}

/// What the frames of a WebSocket go over.
trait Wire: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Wire for T {}

impl Link {
    /// Makes one, within [`CONNECT_MAX`]. Over TLS the hub's certificate is from an authority of the file `authorities`, or else of
    /// the system.
    ///
    /// # Errors
    /// The system's, or the hub speaks something else.
    pub(crate) async fn connect(address: &Address, authorities: Option<PathBuf>) -> io::Result<Self> {
        let connecting = timeout(CONNECT_MAX, open(address, authorities)).await;
        connecting.unwrap_or_else(|_| Err(io::Error::new(ErrorKind::TimedOut, "no answer in time")))
    }

    /// Puts `line`, with its end, behind what is to be written.
    pub(crate) fn say(&mut self, line: &[u8]) {
        match self {
            Link::Tcp(tcp) => tcp.unsent.extend_from_slice(line),
            Link::Secured(secured) => secured.say(line),
            Link::WebSocket(socket) => socket.unsent.push_back(frame(line)),
        }
    }

    /// Bytes that are still to be written.
    pub(crate) fn unsent(&self) -> usize {
        match self {
            Link::Tcp(tcp) => tcp.unsent.len(),
            Link::Secured(secured) => secured.unsent(),
            Link::WebSocket(socket) => socket.unsent.iter().map(Message::len).sum(),
        }
    }

    /// Writes what can be written and reads what is there. Answers the lines that came, empty ones too; perhaps none. It
    /// may be dropped at any time: nothing is lost.
    ///
    /// # Errors
    /// The connection is over.
    pub(crate) async fn turn(&mut self) -> io::Result<Vec<Vec<u8>>> {
        match self {
            Link::Tcp(tcp) => tcp.turn().await,
            Link::Secured(secured) => poll_fn(|context| secured.poll_turn(context)).await,
            Link::WebSocket(socket) => poll_fn(|context| socket.poll_turn(context)).await,
        }
    }

    /// Writes what can be written at once; the end is not worth waiting for more.
    pub(crate) async fn leave(mut self) {
        match &mut self {
            Link::Tcp(tcp) => {
                let _gone = tcp.write();
            }
            Link::Secured(secured) => {
                poll_fn(|context| {
                    let _gone = secured.poll_write(context);
                    Poll::Ready(())
                })
                .await;
            }
            Link::WebSocket(socket) => {
                poll_fn(|context| {
                    let _gone = socket.poll_write(context);
                    Poll::Ready(())
                })
                .await;
            }
        }
    }
}

async fn open(address: &Address, authorities: Option<PathBuf>) -> io::Result<Link> {
    let stream = TcpStream::connect(&address.endpoint).await?;
    stream.set_nodelay(true)?;
    match (&address.carrier, address.is_secure) {
        (Carrier::Lines, false) => {
            Ok(Link::Tcp(Tcp { stream, lines: Lines::new(LINE_BYTES_MAX), unsent: Vec::new() }))
        }
        (Carrier::Lines, true) => {
            let stream = secure(stream, address.host(), authorities).await?;
            Ok(Link::Secured(Box::new(Secured::new(stream))))
        }
        (Carrier::WebSocket(_), false) => open_web_socket(address, Box::new(stream)).await,
        (Carrier::WebSocket(_), true) => {
            let stream = secure(stream, address.host(), authorities).await?;
            open_web_socket(address, Box::new(stream)).await
        }
    }
}

async fn open_web_socket(address: &Address, stream: Box<dyn Wire>) -> io::Result<Link> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .max_message_size(Some(LINE_BYTES_MAX))
        .max_frame_size(Some(LINE_BYTES_MAX));
    let opened = client_async_with_config(address.to_string(), stream, Some(config)).await;
    let (socket, _response) = opened.map_err(|error| io::Error::other(error.to_string()))?;
    Ok(Link::WebSocket(Box::new(WebSocket { socket, unsent: VecDeque::new() })))
}

/// Lines of bytes.
pub(crate) struct Tcp {
    stream: TcpStream,
    lines: Lines,
    unsent: Vec<u8>,
}

impl Tcp {
    async fn turn(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let unsent = !self.unsent.is_empty();
        let interest = if unsent { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        let ready = self.stream.ready(interest).await?;
        if ready.is_writable() {
            self.write()?;
        }
        if ready.is_readable() { self.read() } else { Ok(Vec::new()) }
    }

    fn write(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match self.stream.try_write(&self.unsent) {
                Ok(bytes) => drop(self.unsent.drain(..bytes)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn read(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let mut buffer = [0; READ_BYTES];
        let mut rest = match self.stream.try_read(&mut buffer) {
            Ok(0) => return Err(ended()),
            Ok(bytes) => &buffer[..bytes],
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut lines = Vec::new();
        while let Some(line) = self.lines.next(&mut rest) {
            // One that is too long is none that a device knows.
            if let Content::Whole(line) = line.content {
                lines.push(line.to_vec());
            }
        }
        Ok(lines)
    }
}

/// Lines as text frames.
pub(crate) struct WebSocket {
    socket: WebSocketStream<Box<dyn Wire>>,
    unsent: VecDeque<Message>,
}

impl WebSocket {
    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Vec<Vec<u8>>>> {
        let before = self.unsent.len();
        self.poll_write(context)?;
        if self.unsent.len() < before {
            return Poll::Ready(Ok(Vec::new()));
        }
        loop {
            return match Pin::new(&mut self.socket).poll_next(context) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Some(Ok(Message::Text(text)))) => Poll::Ready(Ok(vec![text.as_bytes().to_vec()])),
                Poll::Ready(Some(Ok(Message::Close(_))) | None) => Poll::Ready(Err(ended())),
                Poll::Ready(Some(Ok(_))) => continue,
                Poll::Ready(Some(Err(error))) => Poll::Ready(Err(broken(error))),
            };
        }
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let mut socket = Pin::new(&mut self.socket);
        while !self.unsent.is_empty() {
            match socket.as_mut().poll_ready(context) {
                Poll::Ready(Ok(())) => {
                    if let Some(frame) = self.unsent.pop_front() {
                        socket.as_mut().start_send(frame).map_err(broken)?;
                    }
                }
                Poll::Ready(Err(error)) => return Err(broken(error)),
                Poll::Pending => return Ok(()),
            }
        }
        match socket.poll_flush(context) {
            Poll::Ready(Err(error)) => Err(broken(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
        }
    }
}

fn frame(line: &[u8]) -> Message {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    Message::text(String::from_utf8_lossy(line).into_owned())
}

fn ended() -> io::Error {
    io::Error::new(ErrorKind::UnexpectedEof, "the hub closed the connection")
}

fn broken(error: tungstenite::Error) -> io::Error {
    match error {
        tungstenite::Error::Io(error) => error,
        other => io::Error::other(other.to_string()),
    }
}
