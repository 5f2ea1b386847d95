//! Lines over WebSocket: one per text frame, without its `\n`.

use crate::clock;
use crate::limits::{CLOSING_MAX, SETTLING_MAX};
use crate::register::{Admitted, Gateway};
use axum::Error;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use futures_util::{Sink, SinkExt, Stream};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::time::timeout;

/// Drives a device on `socket`, which was upgraded for it, until it is over. `first` is a frame that was read to find
/// out that it is one.
///
/// Whoever upgrades sets a small read buffer, and lets messages be a little longer than
/// [`protocol::limits::LINE_BYTES_MAX`], so that a line that is too long is answered before the connection would break.
pub async fn websocket(
    gateway: Gateway,
    mut socket: WebSocket,
    first: Option<Utf8Bytes>,
    address: SocketAddr,
) {
    let mut admitted = match gateway.admit(format!("websocket {address}")) {
        Ok(admitted) => admitted,
        Err(bye) => {
            tracing::warn!(%address, %bye, "turned away a device");
            let told = async {
                let _ = socket.send(Message::Text(text(&super::farewell(bye)))).await;
                let _ = socket.close().await;
            };
            let _ = timeout(CLOSING_MAX, told).await;
            return;
        }
    };
    if let Some(first) = first {
        read(&mut admitted, first.as_bytes());
    }
    if drive(&mut admitted, &mut socket).await.is_err() {
        return;
    }
    admitted.leave();
    let courtesy = async {
        let _ = poll_fn(|context| poll_write(&mut admitted, &mut socket, context)).await;
        let _ = socket.close().await;
    };
    let _ = timeout(CLOSING_MAX, courtesy).await;
}

/// Until the conversation is over, with lines perhaps left to write. An error is a connection that broke.
async fn drive(admitted: &mut Admitted, socket: &mut WebSocket) -> Result<(), Error> {
    while !admitted.connection.closing() {
        let reads = admitted.connection.reads();
        let mailbox = admitted.mailbox.clone();
        let at = admitted.connection.poll_timeout();
        tokio::select! {
            posts = mailbox.take() => admitted.post_all(posts),
            frame = poll_fn(|context| poll_frame(admitted, socket, reads, context)) => match frame? {
                Some(Message::Text(line)) => read(admitted, line.as_bytes()),
                Some(Message::Binary(line)) => read(admitted, &line),
                Some(Message::Ping(_) | Message::Pong(_)) => admitted.connection.heard(clock::now()),
                Some(Message::Close(_)) | None => return settle(admitted).await,
            },
            () = clock::sleep_until(at) => admitted.connection.timeout(clock::now()),
        }
        admitted.connection.check_slow(clock::now());
    }
    Ok(())
}

/// A frame is a line. What holds several is read as several.
fn read(admitted: &mut Admitted, frame: &[u8]) {
    let mut bytes = Vec::with_capacity(frame.len() + 1);
    bytes.extend_from_slice(frame);
    if !frame.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    admitted.connection.read(clock::now(), &bytes);
}

/// Writes what can be written, then looks for a frame, if the connection reads.
fn poll_frame(
    admitted: &mut Admitted,
    socket: &mut WebSocket,
    reads: bool,
    context: &mut Context<'_>,
) -> Poll<Result<Option<Message>, Error>> {
    if let Poll::Ready(Err(error)) = poll_write(admitted, socket, context) {
        return Poll::Ready(Err(error));
    }
    if !reads {
        return Poll::Pending;
    }
    Poll::Ready(ready!(Pin::new(socket).poll_next(context)).transpose())
}

fn poll_write(
    admitted: &mut Admitted,
    socket: &mut WebSocket,
    context: &mut Context<'_>,
) -> Poll<Result<(), Error>> {
    while let Some(end) = admitted.connection.unsent().iter().position(|byte| *byte == b'\n') {
        ready!(Pin::new(&mut *socket).poll_ready(context))?;
        let line = text(&admitted.connection.unsent()[..=end]);
        Pin::new(&mut *socket).start_send(Message::Text(line))?;
        admitted.connection.sent(end + 1);
    }
    Pin::new(socket).poll_flush(context)
}

/// A line as a frame's text, without its end.
fn text(line: &[u8]) -> Utf8Bytes {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    String::from_utf8_lossy(line).into_owned().into()
}

/// The device closed: what it said before is still taken over.
async fn settle(admitted: &mut Admitted) -> Result<(), Error> {
    let settled = async {
        while !admitted.connection.settled() {
            let posts = admitted.mailbox.take().await;
            admitted.post_all(posts);
        }
    };
    let _ = timeout(SETTLING_MAX, settled).await;
    Ok(())
}
