//! Endpoints that panic, each in another call.

use crate::rig::{Does, Joined, PATIENCE, Told, pair};
use sockets::EventLoops;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// Has everything happen to an endpoint that can happen to one.
fn everything_happens_to(joined: &mut Joined) {
    joined.does().says = b"secret".to_vec();
    joined.does().deadline = Some(Instant::now() + Duration::from_millis(1));
    joined.remote.wake();
    // It may be gone by now.
    let _ = joined.peer.write_all(b"hello");
    let _ = joined.peer.shutdown(Shutdown::Write);
}

#[test]
fn a_panic_in_any_call_ends_one_connection_and_no_other() {
    let loops = EventLoops::start(1).expect("threads");
    let mut other = Joined::new(&loops.handle(), Does::default());
    let calls =
        ["reads", "read", "read_closed", "woken", "deadline", "timeout", "write", "is_over", "gathers"];
    for panics in calls {
        let mut joined = Joined::new(&loops.handle(), Does::default());
        joined.does().panics = Some(panics);
        everything_happens_to(&mut joined);
        // Woken again and again, it is woken at last without anything else.
        let mut told = joined.all().inspect(|_| joined.remote.wake());
        assert!(told.any(|told| told == Told::Dropped), "nothing panics in {panics}");
        other.does().says = panics.into();
        other.remote.wake();
        let mut came = vec![0; panics.len()];
        other.peer.read_exact(&mut came).expect("the other one lives");
        assert_eq!(came, panics.as_bytes(), "and nobody else's words come out of it");
    }
}

#[test]
fn a_panic_while_something_is_unsent_ends_one_connection() {
    let loops = EventLoops::start(1).expect("threads");
    let joined = Joined::new(&loops.handle(), Does { panics: Some("stall_max"), ..Does::default() });
    joined.does().says = vec![7; 64 * 1024 * 1024];
    joined.remote.wake();
    joined.is_told(&Told::Dropped);
    Joined::new(&loops.handle(), Does::default()).woken_once();
}

#[test]
fn a_panic_in_drop_ends_nothing_at_all() {
    let loops = EventLoops::start(1).expect("threads");
    let does = || Does { panics: Some("drop"), ..Does::default() };
    let joined = Joined::new(&loops.handle(), does());
    joined.does().over = true;
    joined.remote.wake();
    joined.is_told(&Told::Dropped);
    let left: Vec<_> = (0..3).map(|_| Joined::new(&loops.handle(), does())).collect();
    left.iter().for_each(|joined| drop(joined.woken_once()));
    drop(loops);
    left.iter().for_each(|joined| joined.is_told(&Told::Dropped));
}

#[test]
fn a_panic_of_who_makes_an_endpoint_ends_its_connection() {
    let loops = EventLoops::start(1).expect("threads");
    let (ours, mut peer) = pair();
    loops.handle().adopt(ours, Vec::new(), |_| panic!("as the test wants it"));
    assert_eq!(peer.read(&mut [0]).expect("the end"), 0);
    let (say, said) = channel();
    let task =
        loops.handle().task(move || say.send(()).expect("the test waits for it")).expect("the loop runs");
    task.wake();
    said.recv_timeout(PATIENCE).expect("the loop runs on");
}
