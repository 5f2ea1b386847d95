//! Our own accept loop: each connection has a time for its headers, there is a limit of connections, another one of those who
//! have shown nothing yet, and stopping waits for what is under way. A connection that becomes a WebSocket is let go of: its place is free then.
//!
//! `axum::serve` arms no timeout for headers, so that one slow client could hold a connection for ever.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper::upgrade::Upgraded;
use hyper_util::rt::{TokioIo, TokioTimer};
use protocol::intake::StrangerLimit;
use sockets::doorway::Came;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::server::TlsStream;
use tower_service::Service as _;

use super::front::OverTls;
use super::guest::{Entrance, Guest};
use super::held::Held;
use super::limits::{
    ACCEPT_PAUSE, CONNECTIONS_MAX, HEADER_BYTES_MAX, HEADERS_MAX, HEADERS_WAIT_MAX, STOP_WAIT_MAX,
    STRANGER_SECONDS_MAX,
};
use super::secure::{Secured, Shown, answer_plainly, secure};
use super::socket::Raw;
use super::timely::Timely;

/// Accepts connections and answers their requests with `router`, until `shutdown` becomes true (or its sender is gone).
/// Then requests under way are finished, [`STOP_WAIT_MAX`] at the longest. WebSockets are others' by then.
///
/// `entrance` lets in whoever has shown nothing yet; several listeners may share it. Each request carries the peer's address
/// as [`ConnectInfo<SocketAddr>`].
pub async fn serve(
    listener: TcpListener,
    router: Router,
    entrance: Entrance,
    shutdown: watch::Receiver<bool>,
) {
    accept(listener, router, entrance, None, shutdown).await;
}

/// The same over TLS, where each connection is shown what `shown` gives when it begins.
pub async fn serve_tls(
    listener: TcpListener,
    shown: Shown,
    router: Router,
    entrance: Entrance,
    shutdown: watch::Receiver<bool>,
) {
    accept(listener, router, entrance, Some(shown), shutdown).await;
}

async fn accept(
    listener: TcpListener,
    router: Router,
    entrance: Entrance,
    shown: Option<Shown>,
    mut shutdown: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await.expect("this semaphore is never closed");
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = stopped(&mut shutdown) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let newcomer = Newcomer { stream, peer, place, since: Instant::now() };
                newcomer.enter(&entrance, router.clone(), shown.clone(), shutdown.clone());
            }
            Err(error) => {
                drop(place);
                pause(&error).await;
            }
        }
    }
    drop(listener);
    drop(timeout(STOP_WAIT_MAX, places.acquire_many(CONNECTIONS_MAX as u32)).await);
}

/// A connection that was accepted, of which nothing was read.
struct Newcomer {
    stream: TcpStream,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
    since: Instant,
}

impl Newcomer {
    /// Lets it in, now or when there is room for one more stranger.
    fn enter(
        self,
        entrance: &Entrance,
        router: Router,
        shown: Option<Shown>,
        shutdown: watch::Receiver<bool>,
    ) {
        // Answers are written whole: waiting for more to send along only delays them.
        if let Err(error) = self.stream.set_nodelay(true) {
            tracing::debug!(peer = %self.peer, %error, "the connection was over before it began");
        }
        let (runtime, doorway) = (Handle::current(), entrance.doorway());
        let (until, from) = (self.since + doorway.wait_max(), self.peer.ip());
        let tells = entrance.clone();
        let came = doorway.enter(entrance.origin(self.peer.ip()), move |stay| {
            let guest = Guest::new(stay, self.since);
            let Self { stream, peer, place, since } = self;
            // Whoever gives its place back may be in an event loop.
            runtime.spawn(async move {
                let held = Held::new(stream, guest.clone(), place);
                let asking = Asking { guest, peer, router, tells };
                match shown {
                    Some(shown) => securely(held, &shown, since, asking, shutdown).await,
                    None => {
                        let told = asking.clone();
                        let answers = service_fn(move |request| told.clone().answer(request, false));
                        converse(held, answers, since, asking, shutdown).await;
                    }
                }
            });
        });
        match came {
            Came::Inside => {}
            Came::TurnedAway => entrance.limit_hit(StrangerLimit::Room, from),
            Came::Waits(waiting) => {
                let entrance = entrance.clone();
                tokio::spawn(async move {
                    sleep_until(until).await;
                    if entrance.doorway().give_up(waiting) {
                        entrance.limit_hit(StrangerLimit::Room, from);
                    }
                });
            }
        }
    }
}

/// A connection that its own peer broke while it was accepted is nothing. Without file descriptors the next attempt
/// would fail at once.
async fn pause(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted) {
        return;
    }
    tracing::warn!(%error, "cannot accept connections");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

/// Who asks, and whom.
#[derive(Clone)]
struct Asking {
    guest: Guest,
    peer: SocketAddr,
    router: Router,
    tells: Entrance,
}

/// As [`converse`], once TLS is agreed upon.
async fn securely(
    held: Held,
    shown: &Shown,
    since: Instant,
    asking: Asking,
    shutdown: watch::Receiver<bool>,
) {
    match secure(held, shown, since + STRANGER_SECONDS_MAX).await {
        Ok(Secured::Over(stream)) => {
            let told = asking.clone();
            let answers = service_fn(move |request| told.clone().answer(request, true));
            converse(*stream, answers, since, asking, shutdown).await;
        }
        Ok(Secured::Plain(held)) => {
            converse(held, service_fn(answer_plainly), since, asking, shutdown).await;
        }
        Err(error) => tracing::debug!(peer = %asking.peer, %error, "no TLS was agreed upon"),
    }
}

/// `since`: when it was accepted. Its first request must have come whole [`STRANGER_SECONDS_MAX`] later, however long it had to
/// wait before anything was read of it.
async fn converse<S, A>(
    stream: S,
    answers: A,
    since: Instant,
    Asking { guest, peer, tells, .. }: Asking,
    mut shutdown: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    A: HttpService<Incoming, ResBody = Body, Error = Infallible>,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WAIT_MAX)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), answers)
        .with_upgrades();
    let mut connection = pin!(connection);
    let first = async {
        sleep_until(since + STRANGER_SECONDS_MAX).await;
        if guest.has_asked() {
            std::future::pending::<()>().await;
        }
    };
    // A browser opens connections ahead and says nothing on them: that is no attack.
    let too_slow = || {
        if guest.has_said() && !guest.has_asked() {
            tells.limit_hit(StrangerLimit::Time, peer.ip());
        }
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended.inspect_err(|error| if error.is_timeout() { too_slow() }),
        () = first => {
            too_slow();
            Ok(())
        }
        () = stopped(&mut shutdown) => {
            connection.as_mut().graceful_shutdown();
            timeout(STOP_WAIT_MAX, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended");
    }
}

/// Waits for the end. An error says that whoever could tell is gone: that too is the end.
async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    drop(shutdown.wait_for(|stop| *stop).await);
}

impl Asking {
    async fn answer(self, mut request: Request<Incoming>, over_tls: bool) -> Result<Response, Infallible> {
        let Self { guest, peer, mut router, .. } = self;
        guest.asks();
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(guest.clone());
        if over_tls {
            request.extensions_mut().insert(OverTls);
        }
        router.call(request.map(|body| Body::new(Timely::new(body, guest)))).await
    }
}

/// Takes a connection back that was upgraded, and gives its place back. Nothing: it is none of [`serve`]'s.
///
/// # Errors
/// The system does not let go of it.
pub(super) fn let_go(upgraded: Upgraded) -> Option<io::Result<Raw>> {
    let (held, read, tls) = match upgraded.downcast::<TokioIo<Held>>() {
        Ok(parts) => (parts.io.into_inner(), parts.read_buf, None),
        Err(upgraded) => {
            let parts = upgraded.downcast::<TokioIo<TlsStream<Held>>>().ok()?;
            let (held, tls) = parts.io.into_inner().into_inner();
            (held, parts.read_buf, Some(Box::new(tls)))
        }
    };
    let cut_at = held.guest.cut_at().into_std();
    let stay = held.guest.take_stay().map(|stay| stay.at_most_until(cut_at));
    let stream = held.stream.into_std();
    Some(stream.map(|stream| Raw { stream, read: read.into(), tls, stay }))
}
