//! What is taken over at once, what waits, and what finds no room.

use std::sync::Arc;
use std::time::Duration;

use super::{Queue, Submitted, goes_on};
use crate::limits::{BATCH_WRITES_MAX, EARLY_WRITES_MAX, GATHER_DENSE};
use crate::write::{DeviceKey, Message, Sample, TokenHash, Write};

const PUMP: DeviceKey = DeviceKey(1);

fn message(device: DeviceKey, cursor: u64, value: &Arc<str>) -> Write {
    let (channel, value) = ("flow".into(), value.clone());
    let samples = vec![Sample { channel, ts: 1, device_ts: None, late: false, value }];
    Write::Message(Message { device, cursor, position: None, received: 1, samples })
}

fn cursors(writes: &[Write]) -> Vec<u64> {
    let cursor = |write: &Write| match write {
        Write::Message(message) if message.device == PUMP => Some(message.cursor),
        _ => None,
    };
    writes.iter().filter_map(cursor).collect()
}

/// A queue without room for any message.
fn full() -> Queue {
    let queue = Queue::new(false);
    for (device, length) in [(2, 1024 * 1024), (3, 1024), (4, 0)] {
        let value: Arc<str> = "x".repeat(length).into();
        let before = queue.content().refused.len();
        while queue.content().refused.len() == before {
            let _ = queue.push(message(DeviceKey(device), 1, &value), false);
        }
    }
    queue
}

#[test]
fn behind_what_found_no_room_nothing_of_a_device_is_taken_before_it_is_told() {
    let queue = full();
    let mebibyte: Arc<str> = "1".repeat(1024 * 1024).into();
    let push = |cursor| assert_eq!(queue.push(message(PUMP, cursor, &mebibyte), false), Submitted::Waits);
    push(6);
    assert_eq!(cursors(&queue.take_now().unwrap().refused), [6]);
    // Now there is room, and nobody knows yet of what was refused.
    push(7);
    queue.told();
    push(8);
    let taken = queue.take_now().unwrap();
    assert_eq!((cursors(&taken.writes), cursors(&taken.refused)), (vec![], vec![7, 8]));
    queue.told();
    push(6);
    let mut writes = Vec::new();
    while !queue.content().writes.is_empty() {
        writes.extend(queue.take_now().unwrap().writes);
    }
    assert_eq!(cursors(&writes), [6]);
}

#[test]
fn what_is_no_message_always_finds_room() {
    let queue = full();
    let _ = queue.push(Write::TokenRevoked { hash: TokenHash([1; 32]) }, false);
    let _ = queue.push(Write::RemoveDevice { device: DeviceKey(2) }, false);
    let refused = queue.take_now().unwrap().refused;
    assert_eq!(refused.len(), 3, "the messages that showed that it is full");
    assert!(refused.iter().all(|write| matches!(write, Write::Message(_))));
}

#[test]
fn done_early_is_only_what_asks_for_it_while_there_is_room_and_the_store_works() {
    let value = "1".into();
    let says = |queue: &Queue, asks| queue.push(message(PUMP, 1, &value), asks);
    assert_eq!(says(&Queue::new(false), true), Submitted::Waits, "the durability does not allow it");
    let queue = Queue::new(true);
    assert_eq!((says(&queue, false), says(&queue, true)), (Submitted::Waits, Submitted::Done));
    queue.set_failed(true);
    assert_eq!(says(&queue, true), Submitted::Waits);
    queue.set_failed(false);
    let early = (0..2 * EARLY_WRITES_MAX).take_while(|_| says(&queue, true) == Submitted::Done).count();
    assert_eq!(early + 4, EARLY_WRITES_MAX + 1, "the last one waits");
    queue.take_now().unwrap();
    queue.close();
    assert_eq!(says(&queue, true), Submitted::Waits, "it is dropped");
}

#[test]
fn a_batch_holds_only_writes_of_which_the_same_was_said() {
    let queue = Queue::new(true);
    let value = "1".into();
    for (cursor, asks) in [(1, true), (2, true), (3, false), (4, true)] {
        let _ = queue.push(message(PUMP, cursor, &value), asks);
    }
    let mut taken = Vec::new();
    for _ in 0..3 {
        let batch = queue.take_gathered().unwrap();
        taken.push((batch.said, cursors(&batch.writes)));
        queue.dealt_with(batch.writes.len());
    }
    let (done, waits) = (Submitted::Done, Submitted::Waits);
    assert_eq!(taken, [(done, vec![1, 2]), (waits, vec![3]), (done, vec![4])]);
    queue.flush();
    let many = |_| assert_eq!(queue.push(message(PUMP, 1, &value), true), Submitted::Done);
    (0..=BATCH_WRITES_MAX).for_each(many);
    assert_eq!(queue.take_gathered().unwrap().writes.len(), BATCH_WRITES_MAX);
}

#[test]
fn company_is_waited_for_longer_only_while_it_comes() {
    let ms = Duration::from_millis;
    let (gather, dense) = (ms(4), GATHER_DENSE.as_millis() as u64);
    assert!(goes_on(gather, ms(2), 0), "the wait that was asked for");
    assert!(!goes_on(gather, ms(4), 0), "nobody comes any more");
    assert!(goes_on(gather, ms(4), 1) && goes_on(gather, ms(dense - 2), 9));
    assert!(!goes_on(gather, ms(dense), 9), "there is an end");
    assert!(!goes_on(ms(dense + 40), ms(dense + 40), 9), "who asks for longer has that");
    assert!(!goes_on(Duration::ZERO, Duration::ZERO, 0), "who asks for none has none");
}

#[test]
fn enough_company_and_the_end_of_all_are_not_waited_for() {
    let (queue, value): (_, Arc<str>) = (Queue::new(false), "1".into());
    for cursor in 1..=3 {
        let _ = queue.push(message(PUMP, cursor, &value), false);
    }
    // An hour: a wait would be noticed.
    let hour = Duration::from_secs(3_600);
    let taken = queue.take(hour, 3).expect("there are some");
    assert_eq!((taken.writes.len(), taken.waited), (3, None));
    let _ = queue.push(message(PUMP, 4, &value), false);
    queue.close();
    assert_eq!(queue.take(hour, 3).expect("there is one").writes.len(), 1);
    assert!(queue.take(hour, 3).is_none());
}
