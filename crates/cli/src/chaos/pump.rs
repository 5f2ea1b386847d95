//! One direction of a connection: bytes are read, held back, damaged and written on, as the faults of the moment have it.

use super::counts::Counts;
use super::fault::Faults;
use crate::simulate::Random;
use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::sleep_until;

/// Bytes read at once.
const PIECE_BYTES: usize = 16 * 1024;

/// Bytes that are held back in one direction of a connection. At more its sender is not read.
const HELD_BYTES_MAX: usize = 1024 * 1024;

/// Pieces in which a trickle leaves, a second.
const TRICKLES_A_SECOND: u32 = 20;

/// How a direction ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Its sender has closed its end, and all it said was passed on.
    Closed,
    /// It had as many bytes as it may.
    Cut,
}

/// One direction.
pub(super) struct Pump<'a> {
    pub(super) faults: watch::Receiver<Faults>,
    pub(super) random: Random,
    /// Bytes that this connection may still carry, of which both directions take.
    pub(super) allowance: &'a Allowance,
    pub(super) counts: &'a Counts,
    /// The one that counts the bytes of this direction.
    pub(super) bytes: &'a AtomicU64,
}

/// What one piece waits for.
struct Piece {
    due: Instant,
    bytes: Vec<u8>,
}

impl Pump<'_> {
    /// Carries bytes until its sender closes, the allowance is used up, or an end breaks.
    pub(super) async fn run(
        mut self,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<Ended> {
        let mut held: VecDeque<Piece> = VecDeque::new();
        let mut held_bytes = 0;
        let mut buffer = vec![0; PIECE_BYTES];
        let mut ended = false;
        loop {
            let faults = self.faults.borrow_and_update().clone();
            if faults.stall.at(Instant::now()) {
                self.wait(faults.stall.end()).await;
                continue;
            }
            if ended && held.is_empty() {
                to.shutdown().await?;
                return Ok(Ended::Closed);
            }
            let due = held.front().map(|piece| piece.due);
            let room = !ended && held_bytes < HELD_BYTES_MAX;
            tokio::select! {
                biased;
                () = wait_for(due), if due.is_some() => {
                    let Some(piece) = held.pop_front() else { continue };
                    held_bytes -= piece.bytes.len();
                    if self.pass(to, piece.bytes, &faults).await? == Some(Ended::Cut) {
                        return Ok(Ended::Cut);
                    }
                }
                changed = self.faults.changed() => {
                    if changed.is_err() {
                        return Ok(Ended::Cut);
                    }
                }
                read = from.read(&mut buffer), if room => {
                    let read = read?;
                    ended = read == 0;
                    if read > 0 {
                        let behind = held.back().map(|piece| piece.due);
                        held_bytes += read;
                        held.push_back(Piece { due: self.due(&faults, behind), bytes: buffer[..read].to_vec() });
                    }
                }
            }
        }
    }

    /// When what is read now is to leave: never before what was read before it.
    fn due(&mut self, faults: &Faults, behind: Option<Instant>) -> Instant {
        let jitter = faults.jitter.as_secs_f64();
        let seconds =
            faults.delay.as_secs_f64() + self.random.between(-jitter, jitter.max(f64::MIN_POSITIVE));
        let due = Instant::now() + Duration::from_secs_f64(seconds.max(0.0));
        behind.map_or(due, |behind| behind.max(due))
    }

    /// Writes `bytes` on, as fast as they may.
    async fn pass(
        &mut self,
        to: &mut (impl AsyncWrite + Unpin),
        mut bytes: Vec<u8>,
        faults: &Faults,
    ) -> io::Result<Option<Ended>> {
        let Some(rate) = faults.trickle else { return self.write(to, &mut bytes, faults).await };
        let step = (rate / TRICKLES_A_SECOND).max(1);
        for piece in bytes.chunks_mut(step as usize) {
            let now = self.faults.borrow().clone();
            if now.stall.at(Instant::now()) {
                self.wait(now.stall.end()).await;
            }
            let wait = Duration::from_secs_f64(piece.len() as f64 / f64::from(rate));
            if let Some(ended) = self.write(to, piece, faults).await? {
                return Ok(Some(ended));
            }
            // Once nobody wants a trickle any more the rest leaves at once.
            if self.faults.borrow().trickle.is_some() {
                tokio::time::sleep(wait).await;
            }
        }
        Ok(None)
    }

    async fn write(
        &mut self,
        to: &mut (impl AsyncWrite + Unpin),
        bytes: &mut [u8],
        faults: &Faults,
    ) -> io::Result<Option<Ended>> {
        let allowed = self.allowance.take(bytes.len());
        let bytes = &mut bytes[..allowed];
        if let Some(every) = faults.corrupt {
            self.corrupt(bytes, every);
        }
        to.write_all(bytes).await?;
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(self.allowance.is_used_up().then_some(Ended::Cut))
    }

    fn corrupt(&mut self, bytes: &mut [u8], every: u32) {
        for byte in bytes {
            if self.random.bits().is_multiple_of(u64::from(every)) {
                *byte ^= 1 << (self.random.bits() % 8);
                Counts::count(&self.counts.corrupted);
            }
        }
    }

    /// Waits until the faults change, or until `end`.
    async fn wait(&mut self, end: Option<Instant>) {
        tokio::select! {
            // Without a sender the relay ends, and this with it.
            _ = self.faults.changed() => {}
            () = wait_for(end), if end.is_some() => {}
        }
    }
}

async fn wait_for(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

/// How many bytes a connection may still carry.
pub(super) struct Allowance(AtomicU64);

/// There is no end to it.
const ENDLESS: u64 = u64::MAX;

impl Allowance {
    pub(super) fn new(bytes: Option<u64>) -> Self {
        Self(AtomicU64::new(bytes.unwrap_or(ENDLESS)))
    }

    /// It is so many bytes from now on.
    pub(super) fn set(&self, bytes: Option<u64>) {
        self.0.store(bytes.unwrap_or(ENDLESS), Ordering::Relaxed);
    }

    /// Takes as many of `wanted` as there are.
    fn take(&self, wanted: usize) -> usize {
        let wanted = wanted as u64;
        let less = |left: u64| if left == ENDLESS { left } else { left.saturating_sub(wanted) };
        let before = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(less(left)));
        let before = before.unwrap_or(ENDLESS);
        usize::try_from(before.min(wanted)).unwrap_or(usize::MAX)
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}
