//! Connections that break: a peer that closes without having read what it was told resets its connection.

use crate::rig::{Does, Joined, Told};
use sockets::EventLoops;
use std::io::Write;

/// Has the endpoint say something that its peer does not read.
fn told_something(handle: &sockets::Handle, does: Does) -> Joined {
    let joined = Joined::new(handle, Does { says: b"unread".to_vec(), ..does });
    joined.remote.wake();
    joined.peer.peek(&mut [0]).expect("it came");
    joined
}

/// Takes the other end away.
fn reset(joined: &mut Joined) {
    let (_, other) = crate::rig::pair();
    drop(std::mem::replace(&mut joined.peer, other));
}

#[test]
fn it_is_noticed_although_nobody_reads() {
    let loops = EventLoops::start(1).expect("threads");
    for deaf in [false, true] {
        let mut joined = told_something(&loops.handle(), Does { deaf, ..Does::default() });
        reset(&mut joined);
        assert_eq!(joined.hears(), Told::Dropped);
    }
}

#[test]
fn it_is_noticed_after_the_peer_had_closed_its_end() {
    let loops = EventLoops::start(1).expect("threads");
    let mut joined = told_something(&loops.handle(), Does::default());
    joined.peer.shutdown(std::net::Shutdown::Write).expect("closed");
    assert_eq!(joined.hears(), Told::Closed);
    reset(&mut joined);
    // The system has nobody to tell of it until something is said.
    joined.does().says = b"more".to_vec();
    joined.remote.wake();
    joined.does().says = b"more".to_vec();
    joined.remote.wake();
    assert_eq!(joined.hears(), Told::Dropped);
}

#[test]
fn what_a_peer_said_before_is_still_heard() {
    const SAID: usize = 40_000;
    let loops = EventLoops::start(1).expect("threads");
    let mut joined = told_something(&loops.handle(), Does { deaf: true, ..Does::default() });
    joined.peer.write_all(&[1; SAID]).expect("the system keeps it");
    reset(&mut joined);
    // What it says now reaches nobody.
    for _ in 0..3 {
        joined.does().says = b"more".to_vec();
        joined.woken_once();
    }
    joined.does().deaf = false;
    joined.does().says = b"more".to_vec();
    joined.remote.wake();
    let mut heard = 0;
    loop {
        match joined.hears() {
            Told::Read(bytes) => heard += bytes.len(),
            told => break assert_eq!(told, Told::Dropped),
        }
    }
    assert_eq!(heard, SAID);
}
