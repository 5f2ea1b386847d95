//! Wakes from other threads, tasks, and deadlines.

use crate::rig::{Does, Joined, PATIENCE, Told, pair};
use sockets::{Endpoint, EventLoops, Outgoing};
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What several threads have for one endpoint: as callers are to do it, only the first since it looked wakes it.
#[derive(Default)]
struct Shelf {
    bytes: Mutex<Vec<u8>>,
    woken: AtomicBool,
}

struct Collects {
    shelf: Arc<Shelf>,
    gathers: bool,
}

impl Endpoint for Collects {
    fn read(&mut self, _: &mut [u8]) {}

    fn read_closed(&mut self) {}

    fn woken(&mut self) {
        self.shelf.woken.store(false, Ordering::SeqCst);
    }

    fn write(&mut self, out: &mut Outgoing) {
        out.push(&std::mem::take(&mut *self.shelf.bytes.lock().expect("no panic")));
    }

    fn is_over(&self) -> bool {
        false
    }

    fn gathers(&self) -> bool {
        self.gathers
    }
}

fn nothing_is_lost(gathers: bool) {
    const THREADS: u8 = 4;
    const EACH: usize = 5_000;
    let loops = EventLoops::start(1).expect("threads");
    let ((ours, mut peer), shelf, (say_remote, remote)) = (pair(), Arc::new(Shelf::default()), channel());
    let endpoint = Collects { shelf: shelf.clone(), gathers };
    loops.handle().adopt(ours, Vec::new(), move |remote| {
        say_remote.send(remote).expect("the test waits for it");
        Box::new(endpoint)
    });
    let remote = remote.recv_timeout(PATIENCE).expect("it was adopted");
    let threads = (0..THREADS).map(|thread| {
        let (shelf, remote) = (shelf.clone(), remote.clone());
        std::thread::spawn(move || {
            for number in 0..EACH {
                shelf.bytes.lock().expect("no panic").push(thread);
                if !shelf.woken.swap(true, Ordering::SeqCst) {
                    if number % 7 == 0 { remote.hurry() } else { remote.wake() }
                }
            }
        })
    });
    let threads: Vec<_> = threads.collect();
    let mut came = vec![0; EACH * usize::from(THREADS)];
    peer.read_exact(&mut came).expect("all of it comes, without another wake");
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
    came.sort_unstable();
    assert!(came.chunks(EACH).zip(0..).all(|(chunk, thread)| chunk.iter().all(|byte| *byte == thread)));
}

#[test]
fn no_wake_of_another_thread_is_lost() {
    nothing_is_lost(false);
}

#[test]
fn no_wake_of_one_that_gathers_is_lost() {
    nothing_is_lost(true);
}

#[test]
fn a_task_is_called_for_each_wake_and_again_after_a_panic() {
    let loops = EventLoops::start(1).expect("threads");
    let (say, said) = channel();
    let mut calls = 0;
    let task = move || {
        calls += 1;
        say.send(calls).expect("the test waits for it");
        assert!(calls != 2, "a panic, as the test wants it");
    };
    let remote = loops.handle().task(task).expect("the loop runs");
    for expected in 1..=4 {
        remote.wake();
        assert_eq!(said.recv_timeout(PATIENCE), Ok(expected));
    }
}

#[test]
fn a_deadline_passes_without_anything_else_happening() {
    let loops = EventLoops::start(1).expect("threads");
    let deadline = Some(Instant::now() + Duration::from_millis(5));
    // Its endpoint finds it wrong if it is called too early.
    let mut joined = Joined::new(&loops.handle(), Does { deadline, ..Does::default() });
    joined.is_told(&Told::Timeout);
    joined.peer.read_exact(&mut [0; 4]).expect("what it says then leaves at once");
}

#[test]
fn a_deadline_that_moves_counts_as_it_is_now() {
    let loops = EventLoops::start(1).expect("threads");
    let far = Duration::from_secs(3_600);
    let joined =
        Joined::new(&loops.handle(), Does { deadline: Some(Instant::now() + far), ..Does::default() });
    for millis in [3, 1, 0, 2] {
        // Nearer, and then so far again that the entry for the nearer one may find nothing to do.
        joined.does().next_deadline = Some(Instant::now() + Duration::from_millis(millis));
        joined.woken_once();
        joined.does().next_deadline = Some(Instant::now() + far);
        joined.woken_once();
    }
    joined.does().next_deadline = Some(Instant::now() + Duration::from_millis(1));
    joined.remote.wake();
    joined.is_told(&Told::Timeout);
}
