//! Thousands of connections that mean no good, from several addresses of the loopback network; each is opened again when it was
//! closed, once in a round.

use crate::kinds::{KINDS, Kind};
use crate::target::Addresses;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, Interest};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

/// From how many addresses they come: 127.7.0.1 and on. It shares no factor with the number of kinds, so that each kind comes from
/// each of them.
const ADDRESSES: usize = 16;
/// How often one that was closed comes back at most.
const ROUND: Duration = Duration::from_secs(7);
/// After so long one is taken for never closed.
const CLOSED_MAX: Duration = Duration::from_secs(20);
/// Bytes that the system of one that reads slowly takes for it.
const SLOW_READ_BYTES: u32 = 2_048;

/// What became of those of one kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fate {
    pub(crate) opened: u64,
    /// Those that did not even get a connection, or one of which the hub never heard.
    pub(crate) refused: u64,
    /// Milliseconds that each was open.
    pub(crate) open_ms: Vec<u32>,
    /// Those that nobody closed.
    pub(crate) left_open: u64,
}

pub(crate) type Fates = BTreeMap<Kind, Fate>;

pub(crate) struct Swarm {
    over: Arc<AtomicBool>,
    ended: JoinHandle<Fates>,
}

impl Swarm {
    /// `connections` at a time, for so long.
    pub(crate) fn begin(addresses: Addresses, connections: usize, length: Duration) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let tells = over.clone();
        let ended = std::thread::spawn(move || {
            stand_back();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let fates = runtime.expect("a runtime").block_on(attack(addresses, connections, length));
            tells.store(true, Ordering::Relaxed);
            fates
        });
        Self { over, ended }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    pub(crate) fn end(self) -> Fates {
        self.ended.join().expect("it only counts")
    }
}

/// Attackers have machines of their own, and this one is to be the hub's: this thread runs where no other would. Being nice is not
/// enough, as Linux lets even the nicest finish its slice of some 3 ms before somebody who waits. Where there is no `chrt`, what
/// guests wait is longer.
fn stand_back() {
    let Ok(thread) = fs::read_link("/proc/thread-self") else { return };
    let number = thread.file_name().unwrap_or_default();
    let _ = Command::new("chrt").args(["--idle", "--pid", "0"]).arg(number).status();
}

async fn attack(addresses: Addresses, connections: usize, length: Duration) -> Fates {
    let (begin, addresses) = (tokio::time::Instant::now(), Arc::new(addresses));
    let mut slots = JoinSet::new();
    for number in 0..connections {
        let addresses = addresses.clone();
        slots.spawn(async move {
            let kind = KINDS[number % KINDS.len()];
            let mut fate = Fate::default();
            // Spread over a round, so that no burst of our own making is measured.
            let mut next = begin + ROUND.mul_f64(number as f64 / connections as f64);
            while next < begin + length {
                sleep_until(next).await;
                once(kind, number, &addresses, &mut fate).await;
                next = (next + ROUND).max(tokio::time::Instant::now());
            }
            (kind, fate)
        });
    }
    let mut fates = Fates::new();
    while let Some(slot) = slots.join_next().await {
        let (kind, one) = slot.expect("it only counts");
        let fate = fates.entry(kind).or_default();
        fate.opened += one.opened;
        fate.refused += one.refused;
        fate.left_open += one.left_open;
        fate.open_ms.extend(one.open_ms);
    }
    fates
}

async fn once(kind: Kind, number: usize, addresses: &Addresses, fate: &mut Fate) {
    let from = Ipv4Addr::new(127, 7, 0, (number % ADDRESSES) as u8 + 1);
    let Ok(Ok(mut stream)) = timeout(CLOSED_MAX, connect(kind, from, kind.address(addresses))).await else {
        fate.refused += 1;
        return;
    };
    fate.opened += 1;
    let since = Instant::now();
    let closed = timeout(CLOSED_MAX, bother(kind, &mut stream, &kind.first(addresses))).await;
    match closed {
        Ok(()) => fate.open_ms.push(since.elapsed().as_millis() as u32),
        Err(_) if is_heard(&mut stream).await => fate.left_open += 1,
        Err(_) => fate.refused += 1,
    }
}

/// Whether the other end has the connection: of more than wait to be accepted the system forgets those that say nothing, and does
/// not tell them. One that says something is told then.
async fn is_heard(stream: &mut TcpStream) -> bool {
    let says = async {
        while stream.write_all(b" ").await.is_ok() && stream.readable().await.is_ok() {
            match stream.try_read(&mut [0; 1024]) {
                Ok(1..) => {}
                Ok(_) => return,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    };
    timeout(Duration::from_secs(3), says).await.is_err()
}

async fn connect(kind: Kind, from: Ipv4Addr, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if kind == Kind::Read {
        socket.set_recv_buffer_size(SLOW_READ_BYTES)?;
    }
    socket.bind((from, 0).into())?;
    socket.connect(to).await
}

/// Until the other end closes.
async fn bother(kind: Kind, stream: &mut TcpStream, first: &[u8]) {
    let manner = kind.manner();
    if stream.write_all(first).await.is_err() {
        return;
    }
    let (mut reading, mut writing) = stream.split();
    let mut buffer = [0; 1024];
    let mut next = tokio::time::Instant::now() + manner.every;
    loop {
        tokio::select! {
            read = reading.read(&mut buffer), if manner.reads => if read.is_ok_and(|bytes| bytes > 0) {
                continue;
            } else {
                return;
            },
            // One that does not read hears only that it was broken off.
            _ = writing.ready(Interest::ERROR), if !manner.reads => return,
            () = sleep_until(next), if !manner.drip.is_empty() => {
                // Where nothing is taken any more, it is not closed for that.
                let said = timeout(manner.every, writing.write_all(manner.drip)).await;
                if said.is_ok_and(|said| said.is_err()) {
                    return;
                }
                next = tokio::time::Instant::now() + manner.every;
            }
        }
    }
}
