//! Endpoints that are over.

use crate::rig::{Does, Joined, Told};
use sockets::EventLoops;
use std::io::{Read, Write};
use std::net::Shutdown;

const LONG: usize = 16 * 1024 * 1024;

#[test]
fn last_words_are_heard_to_the_end() {
    let loops = EventLoops::start(1).expect("threads");
    for long in [0, 3, LONG] {
        let mut joined = Joined::new(&loops.handle(), Does::default());
        *joined.does() = Does { says: vec![7; long], over: true, ..Does::default() };
        joined.remote.wake();
        let mut came = Vec::new();
        joined.peer.read_to_end(&mut came).expect("no error, only the end");
        assert_eq!(came.len(), long);
        joined.peer.shutdown(Shutdown::Write).expect("a socket");
        assert_eq!(joined.hears(), Told::Dropped, "when its peer has closed too, or took too long");
    }
}

#[test]
fn who_is_over_while_something_is_unsent_may_still_say_its_last() {
    let loops = EventLoops::start(1).expect("threads");
    let mut joined = Joined::new(&loops.handle(), Does::default());
    joined.says(vec![7; LONG]);
    *joined.does() = Does { says: b"bye".to_vec(), over: true, ..Does::default() };
    joined.remote.wake();
    let mut came = Vec::new();
    joined.peer.read_to_end(&mut came).expect("no error, only the end");
    assert_eq!((came.len(), &came[came.len() - 3..]), (LONG + 3, &b"bye"[..]));
}

#[test]
fn what_a_peer_still_sends_does_not_take_the_last_words_away() {
    let loops = EventLoops::start(1).expect("threads");
    let mut joined = Joined::new(&loops.handle(), Does { deaf: true, ..Does::default() });
    joined.peer.write_all(&[1; 50_000]).expect("the system keeps it");
    joined.woken_once();
    *joined.does() = Does { deaf: true, says: b"bye".to_vec(), over: true, ..Does::default() };
    joined.remote.wake();
    joined.peer.write_all(&[1; 50_000]).expect("it is taken");
    let mut came = Vec::new();
    joined.peer.read_to_end(&mut came).expect("no error, only the end");
    assert_eq!(came, b"bye");
}

#[test]
fn who_is_over_is_told_nothing_more() {
    let loops = EventLoops::start(1).expect("threads");
    let joined = Joined::new(&loops.handle(), Does::default());
    joined.says(vec![7; 64 * 1024 * 1024]);
    joined.does().over = true;
    joined.remote.wake();
    (&joined.peer).write_all(b"anything").expect("written");
    joined.remote.wake();
    // Its peer reads nothing: it is cut, and that is all it hears of. One wake may have met it while it was not over.
    let heard: Vec<_> = joined.all().filter(|told| *told != Told::Woken).collect();
    assert_eq!(heard, [Told::Dropped]);
}
