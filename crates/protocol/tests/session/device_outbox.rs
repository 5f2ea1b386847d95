//! D5 and D6: nothing leaves the outbox but by an ack or a declared loss, and nothing stands still in it.

use crate::notation::device;

/// A device that is welcome in a new session, with this window.
fn welcome(window: u32, script: &str) {
    device(&format!(
        "device > identify pump-1 nonce 1
         hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window {window} heartbeat 15 line_max 65536 time 0
         {script}"
    ));
}

#[test]
fn d5_no_more_than_the_window_is_unacked() {
    welcome(
        2,
        "       | publish temperature 20.0, publish temperature 20.1, publish temperature 20.2
         device > 1 temperature 20.0
         device > 2 temperature 20.1
         hub    > ack 1
         device > 3 temperature 20.2
         hub    > ack 1",
    );
}

#[test]
fn d5_overflow_drops_the_oldest_and_says_skip() {
    device(
        "       | outbox 2
                | publish temperature 20.0, publish temperature 20.1, publish temperature 20.2
         device > identify pump-1 nonce 1
         hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
         device > skip 1 reason overflow
         device > 2 temperature 20.1
         device > 3 temperature 20.2
         hub    > ack 3",
    );
}

#[test]
fn d5_a_skip_is_said_again_until_it_is_acked() {
    device(
        "       | outbox 1
                | publish temperature 20.0, publish temperature 20.1
         device > identify pump-1 nonce 1
         hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
         device > skip 1 reason overflow
         device > 2 temperature 20.1
                | cut
         device > identify pump-1 nonce 2 session k7-1 oldest 2
         hub    > welcome pump-1 nonce 2 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
         device > skip 1 reason overflow
         device > 2 temperature 20.1
         hub    > ack 1
                | cut
         device > identify pump-1 nonce 3 session k7-1 oldest 2
         hub    > welcome pump-1 nonce 3 session k7-1 ack 1 window 64 heartbeat 15 line_max 65536 time 0
         device > 2 temperature 20.1",
    );
}

#[test]
fn d5_a_nak_goes_back() {
    welcome(
        64,
        "       | publish temperature 20.0
         device > 1 temperature 20.0
                | publish temperature 20.1
         device > 2 temperature 20.1
         hub    > nak 1
         device > 1 temperature 20.0
         device > 2 temperature 20.1
         hub    > nak 9",
    );
}

#[test]
fn d5_a_nak_for_something_dropped_is_answered_with_skip() {
    device(
        "       | outbox 2
         device > identify pump-1 nonce 1
         hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
                | publish temperature 20.0
         device > 1 temperature 20.0
                | publish temperature 20.1
         device > 2 temperature 20.1
                | publish temperature 20.2
         device > 3 temperature 20.2
         hub    > nak 1
         device > skip 1 reason overflow
         device > 2 temperature 20.1
         device > 3 temperature 20.2",
    );
}

#[test]
fn d5_what_the_hub_side_lost_is_declared() {
    device(
        "device > identify pump-1 nonce 1
         hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
                | publish temperature 20.0
         device > 1 temperature 20.0
         hub    > ack 1
                | cut, publish temperature 20.1
         device > identify pump-1 nonce 2 session k7-1 oldest 2
         hub    > welcome pump-1 nonce 2 session k7-1 ack 0 window 64 heartbeat 15 line_max 65536 time 0
         device > skip 1 reason lost
         device > 2 temperature 20.1",
    );
}

#[test]
fn d6_without_progress_the_connection_is_dropped() {
    welcome(
        64,
        "       | publish temperature 20.0
         device > 1 temperature 20.0
                | 14 s
         hub    > heartbeat
                | 999 ms, 1 ms, drops stuck
         device > identify pump-1 nonce 2 session k7-1 oldest 1",
    );
}

#[test]
fn d6_every_progress_begins_the_time_anew() {
    welcome(
        64,
        "       | publish temperature 20.0, publish temperature 20.1
         device > 1 temperature 20.0
         device > 2 temperature 20.1
                | 14 s
         hub    > ack 1
                | 1 s
         device > heartbeat
                | 13999 ms
         hub    > ack 2
                | 1001 ms
         device > heartbeat",
    );
}

#[test]
fn d6_on_a_serial_line_it_goes_back_instead() {
    device(
        "       | serial
         device > identify pump-1 nonce 1
         hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 2 line_max 65536 time 0
                | publish temperature 20.0, publish temperature 20.1
         device > 1 temperature 20.0
         device > 2 temperature 20.1
         hub    > ack 1
                | 2 s
         device > heartbeat
         hub    > heartbeat
                | 2 s
         device > heartbeat
         hub    > heartbeat
                | 1 s
         device > 2 temperature 20.1
         hub    > ack 2",
    );
}

#[test]
fn d6_while_the_window_is_closed_one_is_said_per_heartbeat() {
    welcome(
        64,
        "       | publish temperature 20.0
         device > 1 temperature 20.0
         hub    > window 0
                | publish temperature 20.1
                | 15 s
         device > 1 temperature 20.0
         hub    > heartbeat
                | 15 s
         device > 1 temperature 20.0
         hub    > window 64
         device > 2 temperature 20.1
         hub    > ack 2",
    );
}

#[test]
fn d6_a_closed_window_is_tried_with_what_was_never_said_too() {
    welcome(
        0,
        "       | publish temperature 20.0
                | 15 s
         device > 1 temperature 20.0
         hub    > ack 1
         hub    > window 64
                | publish temperature 20.1
         device > 2 temperature 20.1",
    );
}
