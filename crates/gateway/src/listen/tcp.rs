//! Lines over TCP: the bytes as they are.

use super::accept::{self, accepting};
use super::{Came, Framing, end};
use crate::clock;
use crate::place::{Address, Transport};
use crate::register::Gateway;
use sockets::Outgoing;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};

/// Accepts devices on `listener` until the gateway stops, and gives them to its event loops.
pub async fn serve(gateway: Gateway, listener: TcpListener) {
    let take = |(stream, peer)| hand_over(&gateway, stream, peer, Transport::Tcp, || Bytes);
    accepting(&gateway, &listener, take).await;
}

/// Gives a connection to the event loops. `framing` is made there.
pub(super) fn hand_over<F: Framing>(
    gateway: &Gateway,
    stream: TcpStream,
    peer: SocketAddr,
    transport: Transport,
    framing: impl FnOnce() -> F + Send + 'static,
) {
    let (address, since) = (Address::new(transport, peer), clock::now());
    match stream.into_std() {
        Ok(stream) => {
            let (at, from) = (gateway.clone(), address.clone());
            accept::hand_over(gateway, stream, address, move |remote| {
                end(&at, from, since, remote, framing())
            });
        }
        Err(error) => tracing::warn!(%address, %error, "cannot take a device over"),
    }
}

/// Lines as the bytes they are.
pub(super) struct Bytes;

impl Framing for Bytes {
    fn read(&mut self, bytes: &mut [u8], lines: impl FnOnce(&[u8])) -> Came {
        lines(bytes);
        Came::More
    }

    fn write(&mut self, lines: &[u8], _: bool, out: &mut Outgoing) {
        if !lines.is_empty() {
            out.push(lines);
        }
    }
}
