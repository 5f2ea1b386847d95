//! Lines over TCP: the bytes as they are.

use super::{Came, Framing, end};
use crate::limits::ACCEPT_PAUSE;
use crate::place::{Address, Transport};
use crate::register::Gateway;
use sockets::Outgoing;
use std::io::ErrorKind;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// Accepts devices on `listener` until the gateway stops, and gives them to its event loops.
pub async fn serve(gateway: Gateway, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = gateway.stopped() => return,
        };
        match accepted {
            Ok((stream, peer)) => hand_over(&gateway, stream, peer),
            Err(error) => {
                // Of one connection that broke at once there is nothing to say; without room for files there is.
                if !matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) {
                    tracing::warn!(%error, "cannot accept a device");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

fn hand_over(gateway: &Gateway, stream: TcpStream, peer: SocketAddr) {
    let address = Address::new(Transport::Tcp, peer);
    match stream.into_std() {
        Ok(stream) => {
            let at = gateway.clone();
            gateway.loops().adopt(stream, Vec::new(), move |remote| end(&at, address, remote, Tcp));
        }
        Err(error) => tracing::warn!(%address, %error, "cannot take a device over"),
    }
}

pub(super) struct Tcp;

impl Framing for Tcp {
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
