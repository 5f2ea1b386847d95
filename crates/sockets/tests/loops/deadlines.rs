//! Deadlines, however late the loop comes to look at them.

use crate::rig::pair;
use sockets::{Endpoint, EventLoops, Outgoing};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// More than one look hears of.
const PEERS: usize = 1_500;

/// Counts what it was told.
#[derive(Default)]
struct Told {
    read: AtomicUsize,
    late: AtomicUsize,
}

struct Waits {
    deadline: Option<Instant>,
    told: Arc<Told>,
}

impl Endpoint for Waits {
    fn read(&mut self, _: &mut [u8]) {
        self.deadline = None;
        self.told.read.fetch_add(1, Ordering::SeqCst);
    }

    fn read_closed(&mut self) {}

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn timeout(&mut self) {
        self.deadline = None;
        self.told.late.fetch_add(1, Ordering::SeqCst);
    }

    fn write(&mut self, _: &mut Outgoing) {}

    fn is_over(&self) -> bool {
        false
    }
}

#[test]
fn what_had_arrived_before_a_deadline_is_read_before_it_however_many_are_ready() {
    // A machine on which all cannot speak within a second has longer.
    let late = (0..6).find_map(|tries| late_among(Duration::from_secs(1 << tries)));
    assert_eq!(late, Some(0), "of {PEERS} peers, which all spoke in time");
}

/// How many were told that their time was over, though they spoke before, when the loop looked at neither until it was.
/// Nothing: they did not speak before.
fn late_among(time: Duration) -> Option<usize> {
    let loops = EventLoops::start(1).expect("threads");
    let told = Arc::new(Told::default());
    let ((go, held), (enter, entered)) = (channel::<()>(), channel());
    // Keeps the loop from reading, as a slow disk or a suspended machine would, until `go` is dropped.
    let stall = move || {
        // Once is enough, and then nobody waits for it.
        let _ = (enter.send(()), held.recv());
    };
    let stall = loops.handle().task(stall).expect("it runs");
    let deadline = Instant::now() + time;
    let mut peers = Vec::new();
    for _ in 0..PEERS {
        let (ours, peer) = pair();
        let endpoint = Waits { deadline: Some(deadline), told: told.clone() };
        loops.handle().adopt(ours, Vec::new(), move |_| Box::new(endpoint));
        peers.push(peer);
    }
    stall.wake();
    entered.recv().expect("it is called");
    peers.iter_mut().for_each(|peer| peer.write_all(b"x").expect("written"));
    let in_time = Instant::now() < deadline;
    let (_nobody, speaks) = channel::<()>();
    while Instant::now() <= deadline {
        let _ = speaks.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
    drop(go);
    while told.read.load(Ordering::SeqCst) < PEERS {
        std::thread::yield_now();
    }
    in_time.then(|| told.late.load(Ordering::SeqCst))
}
