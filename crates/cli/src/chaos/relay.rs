//! Takes connections and carries each to where it is to lead, both directions at once.

use super::counts::Counts;
use super::fault::{Faults, Untold};
use super::pump::{Allowance, Ended, Pump};
use crate::simulate::Random;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

/// Connections at once. One more is ended at once, and counted as refused.
const CONNECTIONS_MAX: u64 = 4_096;

/// How long accepting pauses when the system can open no further socket.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What all connections share. Cheap to clone.
#[derive(Clone)]
pub(super) struct Relay {
    pub(super) to: Arc<str>,
    pub(super) faults: watch::Receiver<Faults>,
    pub(super) counts: Arc<Counts>,
    pub(super) seed: u64,
}

/// What becomes of a connection whose two ends are there.
enum Fate {
    /// Both sides have closed.
    Closed,
    /// It is ended for both.
    Cut,
    /// It is ended for one.
    Halved,
}

impl Relay {
    /// Takes connections for ever.
    pub(super) async fn run(self, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => self.take(stream),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn take(&self, stream: TcpStream) {
        let refuses = self.faults.borrow().refuse.at(Instant::now());
        if refuses || self.counts.open.load(Ordering::Relaxed) >= CONNECTIONS_MAX {
            Counts::count(&self.counts.refused);
            return reset(&stream);
        }
        let number = self.counts.connections.fetch_add(1, Ordering::Relaxed);
        Counts::count(&self.counts.open);
        let relay = self.clone();
        tokio::spawn(async move {
            if let Err(error) = relay.carry(stream, number).await {
                tracing::debug!(%error, number, "a connection broke");
            }
            relay.counts.open.fetch_sub(1, Ordering::Relaxed);
        });
    }

    async fn carry(&self, mut near: TcpStream, number: u64) -> io::Result<()> {
        near.set_nodelay(true)?;
        let mut faults = self.faults.clone();
        let now = faults.borrow_and_update().clone();
        if now.half_open.at(Instant::now()) && now.untold == Untold::Listen {
            Counts::count(&self.counts.half_open);
            return self.swallow(&mut near, faults).await;
        }
        let far = match TcpStream::connect(&*self.to).await {
            Ok(far) => far,
            Err(error) => {
                Counts::count(&self.counts.unreached);
                reset(&near);
                return Err(error);
            }
        };
        far.set_nodelay(true)?;
        self.join(near, far, faults, number).await
    }

    /// Carries both directions until both are closed, or a fault ends them.
    async fn join(
        &self,
        mut near: TcpStream,
        mut far: TcpStream,
        mut faults: watch::Receiver<Faults>,
        number: u64,
    ) -> io::Result<()> {
        let before = faults.borrow_and_update().clone();
        let allowance = Allowance::new(before.cut_after);
        let pump = |direction: u64, bytes| Pump {
            faults: self.faults.clone(),
            random: Random::new(self.seed ^ (2 * number + direction).wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            allowance: &allowance,
            counts: &self.counts,
            bytes,
        };
        let (there, back) = (pump(0, &self.counts.bytes_to), pump(1, &self.counts.bytes_back));
        let fate = {
            let (mut near_reads, mut near_writes) = near.split();
            let (mut far_reads, mut far_writes) = far.split();
            let both = async {
                tokio::try_join!(
                    whole(there.run(&mut near_reads, &mut far_writes)),
                    whole(back.run(&mut far_reads, &mut near_writes))
                )
            };
            tokio::select! {
                // What broke for one side is ended for the other as well.
                both = both => if both.is_ok() { Fate::Closed } else { Fate::Cut },
                fate = ordered(&mut faults, &before, &allowance) => fate,
            }
        };
        match fate {
            Fate::Closed => return Ok(()),
            Fate::Cut => {
                Counts::count(&self.counts.cut);
                reset(&near);
                reset(&far);
                return Ok(());
            }
            Fate::Halved => Counts::count(&self.counts.half_open),
        }
        let untold = faults.borrow().untold;
        let (mut kept, lost) = if untold == Untold::Listen { (near, far) } else { (far, near) };
        reset(&lost);
        drop(lost);
        self.swallow(&mut kept, faults).await
    }

    /// Nobody is at the other end any more, which `kept` is not told: what it says leads nowhere, until it closes or all is cut.
    async fn swallow(&self, kept: &mut TcpStream, mut faults: watch::Receiver<Faults>) -> io::Result<()> {
        let cuts = faults.borrow_and_update().cuts;
        let mut nowhere = vec![0; 4 * 1024];
        loop {
            tokio::select! {
                read = kept.read(&mut nowhere) => if read? == 0 { return Ok(()) },
                changed = faults.changed() => if changed.is_err() || faults.borrow().cuts != cuts {
                    Counts::count(&self.counts.cut);
                    reset(kept);
                    return Ok(());
                },
            }
        }
    }
}

/// A direction that is cut ends the other one too.
async fn whole(pump: impl Future<Output = io::Result<Ended>>) -> io::Result<()> {
    match pump.await? {
        Ended::Closed => Ok(()),
        Ended::Cut => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

/// Waits until an order ends this connection.
async fn ordered(faults: &mut watch::Receiver<Faults>, before: &Faults, allowance: &Allowance) -> Fate {
    let mut said = before.cut_after_said;
    loop {
        if faults.changed().await.is_err() {
            return Fate::Cut;
        }
        let now = faults.borrow_and_update();
        if now.cuts != before.cuts {
            return Fate::Cut;
        }
        if now.halvings != before.halvings {
            return Fate::Halved;
        }
        if now.cut_after_said != said {
            said = now.cut_after_said;
            allowance.set(now.cut_after);
            if allowance.is_used_up() {
                return Fate::Cut;
            }
        }
    }
}

/// Has the end of `stream` come as a reset: what it has not read goes with it.
fn reset(stream: &TcpStream) {
    // Where the system will not, it is closed in the ordinary way.
    let _ = stream.set_zero_linger();
}
