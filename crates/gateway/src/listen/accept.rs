//! Accepting devices on a listener, of whatever kind, until the gateway stops.

use crate::clock;
use crate::limits::ACCEPT_PAUSE;
use crate::place::Address;
use crate::register::Gateway;
use protocol::intake::StrangerLimit;
use sockets::doorway::Came;
use sockets::{Endpoint, Remote, Stream};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// A listener.
pub(super) trait Listener: Sync {
    /// What it brings.
    type Accepted: Send;

    /// The next connection. It may be given up at any time.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Accepted>> + Send;
}

impl Listener for TcpListener {
    type Accepted = (TcpStream, SocketAddr);

    fn accept(&self) -> impl Future<Output = io::Result<Self::Accepted>> + Send {
        TcpListener::accept(self)
    }
}

#[cfg(unix)]
impl Listener for tokio::net::UnixListener {
    type Accepted = tokio::net::UnixStream;

    async fn accept(&self) -> io::Result<Self::Accepted> {
        Ok(tokio::net::UnixListener::accept(self).await?.0)
    }
}

/// Hands to `take` whatever `listener` brings.
pub(super) async fn accepting<L: Listener>(
    gateway: &Gateway,
    listener: &L,
    take: impl Fn(L::Accepted) + Send,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = gateway.stopped() => return,
        };
        match accepted {
            Ok(accepted) => take(accepted),
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

/// Gives a connection from `address`, which was accepted now, to the event loops, at once or when there is room for one more
/// stranger. `make` is called there. One that waits for too long is closed, and one for which there is not even room to wait.
pub(super) fn hand_over(
    gateway: &Gateway,
    stream: impl Into<Stream>,
    address: Address,
    make: impl FnOnce(Remote) -> Box<dyn Endpoint> + Send + 'static,
) {
    let (loops, stream) = (gateway.loops().clone(), stream.into());
    let came = gateway.doorway().enter(address.origin(), move |stay| {
        loops.adopt(stream.of_stranger(Some(stay)), Vec::new(), make);
    });
    let note = |gateway: &Gateway, address: &Address| {
        gateway.turned_away().note(clock::now().mono, address, &"too many have not identified");
        gateway.limit_hit(StrangerLimit::Room, address);
    };
    match came {
        Came::Inside => {}
        Came::TurnedAway => note(gateway, &address),
        Came::Waits(waiting) => {
            let gateway = gateway.clone();
            tokio::spawn(async move {
                sleep(gateway.doorway().wait_max()).await;
                if gateway.doorway().give_up(waiting) {
                    note(&gateway, &address);
                }
            });
        }
    }
}
