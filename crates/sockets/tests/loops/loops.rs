//! Several loops, and their end.

use crate::rig::{Does, Joined, PATIENCE, Told, pair};
use sockets::{Endpoint, EventLoops, Outgoing};
use std::io::Read;
use std::sync::mpsc::{Sender, channel};
use std::thread::ThreadId;

/// Says where it is dropped.
struct Placed(Sender<ThreadId>);

impl Endpoint for Placed {
    fn read(&mut self, _: &mut [u8]) {}

    fn read_closed(&mut self) {}

    fn write(&mut self, _: &mut Outgoing) {}

    fn is_over(&self) -> bool {
        false
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        let _ = self.0.send(std::thread::current().id());
    }
}

#[test]
fn a_socket_goes_to_the_loop_that_has_the_fewest() {
    const EACH: usize = 5;
    let loops = EventLoops::start(2).expect("threads");
    let (say, said) = channel();
    let mut peers = Vec::new();
    for _ in 0..2 * EACH {
        let ((ours, peer), say) = (pair(), say.clone());
        loops.handle().adopt(ours, Vec::new(), move |_| Box::new(Placed(say)));
        peers.push(peer);
    }
    drop((loops, say));
    let threads: Vec<_> = said.iter().collect();
    assert_eq!(threads.len(), 2 * EACH);
    assert_eq!(threads.iter().filter(|thread| **thread == threads[0]).count(), EACH);
}

#[test]
fn the_end_of_loops_ends_all_that_they_have() {
    let loops = EventLoops::start(2).expect("threads");
    let handle = loops.handle();
    let mut joined: Vec<_> = (0..6).map(|_| Joined::new(&handle, Does::default())).collect();
    let task = handle.task(|| {}).expect("the loop runs");
    drop(loops);
    for joined in &mut joined {
        joined.is_told(&Told::Dropped);
        assert_eq!(joined.peer.read(&mut [0]).expect("the end"), 0);
        joined.remote.wake();
        joined.remote.hurry();
    }
    task.wake();
    assert!(handle.task(|| {}).is_none());
    let ((ours, mut peer), (say, said)) = (pair(), channel());
    handle.adopt(ours, Vec::new(), move |_| Box::new(Placed(say)));
    assert_eq!(peer.read(&mut [0]).expect("the end"), 0);
    assert_eq!(said.recv_timeout(PATIENCE).ok(), None, "it was never made");
}

#[test]
fn loops_may_be_dropped_by_an_endpoint_of_theirs() {
    let loops = EventLoops::start(2).expect("threads");
    let handle = loops.handle();
    let others: Vec<_> = (0..4).map(|_| Joined::new(&handle, Does::default())).collect();
    let mut loops = Some(loops);
    let task = handle.task(move || drop(loops.take())).expect("the loop runs");
    task.wake();
    others.iter().for_each(|joined| joined.is_told(&Told::Dropped));
}
