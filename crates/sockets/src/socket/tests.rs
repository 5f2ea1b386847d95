//! Connections whose time is an argument.

use super::*;
use crate::limits::READ_BYTES;
use socket2::SockRef;
use std::net::TcpListener;
use std::time::Duration;

const STALL_MAX: Duration = Duration::from_secs(10);
/// More than a socket takes at once.
const LONG: usize = 64 * 1024 * 1024;

/// Says something long once, and is over if it is told so.
struct Talks {
    said: bool,
    over: bool,
}

impl Endpoint for Talks {
    fn read(&mut self, _: &mut [u8]) {}

    fn read_closed(&mut self) {}

    fn write(&mut self, out: &mut Outgoing) {
        if !std::mem::replace(&mut self.said, true) {
            out.share(vec![7; LONG].into());
        }
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn stall_max(&self) -> Option<Duration> {
        Some(STALL_MAX)
    }
}

struct Stalled {
    socket: Socket,
    peer: std::net::TcpStream,
    lent: Lent,
    began: Instant,
}

impl Stalled {
    /// Has said more than its peer takes.
    fn new(over: bool) -> Self {
        Self::with_buffers(over, None)
    }

    /// The same where the system keeps little between the two, so that a little that is read makes room.
    fn narrow() -> Self {
        Self::with_buffers(false, Some(2 * 1024))
    }

    fn with_buffers(over: bool, bytes: Option<usize>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let peer =
            std::net::TcpStream::connect(listener.local_addr().expect("an address")).expect("it listens");
        let (stream, _) = listener.accept().expect("a connection");
        stream.set_nonblocking(true).expect("a socket");
        if let Some(bytes) = bytes {
            SockRef::from(&stream).set_send_buffer_size(bytes).expect("a socket");
            SockRef::from(&peer).set_recv_buffer_size(bytes).expect("a socket");
        }
        let socket = Socket::new(stream.into(), Box::new(Talks { said: false, over }));
        let lent = Lent { buffer: vec![0; READ_BYTES].into(), outgoing: Outgoing::default() };
        let mut stalled = Self { socket, peer, lent, began: Instant::now() };
        assert_eq!(stalled.serve(Duration::ZERO), Served::Idle);
        stalled
    }

    /// A turn so long after it began.
    fn serve(&mut self, after: Duration) -> Served {
        self.socket.serve(&mut self.lent, self.began + after, false).expect("it is not broken")
    }

    /// Has the peer read until there is room again, and lets it be filled so long after it began.
    fn takes_some(&mut self, after: Duration) {
        let left = |socket: &Socket| socket.unsent.as_ref().map_or(0, |unsent| unsent.length());
        let before = left(&self.socket);
        let mut buffer = vec![0; 1024 * 1024];
        while left(&self.socket) == before {
            self.peer.read_exact(&mut buffer).expect("there is more");
            self.socket.writable = true;
            assert_eq!(self.serve(after), Served::Idle);
        }
        assert!(left(&self.socket) > 0, "the test says too little");
    }

    fn is_cut(&mut self, after: Duration) -> bool {
        self.socket.look_at_the_time(self.began + after).is_err()
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_peer_that_takes_something_now_and_then_is_not_cut() {
    let mut stalled = Stalled::new(false);
    assert_eq!(stalled.socket.deadline(), Some(stalled.began + STALL_MAX));
    for round in 1..=3 {
        let after = round * (STALL_MAX - SECOND);
        assert!(!stalled.is_cut(after));
        stalled.takes_some(after);
        assert_eq!(stalled.socket.deadline(), Some(stalled.began + after + STALL_MAX));
    }
    let last = 3 * (STALL_MAX - SECOND);
    // Being looked at is no progress.
    stalled.socket.writable = true;
    stalled.serve(last + SECOND);
    assert!(!stalled.is_cut(last + STALL_MAX - SECOND));
    assert!(stalled.is_cut(last + STALL_MAX));
}

#[test]
fn a_peer_that_takes_a_few_bytes_at_a_time_has_no_more_time_for_that() {
    let mut stalled = Stalled::narrow();
    let (mut taken, mut restarts) = (0, 0);
    let left = |stalled: &Stalled| stalled.socket.unsent.as_ref().map_or(0, |unsent| unsent.length());
    let mut step = 0;
    while restarts < 2 {
        // Whenever it is looked at a millisecond has passed.
        step += 1;
        let (before, deadline) = (left(&stalled), stalled.socket.deadline());
        stalled.peer.read_exact(&mut [0; 256]).expect("there is more");
        stalled.socket.writable = true;
        stalled.serve(Duration::from_millis(step));
        taken += before - left(&stalled);
        if stalled.socket.deadline() != deadline {
            assert!(taken >= STALL_BYTES_MIN, "{taken} bytes are enough for it");
            (taken, restarts) = (0, restarts + 1);
        }
    }
}

#[test]
fn a_peer_that_has_read_all_has_no_limit_any_more() {
    let mut stalled = Stalled::new(false);
    let mut peer = stalled.peer.try_clone().expect("a socket");
    let reading = std::thread::spawn(move || peer.read_exact(&mut vec![0; LONG]).expect("all of it"));
    while stalled.socket.unsent.is_some() {
        stalled.socket.writable = true;
        stalled.serve(SECOND);
    }
    reading.join().expect("no panic");
    assert_eq!(stalled.socket.deadline(), None);
}

#[test]
fn one_that_parts_has_its_time_and_no_more_whatever_its_peer_takes() {
    let mut stalled = Stalled::new(true);
    assert!(stalled.socket.said_last, "all is said");
    stalled.takes_some(PARTING_MAX / 2);
    assert_eq!(stalled.socket.deadline(), Some(stalled.began + PARTING_MAX));
    assert!(!stalled.is_cut(PARTING_MAX / 2));
    assert!(stalled.is_cut(PARTING_MAX));
}

#[test]
fn one_that_becomes_over_while_it_is_stalled_has_its_time_too() {
    let mut stalled = Stalled::new(false);
    stalled.socket.endpoint = Box::new(Talks { said: true, over: true });
    stalled.serve(SECOND);
    assert_eq!(stalled.socket.deadline(), Some(stalled.began + SECOND + PARTING_MAX));
    stalled.takes_some(SECOND + PARTING_MAX / 2);
    assert_eq!(stalled.socket.deadline(), Some(stalled.began + SECOND + PARTING_MAX));
    assert!(!stalled.socket.said_last, "it may still say its last");
}

#[test]
fn a_peer_that_does_not_close_is_cut() {
    let mut stalled = Stalled::new(true);
    let mut peer = stalled.peer.try_clone().expect("a socket");
    let reading = std::thread::spawn(move || {
        let mut came = Vec::new();
        peer.read_to_end(&mut came).expect("no error, only the end");
        came.len()
    });
    while !stalled.socket.closed {
        stalled.socket.writable = true;
        assert_eq!(stalled.serve(PARTING_MAX / 2), Served::Idle);
    }
    assert_eq!(reading.join().expect("no panic"), LONG);
    assert!(stalled.is_cut(PARTING_MAX));
}
