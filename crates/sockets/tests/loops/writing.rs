//! Peers that read slowly.

use crate::rig::{Does, Joined, Told};
use sockets::EventLoops;
use std::io::{ErrorKind, Read};
use std::time::Duration;

/// More than the system keeps for a peer that does not read.
const LONG: usize = 64 * 1024 * 1024;

#[test]
fn who_does_not_read_gets_no_more_asked_until_it_does() {
    let loops = EventLoops::start(1).expect("threads");
    let mut joined = Joined::new(&loops.handle(), Does::default());
    joined.says(vec![7; LONG]);
    for _ in 0..10 {
        assert_eq!(joined.woken_once(), []);
    }
    joined.does().says = b"more".to_vec();
    let mut came = vec![0; LONG + 4];
    joined.peer.read_exact(&mut came).expect("all of it, and without another wake what is new");
    assert_eq!(came[LONG..], *b"more");
}

#[test]
fn one_that_gathers_is_asked_again_as_soon_as_its_peer_has_read() {
    let loops = EventLoops::start(1).expect("threads");
    let mut joined = Joined::new(&loops.handle(), Does { gathers: true, ..Does::default() });
    let long = 16 * 1024 * 1024;
    joined.says(vec![7; long]);
    joined.does().says = b"more".to_vec();
    joined.remote.wake();
    let mut came = vec![0; long + 4];
    joined.peer.read_exact(&mut came).expect("all of it");
    assert_eq!(came[long..], *b"more");
}

#[test]
fn who_reads_nothing_for_too_long_is_cut() {
    let loops = EventLoops::start(1).expect("threads");
    let stall_max = Some(Duration::from_millis(20));
    let joined = Joined::new(&loops.handle(), Does { stall_max, ..Does::default() });
    joined.does().says = vec![7; LONG];
    joined.remote.wake();
    assert_eq!(joined.hears(), Told::Dropped);
    let end = (&joined.peer).read_to_end(&mut Vec::new()).expect_err("what it has not taken is gone with it");
    assert_eq!(end.kind(), ErrorKind::ConnectionReset);
}
