//! A loop that is turned by hand.

use super::*;
use crate::doorway::{Bounds, Doorway, Origin, Stay};
use crate::limits::{NAP_LOOKS_BACK, NAP_SOCKETS_MIN};
use std::net::TcpListener;
use std::sync::Mutex;

/// How often endpoints were asked and woken, by their numbers.
type Seen = Arc<Mutex<Vec<(usize, &'static str)>>>;

struct Endpoints {
    event_loop: EventLoop,
    inbox: Inbox,
    events: Events,
    listener: TcpListener,
    peers: Vec<std::net::TcpStream>,
    seen: Seen,
}

struct Numbered {
    number: usize,
    seen: Seen,
    over: bool,
    stranger: bool,
    /// Whom it wakes when it is asked.
    wakes: Option<Remote>,
}

impl Endpoint for Numbered {
    fn read(&mut self, _: &mut [u8]) {
        self.over = true;
    }

    fn read_closed(&mut self) {}

    fn woken(&mut self) {
        self.seen.lock().expect("no panic").push((self.number, "woken"));
    }

    fn write(&mut self, out: &mut Outgoing) {
        self.seen.lock().expect("no panic").push((self.number, "asked"));
        out.push(b"x");
        self.wakes.iter().for_each(Remote::wake);
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn gathers(&self) -> bool {
        true
    }

    fn is_stranger(&self) -> bool {
        self.stranger
    }
}

impl Endpoints {
    fn new() -> Self {
        let (event_loop, _) = EventLoop::new().expect("a loop");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let (inbox, events, peers) = (Inbox::default(), Events::with_capacity(8), Vec::new());
        Self { event_loop, inbox, events, listener, peers, seen: Seen::default() }
    }

    /// Another endpoint, whose place is the lowest that is free. It wakes `wakes` when it is asked.
    fn add(&mut self, wakes: Option<usize>, read: &[u8]) {
        self.add_one(wakes, read, None);
    }

    fn add_one(&mut self, wakes: Option<usize>, read: &[u8], stay: Option<Stay>) {
        self.peers.push(
            std::net::TcpStream::connect(self.listener.local_addr().expect("an address")).expect("a peer"),
        );
        let (stream, _) = self.listener.accept().expect("a connection");
        let (number, seen, wakes) =
            (self.peers.len() - 1, self.seen.clone(), wakes.map(|token| self.remote(token)));
        let stranger = stay.is_some();
        let make = move |_| -> Box<dyn Endpoint> {
            Box::new(Numbered { number, seen, over: false, stranger, wakes })
        };
        let stream = Stream::from(stream).of_stranger(stay);
        let adopted = Adopted::Socket { stream, read: read.to_vec(), make: Box::new(make) };
        self.event_loop.mail.sockets.fetch_add(1, Ordering::Relaxed);
        self.event_loop.mail.post(|inbox| inbox.adopted.push(adopted));
    }

    /// The same, when it has said its first.
    fn add_and_ask(&mut self, wakes: Option<usize>) {
        self.add(wakes, b"");
        self.turn();
        self.turn();
    }

    /// A task, which was not run yet.
    fn add_task(&mut self, task: impl FnMut() + Send + 'static) -> Remote {
        let (remote, added) = std::sync::mpsc::sync_channel(1);
        self.event_loop.mail.post(|inbox| inbox.adopted.push(Adopted::Task { task: Box::new(task), remote }));
        self.turn();
        added.recv().expect("it was added")
    }

    fn remote(&self, token: usize) -> Remote {
        Remote { mail: self.event_loop.mail.clone(), token }
    }

    /// What happens in a turn that no socket was ready for.
    fn turn(&mut self) -> Vec<(usize, &'static str)> {
        self.event_loop.turn(&self.events, &mut self.inbox);
        std::mem::take(&mut *self.seen.lock().expect("no panic"))
    }

    /// From here on what gathers waits.
    fn flushed_much(&mut self) {
        self.event_loop.pace.flushed(Instant::now() + Duration::from_secs(3_600), 1_000);
    }
}

#[test]
fn an_idle_connection_is_small() {
    assert!(size_of::<Option<Entry>>() <= 104, "{} bytes", size_of::<Option<Entry>>());
}

#[test]
fn a_loop_naps_for_many_that_are_known_and_not_for_strangers() {
    let count = NAP_SOCKETS_MIN as usize;
    let naps = |stay: &dyn Fn() -> Option<Stay>| {
        let mut endpoints = Endpoints::new();
        (0..count).for_each(|_| endpoints.add_one(None, b"", stay()));
        endpoints.turn();
        let (event_loop, now) = (&mut endpoints.event_loop, Instant::now() + NAP_LOOKS_BACK);
        event_loop.nap.turn(now);
        (0..count).for_each(|index| event_loop.make_ready(index));
        event_loop.serve_ready();
        event_loop.nap.turn(now + NAP_LOOKS_BACK);
        event_loop.nap.is_busy()
    };
    let doorway =
        Doorway::new(Bounds { each_max: count, all_max: count, waiting_max: 0 }, Duration::from_secs(5));
    let enters = || {
        let (tells, told) = std::sync::mpsc::channel();
        doorway.enter(Origin::of([127, 0, 0, 1].into()), move |stay| tells.send(stay).expect("it waits"));
        Some(told.recv().expect("there is room"))
    };
    assert!(naps(&|| None));
    assert!(!naps(&enters));
}

#[test]
fn what_gathers_waits_for_the_pace_unless_somebody_is_in_a_hurry() {
    let mut endpoints = Endpoints::new();
    endpoints.add_and_ask(None);
    endpoints.add_and_ask(None);
    endpoints.remote(0).wake();
    assert_eq!(endpoints.turn(), [(0, "woken"), (0, "asked")], "while it is quiet nobody waits");
    endpoints.flushed_much();
    endpoints.remote(0).wake();
    endpoints.remote(0).wake();
    assert_eq!(endpoints.turn(), [(0, "woken")]);
    assert_eq!(endpoints.turn(), []);
    endpoints.remote(1).hurry();
    assert_eq!(endpoints.turn(), [(1, "woken")]);
    assert_eq!(endpoints.turn(), [(1, "asked")], "its hurry is none of the other's");
    endpoints.event_loop.mail.post(|inbox| inbox.hurry = true);
    assert_eq!(endpoints.turn(), [(0, "asked")]);
    endpoints.flushed_much();
    endpoints.remote(1).wake();
    assert_eq!(endpoints.turn(), [(1, "woken")], "the hurry is over");
}

#[test]
fn what_is_answered_waits_for_the_next_turn_and_no_longer() {
    let mut endpoints = Endpoints::new();
    endpoints.add(None, b"");
    assert_eq!(endpoints.turn(), []);
    let longest = endpoints.event_loop.sleep_max();
    assert!(longest.is_some_and(|longest| longest <= ANSWER_WAIT_MAX));
    assert_eq!(endpoints.turn(), [(0, "asked")]);
    assert_eq!(endpoints.turn(), []);
    endpoints.add(None, b"");
    endpoints.event_loop.mail.post(|inbox| inbox.stop = true);
    assert_eq!(endpoints.turn(), [(1, "asked")], "there is no next one");
}

#[test]
fn what_comes_of_a_message_in_its_own_turn_leaves_with_the_answer_to_it() {
    let mut endpoints = Endpoints::new();
    endpoints.add_and_ask(None);
    let endpoint = endpoints.remote(0);
    let task = endpoints.add_task(move || endpoint.wake());
    endpoints.remote(0).hurry();
    task.wake();
    assert_eq!(endpoints.turn(), [(0, "woken"), (0, "woken")]);
    assert_eq!(endpoints.turn(), [(0, "asked")]);
    assert_eq!(endpoints.turn(), []);
}

#[test]
fn a_hurry_of_nobody_is_not_remembered() {
    let mut endpoints = Endpoints::new();
    endpoints.add_and_ask(None);
    endpoints.flushed_much();
    endpoints.remote(7).hurry();
    endpoints.event_loop.mail.post(|inbox| inbox.hurry = true);
    endpoints.turn();
    endpoints.remote(0).wake();
    assert_eq!(endpoints.turn(), [(0, "woken")]);
}

#[test]
fn a_hurry_that_names_nobody_flushes_what_gathers_and_is_not_slept_over() {
    let mut endpoints = Endpoints::new();
    endpoints.add_and_ask(None);
    endpoints.flushed_much();
    endpoints.remote(0).wake();
    assert_eq!(endpoints.turn(), [(0, "woken")]);
    assert!(endpoints.event_loop.mail.may_sleep());
    endpoints.event_loop.mail.is_awake();
    endpoints.event_loop.mail.post(|inbox| inbox.hurry = true);
    assert!(!endpoints.event_loop.mail.may_sleep(), "it came while nobody had to wake the loop");
    assert_eq!(endpoints.turn(), [(0, "asked")]);
}

#[test]
fn who_was_woken_before_the_end_still_has_its_say() {
    let mut endpoints = Endpoints::new();
    endpoints.add_and_ask(None);
    endpoints.flushed_much();
    endpoints.remote(0).wake();
    endpoints.event_loop.mail.post(|inbox| inbox.stop = true);
    assert_eq!(endpoints.turn(), [(0, "woken"), (0, "asked")]);
}

#[test]
fn who_is_woken_by_a_flush_is_asked_in_the_next() {
    let mut endpoints = Endpoints::new();
    endpoints.add_and_ask(None);
    endpoints.add_and_ask(Some(0));
    endpoints.turn();
    endpoints.turn();
    for _ in 0..3 {
        endpoints.remote(1).wake();
        endpoints.remote(0).wake();
        assert_eq!(endpoints.turn(), [(1, "woken"), (0, "woken"), (1, "asked"), (0, "asked")]);
        assert_eq!(endpoints.turn(), [(0, "woken"), (0, "asked")]);
        assert_eq!(endpoints.turn(), []);
    }
}

#[test]
fn what_names_a_place_does_no_harm_to_who_has_it_next() {
    let mut endpoints = Endpoints::new();
    endpoints.add_and_ask(None);
    endpoints.flushed_much();
    endpoints.remote(0).wake();
    endpoints.turn();
    // It gathers, has a timer and more to read, and is gone.
    let event_loop = &mut endpoints.event_loop;
    event_loop.again.push(0);
    event_loop.arm(0, Some(Instant::now()));
    event_loop.remove(0);
    assert_eq!(event_loop.mail.sockets.load(Ordering::Relaxed), 0);
    endpoints.remote(0).wake();
    endpoints.add_and_ask(None);
    assert_eq!(endpoints.event_loop.entries.len(), 1);
    let _ = endpoints.turn();
    endpoints.flushed_much();
    endpoints.remote(0).wake();
    assert_eq!(endpoints.turn(), [(1, "woken")], "it gathers as the first one did");
    endpoints.remote(0).hurry();
    endpoints.turn();
    assert_eq!(endpoints.turn(), [(1, "asked")], "and is asked once");
}

#[test]
fn who_is_over_when_it_is_made_leaves_no_timer_that_counts() {
    let mut endpoints = Endpoints::new();
    endpoints.add(None, b"bye");
    endpoints.turn();
    // It parts: the timers have the moment when it is cut, and only that.
    let (at, index) = endpoints.event_loop.timers.take_due(u64::MAX).expect("one");
    assert!(at > 0 && index == 0);
    assert_eq!(endpoints.event_loop.timers.take_due(u64::MAX), None);
}
