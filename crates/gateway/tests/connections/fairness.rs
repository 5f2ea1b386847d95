//! What one device may have done before others have their turn.

use crate::prompt::Prompt;
use crate::scripted::{Stage, soon};
use gateway::limits::LINES_PER_TURN;
use gateway::{Gateway, Limits, listen};
use sockets::EventLoops;
use sockets::limits::PASSES_MAX;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc::unbounded_channel;

const IDENTIFY: &str = "{\"identify\":\"pump-1\",\"nonce\":1}\n";

/// So many lines, in far fewer bytes than one reading brings.
fn lines(count: usize) -> String {
    "{\"x\":1}\n".repeat(count)
}

/// The frame of a client, with a mask that changes nothing.
fn frame(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("not so long");
    [&[0x81, 0xfe][..], &length.to_be_bytes(), &[0; 4], text.as_bytes()].concat()
}

#[test]
fn a_turn_hands_on_so_many_lines_and_the_next_one_goes_on() {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = taken.clone();
    let prompt = Prompt::new(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let loops = EventLoops::start(1).expect("a thread");
    let gateway = Gateway::new(Arc::new(prompt), Limits::default(), loops.handle());
    let (sender, called) = channel();
    let remote = loops.handle().task(move || sender.send(()).expect("the test goes on")).expect("a loop");
    let called = || called.recv_timeout(Duration::from_secs(20)).expect("it calls itself");

    let mut end = listen::websocket(&gateway, ([127, 0, 0, 1], 1).into(), remote);
    let all = 3 * LINES_PER_TURN - 10;
    // The identify is a line too.
    end.read(&mut frame(&[IDENTIFY, &lines(all)].concat()));
    assert_eq!(taken.load(Ordering::SeqCst), LINES_PER_TURN - 1);
    assert!(!end.reads(), "what came waits, and nothing more is read");
    called();
    end.woken();
    assert_eq!(taken.load(Ordering::SeqCst), 2 * LINES_PER_TURN - 1);
    called();
    end.woken();
    assert_eq!(taken.load(Ordering::SeqCst), all);
    assert!(end.reads());
}

#[tokio::test]
async fn who_says_much_at_once_does_not_hold_up_who_says_little() {
    // The first line of the busy device waits until the other one has said something too.
    let (said, both) = channel::<()>();
    let both = Mutex::new(Some(both));
    let (sender, mut taken) = unbounded_channel();
    let prompt = Prompt::new(move |device, _| {
        if device == "busy"
            && let Some(both) = both.lock().expect("nobody panicked").take()
        {
            let _ = both.recv_timeout(Duration::from_secs(20));
        }
        let _ = sender.send(device.to_owned());
    });
    let stage = Stage::of(Arc::new(prompt), Limits::default(), unbounded_channel().1).await;
    let (mut busy, mut other) = (stage.device().await, stage.device().await);
    for (device, id) in [(&mut busy, "busy"), (&mut other, "other")] {
        device.says(&format!("{{\"identify\":\"{id}\",\"nonce\":1}}\n")).await;
        device.hears_a("{\"welcome\"").await;
    }
    let many = 2 * LINES_PER_TURN * (PASSES_MAX + 1);
    busy.says(&lines(many)).await;
    other.says("{\"x\":1}\n").await;
    said.send(()).expect("it waits");
    let mut before = 0;
    while soon(taken.recv()).await.expect("there is more") == "busy" {
        before += 1;
    }
    assert!(before <= LINES_PER_TURN * (PASSES_MAX + 1), "{before} of {many} lines went first");
    for _ in before..many {
        assert_eq!(soon(taken.recv()).await.expect("there is more"), "busy");
    }
}
