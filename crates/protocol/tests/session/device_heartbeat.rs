//! D7, the device's half.

use crate::notation::device;

#[test]
fn d7_something_is_said_every_heartbeat() {
    device(
        "device > identify pump-1 nonce 1 heartbeat 15
         hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 10 line_max 65536 time 0
                | 10 s
         device > heartbeat
         hub    > heartbeat
                | 9 s, publish temperature 20.0
         device > 1 temperature 20.0
         hub    > ack 1
                | 9999 ms, 1 ms
         device > heartbeat",
    );
}

#[test]
fn d7_two_heartbeats_of_silence_drop_the_connection() {
    device(
        "device > identify pump-1 nonce 1
         hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 10 line_max 65536 time 0
                | 10 s
         device > heartbeat
                | 9999 ms, 1 ms, drops silent",
    );
}

#[test]
fn d7_does_not_bind_whoever_does_not_ask() {
    device(
        "       | no heartbeat
         device > identify pump-1 nonce 1 boot no session no handled no heartbeat
         hub    > welcome pump-1 nonce 1 session k7-1 ack 0 window 64 heartbeat 10 line_max 65536 time 0
                | 1000 s",
    );
}
