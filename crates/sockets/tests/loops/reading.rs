//! What peers send, and how it is shared out.

use crate::rig::{Does, Joined, PATIENCE, Told, pair};
use sockets::limits::READ_BYTES;
use sockets::{Endpoint, EventLoops, Outgoing, Remote};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;

/// Says back what it hears, and ends when its peer does.
#[derive(Default)]
struct Echo {
    heard: Vec<u8>,
    over: bool,
}

impl Endpoint for Echo {
    fn read(&mut self, bytes: &mut [u8]) {
        self.heard.extend_from_slice(bytes);
    }

    fn read_closed(&mut self) {
        self.over = true;
    }

    fn write(&mut self, out: &mut Outgoing) {
        out.push(&std::mem::take(&mut self.heard));
    }

    fn is_over(&self) -> bool {
        self.over
    }
}

#[test]
fn what_is_said_comes_back_whole_and_then_the_end() {
    let loops = EventLoops::start(2).expect("threads");
    let (ours, mut peer) = pair();
    let text: Vec<u8> = (0..1_000_000u32).map(|n| (n % 251) as u8).collect();
    let (before, after) = text.split_at(2 * READ_BYTES + 1);
    loops.handle().adopt(ours, before.to_vec(), |_| Box::new(Echo::default()));
    let (mut writer, sent) = (peer.try_clone().expect("a socket"), after.to_vec());
    let writing = std::thread::spawn(move || {
        writer.write_all(&sent).expect("written");
        writer.shutdown(Shutdown::Write).expect("closed");
    });
    let mut back = Vec::new();
    peer.read_to_end(&mut back).expect("all of it");
    writing.join().expect("written");
    assert!(back == text);
}

#[test]
fn what_came_before_the_loop_had_the_socket_is_read() {
    let loops = EventLoops::start(1).expect("threads");
    let (ours, mut peer) = pair();
    peer.write_all(b"early").expect("written");
    peer.shutdown(Shutdown::Write).expect("closed");
    loops.handle().adopt(ours, Vec::new(), |_| Box::new(Echo::default()));
    let mut back = Vec::new();
    peer.read_to_end(&mut back).expect("all of it");
    assert_eq!(back, b"early");
}

#[test]
fn who_does_not_read_for_a_while_misses_nothing() {
    let loops = EventLoops::start(1).expect("threads");
    let mut joined = Joined::new(&loops.handle(), Does { deaf: true, ..Does::default() });
    joined.peer.write_all(b"first ").expect("written");
    joined.woken_once();
    joined.peer.write_all(b"second").expect("written");
    joined.peer.shutdown(Shutdown::Write).expect("closed");
    assert!(!joined.woken_once().iter().any(|told| matches!(told, Told::Read(_) | Told::Closed)));
    joined.does().deaf = false;
    joined.remote.wake();
    let mut heard = Vec::new();
    loop {
        match joined.hears() {
            Told::Read(bytes) => heard.extend(bytes),
            told => break assert_eq!(told, Told::Closed),
        }
    }
    assert_eq!(heard, b"first second");
}

#[test]
fn one_that_hears_the_end_hears_it_once_and_may_still_speak() {
    let loops = EventLoops::start(1).expect("threads");
    let mut joined = Joined::new(&loops.handle(), Does::default());
    joined.peer.shutdown(Shutdown::Write).expect("closed");
    assert_eq!(joined.hears(), Told::Closed);
    // More than a socket takes at once: so the system reports it ready again, as ended too.
    const LONG: usize = 16 * 1024 * 1024;
    joined.does().says = vec![7; LONG];
    joined.remote.wake();
    let mut back = vec![0; LONG];
    joined.peer.read_exact(&mut back).expect("all of it");
    joined.does().over = true;
    joined.remote.wake();
    assert_eq!(joined.peer.read(&mut back).expect("the end"), 0);
    assert_eq!(joined.hears(), Told::Dropped);
}

/// Counts its reads and has another woken in each; the other must have been served before the next.
struct Greedy {
    other: Remote,
    asked: Arc<AtomicUsize>,
    seen: usize,
    fair: Arc<AtomicBool>,
}

impl Endpoint for Greedy {
    fn read(&mut self, _: &mut [u8]) {
        let asked = self.asked.load(Ordering::SeqCst);
        if asked <= self.seen {
            self.fair.store(false, Ordering::SeqCst);
        }
        self.seen = asked;
        self.other.wake();
    }

    fn read_closed(&mut self) {}

    fn write(&mut self, _: &mut Outgoing) {}

    fn is_over(&self) -> bool {
        false
    }
}

/// Counts how often it is asked, and says back what it hears.
struct Modest {
    asked: Arc<AtomicUsize>,
    echo: Echo,
}

impl Endpoint for Modest {
    fn read(&mut self, bytes: &mut [u8]) {
        self.echo.read(bytes);
    }

    fn read_closed(&mut self) {}

    fn write(&mut self, out: &mut Outgoing) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.echo.write(out);
    }

    fn is_over(&self) -> bool {
        false
    }
}

#[test]
fn a_socket_with_endless_data_keeps_nobody_waiting() {
    let loops = EventLoops::start(1).expect("threads");
    let ((modest, mut peer), (greedy, mut endless)) = (pair(), pair());
    let (asked, fair, (say_remote, remote)) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(true)), channel());
    let counts = asked.clone();
    loops.handle().adopt(modest, Vec::new(), move |remote| {
        say_remote.send(remote).expect("the test waits for it");
        Box::new(Modest { asked: counts, echo: Echo::default() })
    });
    let other = remote.recv_timeout(PATIENCE).expect("it was adopted");
    peer.write_all(b"a").expect("written");
    peer.read_exact(&mut [0]).expect("it was asked once");
    let judge = fair.clone();
    loops
        .handle()
        .adopt(greedy, Vec::new(), move |_| Box::new(Greedy { other, asked, seen: 0, fair: judge }));
    let stop = Arc::new(AtomicBool::new(false));
    let told = stop.clone();
    let sending = std::thread::spawn(move || {
        let bytes = vec![0; 64 * 1024];
        while !told.load(Ordering::SeqCst) {
            endless.write_all(&bytes).expect("it reads on and on");
        }
    });
    for _ in 0..200 {
        peer.write_all(b"ping").expect("written");
        peer.read_exact(&mut [0; 4]).expect("an answer, while the other one sends");
    }
    stop.store(true, Ordering::SeqCst);
    sending.join().expect("no panic");
    assert!(fair.load(Ordering::SeqCst), "one was read twice before another that was woken");
}
