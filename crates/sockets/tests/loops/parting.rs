//! Endpoints that are over.

use crate::rig::{Does, Joined, Told};
use sockets::EventLoops;
use sockets::limits::PARTING_MAX;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::time::Instant;

/// More than the system keeps for a peer that does not read.
const LONG: usize = 8 * 1024 * 1024;

/// What came of it where that took less time than an endpoint that is over has: what takes longer is cut, and done again.
fn in_time<T>(does: impl Fn() -> T) -> T {
    let once = |_| {
        let began = Instant::now();
        let came = does();
        (began.elapsed() < PARTING_MAX).then_some(came)
    };
    (0..20).find_map(once).expect("a machine that is quick enough now and then")
}

/// All that its peer hears.
fn heard(joined: &mut Joined) -> io::Result<Vec<u8>> {
    let mut came = Vec::new();
    joined.peer.read_to_end(&mut came).map(|_| came)
}

#[test]
fn last_words_are_heard_to_the_end() {
    let loops = EventLoops::start(1).expect("threads");
    for long in [0, 3, LONG / 4] {
        let (joined, came) = in_time(|| {
            let mut joined = Joined::new(&loops.handle(), Does::default());
            *joined.does() = Does { says: vec![7; long], over: true, ..Does::default() };
            joined.remote.wake();
            let came = heard(&mut joined);
            (joined, came)
        });
        assert_eq!(came.expect("no error, only the end").len(), long);
        // It may have been cut by now.
        let _ = joined.peer.shutdown(Shutdown::Write);
        assert_eq!(joined.hears(), Told::Dropped, "when its peer has closed too, or took too long");
    }
}

#[test]
fn who_is_over_while_something_is_unsent_may_still_say_its_last() {
    let loops = EventLoops::start(1).expect("threads");
    let came = in_time(|| {
        let mut joined = Joined::new(&loops.handle(), Does::default());
        joined.says(vec![7; LONG]);
        *joined.does() = Does { says: b"bye".to_vec(), over: true, ..Does::default() };
        joined.remote.wake();
        heard(&mut joined)
    });
    let came = came.expect("no error, only the end");
    assert_eq!((came.len(), &came[came.len() - 3..]), (LONG + 3, &b"bye"[..]));
}

#[test]
fn what_a_peer_still_sends_does_not_take_the_last_words_away() {
    let loops = EventLoops::start(1).expect("threads");
    let came = in_time(|| {
        let mut joined = Joined::new(&loops.handle(), Does { deaf: true, ..Does::default() });
        joined.peer.write_all(&[1; 50_000])?;
        joined.woken_once();
        *joined.does() = Does { deaf: true, says: b"bye".to_vec(), over: true, ..Does::default() };
        joined.remote.wake();
        joined.peer.write_all(&[1; 50_000])?;
        heard(&mut joined)
    });
    assert_eq!(came.expect("no error, only the end"), b"bye");
}

#[test]
fn who_is_over_is_told_nothing_more() {
    let loops = EventLoops::start(1).expect("threads");
    let joined = Joined::new(&loops.handle(), Does::default());
    joined.says(vec![7; 64 * 1024 * 1024]);
    joined.does().over = true;
    joined.remote.wake();
    // It may have been cut by now.
    let _ = (&joined.peer).write_all(b"anything");
    joined.remote.wake();
    // Its peer reads nothing: it is cut, and that is all it hears of. One wake may have met it while it was not over.
    let heard: Vec<_> = joined.all().filter(|told| *told != Told::Woken).collect();
    assert_eq!(heard, [Told::Dropped]);
}
