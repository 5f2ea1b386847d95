//! Lines over TCP.

use crate::clock;
use crate::limits::{ACCEPT_PAUSE, CLOSING_MAX, READ_BYTES, SETTLING_MAX};
use crate::register::{Admitted, Gateway};
use protocol::limits::TCP_KEEPALIVE_SECONDS;
use socket2::{SockRef, TcpKeepalive};
use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

thread_local! {
    /// What is read goes through here: no connection has a read buffer of its own.
    static READ: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

/// Accepts devices on `listener` until the gateway stops.
pub async fn serve(gateway: Gateway, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = gateway.stopped() => return,
        };
        match accepted {
            Ok((stream, address)) => welcome_in(&gateway, stream, &format!("tcp {address}")),
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

fn welcome_in(gateway: &Gateway, stream: TcpStream, address: &str) {
    if let Err(error) = prepare(&stream) {
        tracing::debug!(address, %error, "socket options");
    }
    match gateway.admit(address.to_owned()) {
        Ok(admitted) => {
            tokio::spawn(drive(admitted, stream));
        }
        Err(bye) => {
            tracing::warn!(address, %bye, "turned away a device");
            // The socket was just opened: a line fits, and nothing waits for it.
            let _ = stream.try_write(&super::farewell(bye));
        }
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let probe = Duration::from_secs(TCP_KEEPALIVE_SECONDS);
    let keepalive = TcpKeepalive::new().with_time(probe).with_interval(probe / 3).with_retries(3);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

/// How a turn of a connection ended.
enum Turn {
    /// There is more to come.
    On,
    /// The device closed its end: it says no more and may still read.
    DeviceDone,
    /// The connection is broken.
    Broken,
}

/// Carries bytes, posts and time into the connection, and bytes out of it, until it is over.
async fn drive(mut admitted: Admitted, mut stream: TcpStream) {
    loop {
        match turn(&mut admitted, &stream).await {
            Turn::On if admitted.connection.closing() => break,
            Turn::On => {}
            Turn::DeviceDone => {
                settle(&mut admitted, &stream).await;
                break;
            }
            Turn::Broken => return,
        }
    }
    admitted.leave();
    let _ = timeout(CLOSING_MAX, part(&mut stream, admitted.connection.unsent())).await;
}

async fn turn(admitted: &mut Admitted, stream: &TcpStream) -> Turn {
    let mut interest = None;
    if admitted.connection.reads() {
        interest = Some(Interest::READABLE);
    }
    if !admitted.connection.unsent().is_empty() {
        interest = Some(interest.map_or(Interest::WRITABLE, |read| read | Interest::WRITABLE));
    }
    let ready = async {
        match interest {
            Some(interest) => stream.ready(interest).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        posts = admitted.mailbox.take() => admitted.post_all(posts),
        ready = ready => match ready {
            Ok(ready) if ready.is_readable() => match read(admitted, stream) {
                Turn::On => {}
                end => return end,
            },
            Ok(_) => {}
            Err(_) => return Turn::Broken,
        },
        () = clock::sleep_until(admitted.connection.poll_timeout()) => admitted.connection.timeout(clock::now()),
    }
    write(admitted, stream)
}

fn read(admitted: &mut Admitted, stream: &TcpStream) -> Turn {
    if !admitted.connection.reads() {
        return Turn::On;
    }
    READ.with_borrow_mut(|buffer| match stream.try_read(buffer) {
        Ok(0) => Turn::DeviceDone,
        Ok(bytes) => {
            admitted.connection.read(clock::now(), &buffer[..bytes]);
            Turn::On
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => Turn::On,
        Err(_) => Turn::Broken,
    })
}

/// Everything that one turn brought leaves in one write, as far as it goes.
fn write(admitted: &mut Admitted, stream: &TcpStream) -> Turn {
    if admitted.connection.unsent().is_empty() {
        return Turn::On;
    }
    match stream.try_write(admitted.connection.unsent()) {
        Ok(bytes) => admitted.connection.sent(bytes),
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        Err(_) => return Turn::Broken,
    }
    admitted.connection.check_slow(clock::now());
    Turn::On
}

/// The device said its last: what it said before is still taken over and acked.
async fn settle(admitted: &mut Admitted, stream: &TcpStream) {
    let settled = async {
        while !admitted.connection.settled() {
            let posts = admitted.mailbox.take().await;
            admitted.post_all(posts);
            if let Turn::Broken = write(admitted, stream) {
                return;
            }
        }
    };
    let _ = timeout(SETTLING_MAX, settled).await;
}

/// Writes what is left and waits until the device has closed its end too: closing over what it still sends would
/// take the last lines away from it.
async fn part(stream: &mut TcpStream, left: &[u8]) -> io::Result<()> {
    stream.write_all(left).await?;
    stream.shutdown().await?;
    let mut ignored = [0; 512];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}
